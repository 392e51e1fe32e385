"""Several workflows are open at once, each with its own steps to undo; and the palette finds more than nodes."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.board import Board


def test_tabs_keep_their_own_graph_and_history_and_come_back_when_closed(first_visit: Board) -> None:
    empty = first_visit
    empty.new()
    tabs = empty.page.locator("[data-tab]")
    expect(tabs).to_have_count(2)
    empty.add("bench/say", "say", (500, 300))
    empty.press("Alt+PageUp")
    expect(empty.node("save_image")).to_be_visible()
    empty.node("save_image").locator("header .title").click()
    empty.press("Delete")
    expect(empty.node("save_image")).to_have_count(0)
    empty.press("Alt+PageDown")
    expect(empty.nodes).to_have_count(1)
    empty.press("ControlOrMeta+z")
    expect(empty.nodes).to_have_count(0)
    empty.press("ControlOrMeta+Shift+z", "Alt+w")
    expect(tabs).to_have_count(1)
    empty.press("ControlOrMeta+z")
    expect(empty.node("save_image")).to_be_visible()
    empty.says("is closed").get_by_role("button", name="Undo").click()
    expect(tabs).to_have_count(2)
    expect(empty.node("bench/say")).to_be_visible()
    empty.page.reload()
    expect(tabs).to_have_count(2)
    expect(empty.node("bench/say")).to_be_visible()


def test_the_palette_finds_models_values_and_commands_and_keeps_favourites(empty: Board) -> None:
    page, search = empty.page, empty.page.get_by_role("combobox")
    page.mouse.dblclick(500, 300)
    search.fill("loom-demo")
    page.locator('[data-entry^="load_checkpoint"]').click()
    expect(empty.widget(empty.node("load_checkpoint"), "file")).to_contain_text("loom-demo")
    page.mouse.dblclick(900, 600)
    search.fill("settings")
    page.locator('[data-entry="command settings"]').click()
    expect(page.get_by_role("complementary", name="Settings")).to_be_visible()
    empty.press("Escape")
    page.mouse.dblclick(900, 600)
    search.fill("say")
    page.get_by_role("button", name="Make Say a favourite").click()
    search.fill("")
    expect(page.locator('[role="option"]').first).to_have_attribute("data-type", "bench/say")
    page.get_by_role("button", name="Say is no favourite any more").click()
    empty.press("Escape")
