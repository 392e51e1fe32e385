"""What goes wrong is drawn where it is wrong, in words, and nothing else suffers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.board import Board

Write = Callable[[dict[str, Any]], Path]


def test_a_missing_input_is_said_on_the_node_and_nothing_runs(empty: Board) -> None:
    preview = empty.add("preview_image", "preview", (600, 300))
    empty.run()
    expect(preview.locator(".trouble")).to_contain_text("image")
    empty.expect_state(preview, "failed")


def test_a_node_that_raises_shows_its_words_and_its_traceback(board: Board, write: Write) -> None:
    board.drop(write({"well": {"type": "bench/fail", "inputs": {"text": "the well is dry"}}}))
    well = board.node("bench/fail")
    board.run()
    expect(well.locator(".trouble")).to_contain_text("the well is dry")
    well.locator("summary").click()
    expect(well.locator("pre")).to_contain_text("raise ValueError(text)")


def test_a_worker_that_dies_is_told_and_the_next_job_runs(board: Board, write: Write) -> None:
    board.drop(write({"end": {"type": "bench/leave"}}))
    board.run()
    expect(board.page.get_by_text("exit code 7").first).to_be_visible()
    board.drop(write({"say": {"type": "bench/say", "inputs": {"text": "still here"}}}))
    expect(board.node("bench/say")).to_be_visible()
    board.run()
    expect(board.node("bench/say").locator(".words")).to_contain_text("still here")


def test_a_mistake_that_is_mended_is_forgotten(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (800, 300))
    empty.run()
    expect(preview.locator(".trouble")).to_be_visible()
    empty.connect(paint, "result", preview, "image")
    empty.run()
    empty.expect_state(preview, "done", "cached")
    expect(preview.locator(".trouble")).to_have_count(0)


def test_several_runs_wait_in_line_and_all_are_cancelled(board: Board, write: Write) -> None:
    board.drop(write({"slow": {"type": "bench/dawdle", "inputs": {"steps": 601}}}))
    slow = board.node("bench/dawdle")
    for _ in range(2):
        board.action("more").click()
    board.run()
    for _ in range(2):
        board.action("fewer").click()
    board.expect_state(slow, "running")
    chip = board.action("queue")
    expect(chip).to_contain_text("+2")
    chip.click()
    board.action("cancel-all").click()
    expect(chip).not_to_contain_text("+")
    board.expect_state(slow, "cancelled", "skipped")
