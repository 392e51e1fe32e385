"""A sweep by mouse and keys: values chosen on the node and in the panel, run, looked at, and opened again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.board import Board

Write = Callable[[dict[str, Any]], Path]


def field(board: Board, axis: int) -> Locator:
    return board.page.locator(f'[data-axis="{axis}"] [data-field="values"]')


def test_values_become_a_labelled_sheet_whose_file_gives_the_sweep_back(board: Board, write: Write, home: Path) -> None:
    name = f"square {uuid.uuid4().hex[:8]}"
    board.drop(write({
        "paint": {"type": "bench/paint", "inputs": {"red": 200, "edge": 16}},
        "save": {"type": "save_image", "inputs": {"image": {"link": ["paint", "result"]}, "name": name}},
    }))  # fmt: skip
    panel = board.page.get_by_role("region", name="Sweep")
    board.menu_of(board.node("bench/paint").locator('[data-row="red"] .label'), "sweep-value")
    expect(panel).to_contain_text("2 values")
    field(board, 0).fill("0, x")
    expect(panel).to_contain_text("“x” is no number")
    field(board, 0).fill("0-300 step 150")
    expect(panel.get_by_role("alert")).to_contain_text("300")
    expect(board.action("run-sweep")).to_be_disabled()
    field(board, 0).fill("0..200/3")
    panel.locator('[data-field="add-axis"]').select_option("paint\nedge")
    panel.get_by_role("combobox", name="Picture on the sheet").select_option("Save image")
    field(board, 1).fill("16, 24")
    expect(panel).to_contain_text("6 pictures")
    board.action("run-sweep").click()
    expect(board.node("save_image").locator("img")).to_have_count(7)
    board.press("Escape")
    sheets = sorted((home / "results").glob("sweep_*.png"))
    assert len(list((home / "results").glob(f"{name}_*.png"))) == 6
    board.press("Control+z")
    expect(field(board, 1)).to_have_value("8, 16, 32")
    board.action("close-sweep").click()
    board.drop(sheets[-1])
    expect(field(board, 0)).to_have_value("0-200 step 100")
    expect(field(board, 1)).to_have_value("16, 24")
