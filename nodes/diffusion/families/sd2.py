"""Stable Diffusion 2.x and SD-Turbo: the UNet of 1.x with linear layers into attention and OpenCLIP-H as its reader.

Some of its models predict noise and some v, and few files say which: see `predicts`.
"""

from __future__ import annotations

from nodes.diffusion.families.sd1 import SPACE
from nodes.diffusion.family import Family
from nodes.diffusion.header import Header
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.text import OneClip, TextModels
from nodes.diffusion.unet import UNetDenoiser
from nodes.diffusion.unets import (
    LATENT,
    find_plain_unet,
    has_bias_of_v,
    load_unet,
    prediction_of,
    says_prediction,
    takes,
)


def find(header: Header) -> Header | None:
    """A UNet that reads one text, entering its attention by linear layers."""
    return find_plain_unet(header, linear=True)


def predicts(unet: Header, asked: str) -> Prediction:
    """What was asked for, else what the file says, else the field's rule of thumb; inpainting models predict noise."""
    if asked == "auto" and not says_prediction(unet) and takes(unet, (LATENT,)):
        return "v" if has_bias_of_v(unet) else "eps"
    return prediction_of(unet, asked)


def load_denoiser(unet: Header, prediction: str, device: str, dtype: str) -> UNetDenoiser:
    return load_unet(unet, predicts(unet, prediction), SPACE.scale, device, dtype)


def stack(models: TextModels) -> OneClip:
    return OneClip(models.clips["clip_h"], layer=-2, normed=True)


FAMILY = Family(
    name="sd2",
    title="Stable Diffusion 2.x",
    space=SPACE,
    find=find,
    load_denoiser=load_denoiser,
    needs=("clip_h",),
    stack=stack,
)
