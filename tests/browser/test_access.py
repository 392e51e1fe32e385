"""Without a mouse, and without sight: the keyboard does it all, and axe finds nothing to mend."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Page, expect

from tests.browser import snapshots
from tests.browser.board import Board
from tests.browser.views import walk

THEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "contrast": "no-preference"},
    "dark": {"color_scheme": "dark", "contrast": "no-preference"},
    "contrast": {"color_scheme": "dark", "contrast": "more"},
}


SETTLED = """async (theme) => {
  const root = document.documentElement;
  if (root.dataset.theme !== theme)
    await new Promise((done) =>
      new MutationObserver((_, seen) => root.dataset.theme === theme && done(seen.disconnect()))
        .observe(root, { attributes: true }));
  const onTheWay = () => document.getAnimations().filter((one) => one instanceof CSSTransition);
  // What takes its colour from its parent sets out when that has arrived.
  while (onTheWay().length) {
    await Promise.allSettled(onTheWay().map((one) => one.finished));
    await new Promise(requestAnimationFrame);
  }
}"""
"""Until the page has a theme and no colour is on its way to another."""
RUN = """([where, options]) => axe.run(where ?? document, options).then((found) =>
  found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`)))"""
ALL_THEMES = "LOOM_ALL_THEMES" in os.environ
"""The long form: every view in every theme, which takes three times as long. Else they take turns, view by view."""


def put_on(page: Page, theme: str) -> None:
    page.emulate_media(reduced_motion="reduce", **THEMES[theme])
    page.evaluate(SETTLED, theme)


def violations(page: Page, view: str, theme: str) -> list[str]:
    """What axe finds in a view, in one theme. Nodes are looked at while they run, and left out where a panel is new."""
    where = None if view == "running" else {"exclude": [["[data-node]"]]}
    return [f"{view}, {theme}, {found}" for found in page.evaluate(RUN, [where, {"resultTypes": ["violations"]}])]


def test_a_node_is_added_given_a_value_and_run_by_keyboard_alone(empty: Board) -> None:
    empty.action("palette").press("Enter")
    empty.choose("bench/say", "say")
    say = empty.node("bench/say")
    expect(say).to_be_visible()
    empty.page.get_by_role("group", name="Say").focus()
    empty.press("Enter")
    empty.page.keyboard.type("by hand")
    empty.press("ControlOrMeta+Enter")
    expect(say.locator(".words")).to_contain_text("by hand")


def test_text_to_image_is_built_run_and_saved_by_keyboard_alone(empty: Board) -> None:
    page = empty.page

    def add(type: str, words: str) -> None:
        empty.action("palette").focus()
        empty.press("Enter")
        empty.choose(type, words)
        expect(empty.node(type)).to_be_visible()

    def link(type: str, index: int, output: str, wanted: str) -> None:
        """C on the node, arrows to the socket, C for what fits, some letters, Enter."""
        empty.node(type, index).focus()
        empty.press("c")
        for _ in range(12):
            if page.locator(":focus").get_attribute("data-socket") == f"out:{output}":
                break
            empty.press("ArrowDown")
        empty.press("c")
        page.keyboard.type(wanted)
        expect(page.get_by_role("option").first).to_contain_text(wanted)
        empty.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)

    empty.action("palette").focus()
    empty.press("Enter")
    page.get_by_role("combobox").fill("loom-demo")
    expect(page.locator('[data-entry^="load_checkpoint"]')).to_have_attribute("aria-selected", "true")
    empty.press("Enter")
    for type in ("encode_text", "empty_latent", "sample", "decode_latent", "save_image"):
        add(type, type.replace("_", " "))
    empty.press("Escape")
    page.keyboard.press("Shift+L")
    link("load_checkpoint", 0, "model", "Sample · Model")
    link("load_checkpoint", 0, "text_encoder", "Encode text")
    link("load_checkpoint", 0, "vae", "Decode latent")
    link("encode_text", 0, "result", "Sample · Positive")
    link("empty_latent", 0, "result", "Sample · Latent")
    link("sample", 0, "result", "Decode latent · Latent")
    link("decode_latent", 0, "result", "Save image")
    empty.node("empty_latent").focus()
    empty.press("Enter", "ControlOrMeta+a")
    page.keyboard.type("128")
    empty.press("Tab", "ControlOrMeta+a")
    page.keyboard.type("128")
    empty.press("ControlOrMeta+Enter")
    expect(empty.picture(empty.node("save_image"))).to_be_visible()
    empty.expect_saved()
    with page.expect_download() as download:
        empty.press("ControlOrMeta+s")
    assert download.value.suggested_filename.endswith(".json")


def test_the_arrows_walk_from_node_to_node(board: Board) -> None:
    board.node("load_checkpoint").focus()
    board.press("ArrowRight")
    expect(board.page.locator("[data-node]:focus")).to_have_count(1)
    expect(board.node("load_checkpoint")).not_to_be_focused()


def test_every_view_looks_as_it_did_and_axe_finds_nothing_in_it(first_visit: Board, tmp_path: Path) -> None:
    """In light, dark and high contrast."""
    page = first_visit.page
    page.evaluate(Axe().axe_script)
    faults: list[str] = []
    for turn, view in enumerate(walk(first_visit, tmp_path)):
        turns = list(THEMES)[turn % 3 :] + list(THEMES)[: turn % 3]
        put_on(page, turns[0])
        faults += snapshots.check(page, view)
        for theme in turns if ALL_THEMES else turns[:1]:
            put_on(page, theme)
            faults += violations(page, view, theme)
    assert faults == []
