"""The difference of two models as a LoRA: the best of a rank, by singular values (Eckart and Young 1936)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from nodes.diffusion.patches.changes import widen
from nodes.diffusion.patches.tensors import DENOISER, FIRST, Shapes, Tensors
from nodes.diffusion.write import Precision, Track, write_tensors

EXACT = 512
"""Matrices with a side no longer than this are taken apart exactly, others by random projections."""
TABLES = re.compile(r"(token|position)_embedding\.|shared\.|embed_tokens\.|relative_attention_bias\.")
"""Tensors whose rows are looked up rather than multiplied with."""
SPARE, ROUNDS, SEED = 2, 4, 0
"""How many times the rank is projected, and how often (Halko et al. 2011)."""


@dataclass
class Extract:
    """Factors by name, and what is told of them."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    kept: float = 0.0
    whole: float = 0.0
    left_out: int = 0
    """Tensors that differ and that a LoRA cannot hold: biases, norms and tables."""

    @property
    def share(self) -> float:
        """Of the squared difference, how much the factors hold."""
        return self.kept / self.whole if self.whole else 1.0

    def whole_layer(self, name: str, difference: Tensor, family: str) -> None:
        """Hold all of a layer's difference: of a first layer that reads more than the original's."""
        energy = float(difference.square().sum())
        self.whole += energy
        self.kept += energy
        self.tensors[f"{spelt(name.removesuffix('.weight'), family)}.diff"] = difference


def extract(changed: Tensors, original: Tensors, family: str, rank: int, track: Track, into: Extract) -> None:
    """Add to `into` what `changed` has beyond `original`, both of one build."""
    layers = [name for name in original.shapes if len(original.shapes[name]) >= 2 and name.endswith(".weight")]
    others = [name for name in original.shapes if name not in set(layers)]
    into.left_out += sum(not torch.equal(changed.read(name), original.read(name)) for name in others)
    for name in track(layers):
        before, after = original.read(name), changed.read(name)
        if name == FIRST and after.shape[1] > before.shape[1]:
            into.whole_layer(name, after - widen(before, after.shape[1]), family)
            continue
        difference = after.reshape(before.shape) - before
        energy = float(difference.square().sum())
        if not energy:
            continue
        into.whole += energy
        if TABLES.search(name):
            into.left_out += 1
            continue
        up, down = factors(difference.flatten(1), rank)
        into.kept += energy - float((difference.flatten(1) - up @ down).square().sum())
        stem = spelt(name.removesuffix(".weight"), family)
        window = [1] * (before.ndim - 2)
        into.tensors[f"{stem}.lora_A.weight"] = down.reshape(len(down), *before.shape[1:])
        into.tensors[f"{stem}.lora_B.weight"] = up.reshape(*up.shape, *window)


def factors(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Rows x rank and rank x columns, whose product is nearest to the matrix; both of a like size."""
    rank = min(rank, *matrix.shape)
    if min(matrix.shape) <= max(EXACT, SPARE * rank):
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    else:
        with torch.random.fork_rng(devices=[]):  # the same file whenever it is written
            torch.manual_seed(SEED)
            left, values, columns = torch.svd_lowrank(matrix, q=SPARE * rank, niter=ROUNDS)
            right = columns.T
    root = values[:rank].sqrt()
    return left[:, :rank] * root, root[:, None] * right[:rank]


def spelt(layer: str, family: str) -> str:
    """diffusers' and peft's name of a layer."""
    network, _, inner = layer.partition(".")
    if network == DENOISER:
        return f"{'transformer' if family in ('sd3', 'flux1') else 'unet'}.{inner}"
    number = {"clip_g": 1 if family == "sdxl_refiner" else 2, "t5": 2 if family == "flux1" else 3}.get(network, 1)
    start = "text_encoder" if number == 1 else f"text_encoder_{number}"
    return f"{start}.{inner}" if network == "t5" else f"{start}.text_model.{inner}"


def write_lora(path: Path, found: Extract, precision: Precision, metadata: Mapping[str, str]) -> None:
    shapes: Shapes = {name: tuple(tensor.shape) for name, tensor in found.tensors.items()}
    write_tensors(path, shapes, found.tensors.__getitem__, precision, metadata)
