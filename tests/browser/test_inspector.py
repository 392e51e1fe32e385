"""The inspector floats over the canvas, and what it tells of is never hidden under it."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.board import EMPTY, Board


def left_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None, "it is not on the screen"
    return box["x"]


def right_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None, "it is not on the screen"
    return box["x"] + box["width"]


def expect_reachable(board: Board, node: Locator) -> None:
    """Its output can be taken hold of: it rests, and nothing lies over it."""
    board.socket(node, "out:result").hover(trial=True)


def test_a_node_made_at_the_right_edge_comes_out_from_under_the_inspector(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (1180, 300))
    expect(empty.inspector).to_be_visible()
    expect_reachable(empty, paint)
    assert right_of(paint) < left_of(empty.inspector)


def test_a_node_selected_at_the_right_edge_comes_out_from_under_the_inspector(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (700, 300))
    empty.page.mouse.click(*EMPTY)
    empty.move_node(paint, (440, 0))
    expect(empty.inspector).to_be_visible()
    expect_reachable(empty, paint)
    assert right_of(paint) < left_of(empty.inspector)


def test_selecting_a_node_in_plain_sight_moves_nothing(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    empty.page.mouse.click(*EMPTY)
    before = paint.bounding_box()
    paint.locator("header .title").click()
    expect(empty.inspector).to_be_visible()
    expect_reachable(empty, paint)
    assert paint.bounding_box() == before


def test_a_node_moved_behind_the_inspector_on_purpose_stays_there(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (700, 120))
    expect(empty.inspector).to_be_visible()
    before = left_of(paint)
    empty.move_node(paint, (300, 0))
    empty.socket(paint, "in:red").hover(trial=True)
    assert abs(left_of(paint) - before - 300) <= 24
