"""Nodes that bring pictures in, change them, show and save them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import PIL.Image
import pytest
import torch

from nodes.api import BadValue
from nodes.diffusion.pictures import LARGEST
from nodes.image import BlendMode, ScaleMethod, blend_images, invert, load_image, scale_image
from nodes.output import preview_image, save_image
from nodes.types import JPEG, PNG, Image
from tests.nodes.plain import PlainContext


def flat(*colour: float, size: tuple[int, int] = (4, 6), batch: int = 1) -> Image:
    """`size`: height, width."""
    return Image(torch.tensor(colour).expand(batch, *size, 3).contiguous())


def saved(path: Path, array: Any, mode: str | None = None, **options: Any) -> Path:
    PIL.Image.fromarray(np.asarray(array, dtype=np.uint8), mode).save(path, **options)
    return path


# ---------------------------------------------------------------- loading


def test_every_8_bit_value_is_its_share_of_255(tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = saved(tmp_path / "all.png", np.stack([values] * 3, axis=-1))
    loaded = load_image(path).image.pixels
    assert torch.equal(loaded[0, :, :, 0], torch.arange(256).reshape(16, 16) / 255)
    # Truncated, as files are written, they are the same bytes again.
    assert np.array_equal((loaded[0, :, :, 0] * 255).byte().numpy(), values)


def test_a_loaded_picture_is_a_batch_of_one(tmp_path: Path) -> None:
    image, mask = load_image(saved(tmp_path / "red.png", [[[255, 0, 0]] * 3] * 2))
    assert torch.equal(image.pixels, flat(1.0, 0.0, 0.0, size=(2, 3)).pixels)
    assert torch.equal(mask.values, torch.zeros(1, 2, 3))


def test_the_mask_is_where_the_picture_is_see_through(tmp_path: Path) -> None:
    image, mask = load_image(saved(tmp_path / "hole.png", [[[0, 255, 0, 255], [0, 255, 0, 0], [0, 255, 0, 51]]]))
    assert mask.values.flatten().tolist() == pytest.approx([0.0, 1.0, 0.8])
    assert torch.equal(image.pixels, flat(0.0, 1.0, 0.0, size=(1, 3)).pixels)


def test_a_painted_mask_is_the_mask(tmp_path: Path) -> None:
    hole = saved(tmp_path / "hole.png", [[[0, 255, 0, 0], [0, 255, 0, 255]]])
    painted = saved(tmp_path / "painted.png", [[0, 255]])
    image, mask = load_image(hole, painted)
    assert mask.values.flatten().tolist() == [0.0, 1.0]
    assert torch.equal(image.pixels, flat(0.0, 1.0, 0.0, size=(1, 2)).pixels)


def test_a_mask_painted_over_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    picture = saved(tmp_path / "red.png", [[[255, 0, 0]] * 3] * 2)
    with pytest.raises(BadValue, match="The mask is 2 x 1, the picture 3 x 2") as refused:
        load_image(picture, saved(tmp_path / "painted.png", [[0, 255]]))
    assert refused.value.input == "mask_file"


def test_a_photo_that_says_it_lies_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    array = np.zeros((2, 4, 3), dtype=np.uint8)
    array[0, 0] = 255
    image, mask = load_image(saved(tmp_path / "side.png", array, exif=exif))
    assert image.pixels.shape == (1, 4, 2, 3)
    assert mask.values.shape == (1, 4, 2)
    assert image.pixels[0, 0, 1].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("mode", "value", "expected"), [("L", 51, 0.2), ("I;16", 13107, 0.2), ("1", 1, 1.0)])
def test_grey_pictures_of_any_depth_become_rgb(tmp_path: Path, mode: str, value: int, expected: float) -> None:
    PIL.Image.new(mode, (3, 2), value).save(tmp_path / "grey.png")
    image = load_image(tmp_path / "grey.png").image
    assert torch.allclose(image.pixels, flat(expected, expected, expected, size=(2, 3)).pixels, atol=1e-4)


def test_palettes_with_a_transparent_colour_have_a_mask(tmp_path: Path) -> None:
    picture = PIL.Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "palette.png", transparency=1)
    image, mask = load_image(tmp_path / "palette.png")
    assert image.pixels[0, 0].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert mask.values.flatten().tolist() == [0, 1]


def test_of_a_moving_picture_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [PIL.Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "move.gif", save_all=True, append_images=frames[1:])
    assert torch.equal(load_image(tmp_path / "move.gif").image.pixels, flat(1.0, 0.0, 0.0, size=(2, 2)).pixels)


def png_bomb(width: int, height: int) -> bytes:
    """A few bytes that claim to be a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def half_a_png() -> bytes:
    out = io.BytesIO()
    PIL.Image.effect_noise((64, 64), 50).save(out, "PNG")
    return out.getvalue()[: len(out.getvalue()) // 2]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png_bomb(12_000, 12_000), "12,000 x 12,000 pixels"),
        (png_bomb(60_000, 60_000), "far too many pixels"),
        (half_a_png(), "is damaged"),
        (b"no picture", "is not a picture"),
        (b"", "is not a picture"),
    ],
)
def test_bombs_and_broken_files_are_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(BadValue) as caught:
        load_image(path)
    assert words in caught.value.what
    assert "odd.png" in caught.value.what
    assert caught.value.input == "file" and caught.value.fix


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"gone\.png is gone"):
        load_image(tmp_path / "gone.png")


