"""Real models with LoRAs in the worker's memory: each right, whatever came before, and the base read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.recipes import PartRecipe
from nodes.diffusion.told import Told
from nodes.loaders import load_checkpoint
from nodes.lora import load_lora
from nodes.merge import merge_models
from nodes.types import Model, TextEncoder
from server.worker.device import Device
from server.worker.memory import Weights
from tests.nodes import tiny_loras as loras
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import models, write_checkpoint

CPU = Device("cpu", "float32", "CPU")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Model, TextEncoder]]:
    """The small checkpoint plain, with one LoRA, with another, and with both."""
    folder = tmp_path_factory.mktemp("loras")
    plain = load_checkpoint(write_checkpoint(folder / "tiny.safetensors"))
    unet, _, text = models()
    words = loras.kohya(text, loras.TEXT_LAYERS, "lora_te_", lambda layer: f"text_model_{layer.replace('.', '_')}")
    layers = {"crayon": (*loras.UNET_LAYERS, *loras.UNET_CONVS), "neon": loras.UNET_LAYERS[:2]}
    files = {name: loras.save(folder / f"{name}.safetensors", loras.kohya(unet, of, "lora_unet_") | words)
             for name, of in layers.items()}  # fmt: skip
    ctx = PlainContext()
    crayon = load_lora(plain.model, plain.text_encoder, files["crayon"], ctx, 0.8, 0.5)
    neon = load_lora(plain.model, plain.text_encoder, files["neon"], ctx, -1.0, 1.0)
    both = load_lora(crayon.model, crayon.text_encoder, files["neon"], ctx, 0.3, 0.3)
    return {"plain": (plain.model, plain.text_encoder), "crayon": crayon, "neon": neon, "both": both}


def said(weights: Any, model: Model, text_encoder: TextEncoder) -> Tensor:
    """What the denoiser predicts of a text; `weights` loads recipes."""
    tokens = weights(text_encoder.recipe).encode("a red house").embedding
    x = torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8)
    found: Tensor = weights(model.recipe).predict(x, 0.7, Told(tokens))
    return found


@pytest.mark.parametrize("mode", ["normal", "low", "lowest"])
def test_models_with_different_loras_of_one_base_take_turns_bit_for_bit(
    mode: str, parts: dict[str, tuple[Model, TextEncoder]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {name: said(Weights(CPU, mode).get, *part) for name, part in parts.items()}
    assert len({tuple(one.flatten().tolist()) for one in wanted.values()}) == len(wanted)
    loads: list[str] = []
    load_part = PartRecipe.load_part

    def counted(recipe: PartRecipe, device: str, dtype: str) -> Any:
        loads.append(recipe.part)
        return load_part(recipe, device, dtype)

    monkeypatch.setattr(PartRecipe, "load_part", counted)
    weights = Weights(CPU, mode)
    for name in ("crayon", "plain", "neon", "both", "crayon", "neon", "plain", "both", "plain"):
        assert torch.equal(said(weights.get, *parts[name]), wanted[name]), name
    assert sorted(loads) == ["denoiser", "text_encoder"]
    assert len(weights.held()) == 2


def test_both_at_once_in_one_node_are_right_too(parts: dict[str, tuple[Model, TextEncoder]]) -> None:
    weights = Weights(CPU)
    asked: list[tuple[str, Any, Any]] = []
    for name in ("crayon", "neon", "plain"):
        recipe = parts[name][0].recipe
        asked.append((name, recipe, weights.get(recipe, [one for _, one, _ in asked])))
    for name, _, denoiser in asked:
        alone = Weights(CPU)
        text = parts[name][1]
        found = said(lambda recipe, of=denoiser, alone=alone, text=text: (
            alone.get(recipe) if recipe == text.recipe else of), *parts[name])  # fmt: skip
        assert torch.equal(found, said(alone.get, *parts[name])), name


def test_a_lora_on_a_mixture_leaves_the_mixture_as_it_was(
    parts: dict[str, tuple[Model, TextEncoder]], tmp_path: Path
) -> None:
    mixture = merge_models(parts["plain"][0], parts["crayon"][0], 0.5)
    file = loras.save(tmp_path / "l.safetensors", loras.kohya(models()[0], loras.UNET_LAYERS, "lora_unet_"))
    text = parts["plain"][1]
    changed = load_lora(mixture, text, file, PlainContext()).model
    weights = Weights(CPU)
    first, second = said(weights.get, mixture, text), said(weights.get, changed, text)
    assert not torch.equal(first, second)
    assert torch.equal(said(weights.get, mixture, text), first)
