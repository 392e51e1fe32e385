"""Darkroom: finish pictures and lay them out. An example of a pack: plain functions, nothing to register."""

from .finish import film_grain, vignette
from .sheet import contact_sheet

__all__ = ["contact_sheet", "film_grain", "vignette"]
