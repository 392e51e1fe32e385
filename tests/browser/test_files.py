"""Files in and out: dropped, picked, saved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from tests.browser.board import Board

Write = Callable[[dict[str, Any]], Path]
PAINTING = {
    "paint": {"type": "bench/paint", "inputs": {"red": 90, "edge": 32}},
    "save": {"type": "save_image", "inputs": {"image": {"link": ["paint", "result"]}, "name": "dropped"}},
}


def test_a_dropped_workflow_opens(board: Board, write: Write) -> None:
    board.drop(write(PAINTING))
    expect(board.nodes).to_have_count(2)
    board.expect_link(board.node("save_image"), "image", "Paint")
    expect(board.widget(board.node("bench/paint"), "red").locator("input")).to_have_value("90")


def test_a_saved_picture_dropped_on_the_page_opens_the_workflow_that_made_it(
    board: Board, write: Write, home: Path
) -> None:
    board.drop(write(PAINTING))
    board.run()
    expect(board.picture(board.node("save_image"))).to_be_visible()
    saved = sorted((home / "results").glob("dropped_*.png"))[-1]
    board.new()
    board.drop(saved)
    expect(board.nodes).to_have_count(2)
    expect(board.widget(board.node("bench/paint"), "red").locator("input")).to_have_value("90")


def test_what_is_saved_to_a_file_opens_again_as_it_was(board: Board, write: Write) -> None:
    board.drop(write(PAINTING))
    expect(board.nodes).to_have_count(2)
    with board.page.expect_download() as started:
        board.press("ControlOrMeta+s")
    document = json.loads(Path(started.value.path()).read_bytes())
    types = {id: node["type"] for id, node in document["nodes"].items()}
    assert types == {"paint": "bench/paint", "save": "save_image"}
    assert document["nodes"]["save"]["inputs"]["image"]["link"] == ["paint", "result"]


def test_a_file_of_another_program_is_refused_in_words(board: Board, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"last_node_id": 1, "nodes": [{"id": 1, "pos": [0, 0]}], "links": []}))
    board.drop(other)
    expect(board.says("ComfyUI")).to_be_visible()
    expect(board.node("save_image")).to_be_visible()


def test_a_dropped_photo_becomes_a_node_that_loads_it(empty: Board, tmp_path: Path) -> None:
    photo = tmp_path / "meadow.png"
    Image.new("RGB", (64, 64), (20, 160, 60)).save(photo)
    empty.drop(photo)
    load = empty.node("load_image")
    expect(load).to_be_visible()
    red, green, blue = empty.colour_of(load.locator(".pictures img"))
    assert green > red and green > blue
    load.locator("header .title").click()
    empty.inspector.get_by_role("button", name=re.compile("^File: meadow-")).click()
    expect(empty.page.get_by_role("option", name=re.compile("^meadow-"))).to_be_visible()
    expect(empty.action("problems")).to_have_count(0)


def test_an_unknown_node_opens_whole_and_keeps_its_values(board: Board, write: Write) -> None:
    strange = {"type": "far/away", "inputs": {"depth": 7}, "title": "Far away"}
    board.drop(write({**PAINTING, "strange": strange}))
    expect(board.node("far/away")).to_contain_text("not installed")
    with board.page.expect_download() as started:
        board.press("ControlOrMeta+s")
    assert json.loads(Path(started.value.path()).read_bytes())["nodes"]["strange"]["inputs"] == {"depth": 7}
