"""Muon (Jordan et al., 2024): momentum, made orthogonal by Newton-Schulz steps, for matrices and convolutions.

On this model's VAE it needs about half of AdamW's steps; embeddings, norms and the outer convolutions stay with AdamW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95


def orthogonal(matrix: Tensor, steps: int = 5, dtype: torch.dtype = torch.float32) -> Tensor:
    """The nearest matrix with singular values of about 1, by the quintic iteration of the paper; bfloat16 will do."""
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = (wide / (wide.norm() + 1e-7)).to(dtype)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    found: Tensor = x.T if wide is not matrix else x
    return found.float()


class Muon(torch.optim.Optimizer):
    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float, dtype: torch.dtype, weight_decay: float = 0.01
    ) -> None:
        """`dtype` is that of the iteration."""
        super().__init__(parameters, {"lr": rate, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum: Tensor = state["momentum"]
                momentum.mul_(MOMENTUM).add_(weight.grad)
                flat = weight.grad.add(momentum, alpha=MOMENTUM).flatten(1)
                stretch = max(1.0, flat.shape[0] / flat.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(orthogonal(flat, dtype=self.dtype).view_as(weight), alpha=-group["lr"] * stretch)


def is_hidden(name: str, weight: Tensor) -> bool:
    """Whether Muon learns it: matrices between the outer layers, and no embedding table."""
    outer = ("conv_in", "conv_out", "quant_conv", "names", "embedding.weight", "embedding.position")
    return weight.ndim >= 2 and not any(part in name for part in outer)


def orthogonal_cost(weight: Tensor) -> int:
    """Multiplications of one Newton-Schulz step, about."""
    rows, columns = weight.shape[0], weight[0].numel()
    return min(rows, columns) ** 2 * max(rows, columns)
