"""What steers a model in a run: the controls of conditionings laid out as rows, and the networks that read them.

A control is looked at only in the rows of the parts that carry it, and only within its shares of sampling; to all
other rows it adds zeros. One control on several parts (the wanted and the unwanted text) is one forward of its network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeGuard, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.levels import Levels, is_within
from nodes.diffusion.places import CELL, Window
from nodes.diffusion.resize import resize
from nodes.types import Control, Recipe, TextPart

D = TypeVar("D")
HIDDEN = -1.0
"""What a ControlNet for inpainting sees where it is to paint: no colour that a picture has."""
Residuals: TypeAlias = "Mapping[str, Sequence[Tensor]]"
"""What a network adds inside a model, by the names of diffusers' arguments; one row for each row it looked at."""
Encode: TypeAlias = "Callable[[Tensor], Tensor]"
"""Pixels (batch x height x width x RGB, 0..1) to latents, unscaled, on the CPU."""


@dataclass(frozen=True, eq=False)
class Steered:
    """A control and the rows of a batch that it steers, on the model's device."""

    control: Control
    rows: Tensor
    """int64, the numbers of the rows."""
    pixels: Tensor
    """float32, one for each of these rows x RGB x height x width, 0..1: what of the picture each row looks at."""
    mask: Tensor | None
    """float32, one for each of these rows x 1 x height x width: 1 where to paint."""


class Net(Protocol):
    """A network that reads a picture. What else its model's family gives it is the family's own affair."""

    def hint(self, steered: Steered, encode: Encode | None) -> Any:
        """What the network reads of the picture; made once in a run."""
        ...


class Steerable(Protocol):
    """A denoiser that controls can steer: ask `is_steerable`."""

    family: str
    """The name of its family; empty when it is not known."""
    nets: Nets

    @property
    def sizes_steered(self) -> tuple[int, ...]:
        """Sizes of the network that those of a control must equal."""
        ...


def is_steerable(denoiser: object) -> TypeGuard[Steerable]:
    """Asked by name rather than by `isinstance`, which from Python 3.12 on overlooks what a denoiser behind tiles
    passes on."""
    return all(hasattr(denoiser, name) for name in ("family", "nets", "sizes_steered"))


class Nets:
    """The networks that steer one run, and what they read: each is loaded, and each picture prepared, once."""

    def __init__(self, weights: Callable[[Recipe], Any] | None = None) -> None:
        """`weights`: gives what a recipe loads; without it nothing can steer."""
        self.weights = weights
        self.loaded: dict[Recipe, Any] = {}
        self.hints: dict[int, tuple[Steered, Any]] = {}

    def net(self, recipe: Recipe) -> Any:
        if recipe not in self.loaded:
            if self.weights is None:
                raise RuntimeError("a model is steered, but nobody said where weights come from")
            self.loaded[recipe] = self.weights(recipe)
        return self.loaded[recipe]

    def read(self, steered: Steered) -> tuple[Any, Any]:
        """The network of a control, and what it reads of the picture."""
        net = self.net(steered.control.net.recipe)
        if id(steered) not in self.hints:
            hint = net.hint(steered, self.encoder(steered.control))
            self.hints[id(steered)] = steered, hint  # kept, so that its id stays its own
        return net, self.hints[id(steered)][1]

    def encoder(self, control: Control) -> Encode | None:
        if control.vae is None:
            return None
        encode: Encode = self.net(control.vae.recipe).encode
        return encode


def steerable(denoiser: D, weights: Callable[[Recipe], Any]) -> D:
    """The same denoiser for one run, with the networks that will steer it if it is one that can be steered."""
    changed = copy.copy(denoiser)
    if is_steerable(changed):
        changed.nets = Nets(weights)
    return changed


def lay_controls(
    parts: Sequence[TextPart], looks: Sequence[Window], shape: Sequence[int], device: str
) -> tuple[Steered, ...]:
    """The controls of parts that follow one another in a batch, each part repeated over the batch of `shape`.

    `looks` says what of the latent (of `shape`) each part sees.
    """
    batch, _, height, width = shape
    wanted: dict[int, tuple[Control, list[int]]] = {}
    for number, part in enumerate(parts):
        for control in part.controls:
            if control.strength:
                wanted.setdefault(id(control), (control, []))[1].append(number)
    return tuple(
        Steered(
            control,
            torch.cat([torch.arange(batch) + number * batch for number in numbers]).to(device),
            in_windows(pixels, [looks[number] for number in numbers], batch).to(device),
            None if mask is None else in_windows(mask, [looks[number] for number in numbers], batch).to(device),
        )
        for control, numbers in wanted.values()
        for pixels, mask in [sized(control, width * CELL, height * CELL)]
    )


