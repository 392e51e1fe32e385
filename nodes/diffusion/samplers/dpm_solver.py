"""DPM-Solver on its own sigmas (Lu et al. 2022, "DPM-Solver"; Crowson, k-diffusion): it uses the ends of a schedule.

Both walk t = -log sigma to the last sigma above 0 and stay there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import ancestral_split


class Looks:
    """The slopes that one step asked for, each once: steps of several orders from one place share them."""

    def __init__(self, denoise: Denoise, x: Tensor, t: float) -> None:
        self.denoise, self.x, self.t = denoise, x, t
        self.denoised = denoise(x, math.exp(-t))
        self.first = (x - self.denoised) / math.exp(-t)
        self.seen: dict[float, Tensor] = {}

    def slope(self, share: float, h: float, x: Tensor) -> Tensor:
        """The slope that this share of the way ahead has at `x`."""
        if share not in self.seen:
            sigma = math.exp(-(self.t + share * h))
            self.seen[share] = (x - self.denoise(x, sigma)) / sigma
        return self.seen[share]

    def reach(self, h: float) -> float:
        """How far one goes along a slope in a step of length h."""
        return math.exp(-(self.t + h)) * math.expm1(h)

    def order_1(self, h: float) -> Tensor:
        return self.x - self.first * self.reach(h)

    def order_2(self, h: float, r: float = 1 / 2) -> Tensor:
        ahead = self.slope(r, h, self.order_1(r * h))
        return self.order_1(h) - (ahead - self.first) * (self.reach(h) / (2 * r))

    def order_3(self, h: float, r1: float = 1 / 3, r2: float = 2 / 3) -> Tensor:
        change = self.slope(r1, h, self.order_1(r1 * h)) - self.first
        bend = self.reach(r2 * h) / (r2 * h) - math.exp(-(self.t + r2 * h))
        farther = self.slope(r2, h, self.order_1(r2 * h) - change * (r2 / r1 * bend)) - self.first
        return self.order_1(h) - farther * ((self.reach(h) / h - math.exp(-(self.t + h))) / r2)

    def order(self, order: int, h: float) -> Tensor:
        return {1: self.order_1, 2: self.order_2, 3: self.order_3}[order](h)


def ends(sigmas: Sequence[float]) -> tuple[float, float]:
    """The times of the first and of the last sigma above 0."""
    last = sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]
    return -math.log(sigmas[0]), -math.log(last)


def noised_end(t: float, following: float, end: float, eta: float) -> tuple[float, float]:
    """Where to step, beyond `following`, and how much noise then leads back to it."""
    if eta <= 0:
        return following, 0.0
    down, _ = ancestral_split(math.exp(-t), math.exp(-following), eta)
    target = min(end, -math.log(down))
    return target, math.sqrt(max(math.exp(-2 * following) - math.exp(-2 * target), 0.0))


def dpm_fast(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Iterator[Step]:
    """DPM-Solver-fast: third-order steps of one length, a look for each step asked for (Lu et al. 2022, appendix D)."""
    start, end = ends(sigmas)
    looks = len(sigmas) - 1
    count = looks // 3 + 1
    orders = [3] * (count - 2) + [2, 1] if looks % 3 == 0 else [3] * (count - 1) + [looks % 3]
    h = (end - start) / len(orders)
    if h == 0:  # one step: its only sigma is both ends
        x = denoise(x, sigmas[0])
        yield Step(0, x, x)
        return
    for i, order in enumerate(orders):
        t, following = start + i * h, start + (i + 1) * h
        target, up = noised_end(t, following, end, eta)
        seen = Looks(denoise, x, t)
        x = seen.order(order, target - t)
        if up > 0:
            x = x + noise.fresh() * (up * s_noise)
        yield Step(i, x, seen.denoised)


def dpm_adaptive(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    order: int = 3,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    accept_safety: float = 0.81,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Iterator[Step]:
    """DPM-Solver-12 and -23: as many steps as the tolerances need, whatever number was asked for.

    (Lu et al. 2022, appendix C; the controller of k-diffusion.) A step with too large an error is taken again, shorter.
    """
    start, end = ends(sigmas)
    t, h, before, index = start, h_init, x, 0
    if end - t <= 1e-5:
        x = denoise(x, sigmas[0])
        yield Step(0, x, x)
    while end - t > 1e-5:
        following = min(end, t + h)
        target, up = noised_end(t, following, end, eta)
        seen = Looks(denoise, x, t)
        low = seen.order_1(target - t) if order == 2 else seen.order_2(target - t, r=1 / 3)
        high = seen.order(order, target - t)
        # The error decides on the next step, so here, once a step, the host waits for the device.
        factor = 1 + math.atan((1 / (error(low, high, before, rtol, atol) + 1e-8)) ** (1 / (1.5 if eta else order)) - 1)
        h *= factor
        if factor < accept_safety:
            continue
        before, x, t = low, high, following
        if up > 0:
            x = x + noise.fresh() * (up * s_noise)
        yield Step(index, x, seen.denoised)
        index += 1


def error(low: Tensor, high: Tensor, before: Tensor, rtol: float, atol: float) -> float:
    """The distance of two orders, measured in what is tolerated: above 1 is too much."""
    tolerated = (torch.maximum(low.abs(), before.abs()) * rtol).clamp(min=atol)
    return float(torch.linalg.norm((low - high) / tolerated)) / math.sqrt(low.numel())
