"""Without a mouse, and without sight: the keyboard does it all, and axe finds nothing to mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Page, expect

from tests.browser.board import Board

Write = Callable[[dict[str, Any]], Path]


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def test_a_node_is_added_given_a_value_and_run_by_keyboard_alone(empty: Board) -> None:
    empty.action("palette").press("Enter")
    empty.choose("bench/say", "say")
    say = empty.node("bench/say")
    expect(say).to_be_visible()
    empty.page.get_by_role("group", name="Say").focus()
    empty.press("Enter")
    empty.page.keyboard.type("by hand")
    empty.press("ControlOrMeta+Enter")
    expect(say.locator(".words")).to_contain_text("by hand")


def test_the_arrows_walk_from_node_to_node(board: Board) -> None:
    board.node("load_checkpoint").focus()
    board.press("ArrowRight")
    expect(board.page.locator("[data-node]:focus")).to_have_count(1)
    expect(board.node("load_checkpoint")).not_to_be_focused()


def test_axe_finds_nothing_on_the_first_view(board: Board) -> None:
    assert violations(board.page) == []


def test_axe_finds_nothing_with_the_palette_open(board: Board) -> None:
    board.action("palette").click()
    expect(board.page.get_by_role("combobox")).to_be_visible()
    assert violations(board.page) == []


def test_axe_finds_nothing_while_a_job_runs_and_an_error_is_shown(board: Board, write: Write) -> None:
    board.drop(write({
        **{f"paint{number}": {"type": "bench/paint"} for number in range(9)},
        "slow": {"type": "bench/dawdle"},
        "say": {"type": "bench/say", "inputs": {"text": "hello"}},
        "lost": {"type": "far/away"},
    }))  # fmt: skip
    board.page.keyboard.press("Home")
    expect(board.node("far/away")).to_contain_text("not installed")
    board.node("far/away").locator("header .title").click()
    board.press("Delete")
    board.run()
    board.expect_state(board.node("bench/dawdle"), "running")
    assert violations(board.page) == []
    board.action("cancel").click()
    board.expect_state(board.node("bench/dawdle"), "cancelled")
