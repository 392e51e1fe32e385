"""What the comparison of snapshots lets pass, and what it does not: shown on the kept pictures themselves."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.browser.snapshots import KEPT, KEPT_SHRUNK, SHRUNK, shrink, unlike

Box = tuple[int, int, int, int]
STEP = 8 // KEPT_SHRUNK
"""Eight pixels of the screen, in a kept picture."""
PANELS: dict[str, Box] = {
    "inspector": (1112, 8, 1432, 640),
    "settings": (1020, 8, 1432, 880),
    "queue": (640, 52, 985, 290),
    "palette": (420, 120, 1020, 640),
}
"""Where something floats over a view, in pixels of the screen."""


def kept(view: str) -> Image.Image:
    with Image.open(KEPT / f"{view}.webp") as opened:
        return opened.convert("RGB")


def told(first: Image.Image, second: Image.Image) -> str:
    return unlike(shrink(first, SHRUNK // KEPT_SHRUNK), shrink(second, SHRUNK // KEPT_SHRUNK))


def part(view: str) -> tuple[Image.Image, Image.Image, Box]:
    """The picture, its panel, and where the panel is."""
    picture = kept(view)
    left, top, right, bottom = (edge // KEPT_SHRUNK for edge in PANELS[view])
    return picture, picture.crop((left, top, right, bottom)), (left, top, right, bottom)


@pytest.mark.parametrize("view", sorted(path.stem for path in KEPT.glob("*.webp")))
def test_other_letters_and_another_rounding_of_colours_pass(view: str) -> None:
    picture = kept(view)
    for other in (
        picture.filter(ImageFilter.GaussianBlur(0.4)),  # softer letters
        picture.filter(ImageFilter.UnsharpMask(1, 30, 0)),  # bolder ones
        picture.point([min(255, level + 1) for level in range(256)] * 3),
    ):
        assert told(picture, other) == ""


@pytest.mark.parametrize("view", PANELS)
def test_a_panel_that_moved_by_eight_pixels_is_seen(view: str) -> None:
    picture, panel, (left, top, _, _) = part(view)
    for x, y in ((STEP, 0), (0, STEP), (-STEP, 0)):
        moved = picture.copy()
        moved.paste(panel, (left + x, top + y))
        assert "around" in told(picture, moved) or "average" in told(picture, moved), (view, x, y)


@pytest.mark.parametrize("view", PANELS)
def test_a_panel_of_another_colour_is_seen(view: str) -> None:
    picture, panel, (left, top, _, _) = part(view)
    other = [level + 16 if level < 128 else level - 16 for level in range(256)]
    for changed in (panel.point(other * 3), Image.blend(panel, Image.new("RGB", panel.size, "teal"), 0.15)):
        coloured = picture.copy()
        coloured.paste(changed, (left, top))
        assert told(picture, coloured), view


@pytest.mark.parametrize("view", PANELS)
def test_a_heading_that_is_gone_is_seen(view: str) -> None:
    picture, panel, (left, top, right, _) = part(view)
    gone = picture.copy()
    paper = panel.getpixel((panel.width // 2, 4))
    ImageDraw.Draw(gone).rectangle((left + 12, top + 4, right - 12, top + 28), fill=paper)
    assert told(picture, gone), view


def test_a_picture_of_another_size_is_no_match() -> None:
    picture = kept("settings")
    assert "x" in unlike(picture, picture.crop((0, 0, 600, 400)))
