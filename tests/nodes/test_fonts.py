"""Labels in any script: drawn where a font here has the letters, told by their numbers where none has; never boxes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from nodes.diffusion.fonts import OWN, Letters, drawn_by, fanciness, folders_of_fonts, font_with

CAT = "猫"
MISSING = "\U0010fffd"
SCRIPTS = ("Кошка", "γάτα", "חתול", "قطة", CAT, "고양이", "बिल्ली", "é")


def drawn(text: str, folders: tuple[Path, ...] = ()) -> bytes:
    paper = Image.new("L", (400, 40), 255)
    Letters(20, folders).draw(ImageDraw.Draw(paper), (4, 4), text, 0, "la")
    return paper.tobytes()


def test_plain_words_are_in_the_font_that_comes_with_pillow_whatever_others_there_are() -> None:
    assert font_with("Guidance (CFG) 7.5", folders_of_fonts()) == OWN
    assert drawn("Guidance 7.5", folders_of_fonts()) == drawn("Guidance 7.5")


def test_letters_that_no_font_has_are_written_as_their_numbers() -> None:
    assert drawn(f"a {CAT}{MISSING}") == drawn("a <732B 10FFFD>")
    assert Letters(20).getlength(f"{CAT} b") == Letters(20).getlength("<732B> b")


@pytest.mark.parametrize("text", SCRIPTS)
def test_words_of_a_script_are_drawn_by_one_font_where_this_computer_has_it(text: str) -> None:
    path = font_with(text, folders_of_fonts())
    if path is None:
        assert "<" not in text and drawn(text, folders_of_fonts()) != drawn("")
        return
    letters = frozenset(text)
    assert drawn_by(path, letters) >= {letter for letter in letters if letter.isalpha()}
    assert MISSING not in drawn_by(path, frozenset({MISSING}))
    assert drawn(text, folders_of_fonts()) != drawn(text)


def test_a_plain_font_is_taken_before_a_fancy_one() -> None:
    names = ["notosans-bold", "notosans-regular", "comic-italic", "mono", "serif-light"]
    assert min(names, key=fanciness) == "notosans-regular"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_every_system_has_folders_for_fonts(platform: str) -> None:
    assert len(folders_of_fonts(platform)) >= 2
