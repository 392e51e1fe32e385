"""Nodes that let a model be steered by what CLIP sees in a picture (unCLIP)."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from nodes.api import BadValue, Context, ModelFile, Number, Title, node
from nodes.fields import CheckpointFile, ConditioningOut, Fraction, SeedNumber, VAEPart
from nodes.image import sound
from nodes.loaders import ModelPart, Predicts, TextPart, said_in_words
from nodes.sentences import common
from nodes.sentences import control as say
from nodes.types import ClipVision, Conditioning, Image, ImageEmbedding, Model

if TYPE_CHECKING:
    from nodes.diffusion.clip_vision import ImageReader

VisionFile = Annotated[Path, ModelFile("clip_vision")]
VisionPart = Annotated[ClipVision, Title("Image encoder")]
Strength = Annotated[float, Number(min=-10, max=10, step=0.05)]


class Checkpoint(NamedTuple):
    """The four parts of an unCLIP checkpoint.

    Args:
        model: The denoiser, which reads what CLIP sees in a picture.
        text_encoder: Turns a text into what the model is steered by.
        vae: Turns pictures into latents and latents into pictures.
        clip_vision: CLIP's image encoder.
    """

    model: ModelPart
    text_encoder: TextPart
    vae: VAEPart
    clip_vision: VisionPart


@node(category="loaders", title="Load unCLIP checkpoint")
def load_unclip_checkpoint(file: CheckpointFile, prediction: Predicts = "auto") -> Checkpoint:
    """Load a checkpoint that is steered by pictures: Stable Diffusion 2.1 unCLIP, with its image encoder.

    Args:
        file: A checkpoint in the folder models/checkpoints, or any weights file of a diffusers folder there.
        prediction: What the model was trained to predict: noise (eps) or velocity (v).
    """
    from nodes.diffusion.clip_vision import read_vision
    from nodes.diffusion.recipes import read_checkpoint

    vision = ClipVision(said_in_words("file", lambda: read_vision(file)))
    model, text_encoder, vae = said_in_words("file", lambda: read_checkpoint(file, prediction))
    return Checkpoint(model, text_encoder, vae, vision)


@node(category="loaders", title="Load CLIP vision")
def load_clip_vision(file: VisionFile) -> VisionPart:
    """Load an image encoder of CLIP that comes in a file of its own.

    Args:
        file: A file in the folder models/clip_vision, as transformers or OpenCLIP name tensors.

    Returns:
        The image encoder.
    """
    from nodes.diffusion.clip_vision import read_vision

    return ClipVision(said_in_words("file", lambda: read_vision(file)))


@node(category="conditioning", title="Encode image with CLIP vision")
def encode_image_vision(
    clip_vision: ClipVision, image: Image, ctx: Context, fit: Literal["crop", "squeeze"] = "crop"
) -> Annotated[ImageEmbedding, Title("What CLIP sees")]:
    """Let CLIP look at a picture: what it shows, not where each pixel is.

    Args:
        clip_vision: The image encoder.
        image: The picture, or a batch of them.
        fit: CLIP sees squares: cut out the middle, or squeeze all of it in.

    Returns:
        What it sees, for nodes that steer by it.
    """
    reader: ImageReader = ctx.weights(clip_vision.recipe)
    return ImageEmbedding(*reader.read(sound(image), fit == "crop"))


@node(category="conditioning", title="unCLIP conditioning")
def unclip_conditioning(
    conditioning: Conditioning,
    model: Model,
    image: ImageEmbedding,
    ctx: Context,
    strength: Strength = 1.0,
    noise: Fraction = 0.0,
    seed: SeedNumber = 0,
) -> ConditioningOut:
    """Show an unCLIP model what CLIP sees in a picture, so that it makes another one like it.

    Args:
        conditioning: The text; it may be empty. The negative text is left without a picture.
        model: The unCLIP model that will sample.
        image: What CLIP sees. A second node after the first adds another picture.
        strength: How much of it is told.
        noise: How much noise is added to it: 0 keeps closest to the picture, 1 leaves next to nothing of it.
        seed: Which noise.

    Returns:
        The text with the picture.
    """
    import torch

    from nodes.diffusion.unclip import STEPS
    from nodes.diffusion.unet import UNetDenoiser

    if not math.isfinite(strength):
        raise BadValue("strength", common.STRENGTH_IS(strength=strength), common.USUAL_1())
    if not 0 <= noise <= 1:
        raise BadValue("noise", say.NOISE_IS(noise=noise), common.USE_SHARE())
    denoiser = ctx.weights(model.recipe)
    if not isinstance(denoiser, UNetDenoiser) or denoiser.statistics is None:
        raise BadValue("model", say.NOT_BY_CLIP(), say.USE_UNCLIP())
    seen, width = image.summary, denoiser.statistics.mean.shape[1]
    if seen.shape[1] != width:
        raise BadValue(
            "image",
            say.SEEN_NUMBERS(seen=seen.shape[1], read=width),
            say.TAKE_IMAGE_ENCODER(),
        )
    drawn = torch.randn(seen.shape, generator=torch.Generator().manual_seed(seed))
    told = denoiser.statistics.noised(seen, round(noise * (STEPS - 1)), drawn) * strength
    parts = [replace(p, labels=told if p.labels is None else p.labels + told) for p in conditioning.parts]
    return Conditioning(tuple(parts))
