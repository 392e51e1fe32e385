"""What a model family must say of itself. A family is one file in `families/` that ends in a `Family`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.header import Header
from nodes.diffusion.preview import LatentPreview
from nodes.diffusion.text import TextStack
from nodes.diffusion.vae import Autoencoder


@dataclass(frozen=True)
class Space:
    """The numbers of a family's latents (see `nodes.types.LatentSpace`)."""

    channels: int
    downscale: int
    scale: float
    shift: float


@dataclass(frozen=True)
class Family:
    """Functions of one family. The loaders take the header, a device and a dtype, and read the weights then."""

    name: str
    """Stays the same for ever: saved recipes hold it."""
    title: str
    space: Space
    recognises: Callable[[Header], bool]
    """From names and shapes alone."""
    parts: dict[str, tuple[str, ...]]
    """The prefixes of the tensors of "denoiser", "text_encoder" and "vae"."""
    load_denoiser: Callable[[Header, str, str], Denoiser]
    load_text_encoder: Callable[[Header, str, str], TextStack]
    load_vae: Callable[[Header, str, str], Autoencoder]
    load_preview: Callable[[Header, str, str], LatentPreview]
