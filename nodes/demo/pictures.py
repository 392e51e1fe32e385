"""The fixed set of drawn scenes both stages train on, rendered once by every core and kept as memory-mapped arrays."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nodes.demo.pen import SIZE
from nodes.demo.render import render
from nodes.demo.scenes import Scene, draw_scene

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


def drawn(scenes: list[Scene], processes: int = 1) -> Pictures:
    """The scenes rendered in memory."""
    if processes > 1:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            parts = pool.map(render, scenes, chunksize=32)
    else:
        parts = [render(scene) for scene in scenes]
    return Pictures(scenes, np.stack([p[0] for p in parts]), np.stack([p[1] for p in parts]))


def cached(count: int, seed: int, folder: Path, processes: int) -> Pictures:
    """The first `count` training scenes of `seed`, from `folder` when they lie there already."""
    scenes = scenes_of(count, seed, pair_share=PAIR_SHARE)
    images = folder / f"images-{seed}-{count}.npy"
    masks = folder / f"masks-{seed}-{count}.npy"
    if not masks.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pictures = drawn(scenes, processes)
        np.save(images, pictures.images)
        np.save(masks, pictures.masks)  # written last: its presence says that both are whole
    loaded = np.load(images, mmap_mode="r"), np.load(masks, mmap_mode="r")
    assert loaded[0].shape == (count, SIZE, SIZE, 3)
    return Pictures(scenes, *loaded)
