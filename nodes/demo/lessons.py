"""What the stages share that teach something beside the shipped model, whose own weights stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nodes.demo import tokens
from nodes.demo.attention import Float32Attention
from nodes.demo.captions import caption_of
from nodes.demo.noise import loss_weight, noised, random_times
from nodes.demo.scenes import Scene
from nodes.demo.shipped import Shipped
from nodes.demo.text2image import cells_of
from nodes.demo.training import Plan, random_of


@dataclass(frozen=True)
class Lesson:
    """A batch of one step: scenes under noise, and their captions."""

    clean: Tensor
    """Scaled latents, n x 4 x h x w, as are `noise` and `noisy`."""
    noise: Tensor
    noisy: Tensor
    times: Tensor
    ids: Tensor
    """Of the captions' tokens, n x 77."""
    cells: Tensor
    """How much each latent value counts, n x 1 x h x w."""

    def of(self, rows: slice) -> Lesson:
        parts = (self.clean, self.noise, self.noisy, self.times, self.ids, self.cells)
        return Lesson(*(part[rows] for part in parts))

    def states(self, base: Shipped) -> Tensor:
        """What the captions tell, n x 77 x width."""
        with torch.no_grad():
            found: Tensor = base.text(input_ids=self.ids).last_hidden_state
        return found

    def loss(self, found: Tensor) -> Tensor:
        """Of the predicted noise."""
        error = (self.cells * (found.float() - self.noise).square()).mean(dim=(1, 2, 3))
        return (error * loss_weight(self.times)).mean()


def frozen(base: Shipped, device: torch.device) -> Shipped:
    """The model on a device, as something to learn beside."""
    for part in (base.vae, base.unet, base.text):
        part.to(device).requires_grad_(False).eval()
    if device.type == "cpu":
        base.unet.set_attn_processor(Float32Attention())
    return base


def picked(count: int, plan: Plan, step: int) -> tuple[np.ndarray, np.random.Generator]:
    """Which scenes a step shows, and the step's own random numbers."""
    rng = np.random.default_rng([plan.seed, step])
    return rng.integers(count, size=plan.batch), rng


def lesson(
    base: Shipped,
    scenes: list[Scene],
    clean: Tensor,
    masks: np.ndarray,
    plan: Plan,
    step: int,
    rng: np.random.Generator,
    noisy_share: float,
    silent: float = 0.0,
    say: Callable[[Scene, np.random.Generator], str] = caption_of,
) -> Lesson:
    """A batch with fresh captions and noise. `silent`: the share whose caption is empty, beyond the usual tenth."""
    device = next(base.unet.parameters()).device
    random = random_of(plan.seed, step)
    noise = torch.randn(clean.shape, generator=random)
    times = random_times(len(clean), random, noisy_share)
    texts = [say(scene, rng) for scene in scenes]
    ids = tokens.encode(["" if rng.random() < silent else text for text in texts])
    parts = (clean, noise, noised(clean, noise, times), times, ids, cells_of(masks))
    return Lesson(*(part.to(device) for part in parts))
