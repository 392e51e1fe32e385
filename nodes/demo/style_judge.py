"""A second small classifier: which style a picture is in, and what stands where, in the colours of the grammar or the
new one. Like the first it learns from rendered pictures only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nodes.demo import judge as judging
from nodes.demo.judge import Judge
from nodes.demo.labels import IGNORED, NOTHING
from nodes.demo.pictures import Pictures
from nodes.demo.scenes import COLOURS, KINDS, PLACES, Scene
from nodes.demo.word import COLOUR

FILE = Path(__file__).parent / "style_judge.safetensors"
ALL_COLOURS = (*COLOURS, COLOUR)
STYLES = ("flat", "poster")
# style, then kind and colour at each place
CONTRAST = 0.6
HEADS = (len(STYLES), *(len(KINDS) + 1, len(ALL_COLOURS)) * len(PLACES))


@dataclass(frozen=True)
class Shown:
    """What a picture shows; `subjects` maps a place to (kind, colour)."""

    style: str
    subjects: dict[str, tuple[str, str]]


def labels_of(scenes: list[Scene], style: str) -> Tensor:
    """int64 (n, heads); the colour of an empty place is ignored."""
    rows = []
    for scene in scenes:
        there = {s.place: (KINDS.index(s.kind), ALL_COLOURS.index(s.colour)) for s in scene.subjects}
        rows.append([STYLES.index(style), *(n for place in PLACES for n in there.get(place, (NOTHING, IGNORED)))])
    return torch.tensor(rows)


def train_style_judge(
    flat: Pictures, coloured: Pictures, posters: Pictures, steps: int = 700, batch: int = 64, seed: int = 0
) -> Judge:
    """`coloured` are flat pictures in the new colour."""
    torch.manual_seed(seed)
    images = np.concatenate([flat.images, coloured.images, posters.images])
    labels = [labels_of(flat.scenes, "flat"), labels_of(coloured.scenes, "flat"), labels_of(posters.scenes, "poster")]
    return judging.teach(Judge(HEADS), images, torch.cat(labels), steps, batch, seed, CONTRAST)


@torch.no_grad()
def look(judge: Judge, pictures: Tensor) -> list[Shown]:
    """At pictures in 0..1, (n, 3, 128, 128)."""
    best = torch.stack([head.argmax(1) for head in judge(pictures)], dim=1)
    return [_shown(row) for row in best.tolist()]


def _shown(row: list[int]) -> Shown:
    pairs = zip(PLACES, row[1::2], row[2::2], strict=True)
    subjects = {place: (KINDS[kind], ALL_COLOURS[colour]) for place, kind, colour in pairs if kind != NOTHING}
    return Shown(STYLES[row[0]], subjects)


def write(judge: Judge) -> None:
    judging.write(judge, FILE)


def read_back() -> Judge:
    return judging.read_back(FILE, HEADS)
