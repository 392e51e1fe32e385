"""Stable Diffusion XL (Podell et al. 2023), its inpainting and editing variants, Turbo, Lightning and LCM."""

from __future__ import annotations

from nodes.diffusion.family import Family, Space
from nodes.diffusion.header import Header
from nodes.diffusion.preview import colours_of
from nodes.diffusion.text import TextModels, TwoClips
from nodes.diffusion.unet import UNetDenoiser
from nodes.diffusion.unets import (
    EDITED,
    LATENT,
    PAINTED,
    find_unet,
    load_unet,
    prediction_of,
    summary_width,
    takes,
    text_width,
)

SCALE = 0.13025
# The map that diffusers' documentation gives, there in 0..255.
COLOURS = [[60.0, 60.0, 60.0], [-60.0, -5.0, 10.0], [25.0, 15.0, -5.0], [-70.0, -50.0, -35.0]]
BIAS = [150.0, 140.0, 130.0]
HALF = 127.5
SPACE = Space(
    name="sdxl",
    title="Stable Diffusion XL",
    channels=4,
    scale=SCALE,
    colours=colours_of([[c / HALF for c in row] for row in COLOURS], [c / HALF - 1 for c in BIAS], SCALE),
)
FRAME = (0, 1, 2, 3, 4, 5)
"""Height, width, top, left, target height and target width."""


def find(header: Header) -> Header | None:
    """A UNet that reads two texts side by side, the summary of the second, and six sizes."""
    unet = find_unet(header)
    if unet is None or not takes(unet, (LATENT, EDITED, PAINTED)):
        return None
    summary = summary_width(unet, len(FRAME))
    return unet if 0 < summary < text_width(unet) else None


def load_denoiser(unet: Header, prediction: str, device: str, dtype: str) -> UNetDenoiser:
    return load_unet(unet, prediction_of(unet, prediction), SPACE.scale, device, dtype, frame=FRAME)


def stack(models: TextModels) -> TwoClips:
    return TwoClips(models.clips["clip_l"], models.clips["clip_g"])


FAMILY = Family(
    name="sdxl",
    title="Stable Diffusion XL",
    space=SPACE,
    find=find,
    load_denoiser=load_denoiser,
    needs=("clip_l", "clip_g"),
    stack=stack,
)
