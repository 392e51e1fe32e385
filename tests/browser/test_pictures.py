"""Pictures from outside: dropped on a node, pasted from another program; and taken out again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.browser.board import EMPTY, Board, centre

Write = Callable[[dict[str, Any]], Path]

PAINTER = """<!doctype html><canvas width="48" height="48"></canvas><button>Copy</button><script>
const [canvas, button] = [document.querySelector('canvas'), document.querySelector('button')];
const ink = canvas.getContext('2d');
ink.fillStyle = 'rgb(30, 60, 210)';
ink.fillRect(0, 0, 48, 48);
button.onclick = () => canvas.toBlob(async (picture) => {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
  button.textContent = 'Copied';
});
</script>"""


def copy_a_blue_picture(context: BrowserContext, folder: Path) -> None:
    """As another program does: a page that draws, and copies what it drew when its button is pressed."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    painter = folder / "painter.html"
    painter.write_text(PAINTER, encoding="utf-8")
    page = context.new_page()
    page.goto(painter.as_uri())
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.close()


def expect_blue(board: Board, index: int = 0) -> None:
    red, green, blue = board.colour_of(board.node("load_image", index).locator(".pictures img"))
    assert blue > 150 and red < 100 and green < 120, (red, green, blue)


def test_a_picture_dropped_on_a_node_becomes_the_one_it_loads(empty: Board, tmp_path: Path) -> None:
    load = empty.add("load_image", "load image", (300, 200))
    photo = tmp_path / "sea.png"
    Image.new("RGB", (48, 48), (30, 60, 210)).save(photo)
    empty.drop(photo, centre(load.locator("header .title")))
    expect_blue(empty)
    expect(empty.nodes).to_have_count(1)


def test_a_pasted_picture_goes_into_the_selected_node(empty: Board, tmp_path: Path) -> None:
    load = empty.add("load_image", "load image", (300, 200))
    copy_a_blue_picture(empty.page.context, tmp_path)
    load.locator("header .title").click()
    empty.press("ControlOrMeta+v")
    expect_blue(empty)
    expect(empty.nodes).to_have_count(1)


def test_a_picture_pasted_in_the_open_becomes_a_node_that_loads_it(empty: Board, tmp_path: Path) -> None:
    copy_a_blue_picture(empty.page.context, tmp_path)
    empty.page.mouse.click(*EMPTY)
    empty.press("ControlOrMeta+v")
    expect(empty.nodes).to_have_count(1)
    expect_blue(empty)


def test_a_downloaded_result_is_the_file_that_was_saved(board: Board, write: Write, home: Path) -> None:
    board.drop(write({
        "paint": {"type": "bench/paint", "inputs": {"red": 140}},
        "save": {"type": "save_image", "inputs": {"image": {"link": ["paint", "result"]}, "name": "taken"}},
    }))  # fmt: skip
    board.run()
    board.results("taken").click()
    with board.page.expect_download() as started:
        board.action("download").click()
    saved = sorted((home / "results").glob("taken_*.png"))[-1]
    assert started.value.suggested_filename == saved.name
    assert Path(started.value.path()).read_bytes() == saved.read_bytes()


def test_pictures_a_model_and_a_result_each_go_where_they_belong(board: Board, write: Write, tmp_path: Path) -> None:
    board.drop(write({
        "paint": {"type": "bench/paint", "inputs": {"red": 140}},
        "save": {"type": "save_image", "inputs": {"image": {"link": ["paint", "result"]}, "name": "carried"}},
    }))  # fmt: skip
    board.run()
    result = board.results("carried").first
    expect(result).to_be_visible()
    board.new()
    blue, green, model = tmp_path / "blue.png", tmp_path / "green.png", tmp_path / "knit.safetensors"
    Image.new("RGB", (48, 48), (30, 60, 210)).save(blue)
    Image.new("RGB", (48, 48), (40, 160, 60)).save(green)
    header = b'{"x.lora_up.weight":{}}'
    model.write_bytes(len(header).to_bytes(8, "little") + header)
    board.drop(blue, (420, 300), green, model)
    expect(board.nodes).to_have_count(2)
    expect_blue(board)
    expect(board.says("knit.safetensors is a model")).to_contain_text("models/loras")
    board.press("ControlOrMeta+z")
    expect(board.nodes).to_have_count(0)

    result.drag_to(board.page.locator("[data-canvas]"), target_position={"x": EMPTY[0], "y": EMPTY[1]})
    expect(board.node("load_image")).to_contain_text("carried")


def test_words_pasted_in_the_open_become_a_node_and_an_address_is_refused(empty: Board, tmp_path: Path) -> None:
    note = empty.add("text", "text", (300, 200))
    empty.type_into(note, "value", "a red house")
    field = empty.widget(note, "value").locator("textarea")
    field.click()
    empty.press("ControlOrMeta+a", "ControlOrMeta+c")
    empty.page.mouse.click(*EMPTY)
    empty.press("ControlOrMeta+v")
    expect(empty.nodes).to_have_count(2)
    expect(empty.widget(empty.node("text", 1), "value").locator("textarea")).to_have_value("a red house")
    empty.type_into(note, "value", "https://example.org/cat.png")
    field.click()
    empty.press("ControlOrMeta+a", "ControlOrMeta+c")
    empty.page.mouse.click(*EMPTY)
    empty.press("ControlOrMeta+v")
    expect(empty.says("the page fetches nothing from elsewhere")).to_be_visible()
    expect(empty.nodes).to_have_count(2)
