"""CLIP's image encoders (Radford et al. 2021; OpenCLIP): found in files, measured, loaded, and what they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.header import SOURCE, Header, UnusableFile, WeightsFile
from nodes.diffusion.ldm import OpenClip, open_clip_part
from nodes.diffusion.looks import looks_like
from nodes.diffusion.read import fill_module
from nodes.diffusion.sources import open_again, open_sources
from nodes.sentences import files as say

PREFIXES = ("", "embedder.model.visual.", "visual.")
"""Where files keep it: alone, in an unCLIP checkpoint, in a whole OpenCLIP model."""
PATCHES = "vision_model.embeddings.patch_embedding.weight"
LAYERS = "vision_model.encoder.layers."
HEADS = {768: 12, 1024: 16, 1280: 16, 1408: 16, 1664: 16}
"""By width. Others have heads of 64."""
QUICK = {768, 1024}
"""Widths of OpenAI's own models, whose GELU is the quick one."""
MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of red, green and blue in the pictures that CLIP was trained on."""
FLOAT_BYTES = 4
OPEN_CLIP = OpenClip(
    whole={
        "class_embedding": "embeddings.class_embedding",
        "positional_embedding": "embeddings.position_embedding.weight",
    },
    projection=("proj", "visual_projection.weight"),
    start="vision_model.",
    ends={"conv1": "embeddings.patch_embedding", "ln_pre": "pre_layrnorm", "ln_post": "post_layernorm"},
)


@dataclass(frozen=True)
class ClipVisionRecipe:
    """Loads an image encoder."""

    files: tuple[WeightsFile, ...]
    size: int
    """Bytes in float32."""

    @property
    def title(self) -> str:
        """For people."""
        return f"image encoder of {self.files[0].path.name}"

    def load(self, device: str, dtype: str) -> ImageReader:
        """Raises `UnusableFile`."""
        header = open_again(self.files)
        vision = find_vision(header)
        if vision is None:
            what = say.NO_IMAGE_ENCODER_NOW(file=header.file.path)
            raise UnusableFile(what, say.PICK_AGAIN())
        return load_vision(vision, device, dtype)


def read_vision(path: Path) -> ClipVisionRecipe:
    """Describe the image encoder in a file. Raises `UnusableFile`."""
    headers = open_sources(path)
    for header in headers:
        vision = find_vision(header)
        if vision is not None:
            vision_config(vision)
            return ClipVisionRecipe(header.files, FLOAT_BYTES * sum(entry.count for entry in vision.entries.values()))
    raise UnusableFile(
        say.LOOKS_LIKE(file=path.name, found=looks_like(headers[0]), wanted=say.AN_IMAGE_ENCODER()),
        say.PICK_IMAGE_ENCODER(),
    )


def find_vision(header: Header) -> Header | None:
    """The image encoder in a file, named as transformers names it."""
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "conv1.weight" in part.entries and any(part.below("transformer.resblocks.")):
            part = open_clip_part(part, OPEN_CLIP)
        if PATCHES in part.entries and "visual_projection.weight" in part.entries:
            return part
    return None


def vision_config(vision: Header) -> dict[str, Any]:
    """The encoder's sizes, as transformers names them."""
    width, _, patch, _ = vision.shape(PATCHES, 4)
    places = vision.shape("vision_model.embeddings.position_embedding.weight", 2)[0]
    heads = HEADS.get(width, width // 64)
    edge = isqrt(max(places - 1, 0))
    if not heads or width % heads or edge**2 != places - 1 or not edge:
        raise UnusableFile(say.IMAGE_ENCODER_SIZES(file=vision.name, width=width, places=places), SOURCE)
    return {
        "hidden_size": width,
        "intermediate_size": vision.shape(f"{LAYERS}0.mlp.fc1.weight", 2)[0],
        "num_hidden_layers": vision.numbers(LAYERS),
        "num_attention_heads": heads,
        "image_size": edge * patch,
        "patch_size": patch,
        "hidden_act": "quick_gelu" if width in QUICK else "gelu",
        "projection_dim": vision.shape("visual_projection.weight", 2)[0],
    }


def load_vision(vision: Header, device: str, dtype: str) -> ImageReader:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(**vision_config(vision))
    with torch.device("meta"):
        model = CLIPVisionModelWithProjection(config)
    fill_module(model, vision, "image encoder", device, dtype)
    # No file holds this buffer, so it is still on the meta device.
    embeddings = model.vision_model.embeddings
    places = torch.arange(embeddings.num_positions, device=device)[None]
    embeddings.register_buffer("position_ids", places, persistent=False)
    return ImageReader(model, device, dtype)


class ImageReader:
    """One image encoder."""

    def __init__(self, model: Any, device: str, dtype: str) -> None:
        """`model`: transformers' CLIPVisionModelWithProjection."""
        self.model, self.device, self.dtype = model, device, getattr(torch, dtype)
        self.edge = int(model.config.image_size)

    def read(self, pixels: Tensor, crop: bool) -> tuple[Tensor, Tensor]:
        """What it sees in the whole (batch x width), and the layer before the last (batch x tokens x width).

        `pixels`: batch x height x width x RGB, 0..1. Both are float32 on the CPU.
        """
        seen = prepared(pixels, self.edge, crop).to(self.device, self.dtype)
        with torch.inference_mode():
            found = self.model(pixel_values=seen, output_hidden_states=True)
        states: Sequence[Tensor] = found.hidden_states
        return found.image_embeds.to("cpu", torch.float32, copy=True), states[-2].to("cpu", torch.float32, copy=True)


def prepared(pixels: Tensor, edge: int, crop: bool) -> Tensor:
    """Pictures as CLIP was shown them: batch x RGB x edge x edge, the middle cut out or all of it squeezed in."""
    picture = pixels.permute(0, 3, 1, 2).float()
    height, width = picture.shape[2:]
    short = min(height, width)
    size = (edge * height // short, edge * width // short) if crop else (edge, edge)
    if size != (height, width):
        picture = functional.interpolate(picture, size, mode="bicubic", antialias=True)
    top, left = (size[0] - edge) // 2, (size[1] - edge) // 2
    picture = picture[..., top : top + edge, left : left + edge].clamp(0, 1)
    picture = (picture * 255).round() / 255  # it was shown pictures of 8 bits
    return (picture - picture.new_tensor(MEAN).view(3, 1, 1)) / picture.new_tensor(SPREAD).view(3, 1, 1)
