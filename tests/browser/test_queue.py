"""The queue and what runs: order, pause, live runs, previews over a reload, and what a link carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.board import Board, centre

Write = Callable[[dict[str, Any]], Path]
SAY = {"say": {"type": "bench/say", "inputs": {"text": "hello"}}}


@pytest.fixture
def paused(board: Board, write: Write) -> Iterator[Board]:
    """A paused queue with three jobs in it, looked at; nothing is left of it."""
    board.drop(write(SAY))
    expect(board.node("bench/say")).to_be_visible()
    board.action("queue").click()
    board.action("pause-queue").click()
    expect(board.action("queue")).to_contain_text("Paused")
    board.press("Escape")
    for _ in range(2):
        board.action("more").click()
    board.run()
    for _ in range(2):
        board.action("fewer").click()
    board.action("queue").click()
    expect(waiting(board)).to_have_count(3)
    yield board
    if board.action("clear-queue").is_enabled():
        board.action("clear-queue").click()
        board.action("pause-queue").click()
    expect(board.action("queue")).not_to_contain_text("Paused")


def waiting(board: Board) -> Locator:
    return board.page.locator('[data-job][data-state="queued"]')


def line(board: Board) -> list[str | None]:
    return [row.get_attribute("data-job") for row in waiting(board).all()]


def expect_line(board: Board, jobs: list[str | None]) -> None:
    for place, job in enumerate(jobs):
        expect(waiting(board).nth(place)).to_have_attribute("data-job", job or "")


def test_waiting_jobs_are_put_in_another_order_by_hand_and_by_keys(paused: Board) -> None:
    first, second, third = line(paused)
    handles = waiting(paused).locator("[data-handle]")
    x, y = centre(waiting(paused).nth(0))
    with paused.dragging(handles.nth(2), (x, y - 14)):
        pass
    expect_line(paused, [third, first, second])
    handles.nth(0).focus()
    paused.press("ArrowDown")
    expect_line(paused, [first, third, second])
    expect(handles.nth(1)).to_be_focused()
    paused.page.reload()
    paused.action("queue").click()
    expect_line(paused, [first, third, second])


def test_a_queue_that_goes_on_runs_what_waited(paused: Board) -> None:
    paused.action("pause-queue").click()
    expect(waiting(paused)).to_have_count(0)
    paused.expect_state(paused.node("bench/say"), "done", "cached")


def test_a_preview_outlives_a_reload(board: Board, write: Write) -> None:
    board.drop(write({"sketch": {"type": "bench/sketch"}}))
    node = board.node("bench/sketch")
    board.run()
    expect(node.locator("[data-preview]")).to_be_visible()
    board.page.reload()
    red, green, _ = board.colour_of(node.locator("[data-preview]"))
    assert green > 200 > red
    board.action("cancel").click()
    board.expect_state(node, "cancelled")


def test_live_runs_what_changes_and_nothing_else(board: Board, write: Write) -> None:
    board.drop(write(SAY))
    node = board.node("bench/say")
    board.action("live").click()
    expect(node.locator(".words")).to_have_text("hello")
    board.type_into(node, "text", "again")
    expect(node.locator(".words")).to_have_text("again")
    board.action("live").click()
    board.type_into(node, "text", "no more")
    board.expect_saved()
    expect(node.locator(".words")).to_have_text("again")


def test_a_link_shows_what_it_carries_once_it_is_computed(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (700, 300))
    empty.connect(paint, "result", preview, "image")
    empty.type_into(paint, "red", "123")
    start, end = centre(empty.socket(paint, "out:result")), centre(empty.socket(preview, "in:image"))
    card = empty.page.get_by_role("dialog", name="What the link carries")
    empty.page.mouse.click((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    expect(card).to_contain_text("not computed yet")
    card.locator('[data-action="run-to-value"]').click()
    expect(card.get_by_role("img", name="Picture 1")).to_be_visible()
    expect(card).to_contain_text("float32")
    empty.press("Escape")
    expect(card).to_have_count(0)
    empty.menu_of(empty.socket(preview, "in:image"), "show-value")
    expect(card).to_contain_text("float32")
