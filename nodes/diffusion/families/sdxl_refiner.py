"""The refiner of Stable Diffusion XL (Podell et al. 2023): it reads one text, and how good the picture should look."""

from __future__ import annotations

from nodes.diffusion.families.sdxl import SPACE
from nodes.diffusion.family import Family
from nodes.diffusion.header import Header
from nodes.diffusion.text import OneClip, TextModels
from nodes.diffusion.unet import UNetDenoiser
from nodes.diffusion.unets import (
    LATENT,
    find_unet,
    load_unet,
    prediction_of,
    summary_width,
    takes,
    text_width,
)

FRAME = (0, 1, 2, 3, 6)
"""Height, width, top, left and aesthetic score."""


def find(header: Header) -> Header | None:
    """A UNet that reads one text, a summary as wide as the text, and five numbers."""
    unet = find_unet(header)
    if unet is None or not takes(unet, (LATENT,)):
        return None
    return unet if 0 < summary_width(unet, len(FRAME)) == text_width(unet) else None


def load_denoiser(unet: Header, prediction: str, device: str, dtype: str) -> UNetDenoiser:
    return load_unet(unet, prediction_of(unet, prediction), SPACE.scale, device, dtype, frame=FRAME)


def stack(models: TextModels) -> OneClip:
    return OneClip(models.clips["clip_g"], layer=-2, normed=False, pools=True)


FAMILY = Family(
    name="sdxl_refiner",
    title="Stable Diffusion XL refiner",
    space=SPACE,
    find=find,
    load_denoiser=load_denoiser,
    needs=("clip_g",),
    stack=stack,
)
