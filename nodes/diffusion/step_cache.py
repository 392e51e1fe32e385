"""Steps that take what deep layers gave at an earlier one: lossy, so only for who asks.

Transformers: where the first block changes the picture as it did when all blocks were last computed, what the others
added then is added again (first-block cache, ParaAttention 2024, after TeaCache, Liu et al. 2024, arXiv 2411.19108).
UNets: at every n-th noise level all is computed, between them the first convolution and the last layer alone
(DeepCache, Ma et al. 2023, arXiv 2312.00858, uniform, its outermost branch).

diffusers' FirstBlockCache does not serve: its hooks stay on weights that other models share, it decides by the mean
of a batch, and SD 3's last block, which gives no text, stops it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from nodes.diffusion.control.steering import steering_now
from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.guidance.method import Method, Order
from nodes.diffusion.told import Told
from nodes.diffusion.unet import UNetDenoiser

D = TypeVar("D", bound=Denoiser)
Forward: TypeAlias = "Callable[..., Any]"
Changes: TypeAlias = "Sequence[tuple[Any, Forward]]"
"""Modules and the forwards that stand in for theirs."""


@dataclass(frozen=True)
class StepCache(Method):
    """What is left out, and when; it travels as methods of guidance do."""

    change: float
    """Of transformers: the change of the first block's effect, as a share of it, below which the others are left out;
    0 computes all."""
    every: int
    """Of UNets: all is computed at every so-many-th noise level; 1 is at each."""
    order = Order.LIMIT

    def is_neutral(self, guidance: float) -> bool:
        return self.change <= 0 and self.every <= 1

    def bind(self, model: D) -> D:
        return cached(model, self)


@dataclass(frozen=True, eq=False)
class Kept:
    """What was computed for one layout of rows."""

    told: Told
    """The layout; held, so that its id stays its own."""
    look: int
    """The noise level it is of, counted from the start of the run."""
    deep: Tensor
    """Of a UNet what enters its last layer, of a transformer what the blocks after the first add to the picture."""
    first: Tensor | None = None
    """Of a transformer what its first block adds to the picture, rows x cells x width."""


class Pass:
    """One forward: what is taken from an earlier one, if anything, and what it leaves for later ones."""

    def __init__(self, before: Kept | None) -> None:
        self.before = before
        self.deep: Tensor | None = None
        self.first: Tensor | None = None


class CachedSteps:
    """One run of a model whose deep layers are not computed at every step.

    Each layout of rows has a memory of its own; without a fitting one, all is computed. So it is where rows are
    weakened or steered from beside the model: both act on layers that would be left out.
    """

    def __init__(self, model: Denoiser, through: Callable[[Pass], Changes], every: int = 0) -> None:
        """`through`: the forwards for a pass. `every`: noise levels that a memory may serve, 0 for any number."""
        self.model, self.through, self.every = model, through, every
        self.kept: dict[tuple[int, ...], Kept] = {}
        self.sigma, self.look = -1.0, 0

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        """As `Denoiser.predict`."""
        if sigma != self.sigma:  # samplers that look twice at a noise level do the same both times
            self.sigma, self.look = sigma, self.look + 1
        known = (id(told), *x.shape)
        before = self.kept.pop(known, None)
        if told.weakened or any(steering_now(told.steered, sigma, self.model.levels)):
            return self.model.predict(x, sigma, told)
        if before is not None and self.every and not 0 < self.look - before.look < self.every:
            before = None
        now = Pass(before)
        with replaced(self.through(now)):
            found = self.model.predict(x, sigma, told)
        if now.deep is not None:
            before = Kept(told, self.look, now.deep, now.first)
        if before is not None:
            self.kept[known] = before
        return found


def cached(model: D, cache: StepCache) -> D:
    """The same denoiser for one run, with such a cache; as it is where that says to compute everything.

    So is one whose layers wait in another memory and come in turn, because leaving some out would break the turns.
    """
    inner: Any = vars(model).get("model")
    changed: Any = copy.copy(model)
    if hasattr(inner, "predict"):  # one that looks through another, as at tiles
        changed.model = cached(inner, cache)
        return changed  # type: ignore[no-any-return]
    steps = None if waits_elsewhere(model) else cached_steps(model, cache)
    if steps is None:
        return model
    changed.predict = steps.predict
    return changed  # type: ignore[no-any-return]


def cached_steps(model: Any, cache: StepCache) -> CachedSteps | None:
    if isinstance(model, UNetDenoiser):
        unet = model.unet
        return CachedSteps(model, lambda now: through_unet(unet, now), cache.every) if cache.every > 1 else None
    blocks = model.layers.all if hasattr(model, "layers") else ()
    if len(blocks) < 2 or cache.change <= 0:
        return None
    return CachedSteps(model, lambda now: through_blocks(blocks, now, cache.change))


def waits_elsewhere(model: Any) -> bool:
    network: nn.Module | None = getattr(model, "unet", None) or getattr(model, "model", None)
    kind = torch.device(model.device).type
    return network is not None and any(parameter.device.type != kind for parameter in network.parameters())


@contextmanager
def replaced(changes: Changes) -> Iterator[None]:
    """These forwards stand in for those of the modules until the block ends."""
    before = [(module, vars(module).get("forward")) for module, _ in changes]
    try:
        for module, forward in changes:
            module.forward = forward
        yield
    finally:
        for module, own in before:
            if own is not None:
                module.forward = own
            elif "forward" in vars(module):
                del module.forward


# ---------------------------------------------------------------- UNets


def through_unet(unet: Any, now: Pass) -> Changes:
    """Of diffusers' UNet2DConditionModel: all of it, noting what enters the last layer; or what was noted before."""
    last = unet.up_blocks[-1]
    attentions = list(getattr(last, "attentions", ()))
    layers = [*last.resnets[:-1], *attentions[:-1]]
    entrance = layers[-1]
    if now.before is None:
        return [(entrance, noting(entrance.forward, now))]
    kept = now.before.deep
    changes: list[tuple[Any, Forward]] = [(block, passing_down(block)) for block in unet.down_blocks]
    changes += [(block, passing) for block in (unet.mid_block, *unet.up_blocks[:-1], *last.resnets[:-1])]
    changes += [(layer, passing_one) for layer in attentions[:-1]]
    return [*changes, (entrance, (lambda *_, **__: (kept,)) if attentions else (lambda *_, **__: kept))]


