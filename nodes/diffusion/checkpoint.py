"""Whole checkpoints as single files, in the layout that every program reads for the model's family."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.header import Header, UnusableFile
from nodes.diffusion.layouts import Place, denoiser_places, open_clip_places
from nodes.diffusion.ldm import vae_file_name
from nodes.diffusion.patches.merge import root_of
from nodes.diffusion.patches.tensors import DENOISER, Shapes, Tensors, headers_of, read_plain, tensors_of
from nodes.diffusion.recipes import PartRecipe
from nodes.diffusion.sources import open_again
from nodes.diffusion.vae import find_vae
from nodes.diffusion.write import Precision, Track, write_tensors
from nodes.sentences import models as say

VAE = "vae"
COPY = "encoder.embed_tokens.weight"
"""In T5 a second name of a tensor."""
PREFIXES: Mapping[tuple[str, str], str] = {
    ("sd1", "clip_l"): "cond_stage_model.transformer.",
    ("sd2", "clip_h"): "cond_stage_model.model.",
    ("sdxl", "clip_l"): "conditioner.embedders.0.transformer.",
    ("sdxl", "clip_g"): "conditioner.embedders.1.model.",
    ("sdxl_refiner", "clip_g"): "conditioner.embedders.0.model.",
    ("flux1", VAE): "vae.",
}
USUAL = {DENOISER: "model.diffusion_model.", VAE: "first_stage_model.", "t5": "text_encoders.t5xxl.transformer."}
OPEN_CLIP = {("sd2", "clip_h"), ("sdxl", "clip_g"), ("sdxl_refiner", "clip_g")}
"""Text encoders that files hold in OpenCLIP's layout."""
SAID = ("prediction_type", "modelspec.prediction_type")


@dataclass(frozen=True)
class Piece:
    """One tensor of a file: from which network, and the tensors there that it holds."""

    network: str
    place: Place
    square: bool = False
    """Whether the file holds a linear layer as a convolution of one place."""


def write_model(path: Path, model: Any, text_encoder: Any, vae: Any, precision: Precision, track: Track = iter) -> None:
    """Write three parts, by their recipes, as one file. Raises `UnusableFile` for parts of different families."""
    check_families(model, text_encoder)
    sources: dict[str, Tensors] = {"model": tensors_of(model), "text": tensors_of(text_encoder), VAE: VaeTensors(vae)}
    pieces: dict[str, tuple[Tensors, Piece]] = {}
    for tensors in sources.values():
        for name, piece in pieces_of(model.family, tensors.shapes):
            pieces[name] = tensors, piece
    shapes = {name: shape_of(piece, tensors.shapes) for name, (tensors, piece) in pieces.items()}
    marks = marks_of(root_of(model))
    shapes |= dict.fromkeys(marks, (0,))

    def read(name: str) -> Tensor:
        return torch.zeros(0) if name in marks else gather(pieces[name][1], pieces[name][0].read)

    write_tensors(path, shapes, read, precision, said_by(root_of(model)), track)


def check_families(model: Any, text_encoder: Any) -> None:
    if model.family != text_encoder.family:
        raise UnusableFile(
            say.FAMILIES_DIFFER(first=model.title, second=text_encoder.title),
            say.SAVE_TOGETHER(),
        )


class VaeTensors:
    """Those of a VAE."""

    def __init__(self, recipe: PartRecipe) -> None:
        headers = (find_vae(open_again(files)) for files in recipe.sources)
        self.entries = next(header for header in headers if header is not None).entries

    @property
    def shapes(self) -> Shapes:
        return {f"{VAE}.{name}": entry.shape for name, entry in self.entries.items()}

    def read(self, name: str) -> Tensor:
        return read_plain(self.entries[name.removeprefix(f"{VAE}.")])


def pieces_of(family: str, shapes: Shapes) -> Iterator[tuple[str, Piece]]:
    """What a file of the family holds of some networks, by its names."""
    for network in dict.fromkeys(name.partition(".")[0] for name in shapes):
        start = f"{network}."
        inner = {name.removeprefix(start): shape for name, shape in shapes.items() if name.startswith(start)}
        usual = USUAL.get(network, f"text_encoders.{network}.transformer.")
        prefix = PREFIXES.get((family, network), usual)
        for name, place in places_of(family, network, inner).items():
            square = network == VAE and ".attn_1." in name and len(inner[place.targets[0]]) == 2
            held = tuple(f"{start}{target}" for target in place.targets)
            yield f"{prefix}{name}", Piece(network, Place(held, place.halves_swapped, place.turned), square)


def places_of(family: str, network: str, names: Collection[str]) -> Mapping[str, Place]:
    if network == DENOISER:
        return denoiser_places(family, names)
    if network == VAE:
        levels = len({found[1] for name in names if (found := re.match(r"encoder\.down_blocks\.(\d+)", name))})
        return {vae_file_name(name, levels): Place((name,)) for name in names}
    if (family, network) in OPEN_CLIP:
        return open_clip_places(names)
    if network == "t5":
        return {name: Place((name,)) for name in names if name != COPY}
    return {name if name.startswith("text_proj") else f"text_model.{name}": Place((name,)) for name in names}


def shape_of(piece: Piece, shapes: Shapes) -> tuple[int, ...]:
    _, *rest = shapes[piece.place.targets[0]]
    shape = (sum(shapes[target][0] for target in piece.place.targets), *rest)
    turned = shape[::-1] if piece.place.turned else shape
    return (*turned, 1, 1) if piece.square else turned


def gather(piece: Piece, read: Callable[[str], Tensor]) -> Tensor:
    """The tensor as a file holds it."""
    parts = [read(target) for target in piece.place.targets]
    whole = parts[0] if len(parts) == 1 else torch.cat(parts)
    if piece.place.halves_swapped:
        whole = whole.roll(len(whole) // 2, dims=0)
    whole = whole.T if piece.place.turned else whole
    return whole[:, :, None, None] if piece.square else whole


def denoiser_header(recipe: PartRecipe) -> Header:
    return headers_of(recipe)[DENOISER]


def marks_of(recipe: PartRecipe) -> list[str]:
    """Names of empty tensors that tell how the model was trained."""
    known = denoiser_header(recipe).metadata
    return [mark for mark in ("v_pred", "ztsnr") if mark in known]


def said_by(recipe: PartRecipe) -> dict[str, str]:
    """What the file, or whoever loaded it, says of what the model predicts."""
    known = denoiser_header(recipe).metadata
    said = {key: known[key] for key in SAID if key in known}
    asked = {"v": "v", "eps": "epsilon"}.get(recipe.prediction)
    return said | ({"modelspec.prediction_type": asked} if asked else {})
