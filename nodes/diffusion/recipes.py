"""Recipes for the parts of a checkpoint: which file, which family, which part.

Describing a checkpoint reads its header only; `load` reads the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nodes.diffusion.families import FAMILIES, family_named, recognise
from nodes.diffusion.family import Family
from nodes.diffusion.header import Header, UnusableFile, WeightsFile, read_header
from nodes.diffusion.looks import looks_like
from nodes.types import VAE, LatentSpace, Model, TextEncoder

PartName = Literal["denoiser", "text_encoder", "vae", "preview"]
WORDS = {"denoiser": "denoiser", "text_encoder": "text encoder", "vae": "VAE"}


@dataclass(frozen=True)
class PartRecipe:
    """Loads one part of a checkpoint."""

    file: WeightsFile
    family: str
    part: PartName
    size: int
    """Bytes of the part in float32."""

    def load(self, device: str, dtype: str) -> Any:
        """What the family's loader of this part gives. Raises `UnusableFile`."""
        header = read_header(self.file.path)
        family = family_named(self.family)
        if not family.recognises(header):
            raise UnusableFile(
                f"{self.file.path} is not the file it was: it has become {looks_like(header)}.", "Pick it again."
            )
        loaders = {
            "denoiser": family.load_denoiser,
            "text_encoder": family.load_text_encoder,
            "vae": family.load_vae,
            "preview": family.load_preview,
        }
        return loaders[self.part](header, device, dtype)


def read_checkpoint(path: Path) -> tuple[Model, TextEncoder, VAE]:
    """Describe the parts of a single-file checkpoint, reading its header only. Raises `UnusableFile`."""
    header = read_header(path)
    family = recognise(header)
    if family is None:
        known = ", ".join(family.title for family in FAMILIES)
        raise UnusableFile(
            f"{path.name} looks like {looks_like(header)}. Expected a checkpoint of a known family ({known}): "
            "denoiser, text encoder and VAE in one file.",
            "Pick another file.",
        )
    for part, prefixes in family.parts.items():
        if not any(header.below(*prefixes)):
            raise UnusableFile(f"{path.name} is {family.title} but has no {WORDS[part]}.", "Pick a full checkpoint.")
    space = family.space
    latent = LatentSpace(
        name=family.name,
        title=family.title,
        channels=space.channels,
        downscale=space.downscale,
        scale=space.scale,
        shift=space.shift,
        preview=part_recipe(header, family, "preview"),
    )
    return (
        Model(part_recipe(header, family, "denoiser"), latent),
        TextEncoder(part_recipe(header, family, "text_encoder")),
        VAE(part_recipe(header, family, "vae"), latent),
    )


def part_recipe(header: Header, family: Family, part: PartName) -> PartRecipe:
    size = 4 * header.values(header.below(*family.parts[part])) if part in family.parts else 0
    return PartRecipe(header.file, family.name, part, size)
