"""What a model family must say of itself. A family is one file in `families/` that ends in a `Family`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.header import Header
from nodes.diffusion.preview import LatentPreview
from nodes.diffusion.text import TextKind, TextModels, TextStack


@dataclass(frozen=True)
class Space:
    """The numbers of a family's latents (see `nodes.types.LatentSpace`). Families that share one share the name."""

    name: str
    title: str
    channels: int
    scale: float
    shift: float = 0.0
    downscale: int = 8
    usual_vae: tuple[int, ...] = (128, 256, 512, 512)
    """Every VAE of the family with these channels shares one space."""
    colours: LatentPreview | None = None
    """How latents of the usual VAE look."""


@dataclass(frozen=True)
class Family:
    """Functions of one family. Headers are those of one part, named as diffusers and transformers name tensors."""

    name: str
    """Stays the same for ever: saved recipes hold it."""
    title: str
    space: Space
    find: Callable[[Header], Header | None]
    """The denoiser in a file, recognised from names and shapes alone; None when it is another family's."""
    load_denoiser: Callable[[Header, str, str, str], Denoiser]
    """Takes the denoiser's part, the prediction that was asked for ("auto", "eps", "v"), a device and a dtype."""
    needs: tuple[TextKind, ...]
    """The text models it cannot do without."""
    stack: Callable[[TextModels], TextStack]
    """Puts the text models together."""
    takes: tuple[TextKind, ...] = ()
    """Text models it reads as well when they are there."""

    @property
    def texts(self) -> tuple[TextKind, ...]:
        return self.needs + self.takes
