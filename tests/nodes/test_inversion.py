"""From a picture back to its noise, and to the latent that decodes closest to it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.demo.render import render
from nodes.demo.scenes import Scene, Subject
from nodes.diffusion.inversion import invert, project
from nodes.diffusion.levels import FlowLevels, Levels, NoiseLevels
from nodes.diffusion.samplers import SAMPLERS
from nodes.inversion import invert_latent, noise_in, project_image
from nodes.latent import decode_latent, empty_latent, encode_image
from nodes.loaders import Checkpoint
from nodes.sampling import sample
from nodes.sampling_custom import choose_sampler, guide, sample_pieces
from nodes.schedules import schedule
from nodes.text import encode_text
from nodes.types import Image
from tests.nodes.plain import PlainContext


class Gaussian:
    """The exact denoiser of pictures drawn from a normal distribution."""

    def __init__(self, levels: Levels, mean: Tensor, spread: float) -> None:
        self.levels, self.mean, self.spread = levels, mean, spread
        self.unconditional = mean
        self.asked = 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.asked += 1
        kept = self.levels.kept(sigma)
        gain = kept * self.spread**2 / ((kept * self.spread) ** 2 + sigma**2)
        self.unconditional = self.mean + gain * (x - kept * self.mean)
        return self.unconditional


def near(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("levels", [NoiseLevels.scaled_linear(), FlowLevels(3.0)])
def test_ddim_from_the_inverted_noise_gives_the_latent_back(levels: Levels) -> None:
    clean = torch.randn(1, 4, 4, 4)
    model = Gaussian(levels, torch.full((1, 4, 4, 4), 0.5), 1.0)
    last = levels.at(0.9)
    sigmas = [levels.largest * (last / levels.largest) ** (number / 12) for number in range(13)] + [0.0]

    def back(looks: int) -> float:
        *_, inverted = invert(model, clean, sigmas, looks)
        *_, made = SAMPLERS["ddim"](model, inverted.x, sigmas, None)  # type: ignore[arg-type]  # it draws nothing
        return near(made.x, clean)

    assert back(8) <= back(3) < back(1)
    assert back(30) < 0.2


@pytest.mark.parametrize("sigma", [0.5, None])
@pytest.mark.parametrize("levels", [NoiseLevels.scaled_linear(), FlowLevels(3.0)])
def test_the_noise_is_the_one_that_sampling_starts_from(levels: Levels, sigma: float | None) -> None:
    level = sigma or levels.largest
    noisy, clean = torch.randn(2, 1, 4, 3, 3)
    found = noise_in(noisy, clean, levels, level)
    below = torch.zeros_like(clean) if sigma is None else clean
    assert torch.allclose(levels.start(below, found, level), noisy, atol=1e-4)


@pytest.fixture(scope="module")
def drawing() -> Image:
    """A picture as the demo model was trained on."""
    pixels, _ = render(Scene("day", "meadow", "none", (Subject("house", "red", "left"),), seed=5))
    return Image(torch.from_numpy(pixels.copy())[None].float() / 255)


def quality(found: Image, wanted: Image) -> float:
    """The peak signal-to-noise ratio in dB."""
    return -10 * math.log10(float((found.pixels - wanted.pixels).square().mean()))


def test_a_picture_comes_back_from_its_noise_through_both_outputs(
    demo: Checkpoint, ctx: PlainContext, drawing: Image
) -> None:
    """Measured with 20 steps: 47 dB with 5 looks, 33 dB with one."""
    text = encode_text(demo.text_encoder, ctx, "a red house on a meadow by day")
    latent = encode_image(demo.vae, drawing, ctx)
    decoded = decode_latent(demo.vae, latent, ctx)
    inverted = invert_latent(demo.model, text, None, latent, ctx, steps=10)
    assert float(inverted.noise.given.std()) == pytest.approx(1, abs=0.05)  # type: ignore[union-attr]  # it has some
    made = sample(demo.model, text, None, inverted.latent, ctx, steps=10, guidance=1.0, sampler="ddim", add_noise=False)
    assert quality(decode_latent(demo.vae, made, ctx), decoded) > 35
    pieces = guide(demo.model, text, None, 1.0), choose_sampler("ddim"), schedule(demo.model, ctx, "normal", 10)
    second = sample_pieces(*pieces, inverted.noise, empty_latent(128, 128), ctx).latent
    assert near(second.samples, made.samples) < 1e-3


def test_a_picture_inverted_halfway_comes_back_over_itself(demo: Checkpoint, ctx: PlainContext, drawing: Image) -> None:
    text = encode_text(demo.text_encoder, ctx, "a red house on a meadow by day")
    latent = encode_image(demo.vae, drawing, ctx)
    inverted = invert_latent(demo.model, text, None, latent, ctx, steps=4, denoise=0.5)
    pieces = guide(demo.model, text, None, 1.0), choose_sampler("ddim"), schedule(demo.model, ctx, "normal", 4, 0.5)
    made = sample_pieces(*pieces, inverted.noise, latent, ctx).latent
    assert near(made.samples, latent.samples) < 0.1


def test_the_closest_latent_decodes_closer_than_the_encoded_one(
    demo: Checkpoint, ctx: PlainContext, drawing: Image
) -> None:
    """Measured on the whole picture: 30.4 dB encoded, 32.2 dB after 30 steps."""
    part = Image(drawing.pixels[:, 48:96, 16:64])
    encoded, projected = encode_image(demo.vae, part, ctx), project_image(demo.vae, part, ctx, steps=15)
    found = [quality(decode_latent(demo.vae, one, ctx), part) for one in (encoded, projected)]
    assert found[1] > found[0] + 0.5
    assert not projected.samples.requires_grad and projected.space == encoded.space


def test_the_first_try_is_the_encoded_picture_and_each_tells_its_error(tiny: Checkpoint, ctx: PlainContext) -> None:
    image = torch.rand(1, 16, 16, 3, generator=torch.Generator().manual_seed(1))
    tries = list(project(ctx.weights(tiny.vae.recipe), image, 3, 0.05))
    assert len(tries) == 4
    assert torch.equal(tries[0].latent, encode_image(tiny.vae, Image(image), ctx).samples)
    assert all(math.isfinite(each.error) for each in tries) and tries[-1].error < tries[0].error


def test_what_cannot_be_inverted_is_refused(tiny: Checkpoint, ctx: PlainContext) -> None:
    text = encode_text(tiny.text_encoder, ctx, "a red house")
    latent = encode_image(tiny.vae, Image(torch.rand(1, 32, 32, 3)), ctx)
    with pytest.raises(BadValue, match="holds no picture"):
        invert_latent(tiny.model, text, None, empty_latent(32, 32), ctx)
    with pytest.raises(BadValue, match="0 times"):
        invert_latent(tiny.model, text, None, latent, ctx, looks=0)
    with pytest.raises(BadValue, match="rate is nan"):
        project_image(tiny.vae, Image(torch.rand(1, 16, 16, 3)), ctx, rate=float("nan"))
    still = invert_latent(tiny.model, text, None, latent, ctx, denoise=0.0)
    assert torch.equal(still.latent.samples, latent.samples)
