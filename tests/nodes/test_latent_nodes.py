"""Latents scaled, cut, turned, put together, added up and walked between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.between import slerp
from nodes.latent import (
    LatentFilter,
    composite_latents,
    crop_latent,
    decode_latent,
    empty_latent,
    flip_latent,
    rotate_latent,
    scale_latent,
    scale_latent_by,
)
from nodes.latent_math import (
    add_latents,
    batch_of_latents,
    blend_latents,
    join_latents,
    list_latents,
    multiply_latent,
    pick_latents,
    repeat_latent,
    subtract_latents,
    walk_latents,
)
from nodes.loaders import Checkpoint
from nodes.types import Latent, LatentSpace, Mask, NoiseMask
from tests.nodes.plain import PlainContext


class NoPreview:
    size = 0

    def load(self, device: str, dtype: str) -> None: ...


SPACE = LatentSpace("sd1", "Stable Diffusion 1.x", 4, 8, 0.18215, 0.0, NoPreview())
OTHER = LatentSpace("sdxl", "SDXL", 4, 8, 0.13025, 0.0, NoPreview())
WIDER = LatentSpace("sd3", "Stable Diffusion 3", 16, 8, 1.5305, 0.0609, NoPreview())


def drawn(*shape: int, seed: int = 0, space: LatentSpace | None = SPACE) -> Latent:
    return Latent(torch.randn(shape, generator=torch.Generator().manual_seed(seed)), space)


def masked(latent: Latent) -> Latent:
    """With a mask and an original that hold the latent's own numbers, to see that they go along."""
    values = latent.samples[:, :1].sigmoid()
    return replace(latent, mask=NoiseMask(values, False, latent.samples * 2))


# ---------------------------------------------------------------- size and place


