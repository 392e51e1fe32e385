"""Writes what diffusers makes of the small LoRAs: loras.safetensors beside it. Run it where peft is installed.

    pip install peft && python -m tests.nodes.reference.make_loras

peft is no dependency of the tests: with it diffusers imports more and behaves otherwise, and users do without it.
"""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.nodes import tiny_families as families
from tests.nodes import tiny_loras as loras
from tests.nodes.tiny import models

FILE = Path(__file__).parent / "loras.safetensors"
DIFFUSERS: Any = import_module("diffusers")
MIXINS: Any = import_module("diffusers.loaders.lora_pipeline")


def cases() -> dict[str, tuple[Any, loras.Tensors]]:
    """By name: a network, and a LoRA as people's files spell it."""
    sd1, xl = models()[0], families.sdxl().denoiser
    sd3, flux = families.sd3_transformer(True), families.flux_transformer(True)
    linear = loras.UNET_LAYERS
    plain = loras.kohya(sd1, (*linear, *loras.UNET_CONVS), "lora_unet_")
    return {
        "sd1_diffusers": (sd1, loras.peft(sd1, linear, "unet.")),
        "sd1_kohya": (sd1, plain),
        "sd1_dora": (sd1, loras.with_magnitudes(sd1, [linear[0], linear[3]], "unet.")),
        "sdxl_kohya": (xl, loras.kohya(xl, loras.XL_LAYERS, "lora_unet_", loras.XL_LAYERS.__getitem__)),
        "sd3_diffusers": (sd3, loras.peft(sd3, loras.SD3_LAYERS, "transformer.")),
        "flux_diffusers": (flux, loras.peft(flux, loras.FLUX_LAYERS, "transformer.")),
        # diffusers takes the first layer of the later blocks apart by the full model's sizes alone
        "flux_kohya": (flux, {name: one for name, one in loras.flux_fused(flux).items() if "linear1" not in name}),
    }


def fused(network: Any, tensors: loras.Tensors) -> Any:
    """A copy of the network with the LoRA in its weights, by diffusers and peft."""
    network, tensors = copy.deepcopy(network), dict(tensors)
    kind = type(network).__name__
    if kind == "UNet2DConditionModel":
        mixin = MIXINS.StableDiffusionXLLoraLoaderMixin
        state, alphas, *_ = mixin.lora_state_dict(tensors, unet_config=network.config)
        mixin.load_lora_into_unet(state, alphas, network)
    elif kind == "SD3Transformer2DModel":
        mixin = MIXINS.SD3LoraLoaderMixin
        mixin.load_lora_into_transformer(mixin.lora_state_dict(tensors), network)
    else:
        mixin = MIXINS.FluxLoraLoaderMixin
        state, alphas = mixin.lora_state_dict(tensors, return_alphas=True)
        mixin.load_lora_into_transformer(state, alphas, network)
    network.fuse_lora()
    return network


def weights_of(network: Any) -> loras.Tensors:
    """Plain names again, however peft wraps layers."""
    state = network.state_dict()
    return {name.replace(".base_layer", ""): tensor for name, tensor in state.items() if ".lora_" not in name}


def main() -> None:
    made: dict[str, Tensor] = {}
    for case, (network, tensors) in cases().items():
        before = network.state_dict()
        changed = weights_of(fused(network, tensors))
        touched = [name for name in before if not torch.equal(changed[name], before[name])]
        assert touched, case
        for name in touched:  # a few rows of each tell enough, and keep the file small
            made[f"{case}/{name}"] = changed[name].flatten(1)[::7, ::5].clone()
        print(case, len(touched))
    save_file(made, str(FILE))
    print(FILE, FILE.stat().st_size)


if __name__ == "__main__":
    main()
