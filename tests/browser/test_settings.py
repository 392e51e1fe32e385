"""The settings: a choice shows at once, outlives the page, and where it belongs to the user it follows them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from playwright.sync_api import Page, Response, expect

from tests.browser.board import Board


def choose(page: Page, setting: str, option: str) -> None:
    page.locator(f'[data-setting="{setting}"] [data-option="{option}"]').click()


def told(page: Page, holds: Callable[[dict[str, Any]], bool]) -> AbstractContextManager[Any]:
    """Within it the server is told such settings, which it keeps for the user's other browsers: the next test's."""

    def is_it(answer: Response) -> bool:
        asked = answer.request
        if asked.method != "PUT" or not asked.url.endswith("/api/settings"):
            return False
        body: Any = asked.post_data_json
        return holds(body["values"])

    return page.expect_response(is_it)


def test_a_theme_and_a_language_are_chosen_at_once_and_stay(board: Board) -> None:
    page = board.page
    board.press("ControlOrMeta+,")
    choose(page, "theme", "light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    choose(page, "language", "de")
    expect(board.action("run")).to_have_text("Ausführen")
    expect(page.get_by_role("complementary", name="Einstellungen")).to_be_visible()
    page.reload()
    expect(board.action("run")).to_have_text("Ausführen")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    board.press("ControlOrMeta+,")
    with told(page, lambda values: values.get("language") == "en"):
        choose(page, "language", "en")
    expect(board.action("run")).to_have_text("Run")
    board.press("Escape")
    expect(page.get_by_role("complementary", name="Settings")).to_have_count(0)


def test_a_shortcut_is_recorded_taken_from_another_and_reset(empty: Board) -> None:
    page = empty.page
    say = empty.add("bench/say", "say", (500, 300))
    empty.press("ControlOrMeta+,")
    page.get_by_role("searchbox", name="Search settings").fill("mute")
    row = page.locator('[data-shortcut="mute"]')
    row.locator('[data-action="record"]').click()
    empty.press("b")
    expect(row).to_contain_text("B is for “Bypass” now.")
    row.locator('[data-action="take-key"]').click()
    empty.press("Escape")
    say.locator("header .title").click()
    empty.press("b")
    expect(page.get_by_role("group", name="Say, 1 of 1, muted")).to_be_visible()
    empty.press("b", "ControlOrMeta+,")
    with told(page, lambda values: "shortcuts" not in values):
        page.get_by_role("button", name="Reset all shortcuts").click()
    empty.press("Escape")
    say.locator("header .title").click()
    empty.press("b")
    expect(page.get_by_role("group", name="Say, 1 of 1, bypassed")).to_be_visible()
