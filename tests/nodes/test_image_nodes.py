"""Pictures cut, turned, blurred and coloured; masks grown, softened and put together; batches."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.filters import blur, grow
from nodes.image import crop_image, flip_image, image_size, rotate_image, scale_image_by
from nodes.image_batch import batch_of_images, join_images, list_images, pick_images, repeat_image
from nodes.image_sheet import label_sheet, limit_pixels
from nodes.image_tone import adjust_colours, blur_image, match_histogram, sharpen_image
from nodes.mask import (
    Joining,
    colour_to_mask,
    combine_masks,
    draw_mask,
    feather_mask,
    grow_mask,
    scale_mask,
    threshold_mask,
)
from nodes.types import Image, Mask
from nodes.values import number_range


def picture(height: int = 12, width: int = 16, batch: int = 1, seed: int = 0) -> Image:
    return Image(torch.rand(batch, height, width, 3, generator=torch.Generator().manual_seed(seed)))


def flat(*colour: float, size: tuple[int, int] = (4, 4)) -> Image:
    return Image(torch.tensor(colour).expand(1, *size, 3).contiguous())


# ---------------------------------------------------------------- geometry


def test_a_crop_is_what_lies_there_and_stops_at_the_edge() -> None:
    image = picture()
    assert torch.equal(crop_image(image, 4, 2, 8, 6).pixels, image.pixels[:, 2:8, 4:12])
    assert crop_image(image, 12, 8, 512, 512).pixels.shape == (1, 4, 4, 3)
    with pytest.raises(BadValue, match="begins at 16"):
        crop_image(image, 16, 0, 8, 8)


def test_mirrors_and_quarter_turns_keep_every_pixel() -> None:
    image = picture()
    assert torch.equal(flip_image(image).pixels, image.pixels.flip(2))
    assert torch.equal(flip_image(image, "upside down").pixels, image.pixels.flip(1))
    clockwise = rotate_image(image, 90).pixels
    assert clockwise.shape == (1, 16, 12, 3)
    assert torch.equal(clockwise[0, 0, -1], image.pixels[0, 0, 0])
    assert torch.equal(rotate_image(Image(clockwise), -90).pixels, image.pixels)
    assert torch.equal(rotate_image(image, 180, expand=False).pixels, image.pixels.flip(1, 2))


def test_other_turns_make_room_or_cut_corners_and_go_clockwise() -> None:
    image = Image(torch.zeros(1, 21, 21, 3))
    image.pixels[:, 2, 10] = 1.0  # up
    turned = rotate_image(image, 45, expand=False).pixels[0, ..., 0]
    assert turned.shape == (21, 21)
    row, column = divmod(int(turned.argmax()), 21)
    assert row < 9 and column > 11  # up and right
    assert rotate_image(image, 45).pixels.shape == (1, 30, 30, 3)
    line = rotate_image(Image(torch.ones(1, 1, 9, 3)), 180.5, expand=False).pixels
    assert line.shape == (1, 1, 9, 3) and float(line[0, 0, 4, 0]) > 0.9
    with pytest.raises(BadValue, match="nan"):
        rotate_image(image, float("nan"))


def test_scaling_by_a_factor_and_sizes() -> None:
    assert tuple(image_size(scale_image_by(picture(batch=2), 1.5))) == (24, 18, 2)
    assert tuple(image_size(scale_image_by(picture(), 0.01))) == (1, 1, 1)
    with pytest.raises(BadValue, match="cannot be scaled by 0"):
        scale_image_by(picture(), 0.0)


# ---------------------------------------------------------------- tone


def test_a_blur_is_a_gaussian_and_keeps_flat_colours() -> None:
    point = torch.zeros(1, 1, 41, 41)
    point[..., 20, 20] = 1.0
    spread = blur(point, 3.0)[0, 0]
    places = torch.arange(41.0) - 20
    assert float(spread.sum()) == pytest.approx(1, abs=1e-4)
    assert float((spread.sum(0) * places**2).sum()) == pytest.approx(9, rel=0.05)
    assert torch.allclose(blur_image(flat(0.2, 0.4, 0.6), 20.0).pixels, flat(0.2, 0.4, 0.6).pixels, atol=1e-5)
    assert torch.equal(blur_image(picture(), 0.0).pixels, picture().pixels)


def test_sharpening_steepens_edges_and_0_changes_nothing() -> None:
    edge = Image(torch.full((1, 8, 8, 3), 0.4))
    edge.pixels[:, :, 4:] = 0.6
    sharp = sharpen_image(edge, 1.0, 1.0).pixels
    assert sharp[0, 0, 3, 0] < 0.4 and sharp[0, 0, 4, 0] > 0.6
    assert torch.equal(sharpen_image(edge, 0.0).pixels, edge.pixels)


def test_colours_change_as_the_names_say_and_not_at_their_defaults() -> None:
    red = flat(0.8, 0.2, 0.2)
    assert torch.equal(adjust_colours(red).pixels, red.pixels)

    def made(**change: float) -> list[float]:
        return [round(value, 3) for value in adjust_colours(red, **change).pixels[0, 0, 0].tolist()]

    assert made(brightness=0.1) == [0.9, 0.3, 0.3]
    assert made(contrast=0.5) == [0.65, 0.35, 0.35]
    assert made(hue=120) == [0.2, 0.8, 0.2]
    assert len(set(made(saturation=0))) == 1
    assert made(gamma=2)[1] == pytest.approx(0.2**0.5, abs=1e-3)
    assert made(warmth=1)[0] > 0.8 and made(warmth=1)[2] < 0.2
    with pytest.raises(BadValue, match="gamma is 0"):
        adjust_colours(red, gamma=0)


def test_a_matched_picture_has_the_histogram_of_the_other_and_its_own_order() -> None:
    image, reference = picture(), Image(picture(20, 20, seed=1).pixels ** 3)
    matched = match_histogram(image, reference).pixels
    quantiles = torch.linspace(0, 1, 11)
    for channel in range(3):
        found, wanted = (torch.quantile(one[..., channel].flatten(), quantiles) for one in (matched, reference.pixels))
        assert torch.allclose(found, wanted, atol=0.05)
        assert torch.equal(matched[..., channel].flatten().argsort(), image.pixels[..., channel].flatten().argsort())
    assert torch.equal(match_histogram(image, reference, 0.0).pixels, image.pixels)
    assert torch.allclose(match_histogram(image, image).pixels, image.pixels, atol=1e-2)


# ---------------------------------------------------------------- batches


def test_pictures_are_joined_picked_repeated_and_listed() -> None:
    a, b = picture(), picture(6, 8, batch=2, seed=1)
    both = join_images(a, b, method="nearest")
    assert both.pixels.shape == (3, 12, 16, 3) and torch.equal(both.pixels[:1], a.pixels)
    assert torch.equal(pick_images(both, 1, 2).pixels, both.pixels[1:])
    listed = list_images(both)
    assert [one.pixels.shape for one in listed] == [(1, 12, 16, 3)] * 3
    assert torch.equal(batch_of_images(listed).pixels, both.pixels)
    assert torch.equal(repeat_image(a, 2).pixels, a.pixels.repeat(2, 1, 1, 1))
    with pytest.raises(BadValue, match="batch of 3"):
        pick_images(both, 3)


def test_a_range_of_numbers_has_both_ends() -> None:
    assert number_range(0.0, 1.0, 5) == [0, 0.25, 0.5, 0.75, 1]
    assert number_range(3.0, 0.1, 2) == [3.0, 0.1]
    assert number_range(2.0, 9.0, 1) == [2.0]
    with pytest.raises(BadValue, match="no end"):
        number_range(0.0, float("inf"))


# ---------------------------------------------------------------- masks


def by_hand(values: Tensor, radius: int) -> Tensor:
    """The largest value within a disc, pixel by pixel."""
    height, width = values.shape
    grown = torch.zeros_like(values)
    for y in range(height):
        for x in range(width):
            near = [values[v, u] for v in range(height) for u in range(width)
                    if (v - y) ** 2 + (u - x) ** 2 <= radius**2]  # fmt: skip
            grown[y, x] = max(near)
    return grown


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 20])
def test_growing_takes_the_largest_value_in_a_disc(radius: int) -> None:
    values = torch.rand(7, 9, generator=torch.Generator().manual_seed(radius))
    assert torch.equal(grow(values[None, None], radius)[0, 0], by_hand(values, radius))
    shrunk = 1 - by_hand(1 - values, radius)
    assert torch.allclose(grow_mask(Mask(values[None]), -radius).values[0], shrunk)


def test_masks_are_drawn_softened_hardened_and_scaled() -> None:
    box = draw_mask(16, 12, "rectangle", 4, 2, 8, 6)
    assert box.values.shape == (1, 12, 16) and box.values.sum() == 48 and box.values[0, 2:8, 4:12].all()
    disc = draw_mask(64, 64, "ellipse", 8, 8, 48, 48)
    assert float(disc.values.sum()) == pytest.approx(3.1416 * 24**2, rel=0.01)
    soft = feather_mask(disc, 8.0).values[0, 32]
    assert 0.3 < soft[8] < 0.7 and soft[32] > 0.99 and soft[0] < 0.05 and 0 < soft[5] < soft[8] < soft[12]
    assert torch.equal(threshold_mask(Mask(soft[None, None])).values[0, 0], (soft > 0.5).float())
    assert scale_mask(box, 32, 24).values.shape == (1, 24, 32)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [("union", [0.2, 1.0]), ("intersection", [0.1, 0.5]), ("subtract", [0.1, 0.5]), ("difference", [0.1, 0.5]),
     ("multiply", [0.02, 0.5]), ("add", [0.3, 1.0])],
)  # fmt: skip
def test_each_way_of_combining_masks(how: Any, wanted: list[float]) -> None:
    first, second = Mask(torch.tensor([[[0.2, 1.0]]])), Mask(torch.tensor([[[0.1, 0.5]]]))
    assert combine_masks(first, second, how).values.flatten().tolist() == pytest.approx(wanted)
    assert how in get_args(Joining)


def test_masks_of_other_sizes_are_stretched_on_request() -> None:
    first, second = draw_mask(16, 16, left=0, top=0, across=8, down=16), draw_mask(32, 32, left=0, top=0)
    with pytest.raises(BadValue, match="The mask is 32 x 32, the first mask 16 x 16") as caught:
        combine_masks(first, second)
    assert caught.value.input == "second"
    assert torch.equal(combine_masks(first, second, "intersection", stretch_mask=True).values, first.values)


def test_a_colour_becomes_a_mask() -> None:
    image = flat(0.0, 1.0, 0.0)
    image.pixels[:, :, 2:] = torch.tensor([0.3, 0.3, 0.3])
    assert colour_to_mask(image).values[0, 0].tolist() == [1, 1, 0, 0]
    assert colour_to_mask(image, "4d4d4d").values[0, 0].tolist() == [0, 0, 1, 1]
    with pytest.raises(BadValue, match="'green' is no colour"):
        colour_to_mask(image, "green")


def test_a_labelled_sheet_keeps_every_pixel_and_writes_around_them() -> None:
    pictures = [Image(torch.rand(1, 24, 32, 3)) for _ in range(4)]
    bare = label_sheet(*pictures).pixels
    worded = label_sheet(*pictures, columns="one\ntwo", rows="a\n" + "word " * 200, column_title="Steps").pixels
    for sheet in (bare, worded):
        windows = sheet[0].unfold(0, 24, 1).unfold(1, 32, 1)  # rows x columns x RGB x 24 x 32
        for picture in pictures:
            wanted = picture.pixels[0].permute(2, 0, 1)
            assert (windows == wanted).all(dim=-1).all(dim=-1).all(dim=-1).sum() == 1
    assert worded.shape[1] > bare.shape[1]
    assert (worded < 0.5).any(dim=-1).sum() > (bare < 0.5).any(dim=-1).sum(), "there are words"
    with pytest.raises(BadValue):
        label_sheet()


def test_only_a_picture_that_is_too_large_is_made_smaller() -> None:
    picture = Image(torch.rand(1, 100, 200, 3))
    assert limit_pixels(picture, 0.02) is picture
    small = limit_pixels(picture, 0.005).pixels
    assert small.shape == (1, 50, 100, 3)
