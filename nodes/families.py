"""The families of models by name, as plain data: known without torch, so that a catalogue can tell of them at once.

Written out rather than read from nodes.diffusion.families; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class FamilyName(NamedTuple):
    """What people call a family, and the latent space that it shares with others."""

    title: str
    latents: str
    encoders: tuple[str, ...] = ()
    """What reads its texts."""


FAMILY_NAMES: Mapping[str, FamilyName] = {
    "sd1": FamilyName("Stable Diffusion 1.x", "sd1", ("CLIP-L",)),
    "sd2": FamilyName("Stable Diffusion 2.x", "sd1", ("OpenCLIP-H",)),
    "sdxl": FamilyName("Stable Diffusion XL", "sdxl", ("CLIP-L", "CLIP-G")),
    "sdxl_refiner": FamilyName("Stable Diffusion XL refiner", "sdxl", ("CLIP-G",)),
    "sd3": FamilyName("Stable Diffusion 3", "sd3", ("CLIP-L", "CLIP-G", "T5")),
    "flux1": FamilyName("Flux.1", "flux1", ("CLIP-L", "T5")),
}
