"""Small pictures of a latent, without decoding it: one linear map, a fraction of a millisecond.

A family may know the map of its usual VAE. Any other VAE has a latent space of its own, so its map is fitted:
it draws flat shapes, encodes them, and finds the colours of each cell from the latent around it by least squares.
Where there is no VAE to ask, false colours show the layout.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.vae import Autoencoder

PICTURES, EDGE, SHAPES = 12, 64, 8
AROUND = 3
"""A fitted map sees this many latent values along an edge."""
RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class LatentPreview:
    """Gives each latent value a cell of `cell` x `cell` pixels."""

    weight: Tensor
    """float32, (3 * cell * cell) x channels x around x around: a convolution."""
    bias: Tensor
    cell: int

    def __call__(self, samples: Tensor) -> Tensor:
        """float32, batch x height x width x RGB in 0..1, from unscaled samples on any device."""
        around = self.weight.shape[-1]
        padded = functional.pad(samples.float().cpu(), [around // 2] * 4, mode="replicate")
        cells = functional.conv2d(padded, self.weight, self.bias)
        return functional.pixel_shuffle(cells, self.cell).permute(0, 2, 3, 1).clamp(0, 1)


def colours_of(factors: list[list[float]], bias: list[float], scale: float) -> LatentPreview:
    """A family's known map: `factors` has a row of red, green, blue in -1..1 for each channel of the scaled latent."""
    weight = torch.tensor(factors).T[:, :, None, None] * (scale / 2)
    return LatentPreview(weight, torch.tensor(bias) / 2 + 0.5, cell=1)


@dataclass(frozen=True)
class FalseColours:
    """The three directions in which a latent varies most, as red, green and blue: its layout, not its colours."""

    def __call__(self, samples: Tensor) -> Tensor:
        """float32, batch x height x width x RGB in 0..1, from samples on any device."""
        values = samples.float().cpu().movedim(1, -1)
        flat = values.flatten(0, 2) - values.mean(dim=(0, 1, 2))
        _, directions = torch.linalg.eigh(flat.T @ flat)
        main = directions[:, -3:]
        main = main * main.sum(0).sign()  # an eigenvector has no sign of its own; this keeps colours from flickering
        seen = flat @ main
        spread = seen.std(0, unbiased=False).clamp(min=1e-6) * 4
        colours: Tensor = (seen / spread + 0.5).clamp(0, 1)
        return colours.reshape(*values.shape[:3], 3)


def fit_preview(vae: Autoencoder, downscale: int) -> LatentPreview:
    """Learn the map from the VAE itself; the same VAE always gives the same map."""
    pictures = draw_pictures()
    samples = vae.encode(pictures)
    padded = functional.pad(samples, [AROUND // 2] * 4, mode="replicate")
    seen = functional.unfold(padded, AROUND).transpose(1, 2).flatten(0, 1).double()
    cells = functional.pixel_unshuffle(pictures.permute(0, 3, 1, 2), downscale).flatten(2)
    wanted = cells.transpose(1, 2).flatten(0, 1).double()
    centre_seen, centre_wanted = seen.mean(0), wanted.mean(0)
    seen, wanted = seen - centre_seen, wanted - centre_wanted
    spread = seen.T @ seen
    spread.diagonal().add_(RIDGE * float(spread.diagonal().mean()) + 1e-12)
    weight = torch.linalg.solve(spread, seen.T @ wanted).T
    bias = centre_wanted - weight @ centre_seen
    shaped = weight.reshape(3 * downscale**2, samples.shape[1], AROUND, AROUND)
    return LatentPreview(shaped.float(), bias.float(), downscale)


def draw_pictures() -> Tensor:
    """Flat boxes and discs over two-coloured grounds, float32, pictures x EDGE x EDGE x RGB; always the same."""
    random = torch.Generator().manual_seed(0)
    rows = torch.arange(EDGE)[:, None] / EDGE
    columns = torch.arange(EDGE)[None, :] / EDGE
    pictures = torch.empty(PICTURES, EDGE, EDGE, 3)
    for picture in pictures:
        above, below = torch.rand(2, 3, generator=random)
        picture[:] = torch.lerp(above, below, rows[..., None])
        for shape in range(SHAPES):
            y, x, height, width = torch.rand(4, generator=random).tolist()
            dy, dx = (rows - y) / (0.05 + height / 4), (columns - x) / (0.05 + width / 4)
            inside = dy**2 + dx**2 < 1 if shape % 2 else torch.maximum(dy.abs(), dx.abs()) < 1
            picture[inside] = torch.rand(3, generator=random)
    return pictures
