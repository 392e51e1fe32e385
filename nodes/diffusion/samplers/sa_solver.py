"""SA-Solver: stochastic Adams methods, a predictor and a corrector (Xue et al. 2023, arXiv 2309.05019)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from nodes.diffusion.levels import Levels
from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import log_snr, off_the_brink


def sa_solver(
    denoise: Denoise,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSource,
    eta: float = 1.0,
    s_noise: float = 1.0,
    predictor_order: int = 3,
    corrector_order: int = 4,
    evaluate_corrected: bool = False,
) -> Iterator[Step]:
    """Predict from the last looks, look, correct by what was seen (algorithm 1).

    Noise (tau = `eta`) is added between 20% and 80% of sampling. `evaluate_corrected` looks a second time,
    at the corrected latent (PECE).
    """
    levels = denoise.levels
    sigmas = off_the_brink(levels, sigmas)
    steps = len(sigmas) - 1
    noisy = levels.at(0.2), levels.at(0.8)
    lambdas = [log_snr(levels, sigma) if sigma > 0 else math.inf for sigma in sigmas]
    ahead, added, tau = x, None, 0.0
    seen: list[Tensor] = []
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(ahead, sigma)
        seen = [*seen, denoised][-max(predictor_order, corrector_order) :]
        # The last steps towards 0 use fewer looks back, which is steadier.
        left = steps - i if sigmas[-1] == 0 else len(seen) + 1
        corrected = min(corrector_order, len(seen), left) if i > 0 else 0
        if corrected == 0 or (following == 0 and not evaluate_corrected):
            x = ahead
        else:
            x = adams_step(levels, x, seen[-corrected:], lambdas[i - corrected + 1 : i + 1], sigmas[i - 1], sigma, tau)
            x = x if added is None else x + added
            if evaluate_corrected:
                seen[-1] = denoised = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            used = max(min(predictor_order, len(seen), left - 1), 1)
            tau = eta if noisy[1] <= following <= noisy[0] else 0.0
            ahead = adams_step(levels, x, seen[-used:], lambdas[i - used + 1 : i + 1], sigma, following, tau)
            added = None
            if tau > 0 and s_noise > 0:
                fade = -math.expm1(-2 * tau**2 * (lambdas[i + 1] - lambdas[i]))
                added = noise.fresh() * (following * math.sqrt(fade) * s_noise)
                ahead = ahead + added
        yield Step(i, x if following == 0 else ahead, denoised)


def adams_step(
    levels: Levels, x: Tensor, seen: Sequence[Tensor], lambdas: Sequence[float], sigma: float, to: float, tau: float
) -> Tensor:
    """From `sigma` to `to` under the polynomial through what was seen at `lambdas` (equations 14 and 17)."""
    start, end = log_snr(levels, sigma), log_snr(levels, to)
    x = x * (to / sigma * math.exp(-(tau**2) * (end - start)))
    for weight, picture in zip(adams_weights(lambdas, start, end, tau), seen, strict=True):
        x = x + picture * (levels.kept(to) * weight)
    return x


def adams_weights(lambdas: Sequence[float], start: float, end: float, tau: float) -> list[float]:
    """Integrals of (1 + tau²) e^((1 + tau²)(lambda - end)) times each Lagrange polynomial, from `start` to `end`."""
    rate, h = 1 + tau**2, end - start
    moments = [-math.expm1(-rate * h)]
    for power in range(1, len(lambdas)):
        moments.append(h**power - power / rate * moments[-1])
    powers = np.vander(np.array(lambdas) - start, len(lambdas), increasing=True)
    weights: list[float] = np.linalg.solve(powers.T, np.array(moments)).tolist()
    return weights
