"""Nodes that bring models in. They read a file's header only: weights are loaded by the node that needs them."""

from __future__ import annotations

from typing import NamedTuple

from nodes.api import BadValue, node
from nodes.fields import CheckpointFile, VAEPart
from nodes.types import Model, TextEncoder


class Checkpoint(NamedTuple):
    """The three parts of a checkpoint.

    Args:
        model: The denoiser, which turns noise into a picture step by step.
        text_encoder: Turns a text into what the model is steered by.
        vae: Turns pictures into latents and latents into pictures.
    """

    model: Model
    text_encoder: TextEncoder
    vae: VAEPart


@node(category="loaders")
def load_checkpoint(file: CheckpointFile) -> Checkpoint:
    """Load a diffusion model, its text encoder and its VAE from one file.

    Args:
        file: A .safetensors checkpoint in the folder models/checkpoints.
    """
    from nodes.diffusion.header import UnusableFile
    from nodes.diffusion.recipes import read_checkpoint

    try:
        return Checkpoint(*read_checkpoint(file))
    except UnusableFile as error:
        raise BadValue("file", str(error), error.fix) from error
