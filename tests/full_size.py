"""Whole models at their real sizes, with random weights: written, recognised, loaded, sampled and decoded.

    python -m tests.full_size sd1                    2 GB on disk, 5 GB of memory
    python -m tests.full_size sdxl --memory low      7 GB on disk, 11 GB of memory
    python -m tests.full_size sd3 --memory low       6 GB on disk, 10 GB of memory; SD 3 medium without T5
    python -m tests.full_size flux1 --memory lowest  12 GB on disk, more in memory; the denoiser alone, 8-bit floats

The file is taken away again. Two steps of 128 x 128 pixels; what comes is noise, but finite noise of the right shape.
Exit code 1 when something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from nodes.diffusion.keeping import Keeping
from nodes.diffusion.recipes import PartRecipe, read_checkpoint, read_model
from nodes.latent import decode_latent, empty_latent
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Conditioning, TextEncoder, TextPart
from tests.nodes import tiny_families as names
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import DIFFUSERS, ldm_unet, ldm_vae

SIZE, STEPS, SEED = 128, 2, 1234
KEEPING: dict[str, Keeping] = {"normal": "whole", "low": "low", "lowest": "lowest"}
UNET = {"in_channels": 4, "out_channels": 4, "layers_per_block": 2, "norm_num_groups": 32}
CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
SD1_UNET = UNET | {
    "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768, "attention_head_dim": 8,
    "down_block_types": (CROSS_DOWN,) * 3 + ("DownBlock2D",), "up_block_types": ("UpBlock2D",) + (CROSS_UP,) * 3,
}  # fmt: skip
SDXL_UNET = UNET | {
    "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048, "attention_head_dim": (5, 10, 20),
    "down_block_types": ("DownBlock2D", CROSS_DOWN, CROSS_DOWN), "up_block_types": (CROSS_UP, CROSS_UP, "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True, "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
SD3_TRANSFORMER = {
    "num_layers": 24, "num_attention_heads": 24, "attention_head_dim": 64, "joint_attention_dim": 4096,
    "caption_projection_dim": 1536, "pooled_projection_dim": 2048, "pos_embed_max_size": 192, "in_channels": 16,
}  # fmt: skip
FLUX_TRANSFORMER = {"guidance_embeds": True}
CLIP = {"vocab_size": 49408, "max_position_embeddings": 77}
CLIP_L = CLIP | {"hidden_size": 768, "projection_dim": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
                 "num_attention_heads": 12, "hidden_act": "quick_gelu"}  # fmt: skip
CLIP_G = CLIP | {"hidden_size": 1280, "projection_dim": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
                 "num_attention_heads": 20, "hidden_act": "gelu"}  # fmt: skip
ENDS = ("to_out.0.weight", "ff.net.2.weight", "out_layers.3.weight", "proj_out.weight", "conv2.weight", "proj.weight")
"""What ends a branch is drawn half as large, so that many branches do not outgrow what they are added to."""


@dataclass(frozen=True)
class Case:
    family: str
    tensors: Callable[[], dict[str, Tensor]]
    """By the names of a single file; without memory, for their shapes."""
    dtype: torch.dtype = torch.float16
    whole: bool = True
    """Whether there are text encoders and a VAE too."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.full_size", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("family", choices=CASES)
    parser.add_argument("--memory", choices=KEEPING, default="normal", help="how the denoiser is kept")
    parser.add_argument("--folder", type=Path, help="where the file is written; the system's folder for such files")
    args = parser.parse_args()
    case = CASES[args.family]
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        file = Path(folder) / f"full-{args.family}.safetensors"
        with timed(f"writing {file}"):
            write(file, case.tensors(), case.dtype)
        print(f"{file.stat().st_size / 1e9:.1f} GB", flush=True)
        wrong = go_through(case, file, KEEPING[args.memory])
    for one in wrong:
        print(f"WRONG: {one}")
    print(f"highest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB; "
          f"{'not as it should be' if wrong else 'all as it should be'}")  # fmt: skip
    return 1 if wrong else 0


def go_through(case: Case, file: Path, keeping: Keeping) -> list[str]:
    """Recognise, load, sample and decode; what is not as it should be."""
    ctx = KeptContext(keeping=keeping)
    model, encoder, vae = read_checkpoint(file) if case.whole else (read_model(file), None, None)
    recipe = model.recipe
    assert isinstance(recipe, PartRecipe)
    print(f"recognised as {recipe.family}, {recipe.size / 4e9:.2f} thousand million numbers", flush=True)
    wrong = [] if recipe.family == case.family else [f"it is taken for {recipe.family}"]
    with timed("loading the denoiser"):
        denoiser: Any = ctx.weights(recipe)
    with timed("reading a text"):
        positive = conditioning(encoder, denoiser, ctx, "a red fox in the snow")
        negative = conditioning(encoder, denoiser, ctx, "")
    with timed(f"{STEPS} steps with both texts at {SIZE} x {SIZE}"):
        latent = sample(model, positive, negative, empty_latent(SIZE, SIZE), ctx, seed=1, steps=STEPS, guidance=2.0)
    edge = SIZE // model.space.downscale
    wrong += judged("the latent", latent.samples, (1, model.space.channels, edge, edge))
    if vae is not None:
        with timed("decoding"):
            pixels = decode_latent(vae, latent, ctx).pixels
        wrong += judged("the picture", pixels, (1, SIZE, SIZE, 3))
    return wrong


