"""A real Chromium before a real server. The page's state is changed by mouse, keyboard and files alone.

Nothing here evaluates a script in the page, but for axe, which only looks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.board import Board
from tests.browser.chrome import chromium
from tests.nodes.tiny import write_checkpoint

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "nodes" / "demo" / "models" / "checkpoints" / "loom-demo.safetensors"
SHOTS = ROOT / "test-results"
PATIENCE = 60_000
"""Milliseconds until something that should come up is said to be missing: generous, for it costs nothing else."""
START = 120.0

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the pack `bench`, and a model under the demo's name where that is not there."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "custom_nodes").mkdir()
    shutil.copy(ROOT / "tests" / "packs" / "bench.py", folder / "custom_nodes")
    if not SHIPPED.exists():
        checkpoints = folder / "models" / "checkpoints"
        checkpoints.mkdir(parents=True)
        write_checkpoint(checkpoints / SHIPPED.name)
    return folder


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[str]:
    """The address of a server whose worker is ready."""
    options = ["--home", str(home), "--port", "0", "--no-browser", "--device", "cpu"]
    command = [sys.executable, "-m", "server", "serve", *options]
    log = home / "server.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"}, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as running,
    ):
        try:
            assert running.stdout is not None
            words = running.stdout.readline().split()
            url = next((word for word in words if word.startswith("http://")), "")
            assert url, f"the server did not start: {log.read_text(encoding='utf-8')}"
            wait_for_worker(url)
            yield url
        finally:
            running.terminate()
            running.wait(30)


def wait_for_worker(url: str) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until:
        with urlopen(f"{url}/api/system") as answer:
            if json.load(answer)["worker"] == "ready":
                return
        time.sleep(0.2)
    pytest.fail(f"The worker was not ready after {START:.0f} s.", pytrace=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Leave word of a failure where the page's fixture can see it."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


class Visitor:
    """A page in a browser of its own, and what it said that it should not."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.context = browser.new_context(
            viewport={"width": 1440, "height": 900}, base_url=server, accept_downloads=True
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text) if is_fault(message) else None)

    def leave_word(self, request: pytest.FixtureRequest, who: str = "") -> bool:
        """Whether the test failed; then there is a picture of what it saw."""
        failed = bool(request.node.stash.get(FAILED, False))
        if failed and not self.page.is_closed():
            SHOTS.mkdir(exist_ok=True)
            self.page.screenshot(path=SHOTS / f"{request.node.name}{who}.png")
        return failed


@contextmanager
def visit(browser: Browser, server: str, request: pytest.FixtureRequest, who: str = "") -> Iterator[Page]:
    """A page of a test's own. A script error or a message in the console fails the test."""
    visitor = Visitor(browser, server)
    yield visitor.page
    visitor.leave_word(request, who)
    visitor.context.close()
    assert visitor.faults == []


@pytest.fixture
def page(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page as a new visitor sees it."""
    with visit(browser, server, request) as opened:
        yield opened


class Desk:
    """The page that the tests of a file take turns at: to open one takes six times as long as an empty workflow."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.browser, self.server = browser, server
        self.visitor: Visitor | None = None

    def sit(self) -> Visitor:
        """The page, with an empty workflow before all others and nothing open over it."""
        if self.visitor is None:
            self.visitor = Visitor(self.browser, self.server)
            self.visitor.page.goto("/")
            expect(Board(self.visitor.page).node("save_image")).to_be_visible()
        board = Board(self.visitor.page)
        board.press("Escape", "Escape", "Escape")
        board.new()
        expect(board.page.locator("[data-template]").first).to_be_visible()
        return self.visitor

    def clear(self) -> None:
        """The next one gets a page of their own."""
        if self.visitor is not None:
            self.visitor.context.close()
        self.visitor = None


@pytest.fixture(scope="module")
def desk(browser: Browser, server: str) -> Iterator[Desk]:
    shared = Desk(browser, server)
    yield shared
    shared.clear()


def is_fault(message: ConsoleMessage) -> bool:
    # A refused request is answered in words on the page; Chromium notes it in the console all the same.
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def first_visit(page: Page) -> Board:
    """The page as a new visitor sees it once the demo workflow is on it."""
    page.goto("/")
    found = Board(page)
    expect(found.node("save_image")).to_be_visible()
    return found


@contextmanager
def seated(desk: Desk, request: pytest.FixtureRequest, who: str = "") -> Iterator[Board]:
    """A turn at a shared page. After a failure nobody else gets it, for who knows what still holds it."""
    visitor = desk.sit()
    yield Board(visitor.page)
    faults = visitor.faults.copy()
    visitor.faults.clear()
    if visitor.leave_word(request, who) or faults or visitor.page.is_closed():
        desk.clear()
    assert faults == []


@pytest.fixture
def empty(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Board]:
    """An empty canvas, at a page that other tests of the file have used."""
    with seated(desk, request) as board:
        yield board


@pytest.fixture
def board(empty: Board) -> Board:
    """The same page with the demo workflow, opened by its card."""
    empty.page.locator('[data-template="text-to-image"]').first.click()
    expect(empty.node("save_image")).to_be_visible()
    return empty


@pytest.fixture(scope="module")
def other_desk(browser: Browser, server: str) -> Iterator[Desk]:
    shared = Desk(browser, server)
    yield shared
    shared.clear()


@pytest.fixture
def other(other_desk: Desk, request: pytest.FixtureRequest) -> Iterator[Board]:
    """An empty canvas in another browser, which shares nothing with the first but the server."""
    with seated(other_desk, request, "_other") as board:
        yield board


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write a workflow of these nodes to a file, as a person would find it on the disk."""

    def put(nodes: dict[str, Any], title: str = "From a file") -> Path:
        placed = {id: {"position": [index * 320, 0], **node} for index, (id, node) in enumerate(nodes.items())}
        document = {"schema": 1, "id": str(uuid.uuid4()), "title": title, "nodes": placed}
        path = tmp_path / "workflow.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return put
