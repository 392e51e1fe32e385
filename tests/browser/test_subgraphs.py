"""A part of a workflow becomes one node: entered, widened, used twice, taken apart, and run again and again."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.board import Board


def instances(board: Board) -> Locator:
    return board.page.locator('[data-node][data-type^="subgraph:"]')


def title(node: Locator) -> Locator:
    return node.locator("header .title")


def make_subgraph(board: Board, *nodes: Locator) -> Locator:
    for index, node in enumerate(nodes):
        title(node).click(modifiers=["Shift"] if index else [])
    board.press("ControlOrMeta+g")
    expect(instances(board)).to_have_count(1)
    return instances(board).first


def enter(board: Board, instance: Locator) -> None:
    title(instance).click()
    board.press("ControlOrMeta+Shift+ArrowDown")
    expect(board.node("subgraph_output")).to_be_visible()


def leave(board: Board) -> None:
    board.press("Escape", "ControlOrMeta+Shift+ArrowUp")
    expect(board.node("subgraph_output")).to_have_count(0)


def set_inside(board: Board, instance: Locator, input: str, value: str) -> None:
    enter(board, instance)
    board.type_into(board.node("bench/paint"), input, value)
    leave(board)


def expect_inside(board: Board, instance: Locator, input: str, value: str) -> None:
    enter(board, instance)
    expect(board.widget(board.node("bench/paint"), input).locator("input")).to_have_value(value)
    leave(board)


def test_a_subgraph_is_entered_widened_linked_detached_and_taken_apart(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 250))
    preview = empty.add("preview_image", "preview", (760, 250))
    empty.connect(paint, "result", preview, "image")
    before = preview.bounding_box()
    first = make_subgraph(empty, paint)
    expect(empty.node("bench/paint")).to_have_count(0)

    enter(empty, first)
    title(empty.node("bench/paint")).click()
    empty.inspector.locator('[data-promote="red"]').click()
    leave(empty)
    assert preview.bounding_box() == before, "leaving goes back to where one was"
    empty.type_into(first, "red", "60")
    empty.press("Escape")
    empty.run()
    expect(empty.picture(preview)).to_be_visible()
    assert empty.colour_of(empty.picture(preview)) == (60, 0, 0)
    enter(empty, first)
    empty.menu_of(empty.socket(empty.node("bench/paint"), "out:result"), "show-value")
    card = empty.page.get_by_role("dialog", name=re.compile("^What the link carries"))
    expect(card.get_by_role("img", name="Picture")).to_be_visible()
    empty.press("Escape")
    leave(empty)

    title(first).click()
    empty.press("ControlOrMeta+d")
    expect(instances(empty)).to_have_count(2)
    second = instances(empty).nth(1)
    empty.move_node(second, (0, 240))
    set_inside(empty, first, "edge", "24")
    expect_inside(empty, second, "edge", "24")
    title(second).click()
    empty.inspector.locator('[data-action="detach"]').click()
    set_inside(empty, second, "edge", "40")
    expect_inside(empty, first, "edge", "24")

    title(first).click()
    empty.inspector.locator('[data-action="unpack"]').click()
    expect(instances(empty)).to_have_count(1)
    expect(empty.widget(empty.node("bench/paint"), "red").locator("input")).to_have_value("60")
    empty.expect_link(preview, "image", "Paint")
    empty.press("ControlOrMeta+z")
    expect(instances(empty)).to_have_count(2)


def test_a_subgraph_runs_for_each_again_and_while_and_ends_when_it_is_told_to(empty: Board) -> None:
    numbers = empty.add("number_range", "number range", (200, 250))
    count = empty.add("bench/count_on", "count on", (600, 250))
    show = empty.add("bench/tell", "tell", (1000, 250))
    empty.connect(numbers, "result", count, "value")
    empty.connect(count, "result", show, "value")
    loop = make_subgraph(empty, count)
    mode = empty.inspector.locator("[data-loop-mode]")

    def choose(name: str) -> None:
        title(loop).click()
        mode.and_(empty.page.locator(f'[data-loop-mode="{name}"]')).click()
        expect(loop.locator(f'[data-loop="{name}"]')).to_be_visible()

    def run(tells: str) -> None:
        empty.press("Escape")
        empty.run()
        expect(show.locator(".words")).to_have_text(tells)

    choose("each")
    run(tells="2")
    choose("repeat")
    empty.inspector.locator('[data-carry="value"]').select_option("result")
    empty.inspector.locator('[data-field="times"]').fill("3")
    empty.press("Tab")
    run(tells="4")
    choose("while")
    empty.inspector.locator('[data-carry="value"]').select_option("result")
    empty.inspector.locator('[data-field="condition"]').select_option("result")
    empty.inspector.locator('[data-field="most"]').fill("4")
    empty.press("Tab")
    run(tells="5")

    enter(empty, loop)
    empty.type_into(empty.node("bench/count_on"), "wait", "9")
    leave(empty)
    choose("repeat")
    empty.inspector.locator('[data-field="times"]').fill("500")
    empty.press("Tab", "Escape")
    empty.run()
    expect(empty.chip(loop)).to_contain_text(re.compile(r"[1-9]\d*/500"))
    empty.action("cancel").click()
    empty.expect_state(loop, "cancelled")
