"""LoRAs whose first layer is wider than the model's: with them any model becomes one that paints or edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.patches.live import slots_of
from nodes.diffusion.patches.tensors import FIRST, tensors_of
from nodes.diffusion.told import Told
from nodes.editing import inpaint_conditioning
from nodes.hub import places
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.lora import load_lora_for_model
from nodes.merge import merge_models
from nodes.sampling import sample
from nodes.saving import save_checkpoint, save_lora
from nodes.text import encode_text
from nodes.types import Image, Mask, Model
from tests.nodes import tiny_loras as loras
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import models

LAYER = "lora_unet_mid_block_attentions_0_proj_in"


def wider(path: Path, channels: int, **more: Tensor) -> Path:
    """A LoRA of one layer, and the whole change of a first layer that reads so many channels."""
    up, down = loras.seeded("up", 96, 2), loras.seeded("down", 2, 96)
    tensors = {f"{LAYER}.lora_up.weight": up[..., None, None], f"{LAYER}.lora_down.weight": down[..., None, None]}
    tensors["lora_unet_conv_in.diff"] = loras.seeded("first", 32, channels, 3, 3)
    return loras.save(path, tensors | more)


@pytest.fixture
def paints(tmp_path: Path) -> Path:
    return wider(tmp_path / "paints.safetensors", 9)


@pytest.fixture
def lora_of_conv_in(tmp_path: Path) -> Path:
    unet, _, _ = models()
    return loras.save(tmp_path / "plain.safetensors", loras.kohya(unet, ("conv_in",), "lora_unet_"))


def first_of(model: Model) -> Tensor:
    return tensors_of(model.recipe).read(FIRST)


def padded(tensor: Tensor, channels: int) -> Tensor:
    return torch.cat([tensor, tensor.new_zeros(len(tensor), channels - tensor.shape[1], 3, 3)], dim=1)


def recipe_of(model: Model) -> Any:
    return model.recipe


@pytest.mark.parametrize("channels", [8, 9])
def test_a_wider_first_layer_makes_a_model_that_sees_more(
    channels: int, tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    file = wider(tmp_path / "wide.safetensors", channels)
    model = load_lora_for_model(tiny.model, file, ctx, 0.5)
    wanted = padded(first_of(tiny.model), channels) + 0.5 * loras.seeded("first", 32, channels, 3, 3)
    assert torch.equal(first_of(model), wanted)
    assert tensors_of(model.recipe).shapes[FIRST] == (32, channels, 3, 3)
    denoiser = recipe_of(model).load("cpu", "float32")
    assert denoiser.beside_channels == channels - 4
    assert torch.equal(denoiser.unet.conv_in.weight, wanted)
    told = Told(torch.randn(1, 77, 128), beside=torch.ones(1, 4, 8, 8))
    assert denoiser.predict(torch.randn(1, 4, 8, 8), 1.0, told).isfinite().all()
    assert ctx.texts == []


def test_undoing_makes_it_narrow_again_bit_for_bit(tiny: Checkpoint, paints: Path, ctx: PlainContext) -> None:
    base = recipe_of(tiny.model).load("cpu", "float32")
    before = {name: slot.get().detach().clone() for name, slot in slots_of(base).items()}
    undo = recipe_of(load_lora_for_model(tiny.model, paints, ctx)).change(base)
    assert base.beside_channels == 5
    undo()
    assert base.beside_channels == 0
    assert all(torch.equal(slot.get(), before[name]) for name, slot in slots_of(base).items())


def test_it_paints_through_the_nodes_and_a_plain_text_is_refused(
    tiny: Checkpoint, paints: Path, ctx: PlainContext
) -> None:
    model = load_lora_for_model(tiny.model, paints, ctx)
    text, image = encode_text(tiny.text_encoder, ctx, "a house"), Image(torch.rand(1, 64, 64, 3))
    mask = Mask((torch.arange(64) > 31).float().expand(1, 64, 64))
    shown = inpaint_conditioning(text, text, tiny.vae, image, mask, ctx)
    done = sample(model, shown.positive, shown.negative, shown.latent, ctx, steps=1)
    assert done.samples.isfinite().all()
    with pytest.raises(BadValue, match="paints into a picture \\(9 input channels\\)"):
        sample(model, text, text, empty_latent(64, 64), ctx, steps=1)
    with pytest.raises(BadValue, match="looks at the noise alone"):
        sample(tiny.model, shown.positive, shown.negative, shown.latent, ctx, steps=1)


@pytest.mark.parametrize("order", ["before", "behind"])
def test_a_lora_for_a_narrow_first_layer_is_added_where_it_reads(
    order: str, tiny: Checkpoint, paints: Path, lora_of_conv_in: Path, ctx: PlainContext
) -> None:
    files = (paints, lora_of_conv_in) if order == "behind" else (lora_of_conv_in, paints)
    model = tiny.model
    for file in files:
        model = load_lora_for_model(model, file, ctx)
    alone = first_of(load_lora_for_model(tiny.model, lora_of_conv_in, ctx))
    wanted = padded(alone, 9) + loras.seeded("first", 32, 9, 3, 3)
    assert torch.allclose(first_of(model), wanted, atol=1e-6)


def test_a_model_that_paints_cannot_become_one_that_edits(
    tiny: Checkpoint, paints: Path, tmp_path: Path, ctx: PlainContext
) -> None:
    edits = wider(tmp_path / "edits.safetensors", 8)
    with pytest.raises(BadValue, match="conv_in is 32 x 72, and the model's 32 x 81"):
        load_lora_for_model(load_lora_for_model(tiny.model, paints, ctx), edits, ctx)


def test_no_other_width_and_no_other_layer_is_widened(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    odd = wider(tmp_path / "odd.safetensors", 6)
    with pytest.raises(BadValue, match="conv_in is 32 x 54, and the model's 32 x 36"):
        load_lora_for_model(tiny.model, odd, ctx)
    out = {"lora_unet_conv_out.diff": torch.zeros(4, 64, 3, 3)}
    with pytest.raises(BadValue, match="conv_out is 4 x 576, and the model's 4 x 288"):
        load_lora_for_model(tiny.model, loras.save(tmp_path / "out.safetensors", out), ctx)


def test_saved_as_a_checkpoint_it_is_an_inpainting_model_and_its_difference_is_such_a_lora(
    tiny: Checkpoint, paints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ctx: PlainContext
) -> None:
    monkeypatch.setenv(places.MODELS, str(tmp_path / "models"))
    model = load_lora_for_model(tiny.model, paints, ctx)
    save_checkpoint(model, tiny.text_encoder, tiny.vae, ctx, "paints", "float32")
    saved = load_checkpoint(tmp_path / "models" / "checkpoints" / "paints_00001.safetensors").model
    assert torch.equal(first_of(saved), first_of(model))
    save_lora(saved, tiny.model, ctx, rank=2, name="back", precision="float32")
    again = load_lora_for_model(tiny.model, tmp_path / "models" / "loras" / "back_00001.safetensors", ctx)
    assert torch.allclose(first_of(again), first_of(model), atol=1e-6)
    assert recipe_of(again).load("cpu", "float32").beside_channels == 5


def test_it_mixes_with_others_of_its_width(tiny: Checkpoint, paints: Path, ctx: PlainContext) -> None:
    model = load_lora_for_model(tiny.model, paints, ctx)
    half = load_lora_for_model(tiny.model, paints, ctx, 0.5)
    mixed = merge_models(model, half, 0.5)
    denoiser = recipe_of(mixed).load("cpu", "float32")
    assert denoiser.beside_channels == 5
    assert torch.allclose(denoiser.unet.conv_in.weight, first_of(load_lora_for_model(tiny.model, paints, ctx, 0.75)),
                          atol=1e-6)  # fmt: skip
