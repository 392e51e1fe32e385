"""The form with a finger on a narrow phone: arranged, filled in, run, looked at, and opened by its link."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from tests.browser.board import Board, centre
from tests.browser.test_touch import Fingers, touching

NARROW = (360, 740)
SQUARE = {
    "title": "Square",
    "inputs": {"red": {"type": "int", "title": "Redness"}},
    "outputs": {"picture": {"type": "Image"}},
    "nodes": {
        "in": {"type": "subgraph_input", "position": [0, 0]},
        "paint": {"type": "bench/paint", "inputs": {"red": {"link": ["in", "red"]}}, "position": [280, 0]},
        "out": {
            "type": "subgraph_output",
            "inputs": {"picture": {"link": ["paint", "result"]}},
            "position": [560, 0],
        },
    },
}


def workflow(folder: Path) -> Path:
    """A subgraph whose input stands in the form, as the file of a workflow."""
    nodes = {
        "square": {"type": "subgraph:square", "inputs": {"red": 200}, "position": [0, 0]},
        "show": {"type": "preview_image", "inputs": {"image": {"link": ["square", "picture"]}}, "position": [320, 0]},
    }
    items = [
        {"kind": "heading", "text": "A picture"},
        {"kind": "input", "node": "square", "input": "red"},
        {"kind": "note", "text": "From *0* to 255."},
        {"kind": "output", "node": "show"},
    ]
    document = {"schema": 1, "id": str(uuid.uuid4()), "title": "Squares", "nodes": nodes, "form": {"items": items}}
    path = folder / "squares.json"
    path.write_text(json.dumps({**document, "subgraphs": {"square": SQUARE}}), encoding="utf-8")
    return path


def top(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def expect_note_first(board: Board) -> None:
    note, input = board.page.get_by_text("to 255."), board.page.locator('[data-form-input="square.red"]')
    expect(input.locator(".label")).to_have_text("Redness")
    expect(note).to_be_visible()
    assert top(note) < top(input)


def test_a_form_is_arranged_run_and_shared_with_a_finger(browser: Browser, server: str, tmp_path: Path) -> None:
    with touching(browser, server, NARROW) as board:
        page, fingers = board.page, Fingers(board.page)
        board.drop(workflow(tmp_path), (200, 400))
        expect(board.node("subgraph:square")).to_be_attached()
        board.action("menu").tap()
        board.action("form").tap()
        board.action("arrange-form").tap()
        handles = page.locator(".form-view [data-handle]")
        expect(handles).to_have_count(4)
        start, end = centre(handles.nth(2)), centre(handles.nth(1))
        fingers.slide((start, (end[0], end[1] - 8)))
        expect(handles.nth(1)).to_have_accessible_name("Move From *0* to 255.: drag, or press the arrow keys")
        board.action("arrange-form").tap()
        expect_note_first(board)
        field = page.locator('[data-form-input="square.red"] input')
        page.touchscreen.tap(*centre(field))
        field.fill("0")
        page.keyboard.press("Enter")
        run = page.locator(".form-view").locator('[data-action="run"]')
        run.tap()
        picture = page.locator(".results-column img").first
        picture.scroll_into_view_if_needed()
        assert board.colour_of(picture) == (0, 0, 0)
        for part in (run, board.action("share-form"), picture):
            box = part.bounding_box()
            assert box is not None
            assert box["x"] >= 0 and box["x"] + box["width"] <= NARROW[0], "nothing stands out at the side"
        board.action("share-form").tap()  # sends what is not saved yet
        expect(page.locator(".toast").filter(has_text="/#form=")).to_be_visible()
        shared = page.context.new_page()
        shared.goto(page.url)
        expect_note_first(Board(shared))
        expect(shared.locator('[data-form-input="square.red"] input')).to_have_value("0")
