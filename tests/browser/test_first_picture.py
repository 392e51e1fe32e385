"""From the first visit to a picture, and what a second run and a reload show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.board import Board, Previews


def test_one_click_on_run_gives_a_picture_with_previews_on_the_way(page: Page) -> None:
    previews = Previews(page)
    page.goto("/")
    board = Board(page)
    save = board.node("save_image")
    expect(save).to_be_visible()
    board.run()
    expect(board.picture(save)).to_be_visible()
    board.expect_state(save, "done")
    assert previews.pictures >= 5 and previews.steps >= 5, previews.seen


def test_after_a_new_seed_only_what_depends_on_it_runs(board: Board) -> None:
    sample, save = board.node("sample"), board.node("save_image")
    board.type_into(sample, "seed", "1001")
    board.run()
    board.expect_state(save, "done", "cached")
    board.type_into(sample, "seed", "1002")
    board.run()
    board.expect_state(sample, "running", "done")
    board.expect_state(save, "done")
    for type in ("load_checkpoint", "encode_text", "empty_latent"):
        board.expect_state(board.node(type), "cached")
    board.expect_state(board.node("decode_latent"), "done")
    expect(board.widget(sample, "seed").locator("input").first).to_have_value("1002")


def test_a_reload_in_mid_run_shows_the_progress_again(board: Board, write: Callable[[dict[str, Any]], Path]) -> None:
    board.drop(write({"slow": {"type": "bench/dawdle"}}))
    slow = board.node("bench/dawdle")
    board.run()
    board.expect_state(slow, "running")
    bar = slow.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuemax", "600")
    before = int(bar.get_attribute("aria-valuenow") or 0)
    board.page.reload()
    board.expect_state(slow, "running")
    expect(bar).to_have_attribute("aria-valuemax", "600")
    assert int(bar.get_attribute("aria-valuenow") or 0) >= before
    expect(slow).to_contain_text("under way")
    board.action("cancel").click()
    board.expect_state(slow, "cancelled")


def test_the_picture_is_there_again_after_a_reload(board: Board) -> None:
    save = board.node("save_image")
    board.run()
    expect(board.picture(save)).to_be_visible()
    board.page.reload()
    expect(board.picture(save)).to_be_visible()


def test_a_result_is_seen_at_full_size_and_downloaded(board: Board, tmp_path: Path) -> None:
    save = board.node("save_image")
    board.run()
    board.picture(save).click()
    viewer = board.page.get_by_role("dialog")
    expect(viewer.locator("img")).to_be_visible()
    with board.page.expect_download() as started:
        board.action("download").click()
    assert Path(started.value.path()).read_bytes().startswith(b"\x89PNG")
    board.press("Escape")
    expect(viewer).to_have_count(0)


def test_a_picture_that_is_reused_stands_once_among_the_results(
    board: Board, write: Callable[[dict[str, Any]], Path]
) -> None:
    board.drop(write({
        "paint": {"type": "bench/paint", "inputs": {"red": 31}},
        "save": {"type": "save_image", "inputs": {"image": {"link": ["paint", "result"]}, "name": "once"}},
    }))  # fmt: skip
    board.run()
    expect(board.results("once")).to_have_count(1)
    board.run()
    expect(board.says("every node was reused")).to_be_visible()
    expect(board.results("once")).to_have_count(1)
    board.page.reload()
    expect(board.results("once")).to_have_count(1)