def sized(control: Control, width: int, height: int) -> tuple[Tensor, Tensor | None]:
    """The picture and the mask of a control in the size of the picture to make, batch x channels x height x width.

    Where proportions differ, the picture fills the frame and what stands out is cut off evenly.
    """
    pixels = control.pixels
    if pixels.shape[1:3] != (height, width):
        pixels = resize(pixels, width, height, "lanczos", "crop")
    mask = control.mask
    if mask is not None and mask.shape[1:] != (height, width):
        mask = resize(mask[..., None].expand(-1, -1, -1, 3), width, height, "bilinear", "crop")[..., 0]
    return pixels.permute(0, 3, 1, 2), None if mask is None else (mask[:, None] > 0.5).float()


def in_windows(values: Tensor, looks: Sequence[Window], batch: int) -> Tensor:
    """What of a picture lies in each window, each over a batch; one after the other."""
    seen = [
        Window(*(CELL * edge for edge in (look.top, look.left, look.height, look.width))).of(values) for look in looks
    ]
    return torch.cat([one[torch.arange(batch) % len(one)] for one in seen])


def steering_now(steered: Sequence[Steered], sigma: float, levels: Levels) -> Iterator[Steered]:
    """Those that steer at this noise level."""
    return (one for one in steered if is_within(sigma, levels, one.control.start, one.control.end))


def masked(steered: Steered) -> Tensor:
    """The picture with what is to be painted hidden, rows x RGB x height x width."""
    if steered.mask is None:
        return steered.pixels
    return torch.where(steered.mask > 0, HIDDEN, steered.pixels)


def mask_in_cells(steered: Steered) -> Tensor:
    """1 where to keep and 0 where to paint, rows x 1 x cells high x cells wide."""
    _, _, height, width = steered.pixels.shape
    mask = steered.pixels.new_zeros(len(steered.pixels), 1, height, width) if steered.mask is None else steered.mask
    return 1 - functional.interpolate(mask, (height // CELL, width // CELL))


def encoded(encode: Encode | None, pixels: Tensor) -> Tensor:
    """Latents, unscaled, of pixels (rows x RGB x height x width, 0..1) on their device; equal rows at once."""
    assert encode is not None  # checked before sampling
    same = bool((pixels == pixels[:1]).all())
    latents = encode((pixels[:1] if same else pixels).permute(0, 2, 3, 1).cpu()).to(pixels.device)
    return latents.expand(len(pixels), -1, -1, -1) if same else latents


class Total:
    """The sum of what several networks add, over a whole batch of `rows`."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.sums: dict[str, list[Tensor]] = {}

    def add(self, steered: Steered, found: Residuals) -> None:
        """Rows that the control does not steer get zeros."""
        for name, values in found.items():
            spread = [self.over_all(value, steered.rows) for value in values]
            before = self.sums.get(name)
            self.sums[name] = spread if before is None else [a + b for a, b in zip(before, spread, strict=True)]

    def over_all(self, value: Tensor, rows: Tensor) -> Tensor:
        return value.new_zeros(self.rows, *value.shape[1:]).index_copy(0, rows, value)


class Look(Protocol):
    """What a network is shown of a forward."""

    @property
    def x(self) -> Tensor: ...

    def of(self, rows: Tensor) -> Any:
        """Some rows of it."""
        ...


def steer(nets: Nets, steered: Sequence[Steered], look: Look, sigma: float, levels: Levels) -> dict[str, list[Tensor]]:
    """What all controls of this noise level add, by diffusers' names: one row for each row of the forward."""
    total = Total(len(look.x))
    for one in steering_now(steered, sigma, levels):
        net, hint = nets.read(one)
        total.add(one, net.residuals(look.of(one.rows), hint, one))
    return total.sums
