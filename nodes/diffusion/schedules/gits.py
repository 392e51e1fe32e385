"""Geometry-inspired time scheduling: the best few of a teacher's many levels (Chen et al. 2024, arXiv 2405.11326).

A teacher walks many small Euler steps. One long step from each of its points to each later one shows what skipping
those between would cost, and dynamic programming finds the cheapest way of so many steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.diffusion.schedules.sigmas import Sigmas


def costs(points: Tensor, slopes: Tensor, sigmas: Sequence[float], by_deviation: bool) -> Tensor:
    """What one Euler step costs from each point to each later one: float64, points x points, infinite backwards.

    `points`: the teacher's x at each sigma, points x batch x ...; `slopes`: dx/dsigma there, one fewer.
    A cost is the distance from the teacher's point or, `by_deviation`, how much farther than it the step ends from
    the straight line between the teacher's ends (section 3.3). Both are means over the batch.
    """
    x, d = points.flatten(2).double(), slopes.flatten(2).double()
    length = len(sigmas)
    found = torch.full((length, length), torch.inf, dtype=torch.float64)
    teacher = off_line(x, x[0], x[-1])
    for i in range(length - 1):
        ahead = torch.tensor([sigma - sigmas[i] for sigma in sigmas[i + 1 :]], dtype=torch.float64)
        reached = x[i] + ahead[:, None, None] * d[i]
        away = off_line(reached, x[0], x[-1]) - teacher[i + 1 :]
        found[i, i + 1 :] = (away if by_deviation else (reached - x[i + 1 :]).norm(dim=-1)).mean(-1)
    return found


def off_line(x: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """The distance of points from a straight line; `x`: points x batch x values."""
    way = end - start
    direction = way / way.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    along = ((x - start) * direction).sum(-1, keepdim=True)
    off: Tensor = (x - start - along * direction).norm(dim=-1)
    return off


def cheapest(cost: Tensor, steps: int, coefficient: float) -> list[int]:
    """Numbers of the `steps` + 1 points of the cheapest way from the first to the last (algorithm 1).

    A step's cost counts `coefficient` to the power of its place, so above 1 late steps weigh more.
    """
    left = cost[:, -1]  # the cheapest way from each point to the last in so many steps
    following: list[Tensor] = []
    for _ in range(steps - 1):
        left, best = (cost + coefficient * left).min(dim=1)
        following.append(best)
    chosen = [0]
    for best in reversed(following):
        chosen.append(int(best[chosen[-1]]))
    return [*chosen, len(cost) - 1]


def gits(
    points: Tensor, slopes: Tensor, sigmas: Sequence[float], steps: int, coefficient: float, by_deviation: bool
) -> Sigmas:
    """The cheapest `steps` + 1 of the teacher's sigmas; see `costs` for the arguments."""
    chosen = cheapest(costs(points, slopes, sigmas, by_deviation), steps, coefficient)
    return tuple(sigmas[number] for number in chosen)