@pytest.mark.parametrize("method", get_args(LatentFilter))
@pytest.mark.parametrize(("width", "height"), [(128, 96), (32, 24), (64, 48), (8, 8)])
def test_scaling_keeps_flat_values_in_the_new_size(method: Any, width: int, height: int) -> None:
    flat = Latent(torch.tensor([1.0, -2.0, 3.0, 30.0])[None, :, None, None].expand(2, 4, 6, 8).contiguous(), SPACE)
    scaled = scale_latent(flat, width, height, method)
    assert scaled.samples.shape == (2, 4, height // 8, width // 8) and scaled.space == SPACE
    assert torch.allclose(scaled.samples, flat.samples[:, :, :1, :1].expand_as(scaled.samples), atol=1e-4)


def test_bislerp_keeps_the_strength_that_fading_loses() -> None:
    latent = drawn(1, 4, 16, 16)
    bislerp, bilinear = (scale_latent_by(latent, 2.0, method).samples.std() for method in ("bislerp", "bilinear"))
    assert bilinear < 0.75 * latent.samples.std() < 0.9 * bislerp


def test_cropping_to_other_proportions_takes_the_middle() -> None:
    latent = drawn(1, 4, 8, 16)
    made = scale_latent(latent, 64, 64, "nearest", "crop")
    assert torch.equal(made.samples, latent.samples[..., 4:12])


TURNS: list[Callable[[Latent], Latent]] = [
    lambda latent: flip_latent(latent),
    lambda latent: flip_latent(latent, "upside down"),
    lambda latent: rotate_latent(latent, 90),
    lambda latent: rotate_latent(latent, 270),
    lambda latent: crop_latent(latent, 8, 16, 32, 24),
    lambda latent: scale_latent_by(latent, 1.5, "nearest"),
]


@pytest.mark.parametrize("change", TURNS)
def test_a_mask_and_its_original_go_along(change: Callable[[Latent], Latent]) -> None:
    latent = masked(drawn(2, 4, 6, 8))
    made = change(latent)
    assert made.mask is not None and made.mask.original is not None
    assert torch.equal(made.mask.original, made.samples * 2)
    assert made.mask.values.shape[2:] == made.samples.shape[2:]


def test_turning_and_mirroring_go_the_way_they_say() -> None:
    latent = drawn(1, 4, 2, 3)
    assert torch.equal(flip_latent(latent).samples, latent.samples.flip(3))
    clockwise = rotate_latent(latent, 90).samples
    assert clockwise.shape == (1, 4, 3, 2)
    assert torch.equal(clockwise[..., 0, 1], latent.samples[..., 0, 0])  # the upper left goes to the upper right
    assert torch.equal(rotate_latent(rotate_latent(latent, 90), 270).samples, latent.samples)
    assert torch.equal(crop_latent(latent, 8, 0, 16, 8).samples, latent.samples[..., :1, 1:3])


@pytest.mark.parametrize(
    ("crop", "place", "words"),
    [((4, 0, 8, 8), "left", "8 does not divide"), ((0, 0, 32, 8), "width", "24 x 16"),
     ((0, 16, 8, 8), "height", "ends"), ((0, 0, 0, 8), "width", "at least|is 0")],
)  # fmt: skip
def test_rectangles_outside_are_refused(crop: tuple[int, int, int, int], place: str, words: str) -> None:
    with pytest.raises(BadValue, match=words) as caught:
        crop_latent(drawn(1, 4, 2, 3), *crop)
    assert caught.value.input == place


def test_a_composite_lies_in_its_place_with_a_soft_edge_or_a_mask() -> None:
    base, overlay = Latent(torch.zeros(1, 4, 8, 8), SPACE), Latent(torch.ones(1, 4, 4, 4), SPACE)
    hard = composite_latents(base, overlay, left=16, top=-8).samples
    assert torch.equal(hard[:, :, :3, 2:6], torch.ones(1, 4, 3, 4)) and hard.sum() == 4 * 12
    soft = composite_latents(base, overlay, left=16, top=16, feather=16).samples[0, 0]
    assert soft[2:6, 2:6].min() > 0 and soft[2, 2] < soft[3, 3] < 1 and soft.sum() < 16
    half = torch.zeros(1, 32, 32)
    half[:, :, :16] = 1.0
    cut = composite_latents(base, overlay, Mask(half)).samples
    assert torch.equal(cut[:, :, :4, :2], torch.ones(1, 4, 4, 2)) and cut.sum() == 4 * 8


# ---------------------------------------------------------------- batches


def test_the_mask_of_a_composite_is_stretched_on_request() -> None:
    base, overlay = (Latent(torch.full((1, 4, 8, 8), value)) for value in (0.0, 1.0))
    half = Mask(torch.tensor([[[1.0, 0.0]]]).repeat_interleave(16, 2).expand(1, 32, 32))
    with pytest.raises(BadValue, match="The mask is 32 x 32, the overlay 64 x 64"):
        composite_latents(base, overlay, half)
    made = composite_latents(base, overlay, half, stretch_mask=True).samples
    assert (made[..., :3] == 1).all() and (made[..., 5:] == 0).all()


def test_batches_are_joined_picked_repeated_and_listed() -> None:
    a, b = drawn(1, 4, 2, 2), masked(drawn(2, 4, 2, 2, seed=1))
    both = join_latents(a, b)
    assert torch.equal(both.samples, torch.cat([a.samples, b.samples]))
    assert both.mask is not None and torch.equal(both.mask.values[0], torch.ones(1, 2, 2))
    second = pick_latents(both, 1, 2)
    assert second.mask is not None and b.mask is not None
    assert torch.equal(second.samples, b.samples) and torch.equal(second.mask.values, b.mask.values)
    listed = list_latents(both)
    assert [len(one.samples) for one in listed] == [1, 1, 1]
    assert torch.equal(batch_of_latents(listed).samples, both.samples)
    assert torch.equal(repeat_latent(a, 3).samples, a.samples.repeat(3, 1, 1, 1))
    with pytest.raises(BadValue, match="not all in a batch of 3"):
        pick_latents(both, 2, 2)
    with pytest.raises(BadValue, match="empty"):
        batch_of_latents([])


# ---------------------------------------------------------------- arithmetic


def test_adding_subtracting_and_multiplying() -> None:
    a, b = drawn(2, 4, 2, 2), drawn(1, 4, 2, 2, seed=1)
    assert torch.allclose(add_latents(a, b, 0.5).samples, a.samples + 0.5 * b.samples)
    assert torch.allclose(subtract_latents(add_latents(a, b), b).samples, a.samples, atol=1e-6)
    assert torch.equal(multiply_latent(a, 2.0).samples, a.samples * 2)
    some = multiply_latent(a, 3.0, "0, 2").samples
    assert torch.equal(some[:, [0, 2]], a.samples[:, [0, 2]] * 3) and torch.equal(some[:, [1, 3]], a.samples[:, [1, 3]])
    with pytest.raises(BadValue, match="name channels of a latent that has 4"):
        multiply_latent(a, 1.0, "4")
    with pytest.raises(BadValue, match="is nan"):
        add_latents(a, b, float("nan"))


@pytest.mark.parametrize("way", ["slerp", "lerp"])
def test_a_walk_has_both_ends_exactly_and_goes_evenly(way: Any) -> None:
    a, b = drawn(1, 4, 8, 8), drawn(1, 4, 8, 8, seed=1)
    walked = walk_latents(a, b, 5, way).samples
    assert torch.equal(walked[:1], a.samples) and torch.equal(walked[-1:], b.samples)
    assert torch.equal(walked[2:3], blend_latents(a, b, 0.5, way).samples)
    steps = walked.diff(dim=0).flatten(1).norm(dim=1)
    assert torch.allclose(steps, steps[:1].expand(4), rtol=0.1)


def test_an_arc_keeps_the_strength_of_noise() -> None:
    a, b = drawn(1, 4, 32, 32), drawn(1, 4, 32, 32, seed=1)
    assert float(blend_latents(a, b, 0.5, "slerp").samples.std()) == pytest.approx(1, abs=0.03)
    assert float(blend_latents(a, b, 0.5, "lerp").samples.std()) == pytest.approx(0.707, abs=0.03)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0, 1), scale=st.sampled_from([0.0, 1e-4, 1.0, -1.0, 50.0]))
