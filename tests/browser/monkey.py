"""A monkey at the page: seeded nonsense by real mouse and keys. What it leaves must be a workflow, or say why not.

`python -m tests.browser.monkey --actions 50000 --seed 3 --server http://127.0.0.1:8420` runs the long form. It prints
what it found as JSON; the exit code is 1 where the console held an error or a document could not be read.

Actions go to the browser in bursts without waiting for each: thirty a second become hundreds, and the page meets them
as fast as no person is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, ConsoleMessage, Page, Request, Route, async_playwright

from tests.browser.chrome import chromium

Event = tuple[str, dict[str, Any]]
Point = tuple[float, float]
WIDTH, HEIGHT = 1440, 900
BURST = 20
"""Actions sent before the monkey waits for the page, and looks where its buttons and sockets are now."""
KEYS = """
    Delete m b p w g f Home 0 + - n F2 Escape Escape Escape Tab Enter c ? Space Backspace
    ArrowLeft ArrowRight ArrowUp ArrowDown Alt+ArrowUp Shift+ArrowDown
    Shift+N Shift+C Shift+L Shift+O Shift+F Shift+G Shift+H Shift+M Shift+R
    Ctrl+z Ctrl+z Ctrl+z Ctrl+Z Ctrl+Z Ctrl+y Ctrl+a Ctrl+d Ctrl+c Ctrl+x Ctrl+v Ctrl+Backspace
    Ctrl+f Ctrl+, Ctrl+o Ctrl+Enter Ctrl+Alt+Enter
    Ctrl+g Ctrl+g Ctrl+G Ctrl+Shift+ArrowDown Ctrl+Shift+ArrowDown Ctrl+Shift+ArrowUp
    Alt+PageDown Alt+PageUp Alt+Shift+PageDown Alt+w Alt+W
"""
RUNS = re.compile(r"/api/jobs\b")
SHARED = re.compile(r"/api/(settings|queue|cache|gallery/(trash|delete|restore)|files/input)\b")
WORDS = ("sample", "encode", "say", "number", "decode", "house", "7", "0.5", "-1e9", "<b>", "[a|b]", "\u00e4\U0001f600")
CODES = {"Delete": 46, "Home": 36, "F2": 113, "Escape": 27, "Tab": 9, "Enter": 13, "Space": 32, "Backspace": 8,
         "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PageUp": 33, "PageDown": 34}  # fmt: skip
MODIFIERS = {"Alt": 1, "Ctrl": 2, "Shift": 8}
LOOK = """() => {
  const seen = (query) => [...document.querySelectorAll(query)].map((element) => element.getBoundingClientRect())
    .filter((box) => box.width > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight)
    .map((box) => [box.x + box.width / 2, box.y + box.height / 2]);
  return { controls: seen('button, [role=menuitem], [role=option], [role=tab], input, textarea, summary'),
           sockets: seen('[data-socket]'), titles: seen('[data-node] header .title') };
}"""
"""Where things are: the monkey only looks, and then uses its hands."""


def key(chord: str) -> Iterator[Event]:
    """Press and release, as the system tells of it."""
    *held, name = chord.split("+") if len(chord) > 1 else (chord,)
    text = " " if name == "Space" else name if len(name) == 1 else ""
    shift = text.isalpha() and text.isupper() and "Ctrl" not in held
    modifiers = sum(MODIFIERS[each] for each in held) | (8 if shift or (text.isalpha() and text.isupper()) else 0)
    code = f"Key{text.upper()}" if text.isascii() and text.isalpha() else name
    said = {"key": text or name, "code": code, "modifiers": modifiers,
            "windowsVirtualKeyCode": CODES.get(name, ord(text.upper()) if text and text.isalnum() else 0)}  # fmt: skip
    plain = text if modifiers in (0, 8) else "\r" if name == "Enter" else ""
    yield "Input.dispatchKeyEvent", {"type": "keyDown" if plain else "rawKeyDown", **said, "text": plain}
    yield "Input.dispatchKeyEvent", {"type": "keyUp", **said}


def mouse(kind: str, at: Point, button: str = "left", clicks: int = 1, **more: Any) -> Event:
    held = 0 if kind in ("mouseReleased", "mouseWheel") else {"left": 1, "right": 2, "middle": 4, "none": 0}[button]
    return "Input.dispatchMouseEvent", {"type": kind, "x": at[0], "y": at[1], "button": button, "buttons": held,
                                        "clickCount": clicks, **more}  # fmt: skip


def click(at: Point, button: str = "left", times: int = 1, modifiers: int = 0) -> Iterator[Event]:
    yield mouse("mouseMoved", at, "none")
    for turn in range(1, times + 1):
        yield mouse("mousePressed", at, button, turn, modifiers=modifiers)
        yield mouse("mouseReleased", at, button, turn, modifiers=modifiers)


def drag(start: Point, end: Point, button: str = "left", modifiers: int = 0) -> Iterator[Event]:
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    yield mouse("mouseMoved", start, "none")
    yield mouse("mousePressed", start, button, modifiers=modifiers)
    for at in (middle, end, end):
        yield mouse("mouseMoved", at, button, modifiers=modifiers)
    yield mouse("mouseReleased", end, button, modifiers=modifiers)


class Monkey:
    """Does one random thing after another; the same seed chooses the same things."""

    def __init__(self, page: Page, hands: CDPSession, seed: int) -> None:
        self.page = page
        self.hands = hands
        self.random = random.Random(seed)
        self.seen: dict[str, list[Point]] = {}

    async def run(self, actions: int) -> None:
        for done in range(0, actions, BURST):
            events = [event for _ in range(min(BURST, actions - done)) for event in self.act()]
            # A drag the system takes over, of a result's picture, ends without the browser's answer.
            sent = await asyncio.gather(*(self.hands.send(*event) for event in events), return_exceptions=True)
            for error in sent:
                if isinstance(error, BaseException) and "Internal error" not in str(error):
                    raise error
            self.seen = await self.page.evaluate(LOOK)

    def act(self) -> Iterator[Event]:
        kinds = ("key", "drag", "link", "move", "click", "press", "double", "menu", "type", "wheel", "nest")
        choose = self.random.choice
        match self.random.choices(kinds, (32, 12, 8, 6, 10, 12, 4, 5, 7, 6, 2))[0]:
            case "key":
                yield from key(choose(KEYS.split()))
            case "drag":
                button, modifiers = choose(("left", "left", "middle")), choose((0, 0, 8, 2, 1))
                yield from drag(self.anywhere(), self.anywhere(), button, modifiers)
            case "link":
                yield from drag(self.near("sockets"), choose((self.near("sockets"), self.anywhere())))
            case "move":
                yield from drag(self.near("titles"), self.anywhere())
            case "click":
                yield from click(choose((self.anywhere(), self.near("titles"))), modifiers=choose((0, 0, 8, 2)))
            case "press":
                yield from click(self.near("controls"))
            case "double":
                yield from click(choose((self.anywhere(), self.near("titles"))), times=2)
            case "menu":
                yield from click(choose((self.anywhere(), self.near("titles"), self.near("sockets"))), "right")
            case "type":
                yield "Input.insertText", {"text": choose(WORDS)}
            case "nest":
                for chord in ("Escape", "Escape", "Ctrl+a", "Ctrl+g", "Ctrl+Shift+ArrowDown"):
                    yield from key(chord)
            case _:
                yield mouse("mouseWheel", self.anywhere(), "none", deltaX=0, deltaY=choose((-240, 240)))

    def anywhere(self) -> Point:
        return self.random.randint(70, WIDTH - 140), self.random.randint(70, HEIGHT - 120)

    def near(self, what: str) -> Point:
        found = self.seen.get(what)
        return self.random.choice(found) if found else self.anywhere()


@dataclass
class Found:
    """What is left when the monkey is done."""

    faults: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """What the server says of documents that it can not read."""
    documents: int = 0
    nodes: int = 0
    subgraphs: int = 0
    problems: int = 0

    @property
    def sound(self) -> bool:
        return not self.faults and not self.unread and self.documents > 0


class Watch:
    """Hears what the page says to the console and what it saves."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.documents: dict[str, str] = {}

    def follow(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"{error}\n{error.stack}"))
        page.on("console", self._said)
        page.on("crash", lambda _: self.faults.append("the page crashed"))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def _asked(self, request: Request) -> None:
        if request.method == "PUT" and "/api/workflows/" in request.url and "/revisions" not in request.url:
            self.documents[request.url] = request.post_data or ""


