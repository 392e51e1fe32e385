"""What is done to links by hand: bent round, cut, named, and nodes put into them and taken out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.board import Board, centre


def middle(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def test_a_link_is_bent_cut_and_restored(board: Board) -> None:
    decode, reroute = board.node("decode_latent"), board.page.locator('[data-type="reroute"]')
    at = middle(centre(board.socket(board.node("sample"), "out:result")), centre(board.socket(decode, "in:latent")))
    board.page.mouse.dblclick(*at)
    board.expect_link(decode, "latent", "Reroute")
    board.press("ControlOrMeta+Delete")
    expect(reroute).to_have_count(0)
    board.expect_link(decode, "latent", "Sample")
    board.page.keyboard.down("Alt")
    board.page.mouse.move(at[0] - 10, at[1] - 80)
    board.page.mouse.down()
    board.page.mouse.move(at[0] + 10, at[1] + 80, steps=8)
    board.page.mouse.up()
    board.page.keyboard.up("Alt")
    board.expect_no_link(decode, "latent")
    board.expect_no_link(decode, "vae")
    board.press("ControlOrMeta+z")
    board.expect_link(decode, "latent", "Sample")
    board.expect_link(decode, "vae", "Load checkpoint")


def test_a_node_dropped_on_a_wire_goes_into_it(board: Board) -> None:
    decode, save = board.node("decode_latent"), board.node("save_image")
    invert = board.add("invert", "invert", (700, 640))
    wire = middle(centre(board.socket(decode, "out:result")), centre(board.socket(save, "in:image")))
    with board.dragging(invert.locator("header .title"), wire):
        pass
    board.expect_link(save, "image", "Invert")
    board.expect_link(invert, "image", "Decode latent")
    board.press("ControlOrMeta+z")
    board.expect_link(save, "image", "Decode latent")


def test_links_are_named_found_and_laid_out(board: Board) -> None:
    loader = board.node("load_checkpoint")
    loader.locator("header .title").click()
    board.press("w")
    expect(board.node("sample").locator(".tag")).to_have_text("Model")
    board.press("ControlOrMeta+f")
    board.page.keyboard.type("decode")
    expect(board.page.locator("[data-hit]")).to_have_text(["Decode latent"])
    expect(board.inspector.get_by_placeholder("Decode latent")).to_be_visible()
    board.press("Escape", "Escape")
    before = board.node("decode_latent").get_attribute("style")
    assert before is not None
    board.press("Shift+l")
    expect(board.node("decode_latent")).not_to_have_attribute("style", before)
    board.press("ControlOrMeta+z")
    expect(board.node("decode_latent")).to_have_attribute("style", before)


def test_space_and_a_drag_move_the_view_wherever_they_begin(board: Board) -> None:
    prompt = board.widget(board.node("encode_text"), "text").locator("textarea")
    (x, y), mouse = centre(prompt), board.page.mouse
    mouse.move(x, y)
    board.page.keyboard.down("Space")
    mouse.down()
    mouse.move(x + 60, y + 40, steps=4)
    mouse.up()
    board.page.keyboard.up("Space")
    assert centre(prompt) == pytest.approx((x + 60, y + 40), abs=1)
    expect(prompt).not_to_be_focused()
    expect(board.page.get_by_role("combobox")).to_have_count(0)
