"""The tab, the browser or the server is killed while someone types: what was written is there again.

That a change waits at most 0.6 s for the browser's own database is proven with a clock in autosave.test.ts. Here real
processes are killed in the middle of a word, and a busy machine is given more slack than the promised second.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Locator, Page, expect

from tests.browser.board import Board
from tests.browser.chrome import ROOT, chromium
from tests.server.talk import FAKE, toy_catalogue

SERVE = """
import asyncio, sys
from pathlib import Path
from urllib.request import urlopen
from server.app import serve
from server.config import Config
home, port, worker, catalogue = sys.argv[1:]
asyncio.run(serve(Config(home=Path(home), port=int(port)), command=[sys.executable, worker, home, catalogue]))
"""
SLACK = 3.0
"""Seconds before the end in which a letter may be lost."""
KILL = signal.SIGTERM if os.name == "nt" else signal.SIGKILL
PATIENCE = 60_000


@contextmanager
def serving(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own, always at the same address."""
    catalogue = home / "toys.json"
    catalogue.write_bytes(toy_catalogue())
    command = [sys.executable, "-c", SERVE, str(home), str(port), str(FAKE), str(catalogue)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert "http://" in process.stdout.readline()
            yield process
        finally:
            process.kill()  # or what went wrong would wait for its end


@contextmanager
def browsing(chrome: BrowserType, folder: Path) -> Iterator[BrowserContext]:
    """A browser that keeps what it knows in a folder, as people's own do."""
    context = chrome.launch_persistent_context(
        folder,
        executable_path=chromium(),
        args=["--no-sandbox", "--disable-gpu"],
        viewport={"width": 1440, "height": 900},
    )
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        context.close()


def kill(folder: Path, *, only_tab: bool = False) -> None:
    """The browser that uses a folder, or what draws its tab, ends at once and without a word."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if any(str(folder) in word for word in words) and not any(word.startswith("--type=") for word in words):
            below = process.children(recursive=True)
            drawing = [child for child in below if "--type=renderer" in child.cmdline()]
            # The next tab gets the renderer that is kept at hand: only the one that has worked is killed.
            for each in [max(drawing, key=lambda one: one.cpu_times().user)] if only_tab else [process, *below]:
                each.send_signal(KILL)


@dataclass
class Writer:
    """Writes on, and knows when each letter was written."""

    written: str = ""
    times: list[float] = field(default_factory=list)

    def write(self, page: Page, words: str) -> None:
        for letter in words:
            page.keyboard.type(letter)
            self.times.append(time.monotonic())
        self.written += words

    def expect_kept(self, kept: str) -> None:
        """It is what was written, but for letters of the last moment. Writing goes on from there."""
        ended = self.times[-1]
        sure = sum(at < ended - SLACK for at in self.times)
        assert self.written.startswith(kept)
        assert len(kept) >= sure
        self.written, self.times = kept, self.times[: len(kept)]


def back(context: BrowserContext, address: str) -> Board:
    """The page opened again: with the toy, and the keyboard at the end of its words."""
    page = context.new_page()
    page.goto(address)
    return ready(Board(page))


def ready(board: Board) -> Board:
    expect(board.node("toy")).to_be_visible()
    field_of(board).focus()
    board.press("End")
    return board


def field_of(board: Board) -> Locator:
    return board.widget(board.node("toy"), "do").locator("input")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_killed_tab_browser_or_server_loses_no_more_than_the_last_moment(
    browser: Browser, tmp_path: Path, port: int
) -> None:
    chrome, folder, address = browser.browser_type, tmp_path / "profile", f"http://127.0.0.1:{port}"
    home, writer = tmp_path / "home", Writer()
    home.mkdir()
    with serving(home, port) as server:
        with browsing(chrome, folder) as context:
            board = Board(context.pages[0])
            board.page.goto(address)
            expect(board.page.locator('[data-field="title"]')).not_to_have_value("")
            board.new()
            board.add("toy", "toy", (600, 300))
            ready(board)
            board.press("ControlOrMeta+a", "Delete")
            board.expect_saved()  # or all of it is of the last moment
            writer.write(board.page, "a tab is killed in the middle of a w")
            with board.page.expect_event("crash"):
                kill(folder, only_tab=True)
            board = back(context, address)
            writer.expect_kept(field_of(board).input_value())
            writer.write(board.page, " and the browser is killed as we")
            with context.expect_event("close"):
                kill(folder)
        with browsing(chrome, folder) as context:
            board = back(context, address)
            writer.expect_kept(field_of(board).input_value())
            writer.write(board.page, " at last the ser")
            server.kill()
            writer.write(board.page, "ver, and it goes on in words")
            expect(board.page.get_by_text("No connection")).to_be_visible()
            with serving(home, port):
                board.expect_saved()
                expect(board.page.get_by_text("No connection")).to_have_count(0)
                assert saved_words(address) == writer.written


def saved_words(address: str) -> str:
    """What the server holds, as any other browser would get it."""
    with urlopen(f"{address}/api/workflows") as listed:
        (saved,) = json.load(listed)["workflows"]
    with urlopen(f"{address}/api/workflows/{saved['id']}") as stored:
        (toy,) = json.load(stored)["workflow"]["nodes"].values()
    return str(toy["inputs"]["do"])
