"""The pack that ships as an example."""

from __future__ import annotations

import pytest
import torch

from custom_nodes.darkroom import contact_sheet, film_grain, vignette
from nodes.types import Image


def grey(height: int = 16, width: int = 16, value: float = 0.5, batch: int = 1) -> Image:
    return Image(torch.full((batch, height, width, 3), value))


def test_a_sheet_is_about_square_and_leaves_a_gap_around_every_picture() -> None:
    page = contact_sheet(grey(batch=3), grey(), columns=0, gap=4).pixels
    assert page.shape == (1, 4 + 2 * 20, 4 + 2 * 20, 3)
    assert (page[0, 4:20, 4:20] == 0.5).all()
    assert (page[0, :4] < 0.1).all()


def test_smaller_pictures_are_centred_in_their_cell() -> None:
    page = contact_sheet(grey(16, 16), grey(8, 8, 1.0), columns=2, gap=0).pixels[0]
    assert (page[4:12, 20:28] == 1.0).all()
    assert (page[0:4, 16:] < 0.1).all()


def test_captions_make_room_under_the_pictures_and_are_written_there() -> None:
    plain = contact_sheet(grey(64, 64), captions="").pixels
    told = contact_sheet(grey(64, 64), captions="a caption far too long for so small a picture").pixels
    assert told.shape[1] > plain.shape[1]
    assert told[0, -12:].max() > 0.5


def test_a_sheet_of_nothing_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="Link one to 'images'"):
        contact_sheet()


def test_no_grain_is_the_picture_itself_and_a_seed_is_one_grain() -> None:
    assert torch.equal(film_grain(grey(), amount=0.0).pixels, grey().pixels)
    assert torch.equal(film_grain(grey(), seed=3).pixels, film_grain(grey(), seed=3).pixels)
    assert not torch.equal(film_grain(grey(), seed=3).pixels, film_grain(grey(), seed=4).pixels)


def test_grain_leaves_black_and_white_alone() -> None:
    for value in (0.0, 1.0):
        assert torch.allclose(film_grain(grey(value=value), amount=1.0).pixels, grey(value=value).pixels)


def test_a_vignette_darkens_the_corners_and_not_the_middle() -> None:
    shaded = vignette(grey(33, 33), strength=1.0, reach=0.5).pixels[0]
    assert shaded[16, 16, 0] == 0.5
    assert shaded[0, 0, 0] == pytest.approx(0, abs=1e-6)
    assert torch.equal(vignette(grey(), strength=0.0).pixels, grey().pixels)