def noting(forward: Forward, now: Pass) -> Forward:
    def run(*args: Any, **given: Any) -> Any:
        found = forward(*args, **given)
        now.deep = found[0] if isinstance(found, tuple) else found
        return found

    return run


def passing(hidden_states: Tensor, *args: Any, **given: Any) -> Tensor:
    return hidden_states


def passing_one(hidden_states: Tensor, *args: Any, **given: Any) -> tuple[Tensor]:
    return (hidden_states,)


def passing_down(block: Any) -> Forward:
    """What enters, in place of each skip connection too: those that need them are left out."""
    skips = len(block.resnets) + len(block.downsamplers or ())

    def run(hidden_states: Tensor, *args: Any, **given: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        return hidden_states, (hidden_states,) * skips

    return run


# ---------------------------------------------------------------- transformers


def through_blocks(blocks: Sequence[Any], now: Pass, change: float) -> Changes:
    """Of diffusers' joint blocks, which take and give text and picture: the first decides about the others."""
    state = Decision(now, change)
    first, *middle, last = blocks
    changes = [(first, state.at_first(first.forward)), (last, state.at_last(last.forward))]
    return changes + [(block, state.between(block.forward)) for block in middle]


class Decision:
    """Whether the blocks after the first are left out of a pass."""

    def __init__(self, now: Pass, change: float) -> None:
        self.now, self.change, self.skips = now, change, False
        self.start: Tensor

    def at_first(self, forward: Forward) -> Forward:
        def run(**given: Any) -> tuple[Any, Tensor]:
            text, picture = forward(**given)
            added = picture - given["hidden_states"]
            before = self.now.before
            if before is not None and before.first is not None and moved(added, before.first) < self.change:
                self.skips = True
                return text, picture + before.deep
            self.now.first, self.start = added, picture
            return text, picture

        return run

    def between(self, forward: Forward) -> Forward:
        def run(**given: Any) -> tuple[Any, Tensor]:
            if self.skips:
                return given["encoder_hidden_states"], given["hidden_states"]
            text, picture = forward(**given)
            return text, picture

        return run

    def at_last(self, forward: Forward) -> Forward:
        inner = self.between(forward)

        def run(**given: Any) -> tuple[Any, Tensor]:
            text, picture = inner(**given)
            if not self.skips:
                self.now.deep = picture - self.start
            return text, picture

        return run


def moved(now: Tensor, before: Tensor) -> float:
    """The mean change as a share of what was, of the row that changed most: no row decides for another to its harm."""
    change = (now - before).abs().float().mean((1, 2))
    return float((change / before.abs().float().mean((1, 2)).clamp(min=1e-12)).max())
