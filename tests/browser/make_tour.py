"""Makes the pictures of docs/tour.md and the README's: the editor as it is now, at work with the demo model.

python -m tests.browser.make_tour --server http://127.0.0.1:8420

The server's home is best a new one: the gallery shows what it holds. It takes a few minutes, for all pictures are made.
"""

from __future__ import annotations

import argparse
import io
import re

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from tests.browser.board import Board
from tests.browser.chrome import ROOT, chromium

FOLDER = ROOT / "docs" / "images"
WIDTH = 1080
QUALITY = 72
PHONE = (390, 844)
GAP = 24
NOWHERE = (1240, 720)
"""A place on the canvas where nothing is."""
DREAMS = (
    "a red house on a meadow at sunset, with clouds in the sky",
    "a white castle in the snow at night",
    "a blue boat at sea by day",
    "a green tree on a meadow at sunset",
)
TIMES = 2
"""Pictures of each text."""
LONG = 600_000
"""Milliseconds in which all pictures are surely made."""


def shrink(shot: bytes, width: int = WIDTH) -> Image.Image:
    with Image.open(io.BytesIO(shot)) as opened:
        height = round(opened.height * width / opened.width)
        return opened.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def keep(board: Board, view: str) -> None:
    board.page.wait_for_timeout(400)  # fonts, thumbnails and the last frame of a glide
    shrink(board.page.screenshot()).save(FOLDER / f"tour-{view}.webp", quality=QUALITY, method=6)


def running(board: Board) -> None:
    """The first run and those that wait behind it, until there is a picture of each text."""
    page, sample = board.page, board.node("sample")
    board.run()
    board.expect_state(sample, "running")
    expect(sample.locator("img")).to_be_visible(timeout=LONG)
    keep(board, "running")
    board.action("more").click()
    for text in (*DREAMS[1:], DREAMS[0]):
        board.type_into(board.nodes.filter(has_text="What to draw"), "text", text)
        board.run()
    board.action("queue").click()
    expect(page.locator('[data-job][data-state="queued"]').first).to_be_visible()
    keep(board, "queue")
    board.press("Escape")
    expect(page.locator("[data-result]")).to_have_count(1 + len(DREAMS) * TIMES, timeout=LONG)
    board.expect_state(board.node("save_image"), "done", "cached")
    page.mouse.click(*NOWHERE)
    shrink(page.screenshot(), 1440).quantize(256, dither=Image.Dither.NONE).save(FOLDER / "editor.png", optimize=True)


def building(board: Board) -> None:
    page = board.page
    board.action("palette").click()
    page.get_by_role("combobox").fill("sample")
    expect(page.get_by_role("option").first).to_be_visible()
    keep(board, "palette")
    board.press("Escape")
    board.node("sample").locator("header .title").click()
    keep(board, "inspector")
    board.press("Escape", "Shift+O")
    expect(page.get_by_role("tree")).to_be_visible()
    keep(board, "outline")
    board.press("Shift+O")
    board.press("Shift+F")
    expect(board.action("share-form")).to_be_visible()
    keep(board, "form")
    board.action("leave-form").click()


def keeping(board: Board) -> None:
    page = board.page
    decode = board.node("decode_latent")
    board.move_node(decode, (0, 120))
    board.press("Control+d")
    expect(board.nodes).to_have_count(8)
    board.press("Delete", "Escape")
    board.expect_saved()
    board.press("Shift+H")
    page.locator("[data-revision]").last.click()
    keep(board, "history")
    board.press("Shift+H", "Escape", "ControlOrMeta+,")
    expect(page.locator("[data-setting]").first).to_be_visible()
    keep(board, "settings")
    board.press("Escape")


def seeing(board: Board) -> None:
    page = board.page
    board.press("Shift+G")
    results = page.locator("[data-gallery-result]")
    expect(results.first).to_be_visible()
    keep(board, "gallery")
    results.first.click()
    results.nth(3).click(modifiers=["ControlOrMeta"])
    board.press("c")
    expect(page.get_by_role("slider")).to_be_visible()
    keep(board, "compare")
    board.press("Escape")
    results.nth(1).dblclick()
    board.action("edit-mask").click()
    stage = page.locator("[data-mask-stage] canvas").last
    expect(stage).to_be_visible()
    box = stage.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 60, y + 20)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(x - 60 + step * 10, y + 20 + (step % 3) * 18)
    page.mouse.up()
    keep(board, "mask")
    board.action("mask-cancel").click()
    board.action("mask-discard").click()


def phone(browser: Browser, server: str) -> None:
    """Three views of the phone, side by side."""
    size: ViewportSize = {"width": PHONE[0], "height": PHONE[1]}
    context = browser.new_context(
        viewport=size, base_url=server, has_touch=True, is_mobile=True, color_scheme="dark", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/")
    board = Board(page)
    expect(page.locator('[data-field="title"]')).not_to_have_value("")
    shots = []

    def shoot() -> None:
        page.wait_for_timeout(500)
        shots.append(shrink(page.screenshot(), PHONE[0]))

    board.action("outline").tap()
    page.get_by_role("treeitem").filter(has_text="Sample").first.tap()
    board.action("outline").tap()
    shoot()
    board.action("menu").tap()
    board.action("form").tap()
    expect(board.action("share-form")).to_be_visible()
    shoot()
    board.action("leave-form").tap()
    board.action("close-inspector").tap()
    board.action("gallery").tap()
    expect(page.locator("[data-gallery-result]").first).to_be_visible()
    shoot()
    sheet = Image.new("RGB", (3 * PHONE[0] + 2 * GAP, PHONE[1]), (128, 128, 128))
    for at, shot in enumerate(shots):
        sheet.paste(shot, (at * (PHONE[0] + GAP), 0))
    sheet.save(FOLDER / "tour-phone.webp", quality=QUALITY, method=6)
    context.close()


def main() -> None:
    options = argparse.ArgumentParser(description="Makes the pictures of the tour.")
    options.add_argument("--server", required=True)
    server = options.parse_args().server
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        size: ViewportSize = {"width": 1440, "height": 900}
        page = browser.new_page(viewport=size, base_url=server, color_scheme="dark", reduced_motion="reduce")
        page.goto("/")
        board = Board(page)
        expect(board.node("save_image")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Queue: Ready"))).to_be_visible(timeout=LONG)
        running(board)
        building(board)
        keeping(board)
        phone(browser, server)
        seeing(board)
        board.new()
        expect(page.locator("[data-template]").first).to_be_visible()
        keep(board, "start")
        browser.close()


if __name__ == "__main__":
    main()
