"""A monkey at the page: seeded nonsense by real mouse and keys. What it leaves must be a workflow, or say why not.

`python -m tests.browser.monkey --actions 50000 --seed 3 --server http://127.0.0.1:8420` runs the long form.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from server.graph.workflow import load
from tests.browser.board import Board
from tests.browser.conftest import chromium

KEYS = ("Delete", "m", "b", "p", "w", "g", "f", "Home", "0", "+", "-", "F2", "Escape", "Tab", "Enter", "c",
        "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Alt+ArrowUp", "Shift+n", "Shift+c", "Shift+l", "Shift+o",
        "ControlOrMeta+z", "ControlOrMeta+z", "ControlOrMeta+Shift+z", "ControlOrMeta+a", "ControlOrMeta+d",
        "ControlOrMeta+Backspace", "ControlOrMeta+f", "ControlOrMeta+,", "Alt+PageDown", "?")  # fmt: skip
WORDS = ("sample", "encode", "say", "number", "decode", "house", "7", "0.5", "<b>x</b>")


class Monkey:
    """Does one random thing after another; the same seed does the same things."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page = page
        self.random = random.Random(seed)

    def point(self) -> tuple[int, int]:
        return self.random.randint(70, 1300), self.random.randint(70, 780)

    def act(self) -> None:
        mouse, keyboard = self.page.mouse, self.page.keyboard
        match self.random.choices(
            ("key", "drag", "click", "double", "menu", "type", "wheel"), (30, 26, 14, 6, 6, 10, 8)
        )[0]:
            case "key":
                keyboard.press(self.random.choice(KEYS))
            case "drag":
                mouse.move(*self.point())
                mouse.down()
                mouse.move(*self.point(), steps=2)
                mouse.up()
            case "click":
                mouse.click(*self.point())
            case "double":
                mouse.dblclick(*self.point())
            case "menu":
                mouse.click(*self.point(), button="right")
            case "type":
                keyboard.type(self.random.choice(WORDS))
            case _:
                mouse.move(*self.point())
                mouse.wheel(0, self.random.choice((-240, 240)))

    def run(self, actions: int) -> None:
        for _ in range(actions):
            self.act()


def saved(board: Board) -> bytes:
    """The workflow as its file, whatever the monkey left open."""
    board.page.reload()
    with board.page.expect_download() as download:
        board.press("ControlOrMeta+s")
    return Path(download.value.path()).read_bytes()


def main() -> None:
    options = argparse.ArgumentParser(description="A monkey at the page.")
    options.add_argument("--actions", type=int, default=50_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--server", required=True)
    given = options.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(given.server)
        Monkey(page, given.seed).run(given.actions)
        workflow = load(saved(Board(page)))
        print(json.dumps({"nodes": len(workflow.nodes), "faults": faults[:20]}, indent=2))
        browser.close()


if __name__ == "__main__":
    main()
