"""Guidance: each method changes the picture, is plain guidance at its neutral value, and stacks with the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.guidance import (
    Dual,
    Guided,
    Interval,
    Method,
    PerpendicularNegative,
    PerturbedAttention,
    Projected,
    Rescale,
    SigmaInterval,
    SkippedLayers,
    ZeroStar,
    ZeroStart,
)
from nodes.diffusion.guidance.texts import perpendicular
from nodes.diffusion.levels import FlowLevels, Levels, NoiseLevels
from nodes.diffusion.samplers import READ_UNCONDITIONAL
from nodes.diffusion.told import Told
from nodes.diffusion.weaken import Layers, Weakening
from nodes.forward import show_predictions
from nodes.guidance import (
    NoiseLevel,
    Share,
    cfg_zero_star,
    dual_guidance,
    limit_guidance,
    perpendicular_negative,
    perturb_attention,
    project_guidance,
    rescale_guidance,
    skip_layers,
)
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint, load_checkpoint, load_model
from nodes.sampling import sample
from nodes.sampling_custom import choose_sampler, guide, noise, sample_pieces
from nodes.sampling_diffusers import sample_with_diffusers
from nodes.schedules import schedule
from nodes.types import Beside, Conditioning, Model, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext

GUIDERS: Any = import_module("diffusers.guiders")
PROCESSORS: Any = import_module("diffusers.models.attention_processor")
GUIDANCE = 6.0


@dataclass(frozen=True)
class Texts:
    positive: Conditioning
    negative: Conditioning
    third: Conditioning


@dataclass(frozen=True)
class Kind:
    """A method as a node: a value that changes nothing, and a usual one."""

    neutral: Callable[[Model, Texts], Model]
    usual: Callable[[Model, Texts], Model]


KINDS: dict[str, Kind] = {
    "rescale": Kind(lambda m, t: rescale_guidance(m, 0.0), lambda m, t: rescale_guidance(m, 0.7)),
    "interval": Kind(
        lambda m, t: limit_guidance(m, Share(0.0, 1.0)), lambda m, t: limit_guidance(m, Share(0.2, 0.8))
    ),
    "interval by noise": Kind(
        lambda m, t: limit_guidance(m, NoiseLevel(0.0, 10_000.0)), lambda m, t: limit_guidance(m, NoiseLevel(0.3, 0.95))
    ),
    "apg": Kind(lambda m, t: project_guidance(m, 1.0, 0.0, 0.0), lambda m, t: project_guidance(m, 0.0, 2.0, -0.5)),
    "pag": Kind(lambda m, t: perturb_attention(m, 0.0), lambda m, t: perturb_attention(m, 3.0, "0, 1")),
    "slg": Kind(lambda m, t: skip_layers(m, 0.0, "1", 0, 1), lambda m, t: skip_layers(m, 2.8, "1", 0, 1)),
    "zero star": Kind(lambda m, t: cfg_zero_star(m, 0.0, 0.0), lambda m, t: cfg_zero_star(m, 1.0, 0.0)),
    "zero start": Kind(lambda m, t: cfg_zero_star(m, 0.0, 0.0), lambda m, t: cfg_zero_star(m, 0.0, 0.04)),
    "dual": Kind(lambda m, t: dual_guidance(m, t.third, GUIDANCE), lambda m, t: dual_guidance(m, t.third, 1.5)),
    "perp-neg": Kind(
        # Against the empty text: here the negative one is empty.
        lambda m, t: perpendicular_negative(m, t.negative, 0.0), lambda m, t: perpendicular_negative(m, t.third, 1.0)
    ),
}  # fmt: skip
# diffusers hands tensors to numpy in ways that newer numpy dislikes.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


# ---------------------------------------------------------------- models


@pytest.fixture(scope="module")
def models(tiny_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """One of each: noise, v, and two flows."""
    folder = tmp_path_factory.mktemp("guidance")
    flows = {"sd3": small.sd3(newer=True), "flux": small.flux()}
    made = {name: load_model(one.write(folder / f"{name}.safetensors")) for name, one in flows.items()}
    made |= {"eps": load_checkpoint(tiny_file).model, "v": load_checkpoint(tiny_file, prediction="v").model}
    return made


@pytest.fixture(scope="module")
def plains(models: dict[str, Model], loaded: dict[object, object]) -> Callable[..., Tensor]:
    """What plain guidance makes, by family, sampled once for each sampler."""
    ctx = PlainContext(loaded=loaded)

    @cache
    def plain(family: str, sampler: str = "euler") -> Tensor:
        return run(models[family], texts_for(models[family], ctx), ctx, sampler=sampler)

    return plain


@pytest.fixture(scope="module")
def plainly_wrapped(models: dict[str, Model], loaded: dict[object, object]) -> Tensor:
    ctx = PlainContext(loaded=loaded)
    return wrapped(models["eps"], texts_for(models["eps"], ctx), ctx)


FAMILIES = pytest.mark.parametrize("family", ["eps", "v", "sd3", "flux"])


def texts_for(model: Model, ctx: PlainContext, parts: int = 1) -> Texts:
    denoiser = ctx.weights(model.recipe)
    torch.manual_seed(1)

    def text(strength: float) -> Conditioning:
        pooled = torch.randn(1, denoiser.pooled_width) if denoiser.pooled_width else None
        said = (torch.randn(1, 7, denoiser.text_width) for _ in range(parts))
        return Conditioning(tuple(TextPart(one * strength, pooled, strength=1.0 + n) for n, one in enumerate(said)))

    return Texts(text(1.0), text(0.3), text(0.6))


def run(model: Model, texts: Texts, ctx: PlainContext, batch: int = 1, **options: Any) -> Tensor:
    inputs: dict[str, Any] = {"seed": 3, "steps": 2, "guidance": GUIDANCE, "negative": texts.negative} | options
    return sample(model, texts.positive, latent=empty_latent(32, 32, batch), ctx=ctx, **inputs).samples


def wrapped(model: Model, texts: Texts, ctx: PlainContext) -> Tensor:
    start = empty_latent(32, 32)
    return sample_with_diffusers(model, texts.positive, texts.negative, start, ctx, seed=3, steps=2).samples


def distance(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


# ---------------------------------------------------------------- what holds for every method


@FAMILIES
@EACH
def test_a_method_is_plain_guidance_at_its_neutral_value_and_changes_the_picture_at_a_usual_one(
    kind: Kind, family: str, models: dict[str, Model], plains: Callable[..., Tensor], ctx: PlainContext
) -> None:
    model = models[family]
    texts = texts_for(model, ctx)
    assert distance(run(kind.neutral(model, texts), texts, ctx), plains(family)) <= 1e-6
    made = run(kind.usual(model, texts), texts, ctx)
    assert made.isfinite().all()
    assert distance(made, plains(family)) > 1e-3


@EACH
def test_pieces_and_wrapped_schedulers_honour_it_too(
    kind: Kind, models: dict[str, Model], plainly_wrapped: Tensor, ctx: PlainContext
) -> None:
    texts = texts_for(models["eps"], ctx)
    model = kind.usual(models["eps"], texts)
    guider = guide(model, texts.positive, texts.negative, GUIDANCE)
    sigmas, start = schedule(model, ctx, "normal", 2), empty_latent(32, 32)
    made = sample_pieces(guider, choose_sampler("euler"), sigmas, noise(3), start, ctx)
    assert torch.equal(made.latent.samples, run(model, texts, ctx))
    assert distance(wrapped(model, texts, ctx), plainly_wrapped) > 1e-3


@EACH
def test_each_image_of_a_batch_and_each_part_of_a_text_goes_its_own_way(
    kind: Kind, models: dict[str, Model], ctx: PlainContext
) -> None:
    texts = texts_for(models["eps"], ctx, parts=2)
    model = kind.usual(models["eps"], texts)
    single, batch = run(model, texts, ctx), run(model, texts, ctx, batch=2)
    assert distance(batch[:1], single) < 1e-4
    assert distance(batch[1:2], single) > 0.1


@EACH
@pytest.mark.parametrize("sampler", [min(READ_UNCONDITIONAL), "heun"])
def test_samplers_that_read_the_negative_text_or_look_twice_work_with_it(
    kind: Kind, sampler: Any, models: dict[str, Model], plains: Callable[..., Tensor], ctx: PlainContext
) -> None:
    texts = texts_for(models["eps"], ctx)
    made = run(kind.usual(models["eps"], texts), texts, ctx, sampler=sampler)
    assert made.isfinite().all() and distance(made, plains("eps", sampler)) > 1e-4


def test_all_of_them_stack_and_the_order_of_the_nodes_does_not_matter(
    models: dict[str, Model], ctx: PlainContext
) -> None:
    texts = texts_for(models["sd3"], ctx)
    # Two ways to join texts: the later one has the last word. Two intervals: the narrower one.
    names = [name for name in KINDS if name not in ("dual", "interval by noise")]
    forth = back = models["sd3"]
    for name in names:
        forth = KINDS[name].usual(forth, texts)
    for name in reversed(names):
        back = KINDS[name].usual(back, texts)
    assert len(forth.guidance) == len(names) + 2  # CFG-Zero* is two methods
    made = run(forth, texts, ctx, steps=5)
    assert made.isfinite().all()
    assert distance(run(back, texts, ctx, steps=5), made) < 1e-5
    for name in names:
        others = models["sd3"]
        for other in names:
            others = KINDS[other].usual(others, texts) if other != name else others
        assert distance(run(others, texts, ctx, steps=5), made) > 1e-5, f"{name} is lost among the others"


def test_a_strip_of_predictions_is_guided_so_as_well(tiny: Checkpoint, ctx: PlainContext) -> None:
    texts = texts_for(tiny.model, ctx)

    def strip(model: Model) -> Tensor:
        guider = guide(model, texts.positive, texts.negative, GUIDANCE)
        sigmas = schedule(model, ctx, "normal", 2)
        return show_predictions(guider, choose_sampler("euler"), sigmas, noise(1), empty_latent(32, 32), tiny.vae,
                                ctx, 2).pixels  # fmt: skip

    assert not torch.equal(strip(perturb_attention(tiny.model)), strip(tiny.model))


# ---------------------------------------------------------------- one look, in numbers


class Painter:
    """A denoiser that sees what the text says: its numbers are the picture. A weakened row sees half of it."""

    text_width, pooled_width, masks_text, device = 4 * 6 * 6, 0, False, "cpu"
    beside_channels = longest_edge = 0
    layers = Layers((None,) * 4, (1, 2))

    def __init__(self, levels: Levels | None = None) -> None:
        self.levels: Levels = levels or NoiseLevels.scaled_linear()
        self.asked: list[Told] = []

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        self.asked.append(told)
        seen = told.tokens[:, 0].reshape(len(x), 4, 6, 6).clone()
        for rows, _ in told.weakened:
            seen[rows] /= 2
        return seen


torch.manual_seed(5)
X, POSITIVE, NEGATIVE, THIRD = (torch.randn(2, 4, 6, 6) + bias for bias in (0.0, 0.5, 0.2, -0.1))
FLOW = FlowLevels(3.0)


def text_of(picture: Tensor) -> Conditioning:
    return Conditioning((TextPart(picture.flatten(1)[:, None]),))


def look(
    *methods: Method, guidance: float = 4.0, negative: Tensor | None = NEGATIVE, sigma: float = 0.8,
    model: Painter | None = None, both: bool = False,
) -> Tensor:  # fmt: skip
    texts = text_of(POSITIVE), None if negative is None else text_of(negative)
    return Guided(model or Painter(), *texts, guidance, 2, both, methods)(X, sigma)


PLAIN = NEGATIVE + (POSITIVE - NEGATIVE) * 4.0


def close(found: Tensor, wanted: Tensor) -> bool:
    return torch.allclose(found, wanted, atol=2e-5, rtol=1e-5)


def test_everything_is_asked_in_one_forward() -> None:
    model = Painter()
    methods = Dual(text_of(THIRD), 1.5), PerturbedAttention(3.0), SkippedLayers(2.8, (0,))
    look(*methods, model=model)
    [told] = model.asked
    assert len(told.tokens) == 2 * 5
    ways = [weakening for _, weakening in told.weakened]
    assert ways == [Weakening("perturb", (1, 2)), Weakening("skip", (0,))]
    assert [told.tokens[rows].shape[0] for rows, _ in told.weakened] == [2, 2]


@pytest.mark.parametrize(
    "method",
    [
        lambda off: Rescale(off), lambda off: Projected(1.0 - off, 0.0, 0.0), lambda off: Projected(1.0, 0.0, off),
        lambda off: ZeroStar(off), lambda off: PerturbedAttention(off), lambda off: SkippedLayers(off),
        lambda off: Dual(text_of(THIRD), 4.0 + off), lambda off: PerpendicularNegative(text_of(NEGATIVE), off),
    ],
)  # fmt: skip
def test_a_little_beside_the_neutral_value_is_a_little_beside_plain_guidance(method: Any) -> None:
    assert distance(look(method(1e-4)), PLAIN) < 1e-3
    assert close(look(method(0.0)), PLAIN)


@pytest.mark.parametrize("levels", [NoiseLevels.scaled_linear(), FLOW])
def test_rescaled_guidance_has_the_deviation_of_the_positive_velocity(levels: Levels) -> None:
    def velocity(clean: Tensor) -> Tensor:
        spread = math.sqrt(1 + 0.8**2)
        return (X - clean) / 0.8 if levels.is_flow else (X / spread**2 - clean) * spread / 0.8

    for strength in (0.7, 1.0):
        guider = GUIDERS.ClassifierFreeGuidance(guidance_scale=4.0, guidance_rescale=strength)
        wanted = guider.forward(velocity(POSITIVE), velocity(NEGATIVE)).pred
        assert close(velocity(look(Rescale(strength), model=Painter(levels))), wanted)
    assert close(wanted.std((1, 2, 3)), velocity(POSITIVE).std((1, 2, 3)))


@pytest.mark.parametrize(("parallel", "longest", "momentum"), [(0.0, 15.0, -0.5), (0.3, 5.0, 0.5), (1.0, 2.0, 0.0)])
def test_projected_guidance_is_that_of_diffusers_over_several_looks(
    parallel: float, longest: float, momentum: float
) -> None:
    guider = GUIDERS.AdaptiveProjectedGuidance(
        guidance_scale=3.0, adaptive_projected_guidance_momentum=momentum, eta=parallel,
        adaptive_projected_guidance_rescale=longest, use_original_formulation=True,
    )  # fmt: skip
    guider._step = 0
    guider.momentum_buffer = GUIDERS.adaptive_projected_guidance.MomentumBuffer(momentum)
    method = Projected(parallel, longest, momentum)
    guided = Guided(Painter(), text_of(POSITIVE), text_of(NEGATIVE), 4.0, 2, methods=[method])
    for sigma in (2.0, 1.0, 0.5):
        assert close(guided(X, sigma), guider.forward(POSITIVE, NEGATIVE).pred)


def test_without_its_parallel_part_guidance_does_not_lengthen_the_prediction() -> None:
    way = look(Projected(0.0, 0.0, 0.0)) - POSITIVE
    assert torch.allclose((way * POSITIVE).sum((1, 2, 3)), torch.zeros(2), atol=1e-3)
    assert torch.allclose((look(Projected(1.0, 0.5, 0.0)) - POSITIVE).flatten(1).norm(dim=1), torch.full((2,), 1.5))


def test_the_optimised_scale_is_that_of_diffusers() -> None:
    guider = GUIDERS.ClassifierFreeZeroStarGuidance(guidance_scale=4.0, zero_init_steps=0)
    guider._step = 0
    wanted = guider.forward((X - POSITIVE) / 0.8, (X - NEGATIVE) / 0.8).pred
    assert close((X - look(ZeroStar(), model=Painter(FLOW))) / 0.8, wanted)


def test_the_first_steps_do_not_move_a_flow_and_keep_the_scale_of_noise() -> None:
    start = ZeroStart(0.04)
    assert torch.equal(look(start, sigma=1.0, model=Painter(FLOW)), X)
    assert close(look(start, sigma=14.0), X / 197)
    for sigma, model in ((FLOW.at(0.05), Painter(FLOW)), (NoiseLevels.scaled_linear().at(0.05), Painter())):
        assert close(look(start, sigma=sigma, model=model), PLAIN)


@pytest.mark.parametrize("method", [PerturbedAttention(3.0), SkippedLayers(3.0)])
def test_a_weaker_model_is_led_away_from_with_and_without_a_negative_text(method: Method) -> None:
    for guider in (
        GUIDERS.PerturbedAttentionGuidance(4.0, perturbed_guidance_scale=3.0, perturbed_guidance_layers=[0]),
        GUIDERS.SkipLayerGuidance(4.0, skip_layer_guidance_scale=3.0, skip_layer_guidance_layers=[0]),
    ):
        assert close(look(method), guider.forward(POSITIVE, NEGATIVE, POSITIVE / 2).pred)
    for alone in (look(method, guidance=1.0), look(method, negative=None)):
        assert close(alone, POSITIVE + (POSITIVE - POSITIVE / 2) * 3.0)


def test_a_weaker_model_is_asked_in_its_part_of_the_run_only() -> None:
    model = Painter(FLOW)
    for share, rows in ((0.1, 4), (0.3, 6), (0.7, 4)):
        look(PerturbedAttention(3.0, start=0.2, end=0.6), sigma=FLOW.at(share), model=model)
        assert len(model.asked[-1].tokens) == rows


def test_dual_guidance_takes_two_strengths() -> None:
    dual = Dual(text_of(THIRD), 1.5)
    assert close(look(dual), NEGATIVE + 1.5 * (THIRD - NEGATIVE) + 4.0 * (POSITIVE - THIRD))
    assert close(look(dual, guidance=1.0), NEGATIVE + 1.5 * (THIRD - NEGATIVE) + (POSITIVE - THIRD))
    plain = THIRD + 4.0 * (POSITIVE - THIRD)
    assert close(look(replace(dual, nested=True)), NEGATIVE + 1.5 * (plain - NEGATIVE))
    assert close(look(dual, negative=None), plain)
    assert close(look(replace(dual, guidance=4.0), negative=None), plain)


def test_a_perpendicular_negative_takes_nothing_away_from_the_positive_text() -> None:
    empty = text_of(THIRD)
    avoided = (look(PerpendicularNegative(empty, 0.0)) - look(PerpendicularNegative(empty, 1.0))) / 4.0
    assert close(avoided, perpendicular(NEGATIVE - THIRD, POSITIVE - THIRD))
    assert torch.allclose((avoided * (POSITIVE - THIRD)).sum((1, 2, 3)), torch.zeros(2), atol=1e-3)
    against_empty = THIRD + 4.0 * (POSITIVE - THIRD)
    assert close(look(PerpendicularNegative(empty, 0.0)), against_empty)
    assert close(look(PerpendicularNegative(empty, 1.0), negative=None), against_empty)
    # The positive text said again is nothing to avoid.
    assert close(look(PerpendicularNegative(empty, 1.0), negative=POSITIVE), against_empty)


@pytest.mark.parametrize("method", [Interval(0.2, 0.6), SigmaInterval(FLOW.at(0.6), FLOW.at(0.2))])
def test_outside_an_interval_only_the_positive_text_is_asked(method: Method) -> None:
    model = Painter(FLOW)
    dual = Dual(text_of(THIRD), 1.5)
    for share, texts in ((0.1, 1), (0.3, 3), (0.7, 1)):
        made = look(method, dual, sigma=FLOW.at(share), model=model)
        assert len(model.asked[-1].tokens) == 2 * texts
        assert torch.equal(made, POSITIVE) == (texts == 1)
    guided = Guided(model, text_of(POSITIVE), text_of(NEGATIVE), 4.0, 2, True, [method])
    assert close(guided(X, FLOW.at(0.1)), POSITIVE)
    assert torch.equal(guided.unconditional, NEGATIVE)


ONE_OF_EACH: list[Method] = [
    Rescale(0.7), Interval(0.0, 0.99), Projected(0.0, 2.0, -0.5), ZeroStar(), ZeroStart(0.01), SkippedLayers(2.8),
    PerturbedAttention(3.0), Dual(text_of(THIRD), 1.5), PerpendicularNegative(text_of(THIRD), 1.0),
]  # fmt: skip


@pytest.mark.parametrize("method", ONE_OF_EACH, ids=lambda method: type(method).__name__)
def test_what_the_negative_text_alone_saw_stays_known(method: Method) -> None:
    guided = Guided(Painter(), text_of(POSITIVE), text_of(NEGATIVE), 4.0, 2, True, [method])
    guided(X, 0.8)
    assert torch.equal(guided.unconditional, NEGATIVE)


def test_a_text_that_shows_a_picture_is_refused_by_a_model_that_sees_none() -> None:
    shown = Conditioning(tuple(replace(part, beside=Beside(X)) for part in text_of(THIRD).parts))
    unfit = Dual(shown, 1.5).misfit(Painter(), X.shape)
    assert unfit is not None and "the model looks at the noise alone" in unfit.problem


@pytest.mark.parametrize("method", ONE_OF_EACH[:5], ids=lambda method: type(method).__name__)
def test_what_changes_guidance_by_texts_changes_nothing_where_there_is_none(method: Method) -> None:
    assert close(look(method, guidance=1.0), POSITIVE)
    assert close(look(method, negative=None), POSITIVE)


# ---------------------------------------------------------------- weaker models against diffusers


def forward(model: Any, told: Told, rows: int = 3) -> Tensor:
    torch.manual_seed(6)
    channels = 4 if hasattr(model, "unet") else 16
    found: Tensor = model.predict(torch.randn(1, channels, 8, 8).repeat(rows, 1, 1, 1), 0.7, told)
    return found


def told_for(model: Any, *weakened: Weakening, rows: int = 3) -> Told:
    torch.manual_seed(7)
    pooled = torch.randn(1, model.pooled_width).repeat(rows, 1) if model.pooled_width else None
    said = torch.randn(1, 9, model.text_width).repeat(rows, 1, 1)
    return Told(said, pooled=pooled, weakened=tuple((slice(n + 1, n + 2), one) for n, one in enumerate(weakened)))


@FAMILIES
def test_weakened_rows_differ_from_the_others_and_from_each_other(
    family: str, models: dict[str, Model], ctx: PlainContext
) -> None:
    model = ctx.weights(models[family].recipe)
    plain = forward(model, told_for(model))
    last = len(model.layers.all) - 1
    for layers in ((0,), (last,), (0, last)):
        mixed = forward(model, told_for(model, Weakening("skip", layers), Weakening("perturb", layers)))
        assert distance(mixed[:1], plain[:1]) < 1e-6
        assert distance(mixed[1:2], plain[1:2]) > 1e-5
        assert distance(mixed[2:], plain[2:]) > 1e-5
        assert distance(mixed[1:2], mixed[2:]) > 1e-5
    assert torch.equal(forward(model, told_for(model)), plain), "nothing is left of it"


def test_layers_of_a_transformer_are_left_out_as_diffusers_leaves_them_out(
    models: dict[str, Model], ctx: PlainContext
) -> None:
    model = ctx.weights(models["sd3"].recipe)
    found = forward(model, told_for(model, Weakening("skip", (1,))))[1:2]
    whole = model.model.forward
    model.model.forward = lambda *args, **options: whole(*args, skip_layers=[1], **options)
    try:
        wanted = forward(model, told_for(model))[1:2]
    finally:
        model.model.forward = whole
    assert distance(found, wanted) < 1e-5


def test_a_unet_s_perturbed_attention_is_that_of_diffusers(models: dict[str, Model], ctx: PlainContext) -> None:
    model = ctx.weights(models["eps"].recipe)
    middle = model.layers.middle
    assert [model.layers.all[n] for n in middle] == list(model.unet.mid_block.attentions[0].transformer_blocks)
    found = forward(model, told_for(model, Weakening("perturb", middle), rows=2), 2)
    perturbed_as_in_diffusers(
        [model.layers.all[n].attn1 for n in middle], PROCESSORS.PAGIdentitySelfAttnProcessor2_0(),
        lambda: forward(model, told_for(model, rows=2), 2), found,
    )  # fmt: skip


def test_a_transformer_s_perturbed_attention_is_that_of_diffusers(tmp_path: Path, ctx: PlainContext) -> None:
    model = ctx.weights(load_model(small.sd3().write(tmp_path / "sd3.safetensors")).recipe)
    found = forward(model, told_for(model, Weakening("perturb", (0, 2)), rows=2), 2)
    perturbed_as_in_diffusers(
        [model.layers.all[n].attn for n in (0, 2)], PROCESSORS.PAGJointAttnProcessor2_0(),
        lambda: forward(model, told_for(model, rows=2), 2), found,
    )  # fmt: skip


def perturbed_as_in_diffusers(attentions: list[Any], processor: Any, call: Callable[[], Tensor], found: Tensor) -> None:
    """diffusers' processors perturb the second half of a batch."""
    before = [attention.processor for attention in attentions]
    for attention in attentions:
        attention.processor = processor
    try:
        assert distance(found, call()) < 1e-5
    finally:
        for attention, old in zip(attentions, before, strict=True):
            attention.processor = old


