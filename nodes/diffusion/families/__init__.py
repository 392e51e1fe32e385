"""The model families. Adding one is adding its file and its name here."""

from __future__ import annotations

from collections.abc import Collection

from nodes.diffusion.families import flux, sd1, sd2, sd3, sdxl, sdxl_refiner
from nodes.diffusion.family import Family
from nodes.diffusion.header import Header

FAMILIES: tuple[Family, ...] = (
    sd1.FAMILY,
    sd2.FAMILY,
    sdxl_refiner.FAMILY,
    sdxl.FAMILY,
    sd3.FAMILY,
    flux.FAMILY,
)


def recognise(header: Header) -> tuple[Family, Header] | None:
    """The family of the denoiser in a file and that denoiser's part, from the names and shapes of its tensors."""
    for family in FAMILIES:
        part = family.find(header)
        if part is not None:
            return family, part
    return None


def family_named(name: str) -> Family:
    return next(family for family in FAMILIES if family.name == name)


def reader_of(kinds: Collection[str]) -> Family | None:
    """The family that text models are usually for: the first that needs these and no others."""
    for family in FAMILIES:
        if family.needs and set(family.needs) == set(kinds):
            return family
    return next((f for f in FAMILIES if set(f.needs) <= set(kinds) <= set(f.texts)), None)
