"""Weights in memory, changed in place and put back: the patcher.

What is changed is replaced by new tensors, and those it had before are kept beside it, so that they come back bit for
bit. A weight that is kept narrow is changed in float32 and narrowed again: 16 bits round as a file of 16 bits would,
and a layer that is kept in 8 bits is kept in 16 as long as it is changed, for 8 would swallow most of a LoRA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nodes.diffusion.explained import Explained
from nodes.diffusion.packed import PackedConv
from nodes.diffusion.patches.changes import Change, apply_group, grouped, targets_of
from nodes.diffusion.patches.tensors import DENOISER
from nodes.sentences import models as say

CASTING, OFFLOADING = "layerwise_casting", "group_offloading"
EIGHT_BITS = (torch.float8_e4m3fn, torch.float8_e5m2)


class CannotChange(Explained, RuntimeError):
    """Weights that are kept in a way in which they cannot be changed; `fix` says what to do."""


@dataclass(frozen=True)
class Slot:
    """Where a weight of a loaded model is held."""

    owner: Any
    leaf: str

    def get(self) -> Tensor:
        if isinstance(self.owner, PackedConv) and self.leaf == "weight":
            return self.owner.unpack()
        held: Tensor = getattr(self.owner, self.leaf)
        return held

    def put(self, value: Tensor) -> Callable[[], None]:
        """Hold the value (float32) in place of what is there; gives what puts that back.

        A first layer that now reads more is held as wide as it has become.
        """
        held = self.get()
        if hook_of(self.owner, OFFLOADING) is not None:
            if value.shape != held.shape:
                raise CannotChange(
                    say.FIRST_LAYER_AWAY(),
                    say.MORE_MEMORY(),
                )
            return self.overwrite(held, value)
        casting = hook_of(self.owner, CASTING)
        if casting is None or held.dtype not in EIGHT_BITS:
            room = (
                torch.empty_like(held, requires_grad=False)
                if value.shape == held.shape
                else held.new_empty(value.shape)
            )
            self.hold(room.copy_(value))
            return lambda: self.hold(held)
        widths = casting.storage_dtype
        wide = torch.float16 if casting.compute_dtype == torch.float32 else casting.compute_dtype
        casting.storage_dtype = wide
        others = {leaf: one for leaf, one in self.owner.named_parameters(recurse=False) if leaf != self.leaf}
        for leaf, one in others.items():
            Slot(self.owner, leaf).hold(one.to(wide) if one.dtype == widths else one)
        self.hold(value.to(held.device, wide))

        def back() -> None:
            casting.storage_dtype = widths
            self.hold(held)
            for leaf, one in others.items():
                Slot(self.owner, leaf).hold(one)

        return back

    def hold(self, tensor: Tensor) -> None:
        if isinstance(self.owner, nn.Module):
            tensor = tensor if isinstance(tensor, nn.Parameter) else nn.Parameter(tensor, requires_grad=False)
        if isinstance(self.owner, PackedConv) and self.leaf == "weight":
            self.owner.packed = None
        setattr(self.owner, self.leaf, tensor)

    def overwrite(self, held: Tensor, value: Tensor) -> Callable[[], None]:
        """For weights that wait elsewhere: diffusers' hooks hold on to the very tensors, so what is in them changes."""
        if held.dtype in EIGHT_BITS:
            raise CannotChange(
                say.IN_8_BITS_AWAY(),
                say.START_LOW(),
            )
        before = held.detach().clone()
        overwrite(held, value)
        return lambda: overwrite(held, before)


def overwrite(held: Tensor, value: Tensor) -> None:
    with torch.inference_mode():
        held.data.copy_(value)


def hook_of(owner: Any, name: str) -> Any:
    """A hook of diffusers on a layer."""
    registry = getattr(owner, "_diffusers_hook", None)
    return None if registry is None else registry.get_hook(name)


def slots_of(weights: Any) -> dict[str, Slot]:
    """Those of a `Denoiser` or a `TextStack`, named as in `tensors.Tensors`."""
    found: dict[str, Slot] = {}
    for network, module in modules_of(weights):
        for path, owner in module.named_modules(remove_duplicate=False):
            leaves = ["weight", "bias"] if isinstance(owner, PackedConv) else []
            leaves += [leaf for leaf, _ in owner.named_parameters(recurse=False) if leaf not in leaves]
            for leaf in leaves:
                if leaf == "weight" or getattr(owner, leaf) is not None:  # a packed convolution shows no weight
                    found[f"{network}.{path}.{leaf}" if path else f"{network}.{leaf}"] = Slot(owner, leaf)
    for clip in getattr(weights, "clips", ()):
        if clip.projection is not None:
            found[f"{clip.kind}.text_projection.weight"] = Slot(clip, "projection")
    return found


def modules_of(weights: Any) -> Iterator[tuple[str, nn.Module]]:
    """The networks of loaded weights by name."""
    network = getattr(weights, "unet", None) or getattr(weights, "model", None)
    if network is not None:
        yield DENOISER, network
    yield from ((clip.kind, clip.model) for clip in getattr(weights, "clips", ()))
    if getattr(weights, "t5", None) is not None:
        yield "t5", weights.t5.model


def change_weights(weights: Any, changes: Iterable[tuple[Change, float]]) -> Callable[[], None]:
    """Change a loaded model in place by changes of some strength; gives what undoes it, bit for bit.

    When anything fails meanwhile, all is as before.
    """
    slots = slots_of(weights)
    undo: list[Callable[[], None]] = []

    def back() -> None:
        while undo:
            undo.pop()()

    try:
        with torch.no_grad():
            for group in grouped(changes):
                there = {name: slots[name] for name in targets_of(group)}
                made = apply_group(group, lambda name, there=there: widened(there[name].get()))  # type: ignore[misc]
                for name, value in made.items():
                    undo.append(there[name].put(value))
    except BaseException:
        back()
        raise
    return back


def widened(held: Tensor) -> Tensor:
    """In float32 and in memory of its own: what is held is never changed itself."""
    return held.detach().to(torch.float32, copy=True)