async def keep_out(context: BrowserContext, runs: bool) -> None:
    """Whoever else uses this server keeps their settings, queue, cache and results, and the worker where it said so."""

    async def refuse(route: Route) -> None:
        await (route.continue_() if route.request.method == "GET" else route.abort())

    for shared in (SHARED,) if runs else (SHARED, RUNS):
        await context.route(shared, refuse)


async def let_loose(server: str, seed: int, actions: int, runs: bool) -> Found:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        context = await browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, base_url=server)
        page, watch = await context.new_page(), Watch()
        watch.follow(page)
        await keep_out(context, runs)
        await page.goto("/")
        await page.locator("[data-node]").first.wait_for()
        await Monkey(page, await context.new_cdp_session(page), seed).run(actions)
        await page.reload()  # what waits to be saved is saved when the page goes
        await page.locator('[data-field="title"]').wait_for()
        await context.request.post("/api/jobs/cancel")
        found = Found(watch.faults, documents=len(watch.documents))
        for document in map(json.loads, watch.documents.values()):
            answer = await context.request.post("/api/workflows/check", data={"workflow": document["workflow"]})
            said = await answer.json()
            found.nodes += len(document["workflow"]["nodes"])
            found.subgraphs += len(document["workflow"].get("subgraphs", {}))
            if answer.ok:
                found.problems += len(said["problems"])
                found.unread += [str(problem) for problem in said["problems"] if not problem["what"]]
            else:
                found.unread.append(str(said))
        await browser.close()
        return found


def main() -> None:
    options = argparse.ArgumentParser(description="A monkey at the page.")
    options.add_argument("--actions", type=int, default=50_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--server", required=True)
    options.add_argument("--no-runs", action="store_true", help="the server refuses what the monkey wants to run")
    given = options.parse_args()
    found = asyncio.run(let_loose(given.server, given.seed, given.actions, not given.no_runs))
    print(json.dumps(asdict(found), indent=2))
    sys.exit(0 if found.sound else 1)


if __name__ == "__main__":
    main()
