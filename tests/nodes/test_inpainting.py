"""Painting into pictures: what is kept stays bit for bit, soft masks, what paint starts from, larger pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.levels import FlowLevels, Levels, NoiseLevels
from nodes.diffusion.painting import Painting, noise_left
from nodes.inpaint import composite_images, encode_to_inpaint, extend_image, fill_masked, set_noise_mask
from nodes.latent import decode_latent, empty_latent, encode_image
from nodes.loaders import Checkpoint
from nodes.mask import draw_mask
from nodes.sampling import sample
from nodes.sampling_custom import choose_sampler, guide, noise, sample_pieces
from nodes.sampling_diffusers import sample_with_diffusers
from nodes.schedules import Sigmas
from nodes.text import encode_text
from nodes.types import Conditioning, Image, Mask, NoiseMask
from tests.nodes.plain import PlainContext


def left_half(height: int = 64, width: int = 64, value: float = 1.0) -> Mask:
    values = torch.zeros(1, height, width)
    values[:, :, : width // 2] = value
    return Mask(values)


@pytest.fixture
def picture() -> Image:
    return Image(torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0)))


@pytest.fixture
def text(tiny: Checkpoint, ctx: PlainContext) -> Conditioning:
    return encode_text(tiny.text_encoder, ctx, "a red house")


# ---------------------------------------------------------------- what is kept


@pytest.mark.parametrize("sampler", ["euler", "ddim", "dpmpp_2m", "euler_ancestral", "dpmpp_2m_sde", "euler_cfg_pp"])
def test_where_the_mask_is_black_sampling_gives_the_same_bits_back(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image, sampler: Any
) -> None:
    latent = encode_image(tiny.vae, picture, ctx)
    masked = set_noise_mask(latent, left_half())
    made = sample(tiny.model, text, None, masked, ctx, steps=3, sampler=sampler)
    assert torch.equal(made.samples[..., 4:], latent.samples[..., 4:])
    assert (made.samples[..., :4] - latent.samples[..., :4]).abs().min() > 0


def test_after_decoding_a_composite_has_every_kept_pixel_bit_for_bit(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    mask = left_half()
    masked = encode_to_inpaint(tiny.vae, picture, mask, ctx)
    decoded = decode_latent(tiny.vae, sample(tiny.model, text, None, masked, ctx, steps=2), ctx)
    assert not torch.equal(decoded.pixels[:, :, 32:], picture.pixels[:, :, 32:])
    whole = composite_images(picture, decoded, mask)
    assert torch.equal(whole.pixels[:, :, 32:], picture.pixels[:, :, 32:])
    assert torch.equal(whole.pixels[:, :, :32], decoded.pixels[:, :, :32])


def test_a_white_mask_changes_nothing_about_sampling(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    latent = encode_image(tiny.vae, picture, ctx)
    masked = set_noise_mask(latent, Mask(torch.ones(1, 64, 64)))
    plain, painted = (
        sample(tiny.model, text, None, one, ctx, steps=3, denoise=0.7).samples for one in (latent, masked)
    )
    assert torch.equal(plain, painted)


def test_two_samplers_in_a_row_keep_what_one_keeps(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    latent = encode_image(tiny.vae, picture, ctx)
    masked = set_noise_mask(latent, left_half())
    first = sample(tiny.model, text, None, masked, ctx, steps=4, end_step=2, keep_noise=True)
    assert not torch.equal(first.samples[..., 4:], latent.samples[..., 4:])
    second = sample(tiny.model, text, None, first, ctx, steps=4, start_step=2, add_noise=False)
    assert torch.equal(second.samples[..., 4:], latent.samples[..., 4:])
    whole = sample(tiny.model, text, None, masked, ctx, steps=4)
    assert torch.allclose(second.samples, whole.samples, atol=1e-4)


def test_sampling_in_pieces_honours_the_mask(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    masked = set_noise_mask(encode_image(tiny.vae, picture, ctx), left_half())
    sigmas = Sigmas((8.0, 2.0, 0.0))
    made = sample_pieces(guide(tiny.model, text), choose_sampler("heun"), sigmas, noise(3), masked, ctx).latent
    assert torch.equal(made.samples[..., 4:], masked.samples[..., 4:])


def test_a_sampler_that_starts_from_noise_alone_refuses_a_mask(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    masked = set_noise_mask(encode_image(tiny.vae, picture, ctx), left_half())
    with pytest.raises(BadValue, match="mask of what to keep"):
        sample_with_diffusers(tiny.model, text, None, masked, ctx, steps=2)


# ---------------------------------------------------------------- at each step


class Toy:
    """A model that sees one number everywhere, and remembers what it was shown."""

    def __init__(self, levels: Levels) -> None:
        self.levels, self.seen = levels, list[tuple[Tensor, float]]()
        self.unconditional = torch.zeros(())

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.seen.append((x, sigma))
        self.unconditional = torch.full_like(x, 5.0)
        return torch.full_like(x, 7.0)


@pytest.mark.parametrize("levels", [NoiseLevels.scaled_linear(), FlowLevels(3.0)])
def test_the_model_is_shown_the_original_under_the_noise_of_each_level(levels: Levels) -> None:
    clean, drawn, x = torch.rand(3, 1, 4, 2, 2)
    values = torch.tensor([[0.0, 1.0], [0.25, 0.0]])[None, None]
    toy = Toy(levels)
    for sigma in (0.9, 0.3):
        made = Painting(toy, clean[None][0], drawn, NoiseMask(values), 0.9)(x, sigma)
        shown = toy.seen[-1][0]
        assert torch.equal(shown[..., 0, 0], levels.noised(clean, drawn, sigma)[..., 0, 0])
        assert torch.equal(shown[..., 0, 1], x[..., 0, 1])
        assert torch.equal(made[..., 0, 0], clean[..., 0, 0])
        assert torch.equal(made[..., 0, 1], torch.full((1, 4), 7.0))
        assert torch.allclose(made[..., 1, 0], clean[..., 1, 0] * 0.75 + 7.0 * 0.25)


def differential(levels: Levels, sigmas: Sequence[float], value: float) -> list[bool]:
    """At which steps a place of this value is painted: as the paper has it, once value >= share of steps left."""
    return [value > 0 and value >= 1 - number / (len(sigmas) - 1) for number in range(len(sigmas))]


@pytest.mark.parametrize("value", [0.0, 0.1, 0.26, 0.5, 0.74, 1.0])
def test_in_time_a_place_joins_when_the_share_of_noise_left_has_come_down_to_it(value: float) -> None:
    levels = NoiseLevels.scaled_linear()
    # Training steps at even distances, where the paper's share of steps is the share of noise left.
    sigmas = [float(levels.sigmas[step]) for step in (999, 749, 499, 250, 0)]
    toy = Toy(levels)
    painting = Painting(toy, torch.zeros(1, 4, 1, 1), torch.zeros(1, 4, 1, 1),
                        NoiseMask(torch.full((1, 1, 1, 1), value), in_time=True), sigmas[0])  # fmt: skip
    painted = [bool(painting(torch.ones(1, 4, 1, 1), sigma).eq(7.0).all()) for sigma in sigmas]
    assert painted == differential(levels, sigmas, value)


def test_the_share_of_noise_left_runs_from_1_to_0_for_every_kind_of_model() -> None:
    for levels in (NoiseLevels.scaled_linear(), FlowLevels(3.0)):
        assert noise_left(levels, levels.largest, levels.largest) == 1
        assert noise_left(levels, levels.smallest, levels.largest) == pytest.approx(0, abs=2e-3)
        assert noise_left(levels, levels.smallest, levels.smallest) == 0


def test_what_is_lighter_in_a_mask_in_time_changes_more(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    latent = encode_image(tiny.vae, picture, ctx)
    ramp = Mask(torch.linspace(0, 1, 8).repeat_interleave(8).expand(1, 64, 64))
    mixed, joining = (
        sample(tiny.model, text, None, set_noise_mask(latent, ramp, how), ctx, steps=6).samples
        for how in ("mix", "in time")
    )
    assert not torch.allclose(mixed, joining)
    changed = (joining - latent.samples).abs().mean((0, 1, 2))
    assert changed[0] == 0
    assert changed[-2:].mean() > changed[1:3].mean()


# ---------------------------------------------------------------- masks and what paint starts from


def test_a_mask_counts_by_its_share_of_each_cell(tiny: Checkpoint, ctx: PlainContext, picture: Image) -> None:
    values = torch.zeros(1, 64, 64)
    values[:, :4, :8] = 1.0  # the upper half of the first cell
    masked = set_noise_mask(encode_image(tiny.vae, picture, ctx), Mask(values))
    assert masked.mask is not None
    assert masked.mask.values.shape == (1, 1, 8, 8)
    assert masked.mask.values[0, 0, 0, 0] == 0.5 and masked.mask.values.sum() == 0.5


def test_the_mask_of_a_picture_that_was_cut_is_cut_alike(tiny: Checkpoint, ctx: PlainContext) -> None:
    image = Image(torch.rand(1, 69, 66, 3))
    masked = set_noise_mask(encode_image(tiny.vae, image, ctx), draw_mask(66, 69, "rectangle", 1, 2, 8, 8))
    assert masked.mask is not None
    assert masked.mask.values[0, 0, 0, 0] == 1 and masked.mask.values.sum() == 1


@pytest.mark.parametrize("content", ["original", "neighbours", "noise", "nothing"])
def test_each_content_leaves_what_is_kept_and_is_what_it_says(
    tiny: Checkpoint, ctx: PlainContext, picture: Image, content: Any
) -> None:
    masked = encode_to_inpaint(tiny.vae, picture, left_half(), ctx, content, grow=0)
    plain = encode_image(tiny.vae, picture, ctx).samples
    painted, kept = masked.samples[..., :4], masked.samples[..., 4:]
    match content:
        case "original":
            assert torch.equal(masked.samples, plain)
        case "neighbours":
            whole = fill_masked(picture, left_half())
            assert torch.allclose(masked.samples, encode_image(tiny.vae, whole, ctx).samples, atol=1e-5)
        case "noise":
            assert torch.equal(kept, plain[..., 4:])
            assert float((painted * tiny.model.space.scale).std()) == pytest.approx(1, abs=0.2)
        case "nothing":
            assert torch.equal(kept, plain[..., 4:]) and not painted.any()


def test_grow_and_feather_reach_beyond_the_mask(tiny: Checkpoint, ctx: PlainContext, picture: Image) -> None:
    def values(grow: int, feather: float) -> Tensor:
        masked = encode_to_inpaint(tiny.vae, picture, left_half(), ctx, grow=grow, feather=feather)
        assert masked.mask is not None
        return masked.mask.values[0, 0, 0]

    assert values(0, 0.0).tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert values(8, 0.0).tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    soft = values(0, 8.0)
    assert soft.diff().max() <= 0 and 0 < soft[4] < 0.5 < soft[3] < 1


def test_holes_are_filled_with_the_colours_around_them() -> None:
    pixels = torch.zeros(1, 40, 40, 3)
    pixels[:, :, :20] = torch.tensor([1.0, 0.0, 0.0])
    pixels[:, :, 20:] = torch.tensor([0.0, 0.0, 1.0])
    mask = draw_mask(40, 40, "rectangle", 10, 10, 20, 20)
    filled = fill_masked(Image(pixels), mask).pixels
    outside = mask.values == 0
    assert torch.equal(filled[outside], pixels[outside])
    assert filled[0, 20, 11, 0] > 0.8 and filled[0, 20, 28, 2] > 0.8
    assert torch.allclose(filled.sum(-1), torch.ones(1, 40, 40), atol=1e-5)


@pytest.mark.parametrize(("filling", "value"), [("grey", 0.5), ("black", 0.0), ("white", 1.0)])
def test_holes_can_be_filled_with_a_flat_colour(filling: Any, value: float) -> None:
    filled = fill_masked(Image(torch.full((1, 8, 8, 3), 0.2)), left_half(8, 8), filling).pixels
    assert filled[:, :, :4].eq(value).all() and filled[:, :, 4:].eq(0.2).all()


# ---------------------------------------------------------------- larger pictures


@pytest.mark.parametrize("border", ["neighbours", "mirror", "grey", "noise", "black", "white"])
def test_an_extended_picture_holds_the_old_one_and_says_what_is_new(picture: Image, border: Any) -> None:
    image, mask = extend_image(picture, 8, 16, 24, 0, border, feather=0)
    assert image.pixels.shape == (1, 80, 96, 3)
    assert torch.equal(image.pixels[:, 16:, 8:72], picture.pixels)
    assert mask.values.shape == (1, 80, 96)
    assert not mask.values[:, 16:, 8:72].any()
    assert mask.values.sum() == 80 * 96 - 64 * 64


def test_the_feather_lies_inside_the_old_picture_and_only_where_it_grew(picture: Image) -> None:
    mask = extend_image(picture, right=16, feather=16).mask.values[0]
    assert (mask[:, 64:] == 1).all()
    assert mask[0, 40] == 0 and 0 < mask[0, 50] < mask[0, 60] < 1
    assert (mask == mask[:1]).all()


def test_the_border_goes_on_with_the_colours_of_the_edge(picture: Image) -> None:
    flat = Image(torch.full((1, 16, 16, 3), 0.3))
    assert torch.allclose(extend_image(flat, 5, 6, 7, 8).image.pixels, torch.full((1, 30, 28, 3), 0.3), atol=1e-6)
    mirrored = extend_image(picture, right=64, border="mirror").image.pixels
    assert torch.equal(mirrored[:, :, 64:], picture.pixels.flip(2))


def test_a_composite_lies_where_it_is_put_and_is_cut_at_the_edges() -> None:
    base, overlay = Image(torch.zeros(1, 8, 8, 3)), Image(torch.ones(2, 4, 4, 3))
    made = composite_images(base, overlay, left=6, top=-2).pixels
    assert made.shape == (2, 8, 8, 3)
    assert made.sum() == 2 * 3 * 4 and (made[:, :2, 6:] == 1).all()


# ---------------------------------------------------------------- what is refused


def test_wrong_masks_are_explained(tiny: Checkpoint, ctx: PlainContext, picture: Image) -> None:
    latent = encode_image(tiny.vae, picture, ctx)
    nothing, other, odd = torch.zeros(1, 64, 64), left_half(32, 48), torch.full((1, 64, 64), float("nan"))
    with pytest.raises(BadValue, match="black everywhere"):
        set_noise_mask(latent, Mask(nothing))
    with pytest.raises(BadValue, match="black everywhere"):
        encode_to_inpaint(tiny.vae, picture, Mask(nothing), ctx)
    with pytest.raises(BadValue, match="The mask is 48 x 32, the picture 64 x 64"):
        set_noise_mask(latent, other)
    with pytest.raises(BadValue, match="The mask is 48 x 32, the overlay 64 x 64"):
        composite_images(picture, picture, other)
    with pytest.raises(BadValue, match="no numbers"):
        set_noise_mask(latent, Mask(odd))
    stretched = set_noise_mask(latent, other, stretch_mask=True)
    assert stretched.mask is not None and stretched.mask.values.shape == (1, 1, 8, 8)
    with pytest.raises(BadValue, match="nothing to keep"):
        set_noise_mask(empty_latent(64, 64), left_half())


def test_pictures_that_would_not_grow_and_overlays_outside_are_refused(picture: Image) -> None:
    with pytest.raises(BadValue, match="would not grow"):
        extend_image(picture, right=0)
    with pytest.raises(BadValue, match="outside"):
        composite_images(picture, picture, left=64)
    with pytest.raises(BadValue, match="softened"):
        extend_image(picture, feather=float("nan"))


def test_a_batch_may_have_one_mask_or_one_each(
    tiny: Checkpoint, ctx: PlainContext, text: Conditioning, picture: Image
) -> None:
    both = encode_image(tiny.vae, Image(picture.pixels.repeat(2, 1, 1, 1)), ctx)
    each = Mask(torch.cat([left_half().values, left_half().values.flip(2)]))
    made = sample(tiny.model, text, None, set_noise_mask(both, each), ctx, steps=2).samples
    assert torch.equal(made[0, ..., 4:], both.samples[0, ..., 4:])
    assert torch.equal(made[1, ..., :4], both.samples[1, ..., :4])
