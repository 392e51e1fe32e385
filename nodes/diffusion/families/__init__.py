"""The model families. Adding one is adding its file and its name here."""

from __future__ import annotations

from nodes.diffusion.families import sd1
from nodes.diffusion.family import Family
from nodes.diffusion.header import Header

FAMILIES: tuple[Family, ...] = (sd1.FAMILY,)


def recognise(header: Header) -> Family | None:
    """The family a file belongs to, from the names and shapes of its tensors."""
    return next((family for family in FAMILIES if family.recognises(header)), None)


def family_named(name: str) -> Family:
    return next(family for family in FAMILIES if family.name == name)
