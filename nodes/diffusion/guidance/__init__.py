"""Guidance: how texts, and weaker versions of a model, steer what it predicts.

Plain classifier-free guidance is in `guided.py`; each other method is one frozen dataclass in a file of its kind,
carried by `nodes.types.Model`, so that every sampler honours it and several stack (see `Order`).
"""

from nodes.diffusion.guidance.guided import Guided, mix
from nodes.diffusion.guidance.interval import Interval, SigmaInterval
from nodes.diffusion.guidance.method import Method, Unfit
from nodes.diffusion.guidance.projected import Projected
from nodes.diffusion.guidance.rescale import Rescale
from nodes.diffusion.guidance.texts import Dual, PerpendicularNegative, misfit
from nodes.diffusion.guidance.weaker import PerturbedAttention, SkippedLayers
from nodes.diffusion.guidance.zero_star import ZeroStar, ZeroStart

__all__ = [
    "Dual",
    "Guided",
    "Interval",
    "Method",
    "PerpendicularNegative",
    "PerturbedAttention",
    "Projected",
    "Rescale",
    "SigmaInterval",
    "SkippedLayers",
    "Unfit",
    "ZeroStar",
    "ZeroStart",
    "misfit",
    "mix",
]
