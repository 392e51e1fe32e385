"""The cache as the page shows it: how much it holds, how much it may hold, and emptied."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.board import Board


def open_cache(board: Board) -> Locator:
    board.menu("cache")
    dialog = board.page.get_by_role("dialog", name="Cache")
    expect(dialog.get_by_text("In memory").first).to_be_visible()
    return dialog


def test_a_limit_that_is_typed_is_kept(board: Board) -> None:
    dialog = open_cache(board)
    field = dialog.locator('[data-field="cache-memory"]')
    field.fill("3")
    field.press("Enter")
    expect(dialog).to_contain_text("of 3 GB")
    board.page.reload()
    dialog = open_cache(board)
    expect(dialog).to_contain_text("of 3 GB")
    expect(field).to_have_value("3")


def test_what_is_no_limit_is_not_taken(board: Board) -> None:
    field = open_cache(board).locator('[data-field="cache-disk"]')
    before = field.input_value()
    field.fill("plenty")
    field.press("Enter")
    expect(field).to_have_value(before)


def test_after_the_cache_is_emptied_everything_is_computed_again(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (700, 300))
    empty.connect(paint, "result", preview, "image")
    empty.type_into(paint, "red", "77")
    empty.run()
    empty.expect_state(preview, "done")
    empty.run()
    empty.expect_state(paint, "cached")
    dialog = open_cache(empty)
    empty.action("clear-cache").click()
    expect(empty.says("The cache is empty.")).to_be_visible()
    expect(dialog.get_by_text("0 kB of")).to_have_count(2)
    empty.press("Escape")
    empty.run()
    empty.expect_state(paint, "done")
