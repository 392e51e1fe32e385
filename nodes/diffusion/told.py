"""What a denoiser is told beside the noisy latent: the parts of conditionings, laid out as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm, nan

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.control.boxes import Boxed, lay_boxes
from nodes.diffusion.control.pictures import Prompted, lay_pictures
from nodes.diffusion.control.steering import Steered, lay_controls
from nodes.diffusion.places import CELL, Window
from nodes.diffusion.weaken import Weakened
from nodes.types import Frame, TextPart

GOOD, POOR = 6.0, 2.5
"""The aesthetic scores that wanted and unwanted texts have when they name none (the refiner's usual ones)."""


@dataclass(frozen=True, eq=False)
class Told:
    """One row for each row of x, on the model's device."""

    tokens: Tensor
    """float32, rows x tokens x width."""
    mask: Tensor | None = None
    """bool, rows x tokens; None when every token is meant."""
    pooled: Tensor | None = None
    """float32, rows x width."""
    frame: Tensor | None = None
    """float32, rows x 7: height, width, top, left, target height, target width, aesthetic score."""
    guidance: Tensor | None = None
    """float32, one a row; NaN leaves it to the model."""
    labels: Tensor | None = None
    """float32, rows x width: what an unCLIP model reads of a picture."""
    beside: Tensor | None = None
    """float32, rows x channels x height x width, unscaled."""
    mask_beside: Tensor | None = None
    """float32, rows x 1 x height x width."""
    weakened: Weakened = ()
    """Rows for which a model with layers is to be a weaker one."""
    windows: tuple[Window, ...] = ()
    """What of the latent each row is; empty when each is the whole of it."""
    steered: tuple[Steered, ...] = ()
    """Which rows ControlNets and adapters steer."""
    prompted: tuple[Prompted, ...] = ()
    """Which rows attend to pictures beside their texts."""
    boxed: tuple[Boxed, ...] = ()
    """Which rows see texts in boxes."""


def lay_out(
    sides: Sequence[tuple[Sequence[TextPart], float]],
    shape: Sequence[int],
    masks: bool,
    device: str,
    windows: Sequence[Window] = (),
) -> Told:
    """The parts one after the other, each repeated over the batch.

    `sides` holds parts and the aesthetic score they have unless they name one; `shape` is that of the whole latent.
    `windows`, all of one size, say which rectangle of it each part looks at; without any, each looks at all of it.
    """
    batch, _, height, width = shape
    parts = [part for side, _ in sides for part in side]
    scores = [score for side, score in sides for _ in side]
    tokens, mask = join(parts, batch, masks)
    frames = [frame_of(part, score, height, width) for part, score in zip(parts, scores, strict=True)]
    guidance = [nan if part.guidance is None else part.guidance for part in parts]
    looks = list(windows) or [Window(0, 0, height, width)] * len(parts)
    samples = [look.of(part.beside.samples) if part.beside else None for part, look in zip(parts, looks, strict=True)]
    masks_beside = [
        look.of(part.beside.mask) if part.beside and part.beside.mask is not None else None
        for part, look in zip(parts, looks, strict=True)
    ]

    def there(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.to(device)

    return Told(
        tokens=tokens.to(device),
        mask=there(mask),
        pooled=there(stack([part.pooled for part in parts], batch)),
        frame=torch.tensor(frames).repeat_interleave(batch, dim=0).to(device),
        guidance=torch.tensor(guidance).repeat_interleave(batch).to(device),
        labels=there(stack([part.labels for part in parts], batch)),
        beside=there(stack(samples, batch)),
        mask_beside=there(stack(masks_beside, batch)),
        windows=tuple(window for window in windows for _ in range(batch)),
        steered=lay_controls(parts, looks, shape, device),
        prompted=lay_pictures(parts, batch, device),
        boxed=lay_boxes(parts, looks, shape, device),
    )


def frame_of(part: TextPart, score: float, height: int, width: int) -> list[float]:
    """What SDXL is told; a part without a frame stands for a whole picture of the latent's size."""
    frame = part.frame or Frame(width * CELL, height * CELL, 0, 0, width * CELL, height * CELL)
    aesthetic = score if part.aesthetic is None else part.aesthetic
    sizes = frame.height, frame.width, frame.top, frame.left, frame.target_height, frame.target_width, aesthetic
    return [float(number) for number in sizes]


def stack(tensors: Sequence[Tensor | None], batch: int) -> Tensor | None:
    """Each tensor over the batch, a tensor too few repeated; zeros for those that are missing beside others."""
    like = next((tensor for tensor in tensors if tensor is not None), None)
    if like is None:
        return None
    return torch.cat([fill(torch.zeros_like(like[:1]) if t is None else t, batch) for t in tensors])


def fill(tensor: Tensor, batch: int) -> Tensor:
    """A batch of this length: what is there, over and over."""
    return tensor[torch.arange(batch) % len(tensor)]


def join(parts: Sequence[TextPart], batch: int, masks: bool) -> tuple[Tensor, Tensor | None]:
    """Texts of different length as one tensor, and its mask when some tokens only fill up.

    Repeating chunks changes nothing where the picture attends to the text alone, as in UNets. Where both attend
    to each other, as in transformers, shorter texts are filled with zeros that nobody attends to.
    """
    texts = [fill(part.embedding, batch) for part in parts]
    lengths = [text.shape[1] for text in texts]
    if not masks:
        tokens = lcm(*lengths)
        return torch.cat([text.repeat(1, tokens // text.shape[1], 1) for text in texts]), None
    longest = max(lengths)
    tokens_filled = torch.cat([functional.pad(text, (0, 0, 0, longest - text.shape[1])) for text in texts])
    if min(lengths) == longest and all(part.mask is None for part in parts):
        return tokens_filled, None
    meant = [torch.ones(text.shape[:2], dtype=torch.bool) for text in texts]
    known = [one if part.mask is None else fill(part.mask, batch) for one, part in zip(meant, parts, strict=True)]
    return tokens_filled, torch.cat([functional.pad(one, (0, longest - one.shape[1])) for one in known])
