"""The fixed set of drawn scenes both stages train on, rendered once by every core and kept as memory-mapped arrays."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nodes.demo.pen import SIZE
from nodes.demo.render import render
from nodes.demo.scenes import Scene, draw_scene
from nodes.demo.styles import FLAT, Flat

PAIR_SHARE = 0.5  # of the training scenes: which colour belongs to which of two is the hardest to learn


@dataclass(frozen=True)
class Pictures:
    """`images` uint8 (n, 128, 128, 3) and `masks` uint8 (n, 128, 128), 255 where a subject is."""

    scenes: list[Scene]
    images: np.ndarray
    masks: np.ndarray


def scenes_of(count: int, seed: int, held_out: bool = False, pair_share: float = 0.35) -> list[Scene]:
    rng = np.random.default_rng([seed, int(held_out)])
    return [draw_scene(rng, held_out, pair_share) for _ in range(count)]


def drawn(scenes: list[Scene], processes: int = 1, style: Flat = FLAT) -> Pictures:
    """The scenes rendered in memory."""
    draw = partial(render, style=style)
    if processes > 1:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            parts = pool.map(draw, scenes, chunksize=32)
    else:
        parts = [draw(scene) for scene in scenes]
    return Pictures(scenes, np.stack([p[0] for p in parts]), np.stack([p[1] for p in parts]))


def cached(count: int, seed: int, folder: Path, processes: int, style: Flat = FLAT) -> Pictures:
    """The first `count` training scenes of `seed`, from `folder` when they lie there already."""
    return kept(scenes_of(count, seed, pair_share=PAIR_SHARE), f"{seed}-{count}", folder, processes, style)


def kept(scenes: list[Scene], name: str, folder: Path, processes: int, style: Flat = FLAT) -> Pictures:
    """The scenes drawn, from the files of this name when they lie there already."""
    images = folder / f"{style.name}images-{name}.npy"
    masks = folder / f"{style.name}masks-{name}.npy"
    if not masks.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pictures = drawn(scenes, processes, style)
        np.save(images, pictures.images)
        np.save(masks, pictures.masks)  # written last: its presence says that both are whole
    loaded = np.load(images, mmap_mode="r"), np.load(masks, mmap_mode="r")
    assert loaded[0].shape == (len(scenes), SIZE, SIZE, 3)
    return Pictures(scenes, *loaded)
