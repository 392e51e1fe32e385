"""IP-Adapters: what a model sees of a picture against diffusers, which rows attend to it, what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.api import BadValue
from nodes.control import Steered
from nodes.diffusion.control.steering import Nets
from nodes.diffusion.guidance import Guided
from nodes.ip_adapter import apply_ip_adapter, load_ip_adapter
from nodes.latent import empty_latent
from nodes.loaders import load_model
from nodes.sampling import sample
from nodes.types import ClipVision, Conditioning, Image, IPAdapter, Model
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.test_control import CELLS, EDGE, NEAR, SD1, SIGMA, Kit, noisy, part_of, written
from tests.nodes.test_editing import difference, scheduler
from tests.nodes.tiny import DIFFUSERS, ldm_unet

SEEN, TOKENS, STRENGTH = 48, 7, 0.7
EMBEDDINGS: Any = import_module("diffusers.models.embeddings")


class Eyes:
    """Stands in for CLIP: sees numbers that a picture's mean decides."""

    edge, device, dtype = 8, "cpu", torch.float32

    def read(self, pixels: Tensor, crop: bool) -> tuple[Tensor, Tensor]:
        return summary_of(pixels.mean()), states_of(pixels.mean())

    def model(self, pixel_values: Tensor, output_hidden_states: bool) -> Any:
        return type("Found", (), {"hidden_states": [states_of(pixel_values.mean()), torch.zeros(1)]})


def summary_of(mean: Tensor) -> Tensor:
    return torch.sin(torch.arange(SEEN) * (1 + mean))[None]


def states_of(mean: Tensor) -> Tensor:
    return torch.cos(torch.arange(TOKENS * SEEN) * (1 + mean)).view(1, TOKENS, SEEN)


@dataclass(frozen=True)
class EyesRecipe:
    """Loads `Eyes`."""

    size: int = 0

    def load(self, device: str, dtype: str) -> Any:
        return Eyes()


EYES, PICTURE = ClipVision(EyesRecipe()), Image(torch.full((1, 16, 16, 3), 0.3))


def random(*shape: int) -> Tensor:
    return torch.randn(shape) * 0.2


def plain_projection(text: int) -> dict[str, Tensor]:
    return {"proj.weight": random(4 * text, SEEN), "proj.bias": random(4 * text),
            "norm.weight": 1 + random(text), "norm.bias": random(text)}  # fmt: skip


def plus_projection(text: int, width: int = 64, heads: int = 2) -> dict[str, Tensor]:
    """A resampler as the first release names it."""
    made = {"latents": random(1, 5, width), "proj_in.weight": random(width, SEEN), "proj_in.bias": random(width),
            "proj_out.weight": random(text, width), "proj_out.bias": random(text),
            "norm_out.weight": 1 + random(text), "norm_out.bias": random(text)}  # fmt: skip
    for layer in range(4):
        for norm in ("0.norm1", "0.norm2", "1.0"):
            made |= {f"layers.{layer}.{norm}.weight": 1 + random(width), f"layers.{layer}.{norm}.bias": random(width)}
        made |= {f"layers.{layer}.0.to_q.weight": random(heads * 64, width),
                 f"layers.{layer}.0.to_kv.weight": random(2 * heads * 64, width),
                 f"layers.{layer}.0.to_out.weight": random(width, heads * 64),
                 f"layers.{layer}.1.1.weight": random(4 * width, width),
                 f"layers.{layer}.1.3.weight": random(width, 4 * width)}  # fmt: skip
    return made


def full_projection(text: int) -> dict[str, Tensor]:
    return {"proj.0.weight": random(SEEN, SEEN), "proj.0.bias": random(SEEN), "proj.2.weight": random(text, SEEN),
            "proj.2.bias": random(text), "proj.3.weight": 1 + random(text), "proj.3.bias": random(text)}  # fmt: skip


PROJECTIONS: dict[str, Callable[[int], dict[str, Tensor]]] = {
    "plain": plain_projection, "plus": plus_projection, "full": full_projection,
}  # fmt: skip


