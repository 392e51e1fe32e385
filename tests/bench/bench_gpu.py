"""A step of each family on a GPU, beside plain diffusers in the same 16 bits: full size, random weights, one process.

    python -m tests.bench.bench_gpu                  SD1.5 at 512 x 512; SDXL, SD3 medium and Flux.1 at 1024 x 1024
    python -m tests.bench.bench_gpu sd1 sdxl         some of them
    python -m tests.bench.bench_gpu --device cpu     the same path with tiny networks, to try the program itself

Both texts are in one forward. Plain diffusers is eager, as its pipelines run it; ours is what the product loads, so
channels_last for UNets, and recorded as a CUDA graph from the second forward on.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch

from nodes.diffusion.families.flux import FluxDenoiser, pack, places
from nodes.diffusion.families.sd3 import SD3Denoiser
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.replay import replay_on_gpu
from nodes.diffusion.told import Told
from nodes.diffusion.unet import UNetDenoiser, UNetTraits
from tests.bench.bench_diffusion import in_turns, line

Config = Mapping[str, Any]
Work = Callable[[], Any]
CROSS, PLAIN, UP_CROSS, UP = "CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"
SIGMA, TEXT = 1.5, 77


@dataclass(frozen=True)
class Case:
    """A family: its network's sizes as published, what makes it tiny, and how it is called."""

    title: str
    network: str
    config: Config
    tiny: Config
    edge: int
    """Of the latent."""
    works: Callable[[Any, Config, str, torch.dtype, int], tuple[Work, Work]]
    dtype: torch.dtype = torch.float16


def of_unet(network: Any, config: Config, device: str, dtype: torch.dtype, edge: int) -> tuple[Work, Work]:
    """Ours and plain diffusers' step of a UNet; SDXL's reads the sizes of the picture and a pooled text too."""
    wide = config["cross_attention_dim"]
    pooled = 1280 if "addition_embed_type" in config else 0
    traits = UNetTraits(text_width=wide, pooled_width=pooled, frame=tuple(range(6)) if pooled else ())
    own = copy.deepcopy(network).to(memory_format=torch.channels_last)
    replay_on_gpu(own, device)
    ours = UNetDenoiser(own, NoiseLevels.scaled_linear(), traits, device, str(dtype).removeprefix("torch."))
    x = torch.randn(2, 4, edge, edge, device=device)
    told = Told(torch.randn(2, TEXT, wide, device=device))
    time, added = torch.tensor([500.0, 500.0], device=device), None
    if pooled:
        summary, frame = torch.randn(2, pooled, device=device), torch.rand(2, 7, device=device) * 1024
        told = Told(told.tokens, pooled=summary, frame=frame)
        added = {"text_embeds": summary.to(dtype), "time_ids": frame[:, :6].to(dtype)}
    plain = x.to(dtype)
    return (
        lambda: ours.predict(x, SIGMA, told),
        lambda: network(plain, time, told.tokens.to(dtype), added_cond_kwargs=added, return_dict=False),
    )


def of_sd3(network: Any, config: Config, device: str, dtype: torch.dtype, edge: int) -> tuple[Work, Work]:
    own = copy.deepcopy(network)
    replay_on_gpu(own, device)
    ours = SD3Denoiser(own, dict(config), device, str(dtype).removeprefix("torch."))
    x = torch.randn(2, 16, edge, edge, device=device)
    told = Told(torch.randn(2, 2 * TEXT, config["joint_attention_dim"], device=device),
                pooled=torch.randn(2, config["pooled_projection_dim"], device=device))  # fmt: skip
    assert told.pooled is not None
    tokens, pooled, time = told.tokens.to(dtype), told.pooled.to(dtype), torch.full((2,), 500.0, device=device)
    plain = x.to(dtype)
    return (
        lambda: ours.predict(x, 0.5, told),
        lambda: network(plain, tokens, pooled, time, return_dict=False),
    )