def test_slerp_is_finite_and_its_length_lies_between(seed: int, share: float, scale: float) -> None:
    def one(seed: int) -> Tensor:
        return torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(seed))

    first, second = one(seed), one(seed if scale < 0 else seed + 1) * scale
    made = slerp(first, second, share, (1, 2, 3))
    lengths = sorted([float(first.norm()), float(second.norm())])
    assert made.isfinite().all()
    assert float(made.norm()) <= lengths[1] * 1.001


# ---------------------------------------------------------------- what does not belong together


def test_latents_of_other_models_channels_and_sizes_are_refused_naming_both() -> None:
    a = drawn(1, 4, 4, 4)
    with pytest.raises(BadValue, match=r"latent of SDXL, the other one of Stable Diffusion 1\.x"):
        add_latents(a, drawn(1, 4, 4, 4, space=OTHER))
    with pytest.raises(BadValue, match="latent of Stable Diffusion 3"):
        join_latents(a, drawn(1, 16, 4, 4, space=WIDER))
    with pytest.raises(BadValue, match="16 channels, the other one 4"):
        composite_latents(replace(a, space=None), drawn(1, 16, 4, 4, space=None))
    with pytest.raises(BadValue, match="64 x 32 pixels, the other one 32 x 32"):
        blend_latents(a, drawn(1, 4, 4, 8))
    with pytest.raises(BadValue, match="batch of 2"):
        walk_latents(drawn(2, 4, 4, 4), a)


def test_a_vae_refuses_latents_of_another_model(tiny: Checkpoint, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match=r"Stable Diffusion 3 \(16 channels\).*\(4 channels\)"):
        decode_latent(tiny.vae, drawn(1, 16, 4, 4, space=WIDER), ctx)
    assert decode_latent(tiny.vae, empty_latent(32, 32), ctx).pixels.shape == (1, 32, 32, 3)
