"""DPM-Solver on its own sigmas (Lu et al. 2022, "DPM-Solver"; Crowson, k-diffusion): it uses the ends of a schedule.

Both walk t = -log sigma to the last sigma above 0 and stay there. Times are numbers of x's dtype on the host: steps are
so long that the last digits show, and these are those of the peers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import ancestral_split


def sigma_at(t: Tensor) -> Tensor:
    return t.neg().exp()


class Looks:
    """The slopes that one step asked for, each once: steps of several orders from one place share them."""

    def __init__(self, denoise: Denoise, x: Tensor, t: Tensor) -> None:
        self.denoise, self.x, self.t = denoise, x, t
        self.denoised = denoise(x, float(sigma_at(t)))
        self.first = (x - self.denoised) / sigma_at(t)
        self.seen: dict[float, Tensor] = {}

    def slope(self, share: float, x: Tensor, t: Tensor) -> Tensor:
        """The slope at `x`, this share of the way ahead."""
        if share not in self.seen:
            self.seen[share] = (x - self.denoise(x, float(sigma_at(t)))) / sigma_at(t)
        return self.seen[share]

    def straight(self, end: Tensor, h: Tensor) -> Tensor:
        """Along the first slope to `end`, which is h away."""
        return self.x - sigma_at(end) * h.expm1() * self.first

    def order_1(self, end: Tensor) -> Tensor:
        return self.straight(end, end - self.t)

    def order_2(self, end: Tensor, r: float = 1 / 2) -> Tensor:
        h = end - self.t
        middle = self.t + r * h
        change = self.slope(r, self.straight(middle, r * h), middle) - self.first
        return self.straight(end, h) - sigma_at(end) / (2 * r) * h.expm1() * change

    def order_3(self, end: Tensor, r1: float = 1 / 3, r2: float = 2 / 3) -> Tensor:
        h = end - self.t
        near, far = self.t + r1 * h, self.t + r2 * h
        change = self.slope(r1, self.straight(near, r1 * h), near) - self.first
        bend = sigma_at(far) * (r2 / r1) * ((r2 * h).expm1() / (r2 * h) - 1)
        farther = self.slope(r2, self.straight(far, r2 * h) - bend * change, far) - self.first
        return self.straight(end, h) - sigma_at(end) / r2 * (h.expm1() / h - 1) * farther

    def order(self, order: int, end: Tensor) -> Tensor:
        return {1: self.order_1, 2: self.order_2, 3: self.order_3}[order](end)


def ends(sigmas: Sequence[float], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The times of the first and of the last sigma above 0."""
    last = sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]
    start, end = torch.tensor([sigmas[0], last], dtype=dtype).log().neg().unbind()
    return start, end


def noised_end(t: Tensor, following: Tensor, end: Tensor, eta: float) -> tuple[Tensor, float]:
    """Where to step, beyond `following`, and how much noise then leads back to it."""
    if eta <= 0:
        return following, 0.0
    down, _ = ancestral_split(float(sigma_at(t)), float(sigma_at(following)), eta)
    target = torch.minimum(end, -torch.tensor(down, dtype=end.dtype).log())
    return target, math.sqrt(max(float(sigma_at(following) ** 2 - sigma_at(target) ** 2), 0.0))


def dpm_fast(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Iterator[Step]:
    """DPM-Solver-fast: third-order steps of one length, a look for each step asked for (Lu et al. 2022, appendix D)."""
    start, end = ends(sigmas, x.dtype)
    looks = len(sigmas) - 1
    count = looks // 3 + 1
    orders = [3] * (count - 2) + [2, 1] if looks % 3 == 0 else [3] * (count - 1) + [looks % 3]
    if end == start:  # one step: its only sigma is both ends
        x = denoise(x, sigmas[0])
        yield Step(0, x, x)
        return
    times = torch.linspace(float(start), float(end), len(orders) + 1, dtype=x.dtype).unbind()
    for i, (order, (t, following)) in enumerate(zip(orders, pairwise(times), strict=True)):
        target, up = noised_end(t, following, end, eta)
        seen = Looks(denoise, x, t)
        x = seen.order(order, target)
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
    start, end = ends(sigmas, x.dtype)
    t, h, before, index = start, h_init, x, 0
    if end - t <= 1e-5:
        x = denoise(x, sigmas[0])
        yield Step(0, x, x)
    while end - t > 1e-5:
        following = torch.minimum(end, t + h)
        target, up = noised_end(t, following, end, eta)
        seen = Looks(denoise, x, t)
        low = seen.order_1(target) if order == 2 else seen.order_2(target, r=1 / 3)
        high = seen.order(order, target)
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
    return float(torch.linalg.norm((low - high) / tolerated) / math.sqrt(low.numel()))
