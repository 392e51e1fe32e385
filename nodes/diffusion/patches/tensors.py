"""The weights that a recipe stands for, one tensor at a time: nothing larger than a tensor is ever held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from torch import Tensor

from nodes.diffusion.families import family_named
from nodes.diffusion.header import Entry, Header
from nodes.diffusion.read import read_there
from nodes.diffusion.recipes import PartName, PartRecipe, became, texts_of
from nodes.diffusion.sources import open_again

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
DENOISER = "denoiser"
FIRST = f"{DENOISER}.conv_in.weight"
"""The tensor of a UNet whose width tells what it sees beside the noisy latent."""
NO_WEIGHTS = ("position_ids", "logit_scale")
"""What files hold beside the weights of text encoders."""


class Tensors(Protocol):
    """Weights by name. Names begin with the network they are of ("denoiser.", "clip_l.", "t5.", …), after which they
    are those of diffusers and transformers."""

    @property
    def shapes(self) -> Shapes: ...

    def read(self, name: str) -> Tensor:
        """One of them: float32, on the CPU."""
        ...


class Readable(Protocol):
    """A recipe of a denoiser or of text encoders whose weights can be read singly (see `tensors_of`)."""

    @property
    def family(self) -> str: ...

    @property
    def part(self) -> PartName: ...

    @property
    def title(self) -> str: ...


class FileTensors:
    """Those of files."""

    def __init__(self, recipe: PartRecipe) -> None:
        self.entries = {
            f"{network}.{name}": entry
            for network, header in headers_of(recipe).items()
            for name, entry in header.entries.items()
            if not name.endswith(NO_WEIGHTS)
        }

    @property
    def shapes(self) -> Shapes:
        return {name: entry.shape for name, entry in self.entries.items()}

    def read(self, name: str) -> Tensor:
        return read_plain(self.entries[name])


def headers_of(recipe: PartRecipe) -> dict[str, Header]:
    """What a recipe loads, by network. Raises `UnusableFile`."""
    headers = [open_again(files) for files in recipe.sources]
    family = family_named(recipe.family)
    if recipe.part == "text_encoder":
        return {kind: part for kind, part in texts_of(headers).items() if kind in family.texts}
    for header in headers:
        part = family.find(header)
        if part is not None:
            return {DENOISER: part}
    raise became(headers[0])


def tensors_of(recipe: Any) -> Tensors:
    """Those of any recipe of a denoiser or of text encoders. Raises `UnusableFile`."""
    if isinstance(recipe, PartRecipe):
        return FileTensors(recipe)
    tensors: Tensors = recipe.tensors()
    return tensors


def is_readable(recipe: Any) -> bool:
    """Whether `tensors_of` takes it."""
    return isinstance(recipe, PartRecipe) or hasattr(recipe, "tensors")


def read_plain(entry: Entry) -> Tensor:
    """float32, in memory of its own. Raises `UnusableFile` when the file went away."""
    return read_there(entry).float().contiguous()
