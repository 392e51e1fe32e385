"""Named inputs: annotations that several nodes share, so that steps are counted and seeds drawn alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from nodes.api import ImageFile, ModelFile, Number, Seed, Slider, Text, Title
from nodes.types import VAE, Conditioning, Image, Latent

CheckpointFile = Annotated[Path, ModelFile("checkpoints")]
PictureFile = Annotated[Path, ImageFile()]
PaintedMask = Annotated[Path, ImageFile(mask_of="file"), Title("Mask")]
SeedNumber = Annotated[int, Seed()]
PromptText = Annotated[str, Text(lines=4, prompt=True)]
Fraction = Annotated[float, Slider(min=0.0, max=1.0, step=0.01)]
Pixels = Annotated[int, Number(min=8, max=16_384, step=8)]
Count = Annotated[int, Number(min=1, max=64, step=1)]

Steps = Annotated[int, Number(min=1, max=10_000, step=1)]
Guidance = Annotated[float, Slider(min=0.0, max=30.0, step=0.1), Title("Guidance (CFG)")]
# What a node's only output is called on the canvas, where "Result" would say less.
ImageOut = Annotated[Image, Title("Image")]
LatentOut = Annotated[Latent, Title("Latent")]
ConditioningOut = Annotated[Conditioning, Title("Conditioning")]
VAEPart = Annotated[VAE, Title("VAE")]

SamplerName: TypeAlias = Literal[
    "euler", "euler_cfg_pp", "euler_ancestral", "euler_ancestral_cfg_pp", "heun", "heunpp2", "dpm_2",
    "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive", "dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp",
    "dpmpp_sde", "dpmpp_sde_gpu", "dpmpp_2m", "dpmpp_2m_cfg_pp", "dpmpp_2m_sde", "dpmpp_2m_sde_gpu",
    "dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu", "dpmpp_3m_sde", "dpmpp_3m_sde_gpu", "ddpm", "lcm", "ipndm",
    "ipndm_v", "deis", "res_multistep", "res_multistep_cfg_pp", "res_multistep_ancestral",
    "res_multistep_ancestral_cfg_pp", "gradient_estimation", "gradient_estimation_cfg_pp", "er_sde", "seeds_2",
    "seeds_3", "sa_solver", "sa_solver_pece", "ddim", "uni_pc", "uni_pc_bh2",
]  # fmt: skip
ScheduleName: TypeAlias = Literal[
    "normal", "karras", "simple", "sgm_uniform", "exponential", "ddim_uniform", "beta", "linear_quadratic",
    "kl_optimal",
]  # fmt: skip
"""Written out rather than read from nodes.diffusion, which needs torch; a test keeps both lists equal."""
