"""Euler's method and what is built on it: one look at the model a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import Tensor

from nodes.diffusion.samplers.protocol import Denoise, NoiseSource, Step
from nodes.diffusion.samplers.snr import ancestral_split, renoise


def euler(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """Straight steps along the slope: Euler's method (Karras et al. 2022, algorithm 2 without churn)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        x = x + (x - denoised) / sigma * (following - sigma)
        yield Step(i, x, denoised)


def ddim(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """DDIM without added noise (Song et al. 2020, equation 12 with eta 0); in sigmas it equals Euler's method."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        x = denoised + (x - denoised) * (following / sigma)
        yield Step(i, x, denoised)


def euler_ancestral(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float = 1.0, s_noise: float = 1.0
) -> Iterator[Step]:
    """Euler steps that go too far and add fresh noise back (Ho et al. 2020; in sigmas: Crowson, k-diffusion)."""
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        down, scale, amount = renoise(denoise.levels, sigma, following, eta)
        x = x + (x - denoised) / sigma * (down - sigma)
        if following > 0 and eta > 0:
            x = x * scale + noise.fresh() * (amount * s_noise)
        yield Step(i, x, denoised)


def euler_ancestral_cfg_pp(
    denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float = 1.0, s_noise: float = 1.0
) -> Iterator[Step]:
    """Ancestral Euler under CFG++ (Chung et al. 2024): the guided picture, and noise as the negative text sees it."""
    kept = denoise.levels.kept
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        denoised = denoise(x, sigma)
        slope = (x - denoise.unconditional * kept(sigma)) / sigma
        if following == 0:
            x = denoised
        else:
            here, there = kept(sigma), kept(following)
            # A flow keeps nothing at sigma 1: noise beyond any measure.
            down, up = ancestral_split(sigma / here if here > 0 else 1e15, following / there, eta)
            x = (denoised + slope * down) * there
            if up > 0:
                x = x + noise.fresh() * (up * there * s_noise)
        yield Step(i, x, denoised)


def euler_cfg_pp(denoise: Denoise, x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Iterator[Step]:
    """Euler's method under CFG++ (Chung et al. 2024, algorithm 2)."""
    return euler_ancestral_cfg_pp(denoise, x, sigmas, noise, eta=0.0)
