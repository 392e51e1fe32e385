"""The way back from diffusers' names: which tensors of a model a tensor of a single file holds.

Made by asking the tables that read such files what they make of each name a file may have, so that there is one set.
LoRAs name layers as files do, and checkpoints are written so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nodes.diffusion.families import flux, sd3
from nodes.diffusion.header import Entry, Header
from nodes.diffusion.ldm import OPEN_CLIP, OPEN_CLIP_ENDS, open_clip_part, unet_file_name

PROBE = Entry("F32", (7, 1), 0, 28, Path())
"""Stands for any tensor; its rows can be told apart in three, or in the seven of Flux's later blocks."""
LEAVES = ("weight", "bias")


@dataclass(frozen=True)
class Place:
    """Tensors of diffusers whose rows a tensor of a file holds, one below the other."""

    targets: tuple[str, ...]
    halves_swapped: bool = False
    """Whether the file holds the second half of rows first."""
    turned: bool = False
    """Whether the file holds it transposed."""


def count(names: Collection[str], prefix: str) -> int:
    """How many of `prefix0.`, `prefix1.`, … there are."""
    found = {match[1] for name in names if (match := re.match(re.escape(prefix) + r"(\d+)\.", name))}
    return len(found)


def denoiser_places(family: str, names: Collection[str]) -> dict[str, Place]:
    """By the names that a single file of the family gives the tensors of its denoiser."""
    if family == "flux1":
        return invert(flux_candidates(names), flux.renamed, names)
    if family == "sd3":
        last = str(count(names, "transformer_blocks.") - 1)
        return invert(sd3_candidates(names), lambda name, entry: sd3.renamed(name, entry, last), names)
    layers = count(names, "down_blocks.0.resnets.")
    levels = {re.match(r"up_blocks\.(\d+)\.attentions\.", name) for name in names}
    attends = frozenset(int(found[1]) for found in levels if found)
    return {unet_file_name(name, layers, attends): Place((name,)) for name in names}


def open_clip_places(names: Collection[str]) -> dict[str, Place]:
    """By OpenCLIP's names."""

    def renamed(name: str, entry: Entry) -> Mapping[str, Entry]:
        return open_clip_part(Header((), {name: entry}, {})).entries

    return invert(open_clip_candidates(names), renamed, names)


def invert(
    candidates: Iterable[str], renamed: Callable[[str, Entry], Mapping[str, Entry]], names: Collection[str]
) -> dict[str, Place]:
    """The places of the candidates that the model has; what none of them holds is called alike in file and model."""
    there, held = set(names), set[str]()
    places: dict[str, Place] = {}
    for candidate in candidates:
        found = renamed(candidate, PROBE)
        if found.keys() <= there:
            one = next(iter(found.values()))
            places[candidate] = Place(tuple(found), one.halves_swapped, one.turned)
            held |= found.keys()
    return places | {name: Place((name,)) for name in names if name not in held}


def with_leaves(stems: Iterable[str]) -> Iterator[str]:
    for stem in stems:
        yield from [stem] if stem.endswith(".scale") else [f"{stem}.{leaf}" for leaf in LEAVES]


def flux_candidates(names: Collection[str]) -> Iterator[str]:
    yield from with_leaves(flux.ENDS)
    for block in range(count(names, "transformer_blocks.")):
        yield from with_leaves(f"double_blocks.{block}.{inner}" for inner in (*flux.FUSED, *flux.DOUBLE))
    for block in range(count(names, "single_transformer_blocks.")):
        yield from with_leaves(f"single_blocks.{block}.{inner}" for inner in ("linear1", *flux.SINGLE))


def sd3_candidates(names: Collection[str]) -> Iterator[str]:
    yield "pos_embed"
    yield from with_leaves(sd3.ENDS)
    tables = {"x": sd3.PICTURE, "context": sd3.TEXT}
    for block in range(count(names, "transformer_blocks.")):
        for side, table in tables.items():
            fused = [inner for fused_side, inner in sd3.FUSED if fused_side == side]
            yield from with_leaves(f"joint_blocks.{block}.{side}_block.{inner}" for inner in (*fused, *table))


def open_clip_candidates(names: Collection[str]) -> Iterator[str]:
    yield from (*OPEN_CLIP_ENDS, "text_projection")
    for layer in range(count(names, "encoder.layers.")):
        start = f"transformer.resblocks.{layer}"
        yield from (f"{start}.attn.in_proj_{leaf}" for leaf in LEAVES)
        yield from with_leaves(f"{start}.{inner}" for inner in OPEN_CLIP)