def test_the_limit_leaves_room_for_large_photographs() -> None:
    assert LARGEST >= 60_000_000


# ---------------------------------------------------------------- changing


@pytest.mark.parametrize("method", get_args(ScaleMethod))
@pytest.mark.parametrize(("width", "height"), [(3, 2), (12, 16), (6, 4), (1, 1)])
def test_scaling_keeps_a_flat_colour_in_the_new_size(method: Any, width: int, height: int) -> None:
    scaled = scale_image(flat(0.2, 0.4, 0.6, batch=2), width, height, method).pixels
    assert scaled.shape == (2, height, width, 3)
    assert torch.allclose(scaled, flat(0.2, 0.4, 0.6, size=(height, width), batch=2).pixels, atol=1e-5)
    assert scaled.is_contiguous()


def test_crop_fills_the_size_and_pad_frames_the_picture() -> None:
    wide = torch.zeros(1, 4, 8, 3)
    wide[:, :, 2:6] = 1.0
    assert torch.equal(scale_image(Image(wide), 4, 4, "nearest", "crop").pixels, torch.ones(1, 4, 4, 3))
    padded = scale_image(Image(torch.ones(1, 4, 8, 3)), 8, 8, "nearest", "pad").pixels
    assert torch.equal(padded[:, 2:6], torch.ones(1, 4, 8, 3))
    assert not padded[:, :2].any() and not padded[:, 6:].any()


def test_lanczos_stays_between_0_and_1_at_hard_edges() -> None:
    edge = torch.zeros(1, 8, 8, 3)
    edge[:, :, 4:] = 1.0
    scaled = scale_image(Image(edge), 23, 23, "lanczos").pixels
    assert scaled.min() >= 0 and scaled.max() <= 1


def test_inverting_twice_gives_the_picture_back() -> None:
    image = flat(0.25, 0.5, 1.0)
    assert torch.equal(invert(image).pixels, flat(0.75, 0.5, 0.0).pixels)
    assert torch.equal(invert(invert(image)).pixels, image.pixels)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", 0.8), ("multiply", 0.32), ("screen", 0.88), ("overlay", 0.64),
        ("add", 1.0), ("difference", 0.4), ("darken", 0.4), ("lighten", 0.8),
    ],
)  # fmt: skip
def test_each_mode_blends_by_its_formula(mode: Any, expected: float) -> None:
    full = blend_images(flat(0.4, 0.4, 0.4), flat(0.8, 0.8, 0.8), 1.0, mode)
    assert full.image.pixels.flatten().tolist() == pytest.approx([expected] * 72)
    assert full.changed.values.flatten().tolist() == pytest.approx([abs(expected - 0.4)] * 24)
    half = blend_images(flat(0.4, 0.4, 0.4), flat(0.8, 0.8, 0.8), 0.5, mode)
    assert half.image.pixels[0, 0, 0, 0] == pytest.approx((0.4 + expected) / 2)


def test_every_mode_of_the_dropdown_blends_and_0_shows_the_base() -> None:
    for mode in get_args(BlendMode):
        assert torch.equal(
            blend_images(flat(0.4, 0.5, 0.6), flat(0.9, 0.1, 0.2), 0.0, mode).image.pixels, flat(0.4, 0.5, 0.6).pixels
        )


def test_the_overlay_takes_the_size_of_the_base_and_the_longer_batch_wins() -> None:
    blended = blend_images(flat(0.0, 0.0, 0.0, size=(8, 8), batch=3), flat(1.0, 1.0, 1.0, size=(4, 4), batch=2), 1.0)
    assert blended.image.pixels.shape == (3, 8, 8, 3)
    assert blended.changed.values.shape == (3, 8, 8)


# ---------------------------------------------------------------- output


def test_saving_and_showing_are_left_to_the_worker(ctx: PlainContext) -> None:
    image = flat(0.1, 0.2, 0.3)
    save_image(image, ctx, "folder/name", JPEG(quality=80))
    save_image(image, ctx)
    preview_image(image, ctx)
    assert ctx.saved == [(image, "folder/name", JPEG(quality=80)), (image, "image", PNG())]
    assert ctx.shown == [image]


def test_nodes_that_give_nothing_always_run() -> None:
    assert save_image.schema.is_output and preview_image.schema.is_output
