"""Models mixed of others: a weighted sum of their weights, made tensor by tensor when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from nodes.diffusion.explained import Explained
from nodes.diffusion.families import family_named
from nodes.diffusion.keeping import Keeping
from nodes.diffusion.patches.changes import widen
from nodes.diffusion.patches.live import overwrite, slots_of
from nodes.diffusion.patches.tensors import DENOISER, FIRST, Readable, Shapes, Tensors, tensors_of
from nodes.diffusion.read import squeezed
from nodes.diffusion.recipes import PART_TITLES, PartName, PartRecipe
from nodes.sentences import models as say

Region = Literal["input", "middle", "output"]
REGIONS: tuple[Region, ...] = ("input", "middle", "output")


class CannotMerge(Explained, ValueError):
    """Models whose weights cannot be added; `fix` says what to do."""


@dataclass(frozen=True)
class Share:
    """By what the weights of one model are multiplied, by where in it they are (see `region_of`)."""

    input: float
    middle: float
    output: float

    @classmethod
    def all(cls, factor: float) -> Share:
        return cls(factor, factor, factor)

    def at(self, region: Region) -> float:
        share: float = getattr(self, region)
        return share


@dataclass(frozen=True)
class MergedRecipe:
    """Loads the sum of models, each times its share. All are of one family and of the same sizes."""

    parts: tuple[tuple[Any, Share], ...]
    """Recipes of denoisers, or of text encoders; what is no weight (such as what it predicts) is as in the first."""

    @property
    def first(self) -> Any:
        return self.parts[0][0]

    @property
    def size(self) -> int:
        return int(self.first.size)

    @property
    def family(self) -> str:
        return str(self.first.family)

    @property
    def part(self) -> PartName:
        part: PartName = self.first.part
        return part

    @property
    def title(self) -> str:
        files = [root_of(recipe).sources[0][0].path.name for recipe, _ in self.parts]
        return f"{PART_TITLES[self.part]} merged of {' and '.join(dict.fromkeys(files))}"

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        sizes: Mapping[Keeping, int] = self.first.sizes(device, dtype)
        return sizes

    def load(self, device: str, dtype: str, keeping: Keeping = "whole") -> Any:
        """The first model, and then the sum in place of each of its weights in turn. Raises `UnusableFile`."""
        weights = root_of(self.first).load(device, dtype, keeping)
        tensors = MergedTensors(self)
        for name, slot in slots_of(weights).items():
            if not (isinstance(self.first, PartRecipe) and tensors.is_plainly_first(name)):
                held, value = slot.get(), tensors.read(name)
                if name == FIRST and held.shape != value.shape:  # a LoRA that widens is among the parts
                    slot.put(value)
                else:
                    overwrite(held, value.reshape(held.shape))
        return weights

    def tensors(self) -> Tensors:
        return MergedTensors(self)


def root_of(recipe: Any) -> PartRecipe:
    """The file a recipe begins with."""
    while not isinstance(recipe, PartRecipe):
        recipe = recipe.first if isinstance(recipe, MergedRecipe) else recipe.base
    return recipe


class MergedTensors:
    """The sums, each made when it is read, in float32."""

    def __init__(self, recipe: MergedRecipe) -> None:
        self.parts = [(tensors_of(part), share) for part, share in recipe.parts]
        self.depths = depths_of(self.parts[0][0].shapes)

    @cached_property
    def shapes(self) -> Shapes:
        return self.parts[0][0].shapes

    def is_plainly_first(self, name: str) -> bool:
        region = region_of(name, self.depths)
        return [share.at(region) for _, share in self.parts] == [1.0] + [0.0] * (len(self.parts) - 1)

    def read(self, name: str) -> Tensor:
        region, found = region_of(name, self.depths), None
        for tensors, share in self.parts:
            factor = share.at(region)
            if factor:
                one = fitted(tensors.read(name), self.shapes[name])
                one = one if factor == 1 else one * factor
                found = one if found is None else found + one
        return torch.zeros(self.shapes[name]) if found is None else found


def fitted(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """In this shape; the first layer of a model that sees less is filled up with zeros."""
    if tensor.ndim == 4 == len(shape) and tensor.shape[1] < shape[1]:
        return widen(tensor, shape[1])
    return tensor.reshape(tuple(shape))


def depths_of(shapes: Shapes) -> dict[str, int]:
    """How many blocks of each name a transformer has."""
    depths: dict[str, int] = {}
    for name in shapes:
        found = re.match(rf"{DENOISER}\.(\w*transformer_blocks)\.(\d+)\.", name)
        if found:
            depths[found[1]] = max(depths.get(found[1], 0), int(found[2]) + 1)
    return depths


def region_of(name: str, depths: Mapping[str, int]) -> Region:
    """Where a weight is: in a UNet on the way down, in the middle or on the way up; of a transformer's blocks among the
    first, second or last third. What reads time, text and noise counts to the input, what ends the output."""
    found = re.match(rf"{DENOISER}\.(\w*transformer_blocks)\.(\d+)\.", name)
    if found:
        before = depths["transformer_blocks"] if found[1] != "transformer_blocks" else 0
        return REGIONS[3 * (before + int(found[2])) // sum(depths.values())]
    if name.startswith(f"{DENOISER}.mid_block."):
        return "middle"
    ends = ("up_blocks.", "conv_norm_out.", "conv_out.", "norm_out.", "proj_out.")
    return "output" if name.startswith(tuple(f"{DENOISER}.{end}" for end in ends)) else "input"


def merged(parts: Sequence[tuple[Readable, Share]]) -> MergedRecipe:
    """Raises `CannotMerge` that names both sides."""
    (first, _), *others = parts
    shapes = tensors_of(first).shapes
    for other, _ in others:
        if other.family != first.family:
            raise CannotMerge(
                say.WEIGHTS_APART(
                    first=first.title,
                    first_family=family_named(first.family).title,
                    other=other.title,
                    other_family=family_named(other.family).title,
                ),
                say.MERGE_ONE_FAMILY(),
            )
        check_sizes(first, shapes, other, tensors_of(other).shapes, narrow=is_difference(parts, other))
    return MergedRecipe(tuple(parts))


def is_difference(parts: Sequence[tuple[Readable, Share]], one: Readable) -> bool:
    """Whether models as wide as this one cancel each other out, so that what they do not see stays as it is."""
    width = tensors_of(one).shapes.get(FIRST)
    same = [share.input for recipe, share in parts if tensors_of(recipe).shapes.get(FIRST) == width]
    return abs(sum(same)) < 1e-9


def check_sizes(first: Readable, shapes: Shapes, other: Readable, theirs: Shapes, narrow: bool) -> None:
    missing = [name for name in shapes if name not in theirs]
    if missing:
        raise CannotMerge(
            say.LACKS_WEIGHTS(
                other=other.title, missing=len(missing), all=len(shapes), first=first.title, example=missing[0]
            ),
            say.MERGE_SAME_BUILD(),
        )
    for name, shape in shapes.items():
        if squeezed(theirs[name]) == squeezed(shape):
            continue
        if name == FIRST and narrow and theirs[name][1] < shape[1]:
            continue
        raise CannotMerge(
            say.WEIGHT_DIFFERS(
                name=name, theirs=words(theirs[name]), other=other.title, ours=words(shape), first=first.title
            ),
            say.MERGE_DIFFERENCE(),
        )


def words(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