@dataclass
class KeptContext(PlainContext):
    """Keeps denoisers as it is told."""

    keeping: Keeping = "whole"

    def weights(self, recipe: Any) -> Any:
        if recipe not in self.loaded:
            way = (self.keeping,) if isinstance(recipe, PartRecipe) and recipe.part == "denoiser" else ()
            self.loaded[recipe] = recipe.load(self.device, self.dtype, *way)
        return self.loaded[recipe]


def conditioning(encoder: TextEncoder | None, denoiser: Any, ctx: PlainContext, text: str) -> Conditioning:
    """What is read of a text; without an encoder, something as wide."""
    if encoder is not None:
        return encode_text(encoder, ctx, text)
    generator = torch.Generator().manual_seed(len(text))
    embedding = torch.randn(1, 256, denoiser.text_width, generator=generator)
    return Conditioning((TextPart(embedding, torch.randn(1, denoiser.pooled_width, generator=generator)),))


def judged(what: str, values: Tensor, shape: tuple[int, ...]) -> list[str]:
    if tuple(values.shape) != shape:
        return [f"{what} has the shape {tuple(values.shape)}, not {shape}"]
    if not bool(values.isfinite().all()):
        return [f"{what} holds numbers that are not finite"]
    return [] if float(values.std()) > 0 else [f"{what} is the same everywhere"]


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Says what is done and how long it took."""
    begun = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begun:.1f} s", flush=True)


# ---------------------------------------------------------------- files


def write(path: Path, shapes: dict[str, Tensor], dtype: torch.dtype) -> None:
    """A safetensors file of random weights of these shapes, one tensor in memory at a time."""
    item = torch.empty(0, dtype=dtype).element_size()
    entries: dict[str, Any] = {}
    end = 0
    for name, tensor in shapes.items():
        start, end = end, end + tensor.numel() * item
        kind = "F16" if dtype == torch.float16 else "F8_E4M3"
        entries[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, end]}
    header = json.dumps(entries).encode()
    generator = torch.Generator().manual_seed(SEED)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for name, tensor in shapes.items():
            values = drawn(name, tensor.shape, generator).to(dtype)
            file.write(values.flatten().view(torch.uint8).numpy().data)


def drawn(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Random weights of a size that suits what each is, so that numbers neither vanish nor overflow."""
    values = torch.randn(shape, generator=generator)
    if len(shape) < 2:
        return values.mul_(0.05).add_(1) if name.endswith(("weight", "scale")) else values.mul_(0.02)
    if "embedding" in name and "time" not in name:
        return values.mul_(0.1)
    return values.mul_((0.5 if name.endswith(ENDS) else 1.0) / math.sqrt(math.prod(shape[1:])))


def on_nothing(make: Any, *arguments: Any, **options: Any) -> Any:
    """A model of these sizes that takes no memory."""
    with torch.device("meta"):
        return make(*arguments, **options)


def vae_of(channels: int) -> dict[str, Tensor]:
    quant = channels == 4
    model = on_nothing(
        DIFFUSERS.AutoencoderKL, block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        use_quant_conv=quant, use_post_quant_conv=quant,
    )  # fmt: skip
    return names.below("first_stage_model.", ldm_vae(model))


def clip(projected: bool, config: dict[str, Any]) -> Any:
    return on_nothing(CLIPTextModelWithProjection if projected else CLIPTextModel, CLIPTextConfig(**config))


def sd1() -> dict[str, Tensor]:
    tensors = names.below(names.DENOISER, ldm_unet(on_nothing(DIFFUSERS.UNet2DConditionModel, **SD1_UNET)))
    words = names.below("cond_stage_model.transformer.", names.hugging_face(clip(False, CLIP_L)))
    return tensors | vae_of(4) | words


def sdxl() -> dict[str, Tensor]:
    tensors = names.below(names.DENOISER, ldm_unet(on_nothing(DIFFUSERS.UNet2DConditionModel, **SDXL_UNET)))
    tensors |= names.below("conditioner.embedders.0.transformer.", names.hugging_face(clip(False, CLIP_L)))
    return tensors | vae_of(4) | names.below("conditioner.embedders.1.model.", names.open_clip(clip(True, CLIP_G)))


def sd3() -> dict[str, Tensor]:
    model = on_nothing(DIFFUSERS.SD3Transformer2DModel, **SD3_TRANSFORMER)
    tensors = names.below(names.DENOISER, names.sd3_file(model)) | vae_of(16)
    for kind, config in (("clip_l", CLIP_L), ("clip_g", CLIP_G)):
        tensors |= names.below(f"text_encoders.{kind}.transformer.", names.hugging_face(clip(True, config)))
    return tensors


def flux1() -> dict[str, Tensor]:
    model = on_nothing(DIFFUSERS.FluxTransformer2DModel, **FLUX_TRANSFORMER)
    return names.below(names.DENOISER, names.flux_file(model))


CASES = {
    "sd1": Case("sd1", sd1),
    "sdxl": Case("sdxl", sdxl),
    "sd3": Case("sd3", sd3),
    "flux1": Case("flux1", flux1, torch.float8_e4m3fn, whole=False),
}


if __name__ == "__main__":
    raise SystemExit(main())
