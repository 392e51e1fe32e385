"""A mask painted by hand: over the picture that a workflow made, and over one that was dropped."""

from __future__ import annotations

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from PIL import Image, ImageChops
from playwright.sync_api import Locator, expect

from tests.browser.board import Board, centre

SIZE = 128
"""Pixels along an edge of the demo model's pictures."""


def open_example(board: Board, name: str) -> None:
    board.menu("templates")
    board.page.locator(f'[data-template="{name}"]').click()
    expect(board.page.get_by_role("dialog")).to_have_count(0)


def stage_of(board: Board) -> Locator:
    stage = board.page.locator("[data-mask-stage]")
    expect(stage.locator("canvas").last).to_be_visible()
    return stage


def stroke(board: Board, *places: tuple[float, float]) -> None:
    """Drag over the picture: places as shares of its width and height."""
    box = board.page.locator("[data-mask-stage] canvas").first.bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    board.page.mouse.move(*at[0])
    board.page.mouse.down()
    for place in at[1:]:
        board.page.mouse.move(*place, steps=4)
    board.page.mouse.up()


def option(board: Board, name: str) -> Locator:
    return board.page.locator(f'[data-option="{name}"] input')


def test_a_mask_painted_over_a_result_is_where_the_example_paints(board: Board, home: Path) -> None:
    open_example(board, "inpaint")
    for index in range(2):
        board.type_into(board.node("sample", index), "steps", "3")
    board.run()
    encode = board.node("encode_to_inpaint")
    expect(board.results("inpaint")).to_have_count(1)
    board.menu_of(encode.locator("header .title"), "paint-mask")
    page, covered = board.page, board.page.get_by_text("% painted")
    stage_of(board)
    expect(covered).to_contain_text(re.compile("^0% painted"))
    # An outline at the left, filled, and a stroke at the right that is taken back.
    option(board, "size").press("Home")
    for _ in range(12):
        board.press("]")
    stroke(board, (0.1, 0.2), (0.4, 0.2), (0.4, 0.8), (0.1, 0.8), (0.1, 0.2))
    expect(covered).not_to_contain_text(re.compile("^0% painted"))
    board.press("f")
    stroke(board, (0.25, 0.5))
    expect(covered).to_contain_text(re.compile(r"^[23]\d% painted"))
    before = covered.inner_text()
    board.press("b")
    stroke(board, (0.7, 0.1), (0.7, 0.9))
    expect(covered).not_to_have_text(before)
    board.press("ControlOrMeta+z")
    expect(covered).to_have_text(before)
    assert Axe().run(page, context=".mask-editor").violations_count == 0
    board.action("mask-save").click()
    load = board.node("load_image")
    expect(load.locator("[data-mask]")).to_be_visible()
    board.expect_link(encode, "mask", "Load image, mask")
    board.expect_link(board.node("feather_mask"), "mask", "Load image, mask")

    board.run()
    expect(board.results("inpaint")).to_have_count(2)
    was, _, now = three_pictures(max((home / "results").glob("inpaint_*.png")))
    changed = ImageChops.difference(was, now).getbbox()
    assert changed is not None, "the painted part was painted anew"
    assert changed[2] < 0.6 * SIZE, "the right half, which was not painted, is the same to the bit"


def three_pictures(sheet: Path) -> tuple[Image.Image, Image.Image, Image.Image]:
    """The pictures of the example's sheet, which stand side by side."""
    with Image.open(sheet) as opened:
        whole = opened.convert("RGB")
    gap = (whole.width - 3 * SIZE) // 4
    first, second, third = (
        whole.crop((gap + index * (SIZE + gap), gap, gap + index * (SIZE + gap) + SIZE, gap + SIZE))
        for index in range(3)
    )
    return first, second, third


def test_a_mask_over_a_dropped_picture_is_painted_by_keys_alone_and_taken_up_again(
    empty: Board, tmp_path: Path
) -> None:
    photo = tmp_path / "field.png"
    Image.new("RGB", (160, 120), (40, 120, 60)).save(photo)
    load = empty.add("load_image", "load image", (300, 200))
    empty.drop(photo, centre(load.locator("header .title")))
    empty.widget(load, "mask_file").get_by_role("button").click()
    stage = stage_of(empty)
    stage.focus()
    empty.press("r", "ArrowUp", "ArrowLeft")
    empty.page.keyboard.down("Enter")
    empty.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight")
    empty.page.keyboard.up("Enter")
    painted = empty.page.get_by_text("% painted")
    expect(painted).to_contain_text("2% painted")  # 16 x 24 of 160 x 120 pixels
    empty.press("i")
    expect(painted).to_contain_text("98% painted")
    # The tab goes in the middle of it: what was painted is there again, as one step to take back.
    expect(empty.page.locator('.mask-editor[data-kept="2"]')).to_be_attached()
    empty.page.reload()
    empty.widget(load, "mask_file").get_by_role("button").first.click()
    stage_of(empty)
    expect(painted).to_contain_text("98% painted")
    empty.press("ControlOrMeta+z")
    expect(painted).to_contain_text("0% painted")
    empty.press("ControlOrMeta+y")
    expect(painted).to_contain_text("98% painted")
    empty.press("Escape")
    expect(empty.page.get_by_text("Discard what was painted?")).to_be_visible()
    empty.press("ControlOrMeta+s", "Escape")  # what is on its way is not thrown away any more
    expect(load.locator("[data-mask]")).to_be_visible()

    empty.widget(load, "mask_file").get_by_role("button").first.click()
    expect(empty.page.get_by_text("98% painted")).to_be_visible()
    empty.action("mask-cancel").click()
    empty.press("ControlOrMeta+z")
    expect(load.locator("[data-mask]")).to_have_count(0)
