"""The history of a workflow: what each revision changed, one brought back, and what outlives a crash."""

from __future__ import annotations

from uuid import uuid4

from playwright.sync_api import expect

from tests.browser.board import Board


def test_a_revision_is_compared_brought_back_and_taken_away_again(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    empty.expect_saved()
    empty.type_into(paint, "red", "11")
    empty.expect_saved()
    red = empty.widget(paint, "red").locator("input")
    empty.press("Escape", "Shift+H")
    empty.page.locator("[data-revision]").last.click()
    difference = empty.page.get_by_role("list", name="What differs")
    expect(difference).to_contain_text("11")
    empty.action("restore").click()
    expect(red).to_have_value("200")
    empty.expect_saved()
    empty.press("ControlOrMeta+z")
    expect(red).to_have_value("11")


def test_what_was_typed_a_second_ago_outlives_the_end_of_the_browser(empty: Board) -> None:
    """The page is cut off from its server and closed without a word: what this browser kept is all there is."""
    context = empty.page.context
    text = f"typed {uuid4().hex}"
    say = empty.add("bench/say", "say", (300, 300))
    empty.expect_saved()
    context.set_offline(True)
    empty.type_into(say, "text", text)
    expect(empty.page.get_by_role("img", name="Kept in this browser")).to_be_visible()
    empty.page.close(run_before_unload=False)
    context.set_offline(False)
    again = Board(context.new_page())
    again.page.goto("/")
    expect(again.widget(again.node("bench/say"), "text").locator("input, textarea").first).to_have_value(text)
    again.expect_saved()
