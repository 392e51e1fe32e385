"""Stable Diffusion 1.x (Rombach et al. 2022), its inpainting and editing variants and its distillations (LCM, Turbo).

What shapes cannot tell is the family's rule: 8 heads in the UNet.
"""

from __future__ import annotations

from nodes.diffusion.family import Family, Space
from nodes.diffusion.header import Header
from nodes.diffusion.preview import colours_of
from nodes.diffusion.text import OneClip, TextModels
from nodes.diffusion.unet import UNetDenoiser
from nodes.diffusion.unets import (
    find_plain_unet,
    load_unet,
    prediction_of,
)

HEADS, SCALE = 8, 0.18215
# As keturn measured them for SD 1.4 (discuss.huggingface.co, "Decoding latents to RGB without upscaling", 2022).
COLOURS = [[0.298, 0.207, 0.208], [0.187, 0.286, 0.173], [-0.158, 0.189, 0.264], [-0.184, -0.271, -0.473]]
SPACE = Space(
    name="sd1",
    title="Stable Diffusion 1.x and 2.x",
    channels=4,
    scale=SCALE,
    colours=colours_of(COLOURS, bias=[0.0, 0.0, 0.0], scale=SCALE),
)


def find(header: Header) -> Header | None:
    """A UNet that reads one text, entering its attention by convolutions."""
    return find_plain_unet(header, linear=False)


def load_denoiser(unet: Header, prediction: str, device: str, dtype: str) -> UNetDenoiser:
    return load_unet(unet, prediction_of(unet, prediction), SCALE, device, dtype, heads=HEADS)


def stack(models: TextModels) -> OneClip:
    return OneClip(models.clips["clip_l"], layer=-1, normed=True)


FAMILY = Family(
    name="sd1",
    title="Stable Diffusion 1.x",
    space=SPACE,
    find=find,
    load_denoiser=load_denoiser,
    needs=("clip_l",),
    stack=stack,
)
