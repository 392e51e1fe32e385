"""One workflow in two editors: whoever comes second is asked, and nothing is overwritten unseen."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.board import Board


def expect_red(board: Board, value: str) -> None:
    expect(board.widget(board.node("bench/paint"), "red").locator("input")).to_have_value(value)


@pytest.fixture
def second(empty: Board, other: Board) -> Board:
    """The second of two editors of one workflow, where the first has saved red 11 and it has typed 22."""
    paint = empty.add("bench/paint", "paint", (300, 300))
    title = f"Shared {uuid4().hex[:8]}"
    empty.page.locator('[data-field="title"]').fill(title)
    empty.expect_saved()
    other.menu("open")
    other.page.locator("[data-workflow]").filter(has_text=title).click()
    expect(other.node("bench/paint")).to_be_visible()
    empty.type_into(paint, "red", "11")
    empty.expect_saved()
    other.type_into(other.node("bench/paint"), "red", "22")
    expect(other.action("keep-mine")).to_be_visible()
    return other


def test_while_nothing_is_chosen_nothing_is_overwritten(empty: Board, second: Board) -> None:
    empty.page.reload()
    expect_red(empty, "11")
    expect(second.action("keep-mine")).to_be_visible()


def test_keep_mine_saves_this_one_over_the_other(empty: Board, second: Board) -> None:
    second.action("keep-mine").click()
    second.expect_saved()
    expect(second.action("keep-mine")).to_have_count(0)
    expect_red(second, "22")
    empty.page.reload()
    expect_red(empty, "22")


def test_take_the_saved_one_shows_it_and_goes_on_from_it(empty: Board, second: Board) -> None:
    second.action("take-theirs").click()
    expect_red(second, "11")
    second.press("ControlOrMeta+z")
    expect_red(second, "22")
    second.press("ControlOrMeta+Shift+z")
    expect_red(second, "11")
    second.type_into(second.node("bench/paint"), "red", "33")
    second.expect_saved()
    empty.page.reload()
    expect_red(empty, "33")
