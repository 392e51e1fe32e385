"""Latents as safetensors files: `samples`, and in the metadata whose numbers they are."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from nodes.diffusion.families import FAMILIES
from nodes.diffusion.header import PICK, Header, UnusableFile, read_header
from nodes.diffusion.looks import looks_like
from nodes.diffusion.read import read_there
from nodes.diffusion.recipes import latent_space, space_of_channels
from nodes.diffusion.write import write_tensors
from nodes.sentences import files as say
from nodes.types import Latent, LatentSpace

SAMPLES, SPACE = "samples", "latent_space"


def write_latent(path: Path, latent: Latent) -> None:
    samples: Tensor = latent.samples
    known = {SPACE: latent.space.name} if latent.space is not None else {}
    write_tensors(path, {SAMPLES: tuple(samples.shape)}, lambda name: samples, "float32", known)


def read_latent(path: Path) -> Latent:
    """Raises `UnusableFile`."""
    header = read_header(path)
    entry = header.entries.get(SAMPLES)
    if entry is None or len(entry.shape) != 4 or 0 in entry.shape:
        raise UnusableFile(say.LOOKS_LIKE(file=path.name, found=looks_like(header), wanted=say.A_LATENT()), PICK)
    samples = read_there(entry).float()
    if not samples.isfinite().all():
        raise UnusableFile(say.NOT_FINITE(file=path.name), say.MAKE_LATENT_AGAIN())
    return Latent(samples, space_named(header, entry.shape[1]))


def space_named(header: Header, channels: int) -> LatentSpace | None:
    """None for a latent that fits every model."""
    name, path = header.metadata.get(SPACE), header.file.path
    if name is None:
        return None
    if not name:
        return space_of_channels(channels, [header])
    family = next((one for one in FAMILIES if one.space.name == name and one.space.channels == channels), None)
    if family is None:
        raise UnusableFile(say.LATENT_UNKNOWN(file=path.name, family=name, channels=channels), PICK)
    return latent_space(family, [])
