"""Teaches the text encoder to read before there is a picture: from a caption, which kind and colour stands where.

SD1.x's text encoder came to it trained (CLIP, Radford et al., 2021). Learnt from the pictures' error alone, which
colour belongs to which of two subjects comes last of all; as a task of its own it takes minutes.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nodes.demo import tokens
from nodes.demo.architecture import Sizes, build_text_encoder
from nodes.demo.captions import caption_of
from nodes.demo.labels import HEADS, IGNORED, labels_of
from nodes.demo.scenes import Scene
from nodes.demo.training import Plan, Run, default_device, shares_of

STREWN_SHARE = 0.12


class Reader(nn.Module):
    """The text encoder on small token rows, with a linear layer that names a scene's attributes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.encoder = build_text_encoder(sizes, vocabulary=len(tokens.known_ids()) + 1)
        self.names = nn.Linear(sizes.text_width, sum(HEADS))

    def forward(self, rows: Tensor) -> Tensor:
        """(n, 77) small rows to (n, 77, width)."""
        states: Tensor = self.encoder(input_ids=rows).last_hidden_state
        return states

    def loss(self, states: Tensor, rows: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy of the attributes, read off the first end token and off the last.

        Attention is causal, so both have seen every word. What a caption leaves out costs what guessing costs.
        """
        ends = (rows == tokens.row_of()[tokens.END]).int().argmax(dim=1)
        picked = torch.stack([states[torch.arange(len(states)), ends], states[:, -1]])
        scores = self.names(picked.float()).split(list(HEADS), dim=-1)
        losses = [
            functional.cross_entropy(score.flatten(0, 1), labels[:, i].repeat(2), ignore_index=IGNORED, reduction="sum")
            for i, score in enumerate(scores)
        ]
        return torch.stack(losses).sum() / (2 * len(HEADS) * len(rows))


def strewn(words: list[int], rng: np.random.Generator) -> list[int]:
    """Sometimes one to three random foreign tokens put anywhere among the words."""
    words = list(words)
    if words and rng.random() < STREWN_SHARE:
        for _ in range(rng.integers(1, 4)):
            words.insert(int(rng.integers(len(words) + 1)), int(rng.integers(320, tokens.START)))
    return words


def rows_of(scenes: list[Scene], rng: np.random.Generator) -> Tensor:
    """A fresh caption of each scene as small token rows, (n, 77)."""
    captions = [caption_of(scene, rng) for scene in scenes]
    ids = [tokens.padded(strewn(tokens.words_of(text), rng)) for text in captions]
    return tokens.row_of()[torch.tensor(ids)]


def _share(reader: Reader, rows: Tensor, labels: Tensor) -> Tensor:
    return reader.loss(reader(rows), rows, labels)


def train_reader(scenes: list[Scene], plan: Plan, checkpoint: Path, sizes: Sizes | None = None) -> Reader:
    """Learns until `plan.steps`, from the checkpoint when there is one; returns the averaged weights' reader."""
    device = default_device()
    torch.manual_seed(plan.seed)
    reader = Reader(sizes or Sizes()).to(device)
    run = Run(reader, plan, checkpoint)
    while run.step < plan.steps:
        rng = np.random.default_rng([plan.seed, run.step])
        chosen = [scenes[i] for i in rng.integers(len(scenes), size=plan.batch)]
        rows, labels = rows_of(chosen, rng).to(device), labels_of(chosen).to(device)
        run.learn([partial(_share, reader, rows[part], labels[part]) for part in shares_of(plan.batch, device)])
    reader.load_state_dict(run.average)
    return reader
