"""A recipe for a model with LoRAs: another recipe, and what is added to its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from nodes.diffusion.header import Header, WeightsFile
from nodes.diffusion.keeping import Keeping
from nodes.diffusion.patches.changes import Change, apply_group, grouped, targets_of
from nodes.diffusion.patches.files import Fit, first_shape, fit
from nodes.diffusion.patches.live import change_weights
from nodes.diffusion.patches.tensors import FIRST, Shapes, Tensors, tensors_of
from nodes.diffusion.recipes import FLOAT_BYTES, PartName


@dataclass(frozen=True)
class Patch:
    """A file added to weights at some strength."""

    file: WeightsFile
    strength: float


@dataclass(frozen=True)
class PatchedRecipe:
    """Loads `base` and adds patches, the first first.

    The worker never does that: it changes the base that it holds, and puts it back (server/worker/memory.py).
    """

    base: Any
    """Of a denoiser or of text encoders (see `tensors.Readable`)."""
    patches: tuple[Patch, ...]

    @property
    def size(self) -> int:
        return int(self.base.size)

    @property
    def family(self) -> str:
        return str(self.base.family)

    @property
    def part(self) -> PartName:
        part: PartName = self.base.part
        return part

    @property
    def title(self) -> str:
        return str(self.base.title)

    def extra(self) -> int:
        """Bytes that the changed weights take beside those they stand in for, in float32."""
        return FLOAT_BYTES * sum(self.fit(patch).extra for patch in self.patches)

    def fit(self, patch: Patch) -> Fit:
        return fit(patch.file, self.base)

    def changes(self) -> Iterator[tuple[Change, float]]:
        """With their strengths. Raises `UnusableFile`."""
        for patch in self.patches:
            yield from ((change, patch.strength) for change in self.fit(patch).changes)

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        sizes: Mapping[Keeping, int] = self.base.sizes(device, dtype)
        return sizes

    def load(self, device: str, dtype: str, keeping: Keeping = "whole") -> Any:
        """As `base` loads, changed. Raises `UnusableFile`."""
        weights = self.base.load(device, dtype, keeping)
        self.change(weights)
        return weights

    def change(self, weights: Any) -> Callable[[], None]:
        """Change what `base` loaded, in place; gives what undoes it, bit for bit."""
        return change_weights(weights, self.changes())

    def tensors(self) -> Tensors:
        return PatchedTensors(tensors_of(self.base), list(self.changes()))


class PatchedTensors:
    """Those of other tensors, changed."""

    def __init__(self, base: Tensors, changes: list[tuple[Change, float]]) -> None:
        self.base, self.changes = base, [change for change, _ in changes]
        self.groups = {name: group for group in grouped(changes) for name in targets_of(group)}
        self.made: dict[str, Tensor] = {}
        """Of the group read last: tensors that share a layer of a file are mostly asked for one after the other."""

    @cached_property
    def shapes(self) -> Shapes:
        plain = self.base.shapes
        return {**plain, FIRST: first_shape(self.changes, plain)} if FIRST in plain else plain

    def read(self, name: str) -> Tensor:
        if name not in self.groups:
            return self.base.read(name)
        if name not in self.made:
            self.made = apply_group(self.groups[name], self.base.read)
        return self.made[name]


def patched(recipe: Any, lora: Header, strength: float) -> Any:
    """A recipe with one more LoRA; strength 0 leaves it as it is."""
    if not strength:
        return recipe
    patch = Patch(lora.file, strength)
    if isinstance(recipe, PatchedRecipe):
        return PatchedRecipe(recipe.base, (*recipe.patches, patch))
    return PatchedRecipe(recipe, (patch,))
