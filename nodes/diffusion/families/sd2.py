"""Stable Diffusion 2.x and SD-Turbo: the UNet of 1.x with linear layers into attention and OpenCLIP-H as its reader.

Some of its models predict noise and some v, and few files say which: see `predicts`.
"""

from __future__ import annotations

from nodes.diffusion.families.sd1 import SPACE
from nodes.diffusion.family import Family
from nodes.diffusion.header import Header
from nodes.diffusion.text import OneClip, TextModels
from nodes.diffusion.unet import Prediction, UNetDenoiser, UNetTraits
from nodes.diffusion.unets import (
    EDITED,
    LATENT,
    PAINTED,
    find_unet,
    has_bias_of_v,
    is_linear,
    load_unet,
    prediction_of,
    says_prediction,
    summary_width,
    takes,
    text_width,
    unet_config,
)


def find(header: Header) -> Header | None:
    """A UNet that reads one text, entering its attention by linear layers."""
    unet = find_unet(header)
    if unet is None or not takes(unet, (LATENT, EDITED, PAINTED)):
        return None
    plain = text_width(unet) > 0 and is_linear(unet) and not summary_width(unet, 0)
    return unet if plain else None


def predicts(unet: Header, asked: str) -> Prediction:
    """What was asked for, else what the file says, else the field's rule of thumb; inpainting models predict noise."""
    if asked == "auto" and not says_prediction(unet) and takes(unet, (LATENT,)):
        return "v" if has_bias_of_v(unet) else "eps"
    return prediction_of(unet, asked)


def load_denoiser(unet: Header, prediction: str, device: str, dtype: str) -> UNetDenoiser:
    config = unet_config(unet, heads=None)
    traits = UNetTraits(
        text_width=config["cross_attention_dim"],
        prediction=predicts(unet, prediction),
        guidance_width=config.get("time_cond_proj_dim", 0),
        beside_channels=config["in_channels"] - LATENT,
        scale=SPACE.scale,
    )
    return load_unet(unet, config, traits, device, dtype)


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