def test_texts_of_different_length_stay_masked_in_a_weakened_row(models: dict[str, Model], ctx: PlainContext) -> None:
    for family in ("sd3", "flux"):
        model = ctx.weights(models[family].recipe)
        told = told_for(model, Weakening("perturb", (0, 1, 2)), rows=2)
        mask = torch.ones(2, 9, dtype=torch.bool)
        mask[:, 5:] = False
        longer = replace(told, tokens=told.tokens.index_fill(1, torch.arange(5, 9), 9.0), mask=mask)
        short = replace(told, tokens=told.tokens[:, :5])
        assert distance(forward(model, longer, 2), forward(model, short, 2)) < 1e-5


def test_a_model_is_whole_again_after_a_forward_that_failed(models: dict[str, Model], ctx: PlainContext) -> None:
    model = ctx.weights(models["eps"].recipe)
    plain = forward(model, told_for(model))
    broken = replace(told_for(model, Weakening("skip", (0,))), tokens=torch.zeros(3, 9, 5))
    with pytest.raises(RuntimeError):
        forward(model, broken)
    assert torch.equal(forward(model, told_for(model)), plain)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "place", "words"),
    [
        (lambda m, t: rescale_guidance(m, math.nan), "strength", "Strength is nan"),
        (lambda m, t: rescale_guidance(m, 1.5), "strength", "from 0 to 1"),
        (lambda m, t: limit_guidance(m, Share(0.8, 0.2)), "where", "ends at 0.2 but starts at 0.8"),
        (lambda m, t: limit_guidance(m, NoiseLevel(5.0, math.nan)), "where", "Make high larger than low"),
        (lambda m, t: project_guidance(m, momentum=-1.0), "momentum", "Momentum is -1"),
        (lambda m, t: project_guidance(m, longest=math.inf), "longest", "0 or more"),
        (lambda m, t: perturb_attention(m, layers="1, two"), "layers", '"two" is no number of a layer'),
        (lambda m, t: skip_layers(m, layers="-1"), "layers", '"-1" is no number'),
        (lambda m, t: skip_layers(m, start=0.5, end=0.5), "end", "Make end larger than start"),
        (lambda m, t: cfg_zero_star(m, zero_start=0.9), "zero_start", "from 0 to 0.5"),
        (lambda m, t: dual_guidance(m, t.third, math.inf), "guidance", "inf"),
        (lambda m, t: perpendicular_negative(m, t.third, -1.0), "strength", "-1"),
        (lambda m, t: skip_layers(m, layers="7, 8, 11"), "model", "Layer 11 is to be weakened, but the model has 11"),
        (lambda m, t: perturb_attention(m, layers="40"), "model", "Use 0 to"),
        (
            lambda m, t: dual_guidance(m, Conditioning((TextPart(torch.zeros(1, 7, 768)),))),
            "model",
            "encoded 768 wide, but the model reads 128",
        ),
    ],
)
def test_what_makes_no_sense_is_said_in_words_before_sampling(
    make: Any, place: str, words: str, tiny: Checkpoint, ctx: PlainContext
) -> None:
    texts = texts_for(tiny.model, ctx)
    with pytest.raises(BadValue) as caught:
        run(make(tiny.model, texts), texts, ctx)
    assert caught.value.input == place
    assert words in str(caught.value)
    assert ctx.steps == 0


def test_a_guider_tells_of_it_at_its_own_input_and_strange_models_are_refused(
    tiny: Checkpoint, ctx: PlainContext
) -> None:
    texts = texts_for(tiny.model, ctx)
    guider = guide(skip_layers(tiny.model, layers="99"), texts.positive, texts.negative)
    sigmas = schedule(tiny.model, ctx, "normal", 2)
    with pytest.raises(BadValue, match="Layer 99") as caught:
        sample_pieces(guider, choose_sampler("euler"), sigmas, noise(3), empty_latent(32, 32), ctx)
    assert caught.value.input == "guider"

    class Plain:
        """A denoiser of a pack, that shows no layers."""

        text_width, pooled_width, masks_text, device = 4, 0, False, "cpu"
        beside_channels = longest_edge = 0
        levels = NoiseLevels.scaled_linear()

        def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
            return x

    unfit = PerturbedAttention(3.0).misfit(Plain(), (1, 4, 8, 8))
    assert unfit is not None and "cannot be weakened" in unfit.problem
