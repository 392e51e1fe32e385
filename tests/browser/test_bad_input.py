"""What is broken, foreign or far too large, and a server that will not or can not: each is answered in words."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Route, expect

from tests.browser.board import Board

MARKUP = '<img src="x" onerror="alert(1)">'
TOO_LARGE = 33 * 2**20


def test_what_can_not_be_opened_is_refused_in_words_and_what_is_open_stays(board: Board, tmp_path: Path) -> None:
    broken, large, photo = tmp_path / "broken.json", tmp_path / "large.json", tmp_path / "photo.png"
    broken.write_text('{"schema": 1, "nodes": {', encoding="utf-8")
    board.drop(broken)
    expect(board.says("This is not JSON")).to_contain_text("line 1")
    notes = {"long": {"text": "w" * TOO_LARGE, "position": [0, 0], "size": [300, 200]}}
    large.write_text(json.dumps({"schema": 1, "id": str(uuid.uuid4()), "nodes": {}, "notes": notes}), encoding="utf-8")
    board.drop(large)
    expect(board.says("larger than 32 MB")).to_contain_text("Shorten its notes")
    made_with = PngInfo()
    made_with.add_text("parameters", "a red house\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5")
    Image.new("RGB", (48, 48), (30, 60, 210)).save(photo, pnginfo=made_with)
    board.drop(photo)
    expect(board.says("photo.png is loaded as a picture")).to_contain_text("AUTOMATIC1111")
    expect(board.node("load_image").locator(".pictures img")).to_be_visible()
    expect(board.node("save_image")).to_be_attached()


def test_markup_is_shown_as_it_was_typed(empty: Board, tmp_path: Path) -> None:
    """And never read as such: a message in the console would fail the test."""
    notes = {"n": {"text": f"{MARKUP} is **text**", "position": [0, 0], "size": [300, 200]}}
    path = tmp_path / "markup.json"
    path.write_text(json.dumps({"schema": 1, "id": str(uuid.uuid4()), "title": MARKUP, "nodes": {}, "notes": notes}))
    empty.drop(path)
    expect(empty.page.locator('[data-field="title"]')).to_have_value(MARKUP)
    expect(empty.page).to_have_title(f"{MARKUP} · Latent Loom")
    expect(empty.notes).to_have_text(f"{MARKUP} is text")
    expect(empty.says(MARKUP)).to_be_visible()


def test_nothing_typed_is_lost_at_a_server_that_is_slow_or_full(empty: Board) -> None:
    page, saves = empty.page, "**/api/workflows/*"
    refused = page.get_by_role("status").filter(has_text="Not saved on the server")
    held: list[Route] = []

    def full(route: Route) -> None:
        error = {"error": {"what": "The disk is full.", "fix": "Make room, then try again."}}
        route.fulfill(status=507, json=error) if route.request.method == "PUT" else route.continue_()

    def slow(route: Route) -> None:
        """The first one waits until it is let go."""
        if held:
            route.continue_()
        else:
            held.append(route)

    say = empty.add("bench/say", "say", (600, 300))
    empty.expect_saved()
    page.route(saves, full)
    empty.type_into(say, "text", "while it is full")
    expect(refused).to_contain_text("The disk is full. Make room, then try again. Your work is kept")
    page.unroute(saves)
    empty.expect_saved()
    expect(refused).to_have_count(0)

    page.route(saves, slow)
    with page.expect_request(saves):
        empty.type_into(say, "text", "while it is slow")
    expect(page.get_by_role("img", name="Saving…")).to_be_visible()
    empty.type_into(say, "text", "and on")
    held[0].continue_()
    empty.expect_saved()
    page.unroute(saves)
    page.reload()
    expect(empty.widget(say, "text").locator("input, textarea").first).to_have_value("and on")
    empty.expect_saved()
