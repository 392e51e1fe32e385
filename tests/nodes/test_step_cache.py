"""The step cache: fewer layers computed, nearly the same picture, and nothing left behind in the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from nodes.api import BadValue
from nodes.diffusion.guidance import Guided
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.noise import Noise
from nodes.diffusion.recipes import read_model
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.schedules import SCHEDULES, choose_sigmas
from nodes.diffusion.step_cache import CachedSteps, Pass, StepCache, cached, moved
from nodes.diffusion.told import Told
from nodes.guidance import perturb_attention
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint
from nodes.sampling import sample
from nodes.speed import cache_steps
from nodes.text import encode_text
from nodes.tiling import tile_model
from nodes.types import Conditioning, Model, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import write_checkpoint

FAMILIES = ["sd1", "sd3", "flux"]
CHANGE = 0.5
"""Transformers with random weights hear each step's time as something else altogether; trained ones take 0.1."""
Make = Callable[[str], tuple[Model, PlainContext]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("step_cache")
    made: dict[str, tuple[Model, PlainContext]] = {}

    def model(family: str) -> tuple[Model, PlainContext]:
        if family not in made:
            path = folder / f"{family}.safetensors"
            if family == "sd1":
                write_checkpoint(path)
            else:
                built = small.sd3_transformer(True) if family == "sd3" else small.flux_transformer(True)
                save_file({name: tensor.contiguous() for name, tensor in built.state_dict().items()}, str(path))
            made[family] = read_model(path), PlainContext()
        return made[family]

    return model


def text(denoiser: Any, seed: int = 1) -> Conditioning:
    torch.manual_seed(seed)
    pooled = torch.randn(1, denoiser.pooled_width) if denoiser.pooled_width else None
    return Conditioning((TextPart(torch.randn(1, 77, denoiser.text_width), pooled),))


def sampled(model: Model, ctx: PlainContext, **options: Any) -> Tensor:
    """9 steps at 64 x 64 pixels."""
    denoiser: Any = ctx.weights(model.recipe)
    given: dict[str, Any] = {"steps": 9, "guidance": 3.0, "seed": 3} | options
    positive, negative = text(denoiser), text(denoiser, 2)
    return sample(model, positive, negative, empty_latent(64, 64, given.pop("batch", 1)), ctx, **given).samples


def network_of(denoiser: Any) -> Any:
    return denoiser.unet if hasattr(denoiser, "unet") else denoiser.model


def deep_layer(denoiser: Any) -> nn.Module:
    """One that a cache leaves out: in a UNet's middle, in the middle of a transformer."""
    if hasattr(denoiser, "unet"):
        layer: nn.Module = denoiser.unet.mid_block.resnets[0].conv1
        return layer
    blocks = denoiser.layers.all
    attention: nn.Module = blocks[len(blocks) // 2].attn
    return attention


@contextmanager
def counted(layer: nn.Module) -> Iterator[list[int]]:
    calls: list[int] = []
    hook = layer.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        yield calls
    finally:
        hook.remove()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_neutral_value_gives_the_same_bits(make: Make, family: str) -> None:
    model, ctx = make(family)
    assert torch.equal(sampled(cache_steps(model, 0.0, 1), ctx), sampled(model, ctx))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sampler", ["euler", "dpm_2", "heun"])
def test_less_is_computed_and_little_changes(make: Make, family: str, sampler: str) -> None:
    model, ctx = make(family)
    deep = deep_layer(ctx.weights(model.recipe))
    with counted(deep) as all_calls:
        whole = sampled(model, ctx, sampler=sampler)
    with counted(deep) as calls:
        found = sampled(cache_steps(model, CHANGE, 3), ctx, sampler=sampler)
    assert 0 < len(calls) <= 0.7 * len(all_calls)
    assert 0 < float((found - whole).norm() / whole.norm()) < 0.1


def test_a_trained_model_draws_nearly_the_same_picture(demo: Checkpoint, ctx: PlainContext) -> None:
    positive, negative = (encode_text(demo.text_encoder, ctx, words) for words in ("a red house on a hill", ""))

    def drawn(model: Model, seed: int = 5) -> Tensor:
        latent = empty_latent(128, 128)
        return sample(model, positive, negative, latent, ctx, seed=seed, steps=15, guidance=4.0).samples

    whole, found, other = drawn(demo.model), drawn(cache_steps(demo.model, every=3)), drawn(demo.model, 6)
    change = float((found - whole).norm())
    assert 0 < change < 0.35 * float((other - whole).norm())  # far nearer than a picture of another seed


@pytest.mark.parametrize("sampler, looks", [("euler", 8), ("heun", 15), ("dpm_2", 15)])
def test_a_unet_is_computed_whole_at_every_nth_noise_level_however_often_a_sampler_looks(
    make: Make, sampler: str, looks: int
) -> None:
    model, ctx = make("sd1")
    denoiser: Any = ctx.weights(model.recipe)
    deep, seen, sigmas = deep_layer(denoiser), list[bool](), list[float]()
    with counted(deep) as calls:
        guide = Guided(denoiser, text(denoiser), None, 1.0, 1, methods=cache_steps(model, every=2).guidance)
        predict = guide.model.predict

        def watched(x: Tensor, sigma: float, told: Told) -> Tensor:
            before = len(calls)
            found = predict(x, sigma, told)
            sigmas.append(sigma)
            seen.append(len(calls) > before)
            return found

        guide.model.predict = watched  # type: ignore[method-assign]
        run(guide, sampler, 8)
    levels = [0]
    for one, two in pairwise(sigmas):
        levels.append(levels[-1] + (one != two))
    assert len(seen) == looks
    assert seen == [level % 2 == 0 for level in levels]


def run(guide: Guided, sampler: str, steps: int) -> None:
    sigmas = choose_sigmas(SCHEDULES["karras"], guide.levels, steps, 1.0, False)
    noise = Noise(1, torch.Size((1, 4, 8, 8)), "cpu")
    for _ in SAMPLERS[sampler](guide, noise.start * sigmas[0], sigmas, noise):
        pass


@pytest.mark.parametrize("family", FAMILIES)
def test_every_run_starts_afresh(make: Make, family: str) -> None:
    model, ctx = make(family)
    lossy = cache_steps(model, CHANGE, 3)
    first = sampled(lossy, ctx)
    sampled(lossy, ctx, seed=8)
    assert torch.equal(sampled(lossy, ctx), first)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_as_they_were_even_after_a_failure(
    make: Make, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ctx = make(family)
    denoiser: Any = ctx.weights(model.recipe)
    whole = sampled(model, ctx)
    sampled(cache_steps(model, CHANGE, 3), ctx)
    with pytest.raises(ZeroDivisionError), monkeypatch.context() as patch:
        patch.setattr(deep_layer(denoiser), "forward", lambda *_, **__: 1 / 0)
        sampled(cache_steps(model, CHANGE, 3), ctx)
    assert [name for name, module in network_of(denoiser).named_modules() if "forward" in vars(module)] == []
    assert torch.equal(sampled(model, ctx), whole)


@pytest.mark.parametrize("family", FAMILIES)
def test_where_rows_are_weakened_everything_is_computed(make: Make, family: str) -> None:
    model, ctx = make(family)
    weakened = perturb_attention(model, 2.0, "1")
    assert torch.equal(sampled(cache_steps(weakened, CHANGE, 3), ctx), sampled(weakened, ctx))


def test_where_a_control_steers_everything_is_computed() -> None:
    """From its first to its last noise level; no memory is carried over that time."""
    levels = NoiseLevels.scaled_linear()
    passes: list[Pass] = []

    class Watched:
        def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
            return x

    def through(now: Pass) -> list[Any]:
        passes.append(now)
        now.deep = torch.zeros(1)
        return []

    model: Any = Watched()
    model.levels = levels
    steered: Any = SimpleNamespace(control=SimpleNamespace(start=0.4, end=0.6))
    told = Told(torch.zeros(1, 77, 8), steered=(steered,))
    steps = CachedSteps(model, through, every=100)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        steps.predict(torch.zeros(1, 4, 8, 8), levels.at(share), told)
    assert [now.before is None for now in passes] == [True, False, True, False]


def test_each_layout_of_rows_has_a_memory_of_its_own(make: Make) -> None:
    """What looks at tiles asks several times at a noise level, for other parts of the picture."""
    model, ctx = make("sd1")
    plain: Any = ctx.weights(model.recipe)
    tolds = [Told(torch.randn(1, 77, plain.text_width)) for _ in range(2)]
    parts = [torch.randn(1, 4, 8, 8) for _ in range(2)]

    class Through:
        """Looks at two parts, one after the other."""

        levels = plain.levels

        def __init__(self, inner: Any) -> None:
            self.model = inner

        def predict(self, x: Tensor, sigma: float, told: Any) -> Tensor:
            both = [self.model.predict(part * sigma, sigma, one) for part, one in zip(parts, tolds, strict=True)]
            return torch.cat(both)

    together: Any = cached(Through(plain), StepCache(0.0, 2))  # type: ignore[type-var]
    alone: list[Any] = [cached(plain, StepCache(0.0, 2)) for _ in tolds]
    for sigma in (5.0, 3.0, 2.0):
        found = together.predict(parts[0], sigma, tolds[0])
        pairs = zip(alone, parts, tolds, strict=True)
        wanted = torch.cat([one.predict(part * sigma, sigma, told) for one, part, told in pairs])
        assert torch.equal(found, wanted)


def test_a_model_that_looks_at_tiles_skips_in_each_of_them(make: Make) -> None:
    model, ctx = make("sd1")
    denoiser: Any = ctx.weights(model.recipe)
    tiled = tile_model(model, 128, 32)

    def wide(model: Model) -> tuple[Tensor, int]:
        """Two tiles, six steps."""
        with counted(deep_layer(denoiser)) as calls:
            latent = empty_latent(192, 128)
            made = sample(model, text(denoiser), None, latent, ctx, steps=6, guidance=1.0, seed=3).samples
        return made, len(calls)

    (whole, all_calls), (found, calls) = wide(tiled), wide(cache_steps(tiled, every=3))
    assert (all_calls, calls) == (2 * 6, 2 * 2)
    assert float((found - whole).norm() / whole.norm()) < 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_picture_in_a_batch_is_computed_no_less_than_alone(make: Make, family: str) -> None:
    model, ctx = make(family)
    lossy = cache_steps(model, CHANGE, 3)
    both, alone = sampled(lossy, ctx, batch=2), sampled(lossy, ctx)
    if family == "sd1":  # which layers are left out does not hang on the picture
        assert float((both[:1] - alone).norm() / alone.norm()) < 1e-5
    assert float((both[:1] - sampled(model, ctx)).norm() / alone.norm()) < 0.1


def test_the_row_that_changed_most_decides() -> None:
    before = torch.ones(3, 4, 5)
    now = before.clone()
    now[2] += 0.3
    assert moved(now, before) == pytest.approx(0.3)
    assert moved(before, before) == 0


def test_layers_that_wait_elsewhere_are_not_left_out() -> None:
    model: Any = SimpleNamespace(unet=nn.Linear(1, 1, device="meta"), device="cpu")
    assert cached(model, StepCache(0.5, 9)) is model


def test_the_last_node_counts(tiny: Checkpoint) -> None:
    model = cache_steps(cache_steps(tiny.model, 0.3, 4), 0.1, 2)
    assert model.guidance == (StepCache(0.1, 2),)
    assert replace(model, guidance=()) == tiny.model


@pytest.mark.parametrize("values, input", [((-0.1, 3), "change"), ((float("nan"), 3), "change"), ((0.1, 0), "every")])
def test_values_without_sense_are_refused(tiny: Checkpoint, values: tuple[float, int], input: str) -> None:
    with pytest.raises(BadValue) as error:
        cache_steps(tiny.model, *values)
    assert error.value.input == input
