"""Pictures that steer a model by what CLIP sees in them: the image encoder, its noise, and the UNet that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pictures
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from nodes.api import BadValue
from nodes.clip_vision import encode_image_vision, load_clip_vision, load_unclip_checkpoint, unclip_conditioning
from nodes.diffusion.clip_vision import ImageReader, prepared, read_vision
from nodes.diffusion.recipes import read_model
from nodes.diffusion.told import Told
from nodes.diffusion.unclip import Statistics
from nodes.latent import empty_latent
from nodes.loaders import load_checkpoint, load_model
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import ClipVision, Image, ImageEmbedding
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import DIFFUSERS, ldm_unet

SEEN, EDGE = 64, 32
"""Numbers that the tiny image encoder sees; pixels along an edge of its pictures."""
LAYERS = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
          "self_attn.out_proj": "attn.out_proj"}  # fmt: skip
TOLERANCE = 1e-5


@cache
def vision() -> Any:
    config = CLIPVisionConfig(
        hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=2, image_size=EDGE,
        patch_size=8, projection_dim=SEEN, hidden_act="gelu",
    )  # fmt: skip
    return small.seeded(CLIPVisionModelWithProjection, config)


@cache
def unet() -> Any:
    return small.unet(
        cross_attention_dim=small.CLIP_G, class_embed_type="projection", projection_class_embeddings_input_dim=2 * SEEN
    )


def as_transformers() -> dict[str, Tensor]:
    return {name: tensor for name, tensor in vision().state_dict().items() if "position_ids" not in name}


def as_open_clip() -> Iterator[tuple[str, Tensor]]:
    """The names of OpenCLIP, spelt out from its own module."""
    tensors = as_transformers()
    start = "vision_model."
    yield "conv1.weight", tensors[f"{start}embeddings.patch_embedding.weight"]
    yield "class_embedding", tensors[f"{start}embeddings.class_embedding"]
    yield "positional_embedding", tensors[f"{start}embeddings.position_embedding.weight"]
    yield "proj", tensors["visual_projection.weight"].T
    for leaf in ("weight", "bias"):
        yield f"ln_pre.{leaf}", tensors[f"{start}pre_layrnorm.{leaf}"]
        yield f"ln_post.{leaf}", tensors[f"{start}post_layernorm.{leaf}"]
        for layer in range(3):
            old, new = f"{start}encoder.layers.{layer}", f"transformer.resblocks.{layer}"
            parts = [tensors[f"{old}.self_attn.{letter}_proj.{leaf}"] for letter in "qkv"]
            yield f"{new}.attn.in_proj_{leaf}", torch.cat(parts)
            yield from ((f"{new}.{b}.{leaf}", tensors[f"{old}.{a}.{leaf}"]) for a, b in LAYERS.items())


def statistics() -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randn(1, SEEN), torch.rand(1, SEEN) + 0.5


@dataclass(frozen=True)
class Files:
    unclip: Path
    vision: Path
    open_clip: Path
    plain: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("unclip")
    plain = small.sd2()
    tensors = {name: one for name, one in plain.tensors.items() if not name.startswith(small.DENOISER)}
    for name, one in ldm_unet(unet()):
        tensors[small.DENOISER + name] = one
    for leaf, one in unet().state_dict().items():
        if leaf.startswith("class_embedding."):
            _, layer, kind = leaf.split(".")
            tensors[f"{small.DENOISER}label_emb.0.{0 if layer == 'linear_1' else 2}.{kind}"] = one
    tensors["noise_augmentor.data_mean"], tensors["noise_augmentor.data_std"] = statistics()
    tensors |= {f"embedder.model.visual.{name}": one for name, one in as_open_clip()}
    found = Files(
        folder / "unclip.safetensors", folder / "vision.safetensors", folder / "open.safetensors",
        plain.write(folder / "plain.safetensors"),
    )  # fmt: skip
    save_file({name: one.contiguous() for name, one in tensors.items()}, str(found.unclip))
    save_file(as_transformers(), str(found.vision))
    save_file({f"visual.{name}": one.contiguous() for name, one in as_open_clip()}, str(found.open_clip))
    return found


def near(found: Tensor, wanted: Tensor) -> bool:
    return found.shape == wanted.shape and float((found - wanted).abs().max() / wanted.abs().max()) < TOLERANCE


def picture(height: int = EDGE, width: int = EDGE) -> Tensor:
    torch.manual_seed(4)
    return torch.rand(2, height, width, 3)


# ---------------------------------------------------------------- the image encoder


@pytest.mark.parametrize("name", ["unclip", "vision", "open_clip"])
def test_the_image_encoder_sees_what_transformers_sees(name: str, files: Files) -> None:
    reader: ImageReader = read_vision(getattr(files, name)).load("cpu", "float32")
    summary, states = reader.read(picture(), crop=True)
    with torch.no_grad():
        wanted = vision()(pixel_values=prepared(picture(), EDGE, True), output_hidden_states=True)
    assert near(summary, wanted.image_embeds) and near(states, wanted.hidden_states[-2])
    assert not summary.is_inference()


@pytest.mark.parametrize("size", [(32, 32), (48, 70), (90, 33), (20, 30)])
def test_pictures_are_prepared_as_clip_was_shown_them(size: tuple[int, int]) -> None:
    from transformers import CLIPImageProcessorPil

    ramp = np.linspace(0, 255, size[0])[:, None] * np.ones(size[1]) / 2 + np.linspace(0, 127, size[1])
    pixels = np.stack([ramp, 255 - ramp, ramp / 2], axis=-1).round().astype(np.uint8)
    processor = CLIPImageProcessorPil(size={"shortest_edge": EDGE}, crop_size={"height": EDGE, "width": EDGE})
    wanted = torch.tensor(np.array(processor(Pictures.fromarray(pixels))["pixel_values"]))
    found = prepared(torch.tensor(pixels)[None] / 255, EDGE, crop=True)
    assert found.shape == wanted.shape == (1, 3, EDGE, EDGE)
    assert float((found - wanted).abs().max()) < 3 / 255 / 0.26


def test_a_picture_is_squeezed_whole_when_asked() -> None:
    half = torch.cat([torch.zeros(1, 32, 32, 3), torch.ones(1, 32, 32, 3)], dim=2)
    assert prepared(half, EDGE, crop=False)[0, 0, :, 2].max() < 0 < prepared(half, EDGE, crop=False)[0, 0, :, -2].min()


# ---------------------------------------------------------------- what the UNet is told


@pytest.mark.parametrize("level", [0, 1, 250, 999])
def test_noise_is_added_as_diffusers_adds_it(level: int) -> None:
    mean, spread = statistics()
    normal = DIFFUSERS.pipelines.stable_diffusion.StableUnCLIPImageNormalizer(SEEN)
    normal.mean.data, normal.std.data = mean, spread
    pipe = DIFFUSERS.StableUnCLIPImg2ImgPipeline
    theirs = SimpleNamespace(
        image_normalizer=normal,
        image_noising_scheduler=DIFFUSERS.DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
    )
    torch.manual_seed(6)
    seen, noise = torch.randn(2, SEEN), torch.randn(2, SEEN)
    with torch.no_grad():
        wanted = pipe.noise_image_embeddings(theirs, seen, level, noise)
    assert near(Statistics(mean, spread).noised(seen, level, noise), wanted)


def test_the_unet_reads_it_as_diffusers_does(files: Files) -> None:
    denoiser = read_model(files.unclip, "eps").recipe.load("cpu", "float32")
    torch.manual_seed(3)
    x, tokens, labels = torch.randn(2, 4, 8, 8), torch.randn(2, 77, small.CLIP_G), torch.randn(2, 2 * SEEN)
    sigma = float(denoiser.levels.sigmas[400])
    for told, given in ((labels, labels), (None, torch.zeros(2, 2 * SEEN))):
        with torch.no_grad():
            noise = unet()(x / (sigma**2 + 1) ** 0.5, 400, tokens, class_labels=given).sample
        assert near(denoiser.predict(x, sigma, Told(tokens, labels=told)), x - noise * sigma)


def test_a_picture_steers_the_positive_side_and_zeros_stand_on_the_other(files: Files, ctx: PlainContext) -> None:
    model, text, _, clip = load_unclip_checkpoint(files.unclip)
    said = encode_text(text, ctx, "a fox")
    seen = encode_image_vision(clip, Image(picture()[:1]), ctx)
    shown = unclip_conditioning(said, model, seen, ctx, noise=0.1, seed=3)
    assert shown.parts[0].labels is not None and shown.parts[0].labels.shape == (1, 2 * SEEN)
    with_picture, without = (sample(model, one, said, empty_latent(64, 64), ctx, steps=2) for one in (shown, said))
    assert with_picture.samples.isfinite().all()
    assert not torch.equal(with_picture.samples, without.samples)


def test_a_folder_of_diffusers_is_read_as_the_one_file_is(files: Files, tmp_path: Path, ctx: PlainContext) -> None:
    mean, spread = statistics()
    (tmp_path / "model_index.json").write_text("{}")
    parts = {
        "unet": unet().state_dict(),
        "image_normalizer": {"mean": mean, "std": spread},
        "image_encoder": as_transformers(),
    }
    for folder, tensors in parts.items():
        (tmp_path / folder).mkdir()
        save_file({n: one.contiguous() for n, one in tensors.items()}, str(tmp_path / folder / "model.safetensors"))
    said, told = encode_text(load_checkpoint(files.plain).text_encoder, ctx, "a fox"), []
    for file in (files.unclip, tmp_path / "unet" / "model.safetensors"):
        model = load_model(file)
        seen = encode_image_vision(load_clip_vision(file), Image(picture()[:1]), ctx)
        shown = unclip_conditioning(said, model, seen, ctx, noise=0.1, seed=3)
        told.append((shown.parts[0].labels, sample(model, shown, None, empty_latent(64, 64), ctx, steps=1).samples))
    assert all(near(one, other) for one, other in zip(*told, strict=True))


def test_strength_and_a_second_picture_add_up(files: Files, ctx: PlainContext) -> None:
    model, text, _, clip = load_unclip_checkpoint(files.unclip)
    said, seen = encode_text(text, ctx, ""), encode_image_vision(clip, Image(picture()[:1]), ctx)
    once = unclip_conditioning(said, model, seen, ctx, strength=1.0)
    half = unclip_conditioning(said, model, seen, ctx, strength=0.5)
    twice = unclip_conditioning(half, model, seen, ctx, strength=0.5)
    assert once.parts[0].labels is not None and twice.parts[0].labels is not None
    assert torch.allclose(once.parts[0].labels, twice.parts[0].labels, atol=1e-6)


# ---------------------------------------------------------------- what is refused


def test_what_does_not_fit_is_refused_naming_both(files: Files, ctx: PlainContext) -> None:
    model, text, _, clip = load_unclip_checkpoint(files.unclip)
    plain = load_checkpoint(files.plain)
    said, seen = encode_text(text, ctx, ""), encode_image_vision(clip, Image(picture()[:1]), ctx)
    with pytest.raises(BadValue, match="not made to be steered by what CLIP sees"):
        unclip_conditioning(said, plain.model, seen, ctx)
    narrow = ImageEmbedding(torch.zeros(1, 5), torch.zeros(1, 2, 5))
    with pytest.raises(BadValue, match="sees 5 numbers, but the model reads 64"):
        unclip_conditioning(said, model, narrow, ctx)
    wrong: list[tuple[str, Any]] = [("strength", float("nan")), ("noise", 1.5), ("noise", float("nan"))]
    for name, value in wrong:
        with pytest.raises(BadValue) as refused:
            unclip_conditioning(said, model, seen, ctx, **{name: value})
        assert refused.value.input == name
    shown = unclip_conditioning(said, model, seen, ctx)
    with pytest.raises(BadValue, match=r"128 numbers.*but the model reads none of it"):
        sample(plain.model, shown, None, empty_latent(64, 64), ctx, steps=1)


def test_a_file_without_an_image_encoder_is_refused(files: Files) -> None:
    for load in (load_clip_vision, load_unclip_checkpoint):
        with pytest.raises(BadValue, match="Expected an image encoder"):
            load(files.plain)
    assert isinstance(load_clip_vision(files.vision), ClipVision)
