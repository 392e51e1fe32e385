"""What a node gives that is not as its type says is told where it is made, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nodes.api import BadValue
from nodes.clip_vision import encode_image_vision
from nodes.forms import Malformed
from nodes.latent import decode_in_tiles, decode_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.output import preview_image, save_image
from nodes.schedules import Sigmas
from nodes.types import Conditioning, Image, ImageEmbedding, Latent, Mask, NoiseMask, TextPart
from tests.nodes.plain import PlainContext
from tests.nodes.test_ip_adapter import EYES
from tests.nodes.tiny import write_checkpoint

PICTURE, LATENT = torch.rand(1, 8, 6, 3), torch.rand(1, 4, 8, 6)
TEXT = TextPart(torch.rand(1, 77, 8))
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no batch": (lambda: Image(PICTURE[0]), "a picture of 8 x 6 x 3"),
    "with transparency": (lambda: Image(torch.rand(1, 8, 6, 4)), "a picture of 1 x 8 x 6 x 4"),
    "no picture": (lambda: Image(PICTURE[:0]), "a picture of 0 x 8 x 6 x 3"),
    "bytes": (lambda: Image((PICTURE * 255).byte()), "a picture as uint8"),
    "a list": (lambda: Image([[1.0]]), "a picture as list"),  # type: ignore[arg-type]
    "a mask with channels": (lambda: Mask(torch.rand(1, 1, 8, 6)), "a mask of 1 x 1 x 8 x 6"),
    "a latent without height": (lambda: Latent(LATENT[:, :, :0]), "a latent of 1 x 4 x 0 x 6"),
    "a mask of another size": (
        lambda: Latent(LATENT, mask=NoiseMask(torch.ones(1, 1, 4, 4))), "the mask of this latent of 1 x 1 x 4 x 4"),
    "what is kept of another size": (
        lambda: Latent(LATENT, mask=NoiseMask(torch.ones(1, 1, 8, 6), original=LATENT[..., :3])), "1 x 4 x 8 x 3"),
    "no tokens": (lambda: TextPart(torch.rand(1, 0, 8)), "an encoded text of 1 x 0 x 8"),
    "a flat summary": (lambda: TextPart(TEXT.embedding, torch.rand(8)), "the summary of a text of 8"),
    "no strength": (lambda: replace(TEXT, strength=float("nan")), "a strength of nan"),
    "no text": (lambda: Conditioning(()), "without any text"),
    "nothing seen": (lambda: ImageEmbedding(torch.rand(0, 4), torch.rand(0, 5, 4)), "what CLIP sees in a picture of 0"),
    "endless levels": (lambda: Sigmas((float("inf"), 0.0)), "noise levels that are no numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_value_that_breaks_its_convention_is_told_where_it_is_made(case: str) -> None:
    make, words = WRONG[case]
    with pytest.raises(Malformed) as caught:
        make()
    assert words in str(caught.value)
    assert caught.value.fix.startswith("That is a mistake in the node")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_numbers_of_another_width_become_float32(dtype: torch.dtype) -> None:
    image, text = Image(PICTURE.to(dtype)), TextPart(TEXT.embedding.to(dtype))
    assert image.pixels.dtype == text.embedding.dtype == torch.float32


def test_float32_is_held_as_it_is() -> None:
    assert Image(PICTURE).pixels is PICTURE and Latent(LATENT).samples is LATENT


# ---------------------------------------------------------------- numbers that are none


def test_a_picture_of_no_numbers_is_neither_shown_nor_saved_nor_read(ctx: PlainContext) -> None:
    broken = Image(PICTURE * float("nan"))
    works: list[Callable[[], Any]] = [
        lambda: preview_image(broken, ctx), lambda: save_image(broken, ctx),
        lambda: encode_image_vision(EYES, broken, ctx),
    ]  # fmt: skip
    for work in works:
        with pytest.raises(BadValue, match="The picture holds values that are no numbers"):
            work()
    assert not ctx.shown and not ctx.saved


def test_a_latent_of_no_numbers_is_not_decoded(tiny: Checkpoint, ctx: PlainContext) -> None:
    broken = Latent(torch.full((1, 4, 8, 8), float("nan")), tiny.vae.space)
    works: list[Callable[[], Any]] = [
        lambda: decode_latent(tiny.vae, broken, ctx), lambda: decode_in_tiles(tiny.vae, broken, ctx)
    ]  # fmt: skip
    for work in works:
        with pytest.raises(BadValue, match="The latent holds values that are no numbers"):
            work()


def test_a_vae_that_makes_no_numbers_is_told(tmp_path: Path, ctx: PlainContext) -> None:
    bias: dict[str, Any] = {"first_stage_model.decoder.conv_out.bias": torch.full((3,), float("nan"))}
    vae = load_checkpoint(write_checkpoint(tmp_path / "nan.safetensors", **bias)).vae
    with pytest.raises(BadValue, match=r"The VAE made no numbers \(NaN\)") as caught:
        decode_latent(vae, Latent(torch.ones(1, 4, 8, 8), vae.space), ctx)
    assert caught.value.input == "vae"
