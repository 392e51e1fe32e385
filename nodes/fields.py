"""Named inputs: annotations that several nodes share, so that steps are counted and seeds drawn alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from nodes.api import ImageFile, ModelFile, Number, Seed, Slider, Text, Title
from nodes.types import VAE, Conditioning, Image, Latent

CheckpointFile = Annotated[Path, ModelFile("checkpoints")]
PictureFile = Annotated[Path, ImageFile()]
SeedNumber = Annotated[int, Seed()]
LongText = Annotated[str, Text(lines=4)]
Fraction = Annotated[float, Slider(min=0.0, max=1.0, step=0.01)]
Pixels = Annotated[int, Number(min=8, max=16_384, step=8)]
Count = Annotated[int, Number(min=1, max=64, step=1)]

Steps = Annotated[int, Number(min=1, max=10_000, step=1)]
Guidance = Annotated[float, Slider(min=0.0, max=30.0, step=0.1), Title("Guidance (CFG)")]
# What a node's only output is called on the canvas, where "Result" would say less.
ImageOut = Annotated[Image, Title("Image")]
LatentOut = Annotated[Latent, Title("Latent")]
ConditioningOut = Annotated[Conditioning, Title("Conditioning")]
VAEPart = Annotated[VAE, Title("VAE")]

SamplerName: TypeAlias = Literal["euler", "euler_ancestral", "heun", "dpmpp_2m", "ddim"]
ScheduleName: TypeAlias = Literal["normal", "karras"]
"""Written out rather than read from nodes.diffusion, which needs torch; a test keeps both lists equal."""
