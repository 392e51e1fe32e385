"""A graph is built by hand, runs, and every step can be taken back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.board import EMPTY, Board


def test_a_graph_built_by_mouse_runs_and_shows_its_picture(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (800, 300))
    empty.connect(paint, "result", preview, "image")
    empty.expect_link(preview, "image", "Paint")
    empty.type_into(paint, "red", "255")
    empty.type_into(paint, "edge", "64")
    empty.run()
    empty.expect_state(preview, "done")
    red, green, blue = empty.colour_of(empty.picture(preview))
    assert red > 200 and green < 60 and blue < 60


def test_a_link_that_does_not_fit_is_refused(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    say = empty.add("bench/say", "say", (800, 300))
    empty.connect(paint, "result", say, "text")
    empty.expect_no_link(say, "text")


def test_a_link_dropped_on_empty_space_offers_only_what_fits_and_wires_it(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    empty.pull(empty.socket(paint, "out:result"), (800, 400))
    options = empty.page.locator('[role="option"]')
    expect(options.first).to_be_visible()
    offered = {option.get_attribute("data-type") for option in options.all()}
    assert "save_image" in offered and "bench/say" not in offered and "encode_text" not in offered
    empty.choose("invert", "invert")
    empty.expect_link(empty.node("invert"), "image", "Paint")


def test_what_was_done_is_undone_and_done_again_step_by_step(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (800, 300))
    empty.connect(paint, "result", preview, "image")
    empty.expect_link(preview, "image", "Paint")
    empty.press("ControlOrMeta+z")
    empty.expect_no_link(preview, "image")
    empty.press("ControlOrMeta+z")
    expect(empty.nodes).to_have_count(1)
    empty.press("ControlOrMeta+Shift+z", "ControlOrMeta+Shift+z")
    empty.expect_link(empty.node("preview_image"), "image", "Paint")
    empty.press("ControlOrMeta+z", "ControlOrMeta+z", "ControlOrMeta+z")
    expect(empty.nodes).to_have_count(0)


def test_a_node_is_moved_and_the_move_is_one_step(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    start = paint.bounding_box()
    empty.move_node(paint, (200, 120))
    moved = paint.bounding_box()
    assert start is not None and moved is not None
    assert abs(moved["x"] - start["x"] - 200) <= 24 and abs(moved["y"] - start["y"] - 120) <= 24
    empty.press("ControlOrMeta+z")
    assert paint.bounding_box() == start


def test_several_are_selected_copied_pasted_and_deleted(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (700, 300))
    empty.connect(paint, "result", preview, "image")
    empty.page.mouse.click(*EMPTY)
    empty.press("ControlOrMeta+a", "ControlOrMeta+c", "ControlOrMeta+v")
    expect(empty.nodes).to_have_count(4)
    empty.expect_link(empty.node("preview_image", 1), "image", "Paint")
    empty.press("Delete")
    expect(empty.nodes).to_have_count(2)
    empty.press("ControlOrMeta+a", "ControlOrMeta+d")
    expect(empty.nodes).to_have_count(4)


def test_a_number_is_dragged_stepped_and_typed(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    field = empty.widget(paint, "edge").locator("input")
    box = field.bounding_box()
    assert box is not None
    with empty.dragging(field, (box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2)):
        pass
    expect(field).not_to_have_value("16")
    assert int(field.input_value()) > 16
    empty.type_into(paint, "red", "400")
    expect(empty.widget(paint, "red").locator("input")).to_have_value("255")


def test_a_muted_node_does_not_run(empty: Board) -> None:
    paint = empty.add("bench/paint", "paint", (300, 300))
    preview = empty.add("preview_image", "preview", (800, 300))
    empty.connect(paint, "result", preview, "image")
    fail = empty.add("bench/fail", "fail", (300, 560))
    empty.type_into(fail, "text", "never said")
    fail.locator("header .title").click()
    empty.press("m")
    empty.run()
    empty.expect_state(preview, "done", "cached")
    empty.expect_state(fail, "mute")
