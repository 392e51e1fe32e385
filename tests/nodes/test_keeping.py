"""Models kept in less memory: the same picture from 16 bits, nearly the same from 8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from nodes.diffusion import keeping
from nodes.diffusion.keeping import Keeping, cast_layers, size_kept, ways_to_keep
from nodes.diffusion.recipes import PartRecipe, read_checkpoint, read_model
from nodes.diffusion.told import Told
from tests.nodes import tiny
from tests.nodes import tiny_families as families

SIGMA = 0.7


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, torch.dtype], PartRecipe]:
    folder = tmp_path_factory.mktemp("keeping")

    def make(family: str, dtype: torch.dtype) -> PartRecipe:
        path = folder / f"{family}-{str(dtype)[6:]}.safetensors"
        if family == "sd1":
            recipe: Any = read_checkpoint(tiny.write_checkpoint(path, dtype))[0].recipe
        else:
            recipe = read_model(write_transformer(family, path, dtype)).recipe
        assert isinstance(recipe, PartRecipe)
        return recipe

    return make


def write_transformer(family: str, path: Path, dtype: torch.dtype) -> Path:
    model = families.sd3_transformer(True) if family == "sd3" else families.flux_transformer(True)
    tensors = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, str(path))
    return path


def predicted(denoiser: Any) -> Tensor:
    torch.manual_seed(5)
    channels = 4 if hasattr(denoiser, "unet") else 16
    told = Told(torch.randn(2, 77, denoiser.text_width), pooled=torch.randn(2, denoiser.pooled_width or 1),
                guidance=torch.full((2,), 3.5))  # fmt: skip
    said: Tensor = denoiser.predict(torch.randn(2, channels, 8, 8), SIGMA, told)
    return said


def bytes_of(denoiser: Any) -> int:
    module: nn.Module = denoiser.unet if hasattr(denoiser, "unet") else denoiser.model
    return sum(parameter.nbytes for parameter in module.parameters())


@pytest.mark.parametrize("family", ["sd1", "sd3", "flux"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bits_give_the_same_numbers_in_half_the_memory(
    recipes: Callable[[str, torch.dtype], PartRecipe], family: str, dtype: torch.dtype
) -> None:
    recipe = recipes(family, dtype)
    whole, low = recipe.load("cpu", "float32"), recipe.load("cpu", "float32", "low")
    assert torch.equal(predicted(low), predicted(whole))
    assert torch.equal(predicted(low), predicted(whole))  # what is computed is not worn by use
    assert bytes_of(low) < 0.55 * bytes_of(whole)


def test_sixteen_bits_of_text_encoders_say_the_same_in_less_memory(tmp_path: Path) -> None:
    made = families.sd3()  # CLIP-L, CLIP-G and T5
    tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in made.tensors.items()}
    save_file(tensors, str(tmp_path / "texts.safetensors"))
    recipe: Any = read_checkpoint(tmp_path / "texts.safetensors")[1].recipe
    assert recipe.sizes("cpu", "float32") == {"whole": recipe.size, "low": recipe.size // 2}
    assert list(recipe.sizes("cuda", "bfloat16")) == ["whole"]
    whole, low = recipe.load("cpu", "float32"), recipe.load("cpu", "float32", "low")
    for text in ("a (red:1.3) fox", "a (red:1.3) fox"):  # what is computed is not worn by use
        said, wanted = low.encode(text), whole.encode(text)
        assert torch.equal(said.embedding, wanted.embedding)
        assert torch.equal(said.pooled, wanted.pooled)
    linear = [layer for stack in (low.t5.model, *(clip.model for clip in low.clips))
              for layer in stack.modules() if isinstance(layer, nn.Linear)]  # fmt: skip
    assert {layer.weight.dtype for layer in linear} == {torch.float16}


@pytest.mark.parametrize("family", ["sd1", "sd3", "flux"])
def test_eight_bits_give_nearly_the_same_in_less(
    recipes: Callable[[str, torch.dtype], PartRecipe], family: str
) -> None:
    recipe = recipes(family, torch.float16)
    whole, lowest = recipe.load("cpu", "float32"), recipe.load("cpu", "float32", "lowest")
    wanted, found = predicted(whole), predicted(lowest)
    assert 0 < (found - wanted).norm() / wanted.norm() < 0.05
    assert bytes_of(lowest) < 0.45 * bytes_of(whole)


@pytest.mark.parametrize("device, dtype", [("cpu", "float32"), ("cuda:0", "float16"), ("mps", "float16")])
def test_each_way_takes_less_than_the_one_before(device: str, dtype: str) -> None:
    sizes = [size_kept(10**9, device, dtype, way) for way in ways_to_keep(device, dtype)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == len(sizes)
    assert sizes[0] == 10**9 * (4 if dtype == "float32" else 2)


def test_a_recipe_says_what_it_takes_and_what_it_is(recipes: Callable[[str, torch.dtype], PartRecipe]) -> None:
    recipe = recipes("sd1", torch.float16)
    sizes: dict[Keeping, int] = recipe.sizes("cpu", "float32")
    assert sizes == {"whole": recipe.size, "low": recipe.size // 2, "lowest": recipe.size // 4}
    assert recipe.title == "denoiser of sd1-float16.safetensors"


def test_what_is_kept_in_eight_bits_is_read_in_eight(
    recipes: Callable[[str, torch.dtype], PartRecipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 16 bits first, Flux would take 22 GiB on its way to 11."""
    read: list[int] = []

    def measured(module: nn.Module, *more: Any) -> None:
        read.append(sum(parameter.nbytes for parameter in module.parameters()))
        cast_layers(module, *more)

    monkeypatch.setattr(keeping, "cast_layers", measured)
    lowest = recipes("flux", torch.bfloat16).load("cpu", "float32", "lowest")
    assert read[0] <= bytes_of(lowest)
