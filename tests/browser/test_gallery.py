"""The gallery: found by words, chosen by mouse and keys, compared, deleted and brought back."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.board import Board, centre


def cells(board: Board) -> Locator:
    return board.page.locator("[data-gallery-result]")


def wanted(board: Board) -> Locator:
    """The node that says what is to be drawn."""
    return board.nodes.filter(has_text="What to draw")


def make_pictures(board: Board, *texts: str) -> None:
    """Run the demo workflow once for each text, with few steps; ends in the gallery when all are there."""
    sampler = board.node("sample")
    board.type_into(sampler, "steps", "1")
    for text in texts:
        board.type_into(wanted(board), "text", text)
        board.run()
    board.action("gallery").first.click()
    board.page.get_by_role("combobox", name="Search the results").fill("zebra")
    expect(cells(board)).to_have_count(len(texts))


def test_results_are_found_chosen_compared_deleted_and_brought_back(board: Board) -> None:
    make_pictures(board, "a zebra house", "a zebra boat")
    search = board.page.get_by_role("combobox")
    search.fill('"zebra boat"')
    expect(cells(board)).to_have_count(1)
    search.fill("zebra -boat")
    expect(cells(board)).to_have_count(1)
    search.fill("zebra")
    expect(cells(board)).to_have_count(2)

    cells(board).nth(0).click()
    cells(board).nth(1).click(modifiers=["Shift"])
    expect(board.page.get_by_role("gridcell", selected=True)).to_have_count(2)
    board.press("c")
    slider = board.page.get_by_role("slider", name=re.compile("first picture"))
    expect(slider).to_have_attribute("aria-valuenow", "50")
    board.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "52")
    board.press("Escape")
    expect(slider).to_have_count(0)

    board.press("Delete")
    expect(cells(board)).to_have_count(0)
    board.says("in the trash").get_by_role("button", name="Undo").click()
    expect(cells(board)).to_have_count(2)

    cells(board).nth(0).dblclick()
    board.press("i")
    expect(board.page.get_by_role("complementary", name="Info")).to_contain_text("a zebra boat")
    board.press("ArrowRight")
    expect(board.page.get_by_role("complementary", name="Info")).to_contain_text("a zebra house")
    board.page.get_by_role("dialog").locator('[data-action="open-workflow"]').click()
    expect(board.widget(wanted(board), "text").locator("textarea")).to_have_value("a zebra house")


def test_a_rectangle_chooses_what_it_touches_and_a_new_workflow_is_seen_at_once(board: Board) -> None:
    board.run()
    expect(board.picture(board.node("save_image"))).to_be_visible()
    board.action("gallery").first.click()
    first = cells(board).first
    x, y = centre(first)
    box = first.bounding_box()
    assert box is not None
    mouse = board.page.mouse
    mouse.move(x, box["y"] - 12)  # in the day's heading
    mouse.down()
    mouse.move(x + 8, y, steps=4)
    expect(first).to_have_attribute("aria-selected", "true")
    mouse.up()
    board.press("Escape")
    expect(first).to_have_attribute("aria-selected", "false")
    board.press("Escape")
    expect(cells(board)).to_have_count(0)
    board.action("gallery").first.click()
    expect(first).to_be_visible()
    board.new()
    expect(cells(board)).to_have_count(0)
    expect(board.page.locator("[data-template]").first).to_be_visible()