@dataclass
class Small:
    """A UNet, as made and as loaded, and an adapter for it."""

    unet: Any
    model: Model
    adapter: IPAdapter
    projection: dict[str, Tensor]
    attention: dict[str, Tensor]

    @property
    def kit(self) -> Kit:
        return Kit(self.unet, self.model, None, None)  # type: ignore[arg-type]


Make = Callable[[str, str], Small]


@pytest.fixture(scope="module")
def small_one(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder, made = tmp_path_factory.mktemp("ip"), dict[tuple[str, str], Small]()

    def make(family: str, kind: str) -> Small:
        if (family, kind) not in made:
            made[family, kind] = build(folder / f"{family}-{kind}", family, kind)
        return made[family, kind]

    return make


def build(folder: Path, family: str, kind: str) -> Small:
    unet = small.unet(**SD1) if family == "sd1" else small.sdxl().denoiser
    torch.manual_seed(8)
    text = unet.config.cross_attention_dim
    projection, attention, number = PROJECTIONS[kind](text), dict[str, Tensor](), 1
    for name in unet.attn_processors:
        if name.endswith("attn2.processor"):
            width = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
            attention |= {
                f"{number}.to_k_ip.weight": random(width, text),
                f"{number}.to_v_ip.weight": random(width, text),
            }
            number += 2
    model = load_model(written(folder / "model.safetensors", small.below(small.DENOISER, ldm_unet(unet))))
    tensors = small.below("image_proj.", projection) | small.below("ip_adapter.", attention)
    return Small(unet, model, load_ip_adapter(written(folder / "ip.safetensors", tensors)), projection, attention)


def shown(made: Small, ctx: PlainContext, **options: Any) -> Steered:
    wanted, unwanted = (Conditioning((part_of(made.kit, seed),)) for seed in (3, 4))
    options = {"strength": STRENGTH} | options
    return apply_ip_adapter(wanted, unwanted, made.adapter, EYES, PICTURE, ctx, **options)


def by_us(made: Small, ctx: PlainContext, texts: Steered) -> tuple[Tensor, Tensor]:
    """x0 under the wanted and the unwanted text, both of one forward."""
    denoiser = ctx.weights(made.model.recipe)
    denoiser.nets = Nets(ctx.weights)
    guided = Guided(denoiser, texts.positive, texts.negative, 2.0, 1, both=True)
    combined = guided(noisy(made.kit, CELLS, SIGMA), SIGMA)
    negative = guided.unconditional
    return negative + (combined - negative) / 2.0, negative


def by_diffusers(made: Small) -> tuple[Tensor, Tensor]:
    """The same by diffusers' own loader and processors."""
    unet = DIFFUSERS.UNet2DConditionModel.from_config(made.unet.config).eval().requires_grad_(False)
    unet.load_state_dict(made.unet.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unet._load_ip_adapter_weights([{"image_proj": made.projection, "ip_adapter": made.attention}], False)
    for processor in unet.attn_processors.values():
        if hasattr(processor, "scale"):
            processor.scale = [STRENGTH]
    unet.eval().requires_grad_(False)
    mean, zero = PICTURE.pixels.mean(), torch.tensor(0.0)
    if "proj.weight" in made.projection:
        seen = [summary_of(mean), torch.zeros(1, SEEN)]
    else:
        seen = [states_of(mean), states_of(zero)]
    kept = scheduler().alphas_cumprod.double()
    step = int((((1 - kept) / kept).sqrt().log() - torch.tensor(SIGMA).double().log()).abs().argmin())
    x, clean = noisy(made.kit, CELLS, SIGMA), []
    for seed, one in zip((3, 4), seen, strict=True):
        text = part_of(made.kit, seed)
        added = {"image_embeds": [one[:, None]]}
        if text.pooled is not None:
            frame = torch.tensor([[EDGE, EDGE, 0, 0, EDGE, EDGE]], dtype=torch.float32)
            added |= {"text_embeds": text.pooled, "time_ids": frame}  # type: ignore[dict-item]
        noise = unet(x / (1 + SIGMA**2) ** 0.5, step, text.embedding, added_cond_kwargs=added).sample
        clean.append(x - noise * SIGMA)
    return clean[0], clean[1]


@pytest.mark.parametrize(
    ("family", "kind"), [("sd1", "plain"), ("sd1", "plus"), ("sd1", "full"), ("sdxl", "plain"), ("sdxl", "plus")]
)
def test_a_picture_is_seen_as_in_diffusers(small_one: Make, ctx: PlainContext, family: str, kind: str) -> None:
    made = small_one(family, kind)
    assert made.adapter.reads == ("summary" if kind == "plain" else "states")
    for found, wanted in zip(by_us(made, ctx, shown(made, ctx)), by_diffusers(made), strict=True):
        assert difference(found, wanted) < NEAR


def test_texts_without_a_picture_are_not_touched(small_one: Make, ctx: PlainContext) -> None:
    made = small_one("sd1", "plain")
    plain = Steered(*(Conditioning((part_of(made.kit, seed),)) for seed in (3, 4)))
    before, after = by_us(made, ctx, plain), by_us(made, ctx, plain._replace(positive=shown(made, ctx).positive))
    assert torch.equal(before[1], after[1])
    assert difference(after[0], before[0]) > 0.01


def test_it_is_seen_within_its_shares_of_sampling_and_not_at_strength_0(small_one: Make, ctx: PlainContext) -> None:
    made = small_one("sd1", "plain")
    plain = by_us(made, ctx, Steered(*(Conditioning((part_of(made.kit, seed),)) for seed in (3, 4))))
    for options in ({"strength": 0.0}, {"end": 0.2}, {"start": 0.9}):
        assert torch.equal(by_us(made, ctx, shown(made, ctx, **options))[1], plain[1])
    assert not torch.equal(by_us(made, ctx, shown(made, ctx, start=0.2, end=0.9))[1], plain[1])


def test_two_pictures_are_both_seen(small_one: Make, ctx: PlainContext) -> None:
    """One picture twice at half the strength is that picture once."""
    made = small_one("sd1", "plain")
    half = shown(made, ctx, strength=STRENGTH / 2)
    twice = apply_ip_adapter(half.positive, half.negative, made.adapter, EYES, PICTURE, ctx, strength=STRENGTH / 2)
    assert difference(by_us(made, ctx, twice)[0], by_us(made, ctx, shown(made, ctx))[0]) < NEAR


def test_one_for_another_family_is_refused_before_sampling_naming_both(small_one: Make, ctx: PlainContext) -> None:
    made, large = small_one("sd1", "plain"), small_one("sdxl", "plain")
    named = replace(large, adapter=replace(large.adapter, title="an IP-Adapter for Stable Diffusion XL"))
    texts = shown(replace(named, unet=made.unet), ctx)
    with pytest.raises(BadValue, match=r"Stable Diffusion XL \(.* but the model is Stable Diffusion 1.x") as caught:
        sample(made.model, texts.positive, None, empty_latent(EDGE, EDGE), ctx, steps=1)
    assert (caught.value.input, ctx.steps) == ("positive", 0)


@pytest.mark.parametrize(
    ("options", "input"),
    [({"strength": float("nan")}, "strength"), ({"start": 0.8, "end": 0.2}, "end"), ({"end": 1.5}, "end")],
)
def test_numbers_that_make_no_sense_are_refused(
    small_one: Make, ctx: PlainContext, options: dict[str, float], input: str
) -> None:
    with pytest.raises(BadValue) as caught:
        shown(small_one("sd1", "plain"), ctx, **options)
    assert caught.value.input == input


def test_another_image_encoder_is_refused(small_one: Make, ctx: PlainContext) -> None:
    made = small_one("sd1", "plain")
    with pytest.raises(BadValue, match=r"gives 48 numbers, but .* reads 1024"):
        shown(replace(made, adapter=replace(made.adapter, seen=1024)), ctx)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"image_proj.proj.0.weight": 1, "image_proj.proj.2.weight": 1, "ip_adapter.1.to_k_ip.weight": 1}, "identity"),
        ({"decoder.conv_in.weight": 1}, "looks like a VAE. Expected an IP-Adapter"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path: Path, tensors: dict[str, int], words: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({name: torch.zeros(size) for name, size in tensors.items()}, str(path))
    with pytest.raises(BadValue, match=words):
        load_ip_adapter(path)
