"""With fingers: the canvas is moved and zoomed, menus come by holding, sockets are joined by tapping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.board import Board, centre

SIZES = {"phone": (390, 844), "tablet": (820, 1180)}
Point = tuple[float, float]


class Fingers:
    """Touches as the system sends them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def send(self, kind: str, *points: Point) -> None:
        touches = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def slide(self, *pairs: tuple[Point, Point], steps: int = 6) -> None:
        """Each finger from one point to another, all at once.

        A frame passes between two moves, and the fingers rest at the end: Chromium takes a slide at no measurable time
        for a fling, and a touch while that goes on ends it and is no tap.
        """
        self.send("touchStart", *(start for start, _ in pairs))
        for step in [*range(1, steps + 1), *[steps] * steps]:
            part = step / steps
            self.send("touchMove", *((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part) for a, b in pairs))
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        self.send("touchEnd")


@contextmanager
def touching(browser: Browser, server: str, size: tuple[int, int]) -> Iterator[Board]:
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, base_url=server, has_touch=True, is_mobile=True)  # type: ignore[arg-type]  # its type is not exported
    page = context.new_page()
    page.goto("/")
    board = Board(page)
    expect(page.locator('[data-field="title"]')).to_have_value("Text to image")
    yield board
    context.close()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_fingers_do_what_a_mouse_does(browser: Browser, server: str, size: tuple[int, int]) -> None:
    with touching(browser, server, size) as board:
        page, fingers = board.page, Fingers(board.page)
        board.action("menu").tap()
        board.action("new").tap()
        expect(board.nodes).to_have_count(0)
        expect(page.get_by_text("Double-tap anywhere")).to_be_visible()
        middle = (size[0] / 2, size[1] / 2)
        free = 200 if size == SIZES["phone"] else 700  # above the inspector's sheet
        for word, type in (("say", "bench/say"), ("text", "text")):
            board.action("palette").tap()
            page.get_by_role("combobox").fill(word)
            page.locator(f'[data-type="{type}"][role="option"]').tap()
            expect(board.node(type)).to_be_visible()
            title = centre(board.node(type).locator("header .title"))
            if type == "bench/say":
                fingers.slide((title, (title[0], title[1] + 220)))
        before = board.node("text").bounding_box()
        spread = ((middle[0] - 20, free), (middle[0] - 120, free)), ((middle[0] + 20, free), (middle[0] + 120, free))
        fingers.slide(*spread)
        after = board.node("text").bounding_box()
        assert before and after and after["width"] > before["width"] * 1.5
        apart = ((middle[0] - 120, free), (middle[0] - 20, free)), ((middle[0] + 120, free), (middle[0] + 20, free))
        fingers.slide(*apart)
        board.socket(board.node("text"), "out:result").tap()
        board.socket(board.node("bench/say"), "in:text").tap()
        board.expect_link(board.node("bench/say"), "text", "Text")
        fingers.send("touchStart", centre(board.node("text").locator("header .title")))
        expect(page.get_by_role("menu")).to_be_visible()
        fingers.send("touchEnd")
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)
        expect(board.node("text")).to_have_class(re.compile("selected"))
