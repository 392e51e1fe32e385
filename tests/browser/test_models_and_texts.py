"""A model is picked by what is known of it, and a text is helped along while it is written."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.board import EMPTY, Board

Write = Callable[[dict[str, Any]], Path]


@pytest.fixture
def loras(home: Path) -> Iterator[Path]:
    """Two LoRAs, for models of different families; their headers are all that is read of them."""
    folder = home / "models" / "loras"
    folder.mkdir(parents=True, exist_ok=True)
    for name, base in (("knit", "stable-diffusion-v1/lora"), ("neon", "stable-diffusion-xl-v1-base/lora")):
        tensors = {f"lora_unet_x.lora_{part}.weight": {"dtype": "F16", "shape": [2, 2], "data_offsets": [at, at + 8]}
                   for part, at in (("up", 0), ("down", 8))}  # fmt: skip
        told = {"modelspec.architecture": base, "modelspec.trigger_phrase": f"{name}ted figure"}
        header = json.dumps({"__metadata__": told, **tensors}).encode()
        (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    Image.new("RGB", (32, 32), (200, 40, 40)).save(folder / "knit.preview.png")
    yield folder
    for path in folder.iterdir():
        path.unlink()


def test_what_fits_is_offered_first_and_its_words_complete_the_text(board: Board, write: Write, loras: Path) -> None:
    checkpoint = {"type": "load_checkpoint", "inputs": {"file": "loom-demo.safetensors"}}
    lora = {"type": "load_lora", "inputs": {"model": {"link": ["checkpoint", "model"]},
                                            "text_encoder": {"link": ["checkpoint", "text_encoder"]}}}  # fmt: skip
    text = {
        "type": "encode_text",
        "inputs": {"text_encoder": {"link": ["lora", "text_encoder"]}, "text": "a red house"},
    }
    board.drop(write({"checkpoint": checkpoint, "lora": lora, "text": text}))
    page, node = board.page, board.node("load_lora")
    board.widget(node, "file").get_by_role("button").click()
    board.action("look-again").click()
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("SD 1.x")
    expect(options.first.locator("img")).to_have_js_property("naturalWidth", 32)
    expect(options.last).to_contain_text("neon.safetensors")
    expect(page.get_by_text("Not for SD 1.x")).to_be_visible()
    page.get_by_role("combobox").fill("knitted")
    expect(options).to_have_count(1)
    board.press("Enter")
    expect(board.widget(node, "file")).to_contain_text("knit.safetensors")

    field = board.widget(board.node("encode_text"), "text").locator("textarea")
    field.click()
    expect(field).to_have_attribute("aria-autocomplete", "list")  # the prompt's help has come
    board.press("ControlOrMeta+Home", "ArrowRight", "ArrowRight", "ArrowRight", "ControlOrMeta+ArrowUp")
    expect(field).to_have_value("a (red:1.05) house")
    board.press("ControlOrMeta+ArrowUp", "ControlOrMeta+End")
    page.keyboard.type(", (kni")
    expect(page.locator("mark.loose")).to_have_count(1)
    expect(page.get_by_role("listbox", name="Words known here")).to_contain_text("knitted figure")
    board.press("Tab")
    expect(field).to_have_value("a (red:1.1) house, (knitted figure")
    page.keyboard.type(":0.8)")
    expect(page.locator("mark.loose")).to_have_count(0)
    page.mouse.click(*EMPTY)
    board.press("ControlOrMeta+z")
    expect(field).to_have_value("a red house")
