"""One walk past every main view, for all who look at them: axe, the snapshots and the pictures of the docs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from tests.browser.board import Board

JSON = dict[str, Any]


def link(node: str, output: str = "result") -> JSON:
    return {"link": [node, output]}


def sheet() -> JSON:
    """Twelve nodes: text to image as one draws it, one that takes long, one that fails, one that is not installed."""
    nodes: dict[str, JSON] = {
        "model": {"type": "load_checkpoint", "inputs": {"file": "loom-demo.safetensors"}},
        "draw": {"type": "encode_text", "title": "What to draw",
                 "inputs": {"text_encoder": link("model", "text_encoder"), "text": "a red house on a meadow"}},
        "avoid": {"type": "encode_text", "title": "What to avoid",
                  "inputs": {"text_encoder": link("model", "text_encoder"), "text": ""}},
        "latent": {"type": "empty_latent", "inputs": {"width": 128, "height": 128}},
        "sample": {"type": "sample", "mode": "mute",
                   "inputs": {"model": link("model", "model"), "positive": link("draw"), "negative": link("avoid"),
                              "latent": link("latent"), "seed": 7}},
        "decode": {"type": "decode_latent", "mode": "mute",
                   "inputs": {"latent": link("sample"), "vae": link("model", "vae")}},
        "paint": {"type": "bench/paint", "inputs": {"red": 200, "edge": 96}},
        "save": {"type": "save_image", "inputs": {"image": link("paint"), "name": "red"}},
        "photo": {"type": "load_image", "inputs": {}},
        "fail": {"type": "bench/fail", "inputs": {"text": "the well is dry"}},
        "slow": {"type": "bench/dawdle", "inputs": {"steps": 6000}},
        "lost": {"type": "far/away", "inputs": {"strength": 0.5}},
    }  # fmt: skip
    places = {"model": (0, 0), "latent": (0, 330), "draw": (330, 0), "avoid": (330, 230), "sample": (660, 0),
              "decode": (990, 0), "paint": (330, 480), "save": (660, 480), "photo": (0, 520), "fail": (990, 480),
              "slow": (990, 200), "lost": (990, 330)}  # fmt: skip
    placed = {id: {**node, "position": places[id]} for id, node in nodes.items()}
    return {"schema": 1, "id": str(uuid.uuid4()), "title": "Views", "nodes": placed}


def walk(board: Board, folder: Path) -> Iterator[str]:
    """Bring out one view after another and name it; each is left before the next. What is run ends at the end."""
    page = board.page
    make_a_picture(board, folder)
    board.new()
    expect(page.locator("[data-template]").first).to_be_visible()
    yield "start"
    board.menu("templates")
    expect(page.get_by_role("dialog").locator("[data-template]").first).to_be_visible()
    yield "templates"
    board.press("Escape")
    yield from of_the_canvas(board, folder)
    yield from of_panels(board)
    yield from of_results(board, folder)


def make_a_picture(board: Board, folder: Path) -> None:
    """The strip of results makes room for itself: it stands there from here on, whatever was run before."""
    nodes = {id: node for id, node in sheet()["nodes"].items() if id in ("paint", "save")}
    file = folder / "picture.json"
    file.write_text(json.dumps({**sheet(), "title": "Red", "nodes": nodes}), encoding="utf-8")
    board.drop(file)
    expect(board.node("bench/paint")).to_be_visible()
    board.run()
    board.expect_state(board.node("save_image"), "done", "cached")
    expect(board.results("red").first).to_be_visible()
    board.expect_saved()


def of_the_canvas(board: Board, folder: Path) -> Iterator[str]:
    """Where one builds: with the palette over it, while a job runs, an error stands there and a node is missing."""
    page = board.page
    workflow, photo = folder / "views.json", folder / "photo.png"
    workflow.write_text(json.dumps(sheet()), encoding="utf-8")
    Image.new("RGB", (96, 64), (40, 120, 200)).save(photo)
    board.drop(workflow)
    expect(board.node("far/away")).to_be_visible()
    board.press("Home")
    yield "missing"
    board.action("problems").click()
    yield "problems"
    board.action("problems").click()
    board.node("far/away").locator("header .title").click()
    board.press("Delete")
    board.node("load_image").locator("header .title").click()
    board.press("Delete", "Escape")
    board.run()
    board.expect_state(board.node("bench/fail"), "failed")
    board.node("bench/fail").locator("header .title").click()
    board.press("m")
    board.run()
    board.expect_state(board.node("bench/dawdle"), "running")
    yield "running"
    board.press("Escape")
    board.action("palette").click()
    page.get_by_role("combobox").fill("sample")
    expect(page.get_by_role("option").first).to_be_visible()
    yield "palette"
    board.press("Escape")
    board.action("more").click()
    board.run()
    board.action("queue").click()
    expect(page.locator('[data-job][data-state="queued"]').first).to_be_visible()
    yield "queue"
    board.action("cancel-all").click()
    board.press("Escape")
    board.expect_state(board.node("bench/dawdle"), "cancelled", "skipped")


def of_panels(board: Board) -> Iterator[str]:
    page = board.page
    board.node("encode_text").locator("header .title").click()
    expect(board.inspector.get_by_role("textbox", name="Title")).to_have_value("What to draw")
    yield "inspector"
    board.widget(board.node("load_checkpoint"), "file").get_by_role("button").click()
    expect(page.get_by_role("option").first).to_be_visible()
    yield "models"
    board.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    board.press("Escape", "Shift+O")
    expect(page.get_by_role("tree")).to_be_visible()
    yield "outline"
    board.press("Shift+O")
    board.expect_saved()
    board.press("Shift+H")
    page.locator("[data-revision]").last.click()
    yield "history"
    board.press("Shift+H", "Escape", "Shift+F")
    expect(board.action("share-form")).to_be_visible()
    yield "form"
    board.action("leave-form").click()
    board.press("ControlOrMeta+,")
    expect(page.locator("[data-setting]").first).to_be_visible()
    yield "settings"
    board.press("Escape", "?")
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "shortcuts"
    board.press("Escape")


def of_results(board: Board, folder: Path) -> Iterator[str]:
    page = board.page
    board.press("Shift+G")
    expect(page.locator("[data-gallery-result]").first).to_be_visible()
    yield "gallery"
    page.locator("[data-gallery-result]").first.dblclick()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "viewer"
    board.press("Escape", "Escape", "Escape")
    board.new()
    load = board.add("load_image", "load image", (500, 300))
    box = load.bounding_box()
    assert box is not None
    board.drop(folder / "photo.png", (box["x"] + 60, box["y"] + 12))
    board.widget(load, "mask_file").get_by_role("button").click()
    expect(page.locator("[data-mask-stage] canvas").last).to_be_visible()
    yield "mask"
    board.action("mask-cancel").click()
