"""Order on the canvas: frames and notes, the menu of what was clicked, and the clipboard between workflows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.board import EMPTY, Board


@pytest.fixture
def pair(empty: Board) -> Board:
    """A painting wired to its preview, nothing selected."""
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (700, 300))
    empty.connect(paint, "result", preview, "image")
    empty.page.mouse.click(*EMPTY)
    return empty


def test_a_frame_around_the_selection_is_named_and_takes_it_along(pair: Board) -> None:
    pair.press("ControlOrMeta+a", "g")
    band = pair.page.locator("[data-frame]").first
    band.dblclick()
    pair.page.keyboard.type("Inputs")
    pair.press("Enter")
    expect(pair.page.get_by_role("group", name="Frame Inputs")).to_have_count(1)
    before = pair.node("bench/paint").bounding_box()
    box = band.bounding_box()
    assert before is not None and box is not None
    with pair.dragging(band, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 120)):
        pass
    after = pair.node("bench/paint").bounding_box()
    assert after is not None and abs(after["y"] - before["y"] - 120) <= 24
    pair.press("ControlOrMeta+z", "ControlOrMeta+z", "ControlOrMeta+z")
    expect(pair.frames).to_have_count(0)
    assert pair.node("bench/paint").bounding_box() == before


def test_a_note_is_written_at_once_and_kept_over_a_reload(empty: Board) -> None:
    empty.page.mouse.click(*EMPTY)
    empty.press("Shift+N")
    expect(empty.notes.get_by_role("textbox")).to_be_focused()
    empty.page.keyboard.type("Blue is **cold**")
    empty.press("Escape")
    expect(empty.notes.locator("strong")).to_have_text("cold")
    empty.expect_saved()
    empty.page.reload()
    expect(empty.notes.locator("strong")).to_have_text("cold")
    empty.notes.click()
    empty.press("Delete")
    expect(empty.notes).to_have_count(0)


def test_the_menu_of_the_open_canvas_puts_a_note_where_it_was_asked_for(empty: Board) -> None:
    empty.menu_of(EMPTY, "add-note")
    expect(empty.notes.get_by_role("textbox")).to_be_focused()
    empty.page.keyboard.type("Here")
    empty.page.mouse.click(EMPTY[0], EMPTY[1] - 200)
    expect(empty.notes).to_contain_text("Here")
    box = empty.notes.bounding_box()
    assert box is not None
    assert abs(box["x"] - EMPTY[0]) <= 16 and abs(box["y"] - EMPTY[1]) <= 16


def test_the_menu_of_a_node_runs_to_it_and_no_further(pair: Board) -> None:
    pair.menu_of(pair.node("bench/paint").locator("header .title"), "run-to")
    pair.expect_state(pair.node("bench/paint"), "done", "cached")
    expect(pair.chip(pair.node("preview_image"))).to_have_count(0)


def test_the_menu_of_a_link_cuts_it(pair: Board) -> None:
    pair.expect_link(pair.node("preview_image"), "image", "Paint")
    start = pair.socket(pair.node("bench/paint"), "out:result").bounding_box()
    end = pair.socket(pair.node("preview_image"), "in:image").bounding_box()
    assert start is not None and end is not None
    pair.menu_of(((start["x"] + end["x"] + 24) / 2, (start["y"] + end["y"] + 24) / 2), "disconnect")
    pair.expect_no_link(pair.node("preview_image"), "image")


def test_a_menu_is_walked_and_left_by_keys(pair: Board) -> None:
    pair.node("bench/paint").locator("header .title").click(button="right")
    expect(pair.page.get_by_role("menu")).to_be_visible()
    pair.press("Escape")
    expect(pair.page.get_by_role("menu")).to_have_count(0)
    pair.node("bench/paint").locator("header .title").click(button="right")
    while pair.page.locator(":focus").get_attribute("data-action") != "mute":
        pair.press("ArrowDown")
    pair.press("Enter")
    pair.expect_state(pair.node("bench/paint"), "mute")


def test_a_node_is_renamed_copied_and_pasted_by_the_menu(pair: Board) -> None:
    pair.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    title = pair.node("bench/paint").locator("header .title")
    pair.menu_of(title, "rename")
    pair.page.keyboard.type("My paint")
    pair.press("Enter")
    expect(title).to_have_text("My paint")
    pair.menu_of(title, "copy")
    pair.menu_of(EMPTY, "paste")
    expect(pair.nodes).to_have_count(3)
    expect(pair.nodes.locator("header .title").get_by_text("My paint")).to_have_count(2)


def test_what_is_copied_is_pasted_into_another_workflow_with_its_links(pair: Board) -> None:
    pair.type_into(pair.node("bench/paint"), "red", "123")
    pair.page.mouse.click(*EMPTY)
    pair.press("ControlOrMeta+a", "ControlOrMeta+c")
    pair.new()
    pair.press("ControlOrMeta+v")
    expect(pair.nodes).to_have_count(2)
    pair.expect_link(pair.node("preview_image"), "image", "Paint")
    expect(pair.widget(pair.node("bench/paint"), "red").locator("input")).to_have_value("123")


def test_what_is_cut_is_gone_until_it_is_pasted(pair: Board) -> None:
    pair.press("ControlOrMeta+a", "ControlOrMeta+x")
    expect(pair.nodes).to_have_count(0)
    pair.press("ControlOrMeta+v")
    expect(pair.nodes).to_have_count(2)
    pair.expect_link(pair.node("preview_image"), "image", "Paint")
