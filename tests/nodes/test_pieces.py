"""Sampling in pieces: schedules, samplers, noise and guiders as nodes of their own, and forward diffusion."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.levels import FlowLevels, NoiseLevels
from nodes.diffusion.samplers import options_of
from nodes.diffusion.schedules import SCHEDULES
from nodes.forward import add_noise, show_noising, show_predictions, spread
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint
from nodes.sampling import check_sampler, sample
from nodes.sampling_custom import (
    Noise,
    choose_sampler,
    guide,
    no_noise,
    noise,
    noise_of_latent,
    sample_pieces,
)
from nodes.schedules import (
    VP,
    Karras,
    Laplace,
    Polyexponential,
    Sigmas,
    align_your_steps,
    curve_schedule,
    cut_sigmas,
    flux2_schedule,
    join_sigmas,
    ltxv_schedule,
    plot_sigmas,
    reverse_sigmas,
    schedule,
    turbo_schedule,
    write_sigmas,
)
from nodes.text import encode_text
from nodes.types import Latent
from tests.nodes.plain import PlainContext

LEVELS = NoiseLevels.scaled_linear()


@pytest.fixture
def texts(tiny: Checkpoint, ctx: PlainContext) -> tuple[Any, Any]:
    return encode_text(tiny.text_encoder, ctx, "a red house"), encode_text(tiny.text_encoder, ctx, "")


def near(found: Tensor, wanted: Tensor, tolerance: float = 1e-5) -> bool:
    return float((found - wanted).norm() / wanted.norm()) < tolerance


# ---------------------------------------------------------------- schedules


def test_a_schedule_is_the_one_the_sampler_node_takes(tiny: Checkpoint, ctx: PlainContext) -> None:
    assert schedule(tiny.model, ctx, "beta", 9).values == SCHEDULES["beta"](LEVELS, 9)
    assert schedule(tiny.model, ctx, "karras", 5, 0.5).values == SCHEDULES["karras"](LEVELS, 10)[-6:]
    assert turbo_schedule(tiny.model, ctx, 2).values[0] == pytest.approx(LEVELS.largest)
    assert turbo_schedule(tiny.model, ctx, 2, denoise=0.0).values == ()


@pytest.mark.parametrize("curve", [Karras(), Polyexponential(), VP(), Laplace()])
def test_a_curve_falls(curve: Any) -> None:
    sigmas = curve_schedule(12, curve)
    sigmas.check("sigmas", is_flow=False)
    assert len(sigmas.values) > 8


def test_published_schedules_have_the_steps_asked_for() -> None:
    for sigmas in (
        align_your_steps("SDXL", 12),
        flux2_schedule(12),
        ltxv_schedule(12),
        ltxv_schedule(12, stretch=False),
    ):
        sigmas.check("sigmas", is_flow=False)
        assert len(sigmas.values) == 13


def test_a_schedule_is_cut_joined_and_turned_round() -> None:
    whole = write_sigmas("[14, 5, 2,\n1 0.5; 0]")
    assert whole.values == (14, 5, 2, 1, 0.5, 0)
    first, second = cut_sigmas(whole, 2)
    assert (first.values, second.values) == ((14, 5, 2), (2, 1, 0.5, 0))
    assert cut_sigmas(whole, 2, from_end=True).second.values == (1, 0.5, 0)
    assert cut_sigmas(whole, 99).first == whole
    assert join_sigmas(first, second) == whole
    assert join_sigmas(first, Sigmas((1.0, 0.0))).values == (14, 5, 2, 1, 0)
    assert reverse_sigmas(first).values == (2, 5, 14)


@pytest.mark.parametrize(
    ("make", "place", "words"),
    [
        (lambda: write_sigmas("1, two, 3"), "text", '"two" is no number'),
        (lambda: write_sigmas("1, nan"), "text", "nan is no noise level"),
        (lambda: write_sigmas("1, -2"), "text", "-2 is no noise level"),
        (lambda: curve_schedule(5, Karras(1.0, 2.0)), "curve.smallest", "not between 0 and 1"),
        (lambda: curve_schedule(0), "steps", "0 steps cannot be sampled"),
        (lambda: plot_sigmas(Sigmas((1.0,))), "sigmas", "no step to draw"),
        (lambda: plot_sigmas(Sigmas((1.0, 0.0)), width=64), "width", "too few for a plot"),
        (lambda: Sigmas((1.0, 1.0, 0.0)).check("sigmas", False), "sigmas", "step 1 leads from 1 to 1"),
        (lambda: Sigmas((14.6, 1.0, 0.0)).check("sigmas", True), "sigmas", "model is a flow"),
        (lambda: check_sampler(FlowLevels(), "moon"), "sampler", "no sampler named moon"),
        (lambda: check_sampler(FlowLevels(), "ddpm"), "sampler", "this model is a flow"),
        (lambda: noise_of_latent(Latent(torch.ones(1, 4, 8, 8))), "latent", "no noise"),
        (lambda: ltxv_schedule(terminal=1.0), "terminal", "cannot be 1"),
    ],
)
def test_what_makes_no_sense_is_said_in_words(make: Any, place: str, words: str) -> None:
    with pytest.raises(BadValue) as caught:
        make()
    assert caught.value.input == place
    assert words in str(caught.value)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_a_plot_shows_the_curve_falling_from_left_to_right(logarithmic: bool) -> None:
    pixels = plot_sigmas(Sigmas((14.0, 7.0, 3.0, 1.0, 0.0)), logarithmic, 400, 240).pixels
    assert pixels.shape == (1, 240, 400, 3)
    blue = (pixels[0, ..., 2] - pixels[0, ..., 0]) > 0.3
    rows = [blue[:, x].nonzero().float().mean() for x in range(80, 370, 20) if blue[:, x].any()]
    assert len(rows) > 10 and all(a < b for a, b in pairwise(rows))


# ---------------------------------------------------------------- sampling


def pieces(tiny: Checkpoint, ctx: PlainContext, texts: Any, **changed: Any) -> Any:
    parts: dict[str, Any] = {
        "guider": guide(tiny.model, texts[0], texts[1], guidance=5.0),
        "sampler": choose_sampler("euler"),
        "sigmas": schedule(tiny.model, ctx, "normal", 3),
        "noise": noise(seed=4),
        "latent": empty_latent(64, 64),
        "ctx": ctx,
    }
    return sample_pieces(**parts | changed)


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m_sde", "euler_cfg_pp"])
def test_pieces_give_what_the_sampler_node_gives(tiny: Checkpoint, ctx: PlainContext, texts: Any, sampler: Any) -> None:
    whole = sample(
        tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, seed=4, steps=3, guidance=5.0, sampler=sampler
    )
    made = pieces(tiny, ctx, texts, sampler=choose_sampler(sampler))
    assert torch.equal(made.latent.samples, whole.samples)
    assert near(made.denoised.samples, whole.samples, 1e-4)


def test_two_parts_of_a_schedule_do_what_the_whole_does(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    sigmas = schedule(tiny.model, ctx, "normal", 4)
    whole = pieces(tiny, ctx, texts, sigmas=sigmas).latent.samples
    first, second = cut_sigmas(sigmas, 2)
    half = pieces(tiny, ctx, texts, sigmas=first)
    assert not near(half.denoised.samples, half.latent.samples, 1e-3)
    assert near(pieces(tiny, ctx, texts, sigmas=second, noise=no_noise(), latent=half.latent).latent.samples, whole)


def test_each_kind_of_noise_makes_a_picture_of_its_own(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    plain = pieces(tiny, ctx, texts).latent.samples
    assert torch.equal(pieces(tiny, ctx, texts, noise=noise(4, variation_seed=5, variation=0.0)).latent.samples, plain)
    assert not near(
        pieces(tiny, ctx, texts, noise=noise(4, variation_seed=5, variation=0.3)).latent.samples, plain, 0.01
    )
    torch.manual_seed(4)
    given = noise_of_latent(Latent(torch.randn(1, 4, 8, 8)), normalise=False)
    assert torch.equal(pieces(tiny, ctx, texts, noise=given).latent.samples, plain)
    batch = pieces(tiny, ctx, texts, noise=noise(3, batch="seed + number"), latent=empty_latent(64, 64, 2))
    assert near(batch.latent.samples[1:], plain, 1e-4)


def test_normalised_noise_has_mean_0_and_variance_1() -> None:
    made = noise_of_latent(Latent(torch.rand(2, 4, 8, 8) * 9 + 3)).given
    assert made is not None
    assert torch.allclose(made.mean((1, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(made.std((1, 2, 3)), torch.ones(2), atol=1e-5)


def test_eta_decides_how_much_fresh_noise_is_added(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    calm = pieces(tiny, ctx, texts, sampler=choose_sampler("euler_ancestral", eta=0.0)).latent.samples
    assert near(calm, pieces(tiny, ctx, texts).latent.samples)
    assert options_of("euler_ancestral", 0.5, 1.1) == {"eta": 0.5, "s_noise": 1.1}
    assert options_of("res_multistep", 1.0, 1.0)["eta"] == 0
    assert options_of("euler", 1.0, 1.0) == {}


def test_noise_of_another_size_is_refused_and_no_steps_change_nothing(
    tiny: Checkpoint, ctx: PlainContext, texts: Any
) -> None:
    small, sigmas = Noise(1, given=torch.randn(1, 4, 4, 4)), Sigmas((3.0, 0.0))
    words = "is 4 x 4 x 4, but the latent is 4 x 8 x 8"
    with pytest.raises(BadValue, match=words):
        pieces(tiny, ctx, texts, noise=small)
    with pytest.raises(BadValue, match=words):
        show_noising(tiny.model, tiny.vae, empty_latent(64, 64), small, sigmas, ctx)
    with pytest.raises(BadValue, match=words):
        show_predictions(
            guide(tiny.model, *texts), choose_sampler("euler"), sigmas, small, empty_latent(64, 64), tiny.vae, ctx
        )
    assert not pieces(tiny, ctx, texts, sigmas=Sigmas(())).latent.samples.any()


# ---------------------------------------------------------------- forward diffusion


def test_noise_is_added_to_the_level_of_a_step(tiny: Checkpoint, ctx: PlainContext) -> None:
    latent = Latent(torch.rand(1, 4, 8, 8) * 9, tiny.model.space)
    made = add_noise(tiny.model, latent, noise(5), Sigmas((3.0, 1.0, 0.0)), ctx, step=1)
    torch.manual_seed(5)
    assert near(made.samples, latent.samples + torch.randn(1, 4, 8, 8) / tiny.model.space.scale)
    assert torch.allclose(
        add_noise(tiny.model, latent, noise(5), Sigmas((3.0, 0.0)), ctx, step=1).samples, latent.samples
    )
    with pytest.raises(BadValue, match="no step 5 among 2 levels"):
        add_noise(tiny.model, latent, noise(5), Sigmas((3.0, 0.0)), ctx, step=5)


def test_a_noised_latent_is_taken_up_where_it_is(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    latent = Latent(torch.rand(1, 4, 8, 8) * 9, tiny.model.space)
    sigmas = schedule(tiny.model, ctx, "normal", 4, denoise=0.5)
    noisy = add_noise(tiny.model, latent, noise(4), sigmas, ctx)
    taken_up = pieces(tiny, ctx, texts, sigmas=sigmas, noise=no_noise(), latent=noisy)
    assert near(taken_up.latent.samples, pieces(tiny, ctx, texts, sigmas=sigmas, latent=latent).latent.samples)


def test_strips_show_as_many_steps_as_asked_for(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    sigmas, latent = schedule(tiny.model, ctx, "normal", 5), Latent(torch.rand(2, 4, 8, 8), tiny.model.space)
    shown = show_noising(tiny.model, tiny.vae, latent, noise(1), sigmas, ctx, pictures=4)
    assert shown.pixels.shape == (1, 64, 4 * 64, 3)
    guider = guide(tiny.model, *texts)
    seen = show_predictions(guider, choose_sampler("euler"), sigmas, noise(1), empty_latent(64, 64), tiny.vae, ctx, 3)
    assert seen.pixels.shape == (1, 64, 3 * 64, 3)


def test_chosen_steps_hold_both_ends() -> None:
    assert spread([0, 1, 2, 3, 4, 5, 6], 3) == [0, 3, 6]
    assert spread([0, 1], 5) == [0, 1]
    assert spread([0, 1, 2], 1) == [2]