def of_flux(network: Any, config: Config, device: str, dtype: torch.dtype, edge: int) -> tuple[Work, Work]:
    """One row: guidance is read by the model. The weights, 24 GB, are shared; only ours are called through graphs."""
    forward = network.forward
    replay_on_gpu(network, device)
    ours = FluxDenoiser(network, dict(config), device, str(dtype).removeprefix("torch."))
    x = torch.randn(1, 16, edge, edge, device=device)
    told = Told(torch.randn(1, 512, config["joint_attention_dim"], device=device),
                pooled=torch.randn(1, config["pooled_projection_dim"], device=device))  # fmt: skip
    assert told.pooled is not None
    tokens, pooled, cells = told.tokens.to(dtype), told.pooled.to(dtype), pack(x.to(dtype))
    time, guidance = torch.full((1,), 0.5, device=device), torch.full((1,), 3.5, device=device)
    seen, said = places(edge // 2, edge // 2, x.device), torch.zeros(512, 3, device=device)
    return (
        lambda: ours.predict(x, 0.5, told),
        lambda: forward(cells, tokens, pooled, time, img_ids=seen, txt_ids=said, guidance=guidance, return_dict=False),
    )


UNET, NARROW = "UNet2DConditionModel", {"block_out_channels": (32, 64, 64), "cross_attention_dim": 32}
CASES = {
    "sd1": Case("SD1.5, 512 x 512", UNET, {
        "block_out_channels": (320, 640, 1280, 1280), "attention_head_dim": 8, "cross_attention_dim": 768,
        "down_block_types": (CROSS, CROSS, CROSS, PLAIN), "up_block_types": (UP, UP_CROSS, UP_CROSS, UP_CROSS),
    }, {"block_out_channels": (32, 64, 64, 64), "cross_attention_dim": 32}, 64, of_unet),
    "sdxl": Case("SDXL, 1024 x 1024", UNET, {
        "block_out_channels": (320, 640, 1280), "attention_head_dim": (5, 10, 20), "cross_attention_dim": 2048,
        "down_block_types": (PLAIN, CROSS, CROSS), "up_block_types": (UP_CROSS, UP_CROSS, UP),
        "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True,
        "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    }, {**NARROW, "attention_head_dim": 8, "transformer_layers_per_block": 1}, 128, of_unet),
    "sd3": Case("SD3 medium, 1024 x 1024", "SD3Transformer2DModel", {
        "sample_size": 128, "patch_size": 2, "in_channels": 16, "out_channels": 16, "num_layers": 24,
        "attention_head_dim": 64, "num_attention_heads": 24, "joint_attention_dim": 4096,
        "caption_projection_dim": 1536, "pooled_projection_dim": 2048, "pos_embed_max_size": 192,
    }, {"num_layers": 2, "num_attention_heads": 1, "joint_attention_dim": 32, "caption_projection_dim": 64,
        "pooled_projection_dim": 32}, 128, of_sd3),
    "flux1": Case("Flux.1 dev, 1024 x 1024", "FluxTransformer2DModel", {
        "in_channels": 64, "num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128,
        "num_attention_heads": 24, "joint_attention_dim": 4096, "pooled_projection_dim": 768, "guidance_embeds": True,
        "axes_dims_rope": (16, 56, 56),
    }, {"num_layers": 1, "num_single_layers": 1, "num_attention_heads": 1, "joint_attention_dim": 32,
        "pooled_projection_dim": 32}, 128, of_flux, torch.bfloat16),
}  # fmt: skip


def measure(case: Case, device: str, repeats: int) -> None:
    is_gpu = device.startswith("cuda")
    config = dict(case.config) if is_gpu else {**case.config, **case.tiny}
    with torch.device(device):
        network = getattr(import_module("diffusers"), case.network)(**config)
    dtype = case.dtype if is_gpu else torch.float32
    network = torch.nn.Module.to(network, dtype=dtype).eval().requires_grad_(False)  # diffusers' own `to` warns
    ours, theirs = case.works(network, config, device, dtype, case.edge if is_gpu else 16)

    def whole(work: Work) -> Work:
        def run() -> None:
            work()
            if is_gpu:
                torch.cuda.synchronize()

        return run

    with torch.inference_mode():
        for _ in range(3):  # a recording is made at the second forward
            ours()
        found = in_turns({"ours": whole(ours), "theirs": whole(theirs)}, repeats)
    line(f"step, {case.title}", found["ours"], found["theirs"], 1e3, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("families", nargs="*", help=f"of {', '.join(CASES)}; all when none is named")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    if unknown := set(options.families) - set(CASES):
        parser.error(f"no family called {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("there is no CUDA device; --device cpu tries the program with tiny networks")
    if options.device.startswith("cuda"):
        print(f"{torch.cuda.get_device_name(options.device)}, torch {torch.__version__}")
    for name in options.families or CASES:
        measure(CASES[name], options.device, options.repeats)


if __name__ == "__main__":
    main()
