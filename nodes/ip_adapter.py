"""Nodes that let a picture be a prompt: what it shows and in which style, not where each thing is (IP-Adapter)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Context, ModelFile, Title, node
from nodes.control import Steered, Strength, check_turn
from nodes.fields import Fraction
from nodes.image import sound
from nodes.loaders import said_in_words
from nodes.sentences import control as say
from nodes.types import ClipVision, Conditioning, Image, IPAdapter, PicturePrompt

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.clip_vision import ImageReader
    from nodes.diffusion.control.pictures import PictureReader

AdapterFile = Annotated[Path, ModelFile("ipadapter")]


@node(category="control", title="Load IP-Adapter")
def load_ip_adapter(file: AdapterFile) -> Annotated[IPAdapter, Title("IP-Adapter")]:
    """Load an IP-Adapter, through which a picture is a prompt: for Stable Diffusion 1.x and XL.

    Args:
        file: A .safetensors file in the folder models/ipadapter: a plain, a plus or a full-face one.

    Returns:
        It fits models of its family; a sampler says so before it starts when they differ.
    """
    from nodes.diffusion.control.pictures import read_ip_adapter

    return said_in_words("file", lambda: read_ip_adapter(file))  # type: ignore[no-any-return]


@node(category="control", title="Apply IP-Adapter")
def apply_ip_adapter(
    positive: Conditioning,
    negative: Conditioning,
    adapter: IPAdapter,
    clip_vision: ClipVision,
    image: Image,
    ctx: Context,
    strength: Strength = 0.6,
    start: Fraction = 0.0,
    end: Fraction = 1.0,
) -> Steered:
    """Show the model a picture as a prompt: it takes over what is in it and how it looks.

    Args:
        positive: What the picture should show beside that; it may be empty.
        negative: What it should not show. It is given nothing to see, as the adapters were trained.
        adapter: The IP-Adapter.
        clip_vision: The image encoder that the adapter was trained with: OpenCLIP's ViT-H for most, ViT-bigG for
            those of XL without vit-h in their name.
        image: The picture; its middle square is looked at. Of a batch each goes with an image of the latent's batch.
        strength: How strongly: 1 as it was trained, about 0.6 leaves room for the text, 0 not at all.
        start: The share of sampling at which it begins, 0 at the start.
        end: The share at which it ends, 1 at the end.
    """
    check_turn(strength, start, end, usual=0.6)
    reader: ImageReader = ctx.weights(clip_vision.recipe)
    seen, nothing = seen_by(reader, adapter, image)
    if seen.shape[-1] != adapter.seen:
        raise BadValue(
            "clip_vision",
            say.SEEN_BY_ADAPTER(given=seen.shape[-1], adapter=adapter.title, read=adapter.seen),
            say.TAKE_TRAINED_ENCODER(),
        )
    adapted: PictureReader = ctx.weights(adapter.recipe)
    put, none = (PicturePrompt(adapter, adapted.tokens(one), strength, start, end) for one in (seen, nothing))
    return Steered(showing(positive, put), showing(negative, none))


def seen_by(reader: ImageReader, adapter: IPAdapter, image: Image) -> tuple[Tensor, Tensor]:
    """What the adapter reads of a picture, and of none: zeros, or what the encoder makes of zeros."""
    import torch

    summary, states = reader.read(sound(image), True)
    if adapter.reads == "summary":
        return summary, torch.zeros_like(summary[:1])
    zeros = torch.zeros(1, 3, reader.edge, reader.edge, device=reader.device, dtype=reader.dtype)
    with torch.inference_mode():
        found = reader.model(pixel_values=zeros, output_hidden_states=True).hidden_states[-2]
    return states, found.to("cpu", torch.float32, copy=True)


def showing(conditioning: Conditioning, prompt: PicturePrompt) -> Conditioning:
    """The same conditioning with one more picture on every part."""
    return Conditioning(tuple(replace(part, pictures=(*part.pictures, prompt)) for part in conditioning.parts))
