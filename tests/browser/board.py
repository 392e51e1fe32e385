"""What a person does on the page: with the mouse, the keyboard and files, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, WebSocket, expect

from server.messages import unpack_picture

EMPTY = (620, 560)
"""A place on the canvas where nothing floats."""
SHOWN = "[data-node]:not([hidden])"
"""A node's card: those that left the view are kept hidden for a while."""


@dataclass(frozen=True)
class Board:
    """The canvas and what floats over it."""

    page: Page

    # ------------------------------------------------------------ seeing

    def node(self, type: str, index: int = 0) -> Locator:
        return self.page.locator(f'{SHOWN}[data-type="{type}"]').nth(index)

    @property
    def nodes(self) -> Locator:
        return self.page.locator(SHOWN)

    def chip(self, node: Locator) -> Locator:
        return node.locator("[data-state]")

    def expect_state(self, node: Locator, *states: str) -> None:
        """Wait until the node's chip says one of these."""
        any_of = ", ".join(f'[data-state="{state}"]' for state in states)
        expect(node.locator(any_of)).to_be_visible()

    def socket(self, node: Locator, name: str) -> Locator:
        """`in:image` or `out:result`."""
        return node.locator(f'[data-socket="{name}"]')

    def widget(self, node: Locator, name: str) -> Locator:
        return node.locator(f'[data-input="{name}"]')

    def expect_link(self, node: Locator, input: str, source: str) -> None:
        words = re.compile(f"linked from {re.escape(source)}")
        expect(self.socket(node, f"in:{input}")).to_have_attribute("aria-label", words)

    def expect_no_link(self, node: Locator, input: str) -> None:
        expect(self.socket(node, f"in:{input}")).to_have_attribute("aria-label", re.compile("not linked"))

    @property
    def inspector(self) -> Locator:
        return self.page.get_by_role("complementary", name="Inspector")

    def results(self, name: str) -> Locator:
        """What the strip at the bottom shows under a name."""
        return self.page.locator(f'[data-result][title*="{name}"]')

    @property
    def frames(self) -> Locator:
        return self.page.get_by_role("group", name=re.compile("^Frame"))

    @property
    def notes(self) -> Locator:
        return self.page.locator("[data-note]")

    def expect_saved(self) -> None:
        """Wait until the server holds what is on the screen."""
        expect(self.page.get_by_role("img", name=re.compile("^Saved"))).to_be_visible()

    def says(self, words: str) -> Locator:
        """A notice in the corner."""
        return self.page.locator(".toast").filter(has_text=words).first

    def picture(self, node: Locator) -> Locator:
        return node.locator("[data-output] img").first

    def colour_of(self, picture: Locator) -> tuple[int, int, int]:
        """The colour in the middle of a picture as it is on the screen."""
        expect(picture).to_be_visible()
        with Image.open(io.BytesIO(picture.screenshot())) as shot:
            found = shot.convert("RGB").getpixel((shot.width // 2, shot.height // 2))
        assert isinstance(found, tuple)
        return int(found[0]), int(found[1]), int(found[2])

    # ------------------------------------------------------------ doing

    def action(self, name: str) -> Locator:
        return self.page.locator(f'[data-action="{name}"]')

    def menu(self, name: str) -> None:
        self.action("menu").click()
        self.action(name).click()

    def new(self) -> None:
        self.menu("new")
        expect(self.nodes).to_have_count(0)

    def menu_of(self, target: Locator | tuple[float, float], name: str) -> None:
        """Right-click something, or a place, and choose."""
        self.page.mouse.click(*(target if isinstance(target, tuple) else centre(target)), button="right")
        self.action(name).click()

    def run(self) -> None:
        self.action("run").click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def add(self, type: str, words: str, at: tuple[float, float]) -> Locator:
        """Double-click an empty place, type, press Enter. The node stands a little beside the place."""
        before = self.page.locator(f'{SHOWN}[data-type="{type}"]').count()
        self.page.mouse.dblclick(*at)
        self.choose(type, words)
        found = self.node(type, before)
        expect(found).to_be_visible()
        return found

    def choose(self, type: str, words: str) -> None:
        """Type into the palette and take what it offers first."""
        self.page.get_by_role("combobox").fill(words)
        expect(self.page.locator('[role="option"]').first).to_have_attribute("data-type", type)
        self.press("Enter")
        expect(self.page.get_by_role("combobox")).to_have_count(0)

    def connect(self, source: Locator, output: str, target: Locator, input: str) -> None:
        """Drag a link from an output to an input."""
        with self.dragging(self.socket(source, f"out:{output}"), centre(self.socket(target, f"in:{input}"))):
            pass

    def pull(self, socket: Locator, to: tuple[float, float]) -> None:
        """Drag a link into empty space."""
        with self.dragging(socket, to):
            pass

    @contextmanager
    def dragging(self, start: Locator, to: tuple[float, float]) -> Iterator[None]:
        """Press on something and move; the block runs before the hand is opened."""
        mouse = self.page.mouse
        mouse.move(*centre(start))
        mouse.down()
        mouse.move(to[0] - 12, to[1] - 6, steps=6)
        mouse.move(*to, steps=3)
        yield
        mouse.up()

    def move_node(self, node: Locator, by: tuple[float, float]) -> None:
        """Take a node by its title."""
        title = node.locator("header .title")
        x, y = centre(title)
        with self.dragging(title, (x + by[0], y + by[1])):
            pass

    def type_into(self, node: Locator, input: str, text: str) -> None:
        """Click a field, replace what it holds, and leave it."""
        field = self.widget(node, input).locator("input, textarea").first
        self.page.mouse.click(*centre(field))  # a number's field lets presses through, for it is dragged as well
        expect(field).to_be_focused()
        self.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        field.blur()

    def drop(self, path: Path, at: tuple[float, float] = EMPTY, *others: Path) -> None:
        """Drop files of the disk on the page, as the system does."""
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path), *map(str, others)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": at[0], "y": at[1], "data": data})
        session.detach()


def centre(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None, "it is not on the screen"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class Previews:
    """Counts the previews that reach the page: different pictures, at different steps."""

    def __init__(self, page: Page) -> None:
        self.seen: set[tuple[int, str]] = set()
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)

    def _received(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes):
            header, picture = unpack_picture(payload)
            self.seen.add((header.step, sha256(picture).hexdigest()))

    @property
    def pictures(self) -> int:
        return len({digest for _, digest in self.seen})

    @property
    def steps(self) -> int:
        return len({step for step, _ in self.seen})
