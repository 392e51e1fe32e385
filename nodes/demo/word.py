"""Learns a word (textual inversion, Gal et al., 2022) for a colour that no caption names and no picture of the training
has. Text encoder and UNet stay as they are: only the word's vectors are learnt, from pictures in that colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nodes.demo import tokens
from nodes.demo.captions import caption_of
from nodes.demo.lessons import Lesson, frozen, lesson, picked
from nodes.demo.pen import SIZE
from nodes.demo.pictures import Pictures
from nodes.demo.scenes import Scene
from nodes.demo.shipped import Shipped
from nodes.demo.training import Plan, Run, default_device, mixed_precision, shares_of

COLOUR = "lilac"
FILE = Path(__file__).parent / "models" / "embeddings" / "loom-demo-lilac.safetensors"
METADATA = {
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.architecture": "stable-diffusion-v1/textual-inversion",
    "modelspec.title": "Latent Loom demo embedding: lilac",
    "modelspec.license": "Apache-2.0",
    "modelspec.description": "A word for a colour that the Latent Loom demo model was never told of.",
    "loom.title": "Lilac for the demo model",
    "loom.licence": "Apache-2.0",
}
MARKS = ("zebra", "helicopter", "guitar", "volcano")
"""Words foreign to the grammar, one token each: in training they stand where the vectors go."""
BEGIN = ("red", "white", "purple", "white")
"""Words whose vectors the learnt ones begin with."""
HALVES = {"left": slice(0, SIZE // 2), "right": slice(SIZE // 2, SIZE)}
NOISY_SHARE = 0.7
"""What colour a subject has is decided early: later the latent shows it already."""
ELSEWHERE = 0.1
"""How much the rest of the picture counts beside the coloured subject: it says nothing about the word."""


class Word(nn.Module):
    """Its vectors, in the text encoder's width."""

    def __init__(self, base: Shipped) -> None:
        super().__init__()
        table = base.text.get_input_embeddings().weight
        begin = table[[tokens.words_of(word)[0] for word in BEGIN]].detach().clone()
        self.embedding = nn.Embedding(len(begin), begin.shape[1], _weight=begin)

    @contextmanager
    def spoken(self, base: Shipped) -> Iterator[None]:
        """Have the text encoder read the vectors in place of the marks."""
        marks = [tokens.words_of(word)[0] for word in MARKS]

        def put(module: nn.Module, given: tuple[Any, ...], out: Tensor) -> Tensor:
            for mark, vector in zip(marks, self.embedding.weight, strict=True):
                out = torch.where((given[0] == mark)[..., None], vector.to(out.dtype), out)
            return out

        handle = base.text.get_input_embeddings().register_forward_hook(put)
        try:
            yield
        finally:
            handle.remove()


def in_colour(scenes: list[Scene], seed: int) -> list[Scene]:
    """The scenes with one of their subjects, drawn by lot, in the new colour."""
    rng = np.random.default_rng([seed, 2])
    changed = []
    for scene in scenes:
        subjects = list(scene.subjects)
        at = int(rng.integers(len(subjects)))
        subjects[at] = replace(subjects[at], colour=COLOUR)
        changed.append(replace(scene, subjects=tuple(subjects)))
    return changed


def said(scene: Scene, rng: np.random.Generator) -> str:
    """A caption with the marks in place of the colour's name, which is always there."""
    text = caption_of(scene, rng)
    while COLOUR not in text:
        text = caption_of(scene, rng)
    return text.replace(COLOUR, " ".join(MARKS))


def coloured(scenes: list[Scene], masks: np.ndarray) -> Tensor:
    """What share of each latent cell the subjects in the new colour cover, float32 (n, 1, h / 8, w / 8).

    `masks` show all subjects, uint8 (n, h, w); two stand in a half each.
    """
    shown = masks.astype(np.float32) / 255
    for scene, mask in zip(scenes, shown, strict=True):
        for subject in scene.subjects:
            if subject.colour != COLOUR:
                mask[:, HALVES[subject.place]] = 0
    return functional.avg_pool2d(torch.from_numpy(shown)[:, None], 8)


def _share(base: Shipped, batch: Lesson) -> Tensor:
    with mixed_precision(batch.noisy.device):
        states = base.text(input_ids=batch.ids).last_hidden_state
        found: Tensor = base.unet(batch.noisy, batch.times, states, return_dict=False)[0]
    return batch.loss(found)


def train_word(base: Shipped, pictures: Pictures, latents: Tensor, plan: Plan, checkpoint: Path) -> Word:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged vectors."""
    device = default_device()
    torch.manual_seed(plan.seed)
    base = frozen(base, device)
    word = Word(base).to(device)
    run = Run(word, plan, checkpoint)
    with word.spoken(base):
        while run.step < plan.steps:
            chosen, rng = picked(len(pictures.scenes), plan, run.step)
            scenes, masks = [pictures.scenes[i] for i in chosen], pictures.masks[chosen]
            batch = lesson(base, scenes, latents[chosen], masks, plan, run.step, rng, NOISY_SHARE, say=said)
            batch.cells.mul_(ELSEWHERE + coloured(scenes, masks).to(device))
            run.learn([partial(_share, base, batch.of(share)) for share in shares_of(plan.batch, device)])
    word.load_state_dict(run.average)
    return word


def write(word: Word, path: Path = FILE) -> None:
    """One tensor, as the diffusers and kohya scripts write it."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": word.embedding.weight.detach().half().contiguous().cpu()}, path, METADATA)
