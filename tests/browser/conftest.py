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
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@contextmanager
def visit(browser: Browser, server: str, request: pytest.FixtureRequest, who: str = "") -> Iterator[Page]:
    """A page in a browser of its own. A script error or a message in the console fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if is_fault(message) else None)
    yield opened
    if request.node.stash.get(FAILED, False):
        SHOTS.mkdir(exist_ok=True)
        opened.screenshot(path=SHOTS / f"{request.node.name}{who}.png")
    context.close()
    assert faults == []


@pytest.fixture
def page(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page as a new visitor sees it."""
    with visit(browser, server, request) as opened:
        yield opened


def is_fault(message: ConsoleMessage) -> bool:
    # A refused request is answered in words on the page; Chromium notes it in the console all the same.
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def board(page: Page) -> Board:
    """The page after its first visit: the demo workflow is on it."""
    page.goto("/")
    found = Board(page)
    expect(found.node("save_image")).to_be_visible()
    return found


@pytest.fixture
def empty(board: Board) -> Board:
    """An empty canvas."""
    board.new()
    return board


@pytest.fixture
def other(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Board]:
    """The page in another browser, which shares nothing with the first but the server."""
    with visit(browser, server, request, "_other") as opened:
        opened.goto("/")
        found = Board(opened)
        expect(found.node("save_image")).to_be_visible()
        yield found


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
