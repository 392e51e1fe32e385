"""Models mixed of others, and models, LoRAs and latents written to files that are read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.patches.extract import factors
from nodes.diffusion.patches.live import slots_of
from nodes.diffusion.patches.merge import MergedRecipe
from nodes.diffusion.patches.tensors import headers_of, tensors_of
from nodes.diffusion.unets import prediction_of
from nodes.hub import places
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.lora import load_lora, load_lora_for_model
from nodes.merge import add_difference, add_models, merge_blocks, merge_models, subtract_models
from nodes.saving import load_latent, save_checkpoint, save_latent, save_lora
from nodes.types import Latent, Model, TextEncoder
from tests.nodes import tiny_families as families
from tests.nodes import tiny_loras as loras
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import models

MAKERS: dict[str, Callable[[], families.Small]] = {
    "sd2": families.sd2, "sdxl": families.sdxl, "sdxl_refiner": families.refiner,
    "sd3": lambda: families.sd3(True), "flux": families.flux,
}  # fmt: skip


@pytest.fixture(scope="session")
def other(tiny_file: Path) -> Checkpoint:
    """The small checkpoint with other weights."""
    tensors = load_file(str(tiny_file))
    made = {name: tensor.roll(1) * 0.9 for name, tensor in tensors.items()}
    path = tiny_file.with_name("other.safetensors")
    save_file(made, str(path))
    return load_checkpoint(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(places.MODELS, str(tmp_path / "models"))
    return tmp_path / "models"


def loaded(value: Model | TextEncoder) -> dict[str, Tensor]:
    weights = value.recipe.load("cpu", "float32")
    return {name: slot.get().detach() for name, slot in slots_of(weights).items()}


def some(value: Model | TextEncoder) -> dict[str, Tensor]:
    """Some of its weights of every kind, read singly."""
    tensors = tensors_of(value.recipe)
    return {name: tensors.read(name) for name in sorted(tensors.shapes)[::7] if "token_embedding" not in name}


def near(found: Tensor, wanted: Tensor) -> bool:
    return bool((found - wanted.reshape(found.shape)).abs().max() <= 1e-5)


def reads(value: Model | TextEncoder) -> Callable[[str], Tensor]:
    return tensors_of(value.recipe).read


# ---------------------------------------------------------------- mixing


def test_a_mixture_is_the_weighted_mean_of_all_weights(tiny: Checkpoint, other: Checkpoint) -> None:
    pairs: list[tuple[Any, Any]] = [(tiny.model, other.model), (tiny.text_encoder, other.text_encoder)]
    for first, second in pairs:
        merged = merge_models(first, second, 0.25)
        a, b = reads(first), reads(second)
        found = loaded(merged) if isinstance(merged, Model) else some(merged)
        assert all(near(one, 0.75 * a(name) + 0.25 * b(name)) for name, one in found.items())


def test_the_ends_of_the_ratio_are_the_models_bit_for_bit(tiny: Checkpoint, other: Checkpoint) -> None:
    for ratio, whole in ((0.0, tiny.model), (1.0, other.model)):
        found = some(merge_models(tiny.model, other.model, ratio))
        assert all(torch.equal(found[name], one) for name, one in some(whole).items())


def test_a_difference_added_to_what_it_was_taken_from_gives_the_other(tiny: Checkpoint, other: Checkpoint) -> None:
    difference = subtract_models(other.model, tiny.model)
    b = reads(other.model)
    for found in (add_models(tiny.model, difference), add_difference(tiny.model, other.model, tiny.model)):
        assert all(near(one, b(name)) for name, one in some(found).items())


def test_blocks_have_ratios_of_their_own(tiny: Checkpoint, other: Checkpoint) -> None:
    found = some(merge_blocks(tiny.model, other.model, input=0.0, middle=1.0, output=0.5))
    a, b = reads(tiny.model), reads(other.model)
    wanted = {"down_blocks": 0.0, "conv_in": 0.0, "time_embedding": 0.0, "mid_block": 1.0, "up_blocks": 0.5,
              "conv_norm_out": 0.5, "conv_out": 0.5}  # fmt: skip
    for name, one in found.items():
        ratio = wanted[name.split(".")[1]]
        assert near(one, (1 - ratio) * a(name) + ratio * b(name)), name


@pytest.mark.parametrize("family, blocks", [("flux", [0, 0, 1, 2]), ("sd3", [0, 1, 2])])
def test_a_transformers_blocks_are_thirds(family: str, blocks: list[int], tmp_path: Path) -> None:
    model = load_checkpoint(MAKERS[family]().write(tmp_path / "m.safetensors")).model
    zero = subtract_models(model, model)
    read, plain = reads(merge_blocks(zero, model, input=0.1, middle=0.2, output=0.3)), reads(model)
    names = [f"denoiser.transformer_blocks.{n}.attn.to_q.weight" for n in range(3 if family == "sd3" else 2)]
    names += [f"denoiser.single_transformer_blocks.{n}.attn.to_q.weight" for n in range(2)] * (family == "flux")
    ratios = [round(float(read(name).norm() / plain(name).norm()), 3) for name in names]
    assert ratios == [(0.1, 0.2, 0.3)[third] for third in blocks]
    ends = ("denoiser.proj_out.weight", "denoiser.context_embedder.weight")
    assert [round(float(read(name).norm() / plain(name).norm()), 3) for name in ends] == [0.3, 0.1]


def test_a_mixture_may_hold_loras_and_a_lora_a_mixture(
    tiny: Checkpoint, other: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    file = loras.save(tmp_path / "l.safetensors", loras.kohya(models()[0], loras.UNET_LAYERS, "lora_unet_"))
    with_lora = load_lora_for_model(tiny.model, file, ctx)
    a, b = reads(with_lora), reads(other.model)
    inner = some(merge_models(with_lora, other.model, 0.5))
    assert all(near(one, 0.5 * a(name) + 0.5 * b(name)) for name, one in inner.items())
    outer = some(load_lora_for_model(merge_models(tiny.model, other.model, 0.5), file, ctx, 0.5))
    assert all(torch.allclose(one, inner[name], atol=1e-5) for name, one in outer.items())


def test_a_mixture_loads_in_each_way_of_keeping(tiny: Checkpoint, other: Checkpoint) -> None:
    recipe: Any = merge_models(tiny.model, other.model, 0.5).recipe
    assert recipe.sizes("cpu", "float32").keys() == {"whole", "low", "lowest"}
    whole, low, lowest = (
        {name: slot.get() for name, slot in slots_of(recipe.load("cpu", "float32", way)).items()}
        for way in ("whole", "low", "lowest")
    )
    for name, one in whole.items():
        for narrow in (low[name], lowest[name]):
            assert torch.equal(narrow.float(), one.to(narrow.dtype).float())
    assert {one.dtype for one in lowest.values()} == {torch.float32, torch.float16, torch.float8_e4m3fn}


def test_an_inpainting_model_takes_a_difference_of_models_that_see_less(tiny: Checkpoint, tiny_file: Path) -> None:
    tensors = load_file(str(tiny_file))
    first = "model.diffusion_model.input_blocks.0.0.weight"
    tensors[first] = torch.cat([tensors[first], torch.ones(32, 5, 3, 3)], dim=1)
    path = tiny_file.with_name("paints.safetensors")
    save_file(tensors, str(path))
    paints = load_checkpoint(path).model
    twice = subtract_models(tiny.model, subtract_models(tiny.model, tiny.model), 2.0)
    found = reads(add_difference(paints, twice, tiny.model))("denoiser.conv_in.weight")
    assert near(found[:, :4], 2 * reads(tiny.model)("denoiser.conv_in.weight"))
    assert torch.equal(found[:, 4:], torch.ones(32, 5, 3, 3))
    with pytest.raises(BadValue, match=r"conv_in.*32 x 4 x 3 x 3.*32 x 9 x 3 x 3"):
        merge_models(paints, tiny.model, 0.5)


def test_other_families_are_refused_naming_both_sides(tiny: Checkpoint, tmp_path: Path) -> None:
    flux = load_checkpoint(families.flux().write(tmp_path / "flux.safetensors"))
    with pytest.raises(BadValue) as caught:
        merge_models(tiny.model, flux.model, 0.5)
    assert caught.value.input == "second"
    assert caught.value.what == (
        "The denoiser of tiny.safetensors is Stable Diffusion 1.x, and the denoiser of flux.safetensors is Flux.1: "
        "their weights do not correspond."
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_ratios_and_amounts_must_be_numbers(number: float, tiny: Checkpoint) -> None:
    works: dict[str, Callable[[], Any]] = {
        "ratio": lambda: merge_models(tiny.model, tiny.model, number),
        "middle": lambda: merge_blocks(tiny.model, tiny.model, middle=number),
        "amount": lambda: add_difference(tiny.model, tiny.model, tiny.model, number),
    }
    for input, work in works.items():
        with pytest.raises(BadValue) as caught:
            work()
        assert caught.value.input == input


def test_a_mixture_says_of_what_it_is(tiny: Checkpoint, other: Checkpoint) -> None:
    recipe: Any = merge_models(tiny.model, other.model, 0.5).recipe
    assert isinstance(recipe, MergedRecipe)
    assert recipe.title == "denoiser merged of tiny.safetensors and other.safetensors"
    assert hash(recipe) == hash(merge_models(tiny.model, other.model, 0.5).recipe)


# ---------------------------------------------------------------- writing


@pytest.mark.parametrize("family", MAKERS)
def test_a_saved_checkpoint_has_the_names_and_numbers_of_its_familys_files(
    family: str, home: Path, tmp_path: Path, ctx: PlainContext
) -> None:
    small = MAKERS[family]()
    save_checkpoint(*load_checkpoint(small.write(tmp_path / "m.safetensors")), ctx, "copy", "float32")
    found = load_file(str(home / "checkpoints" / "copy_00001.safetensors"))
    wanted = {name: one for name, one in small.tensors.items() if not name.endswith(("position_ids", "logit_scale"))}
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], one) for name, one in wanted.items())


def test_a_saved_checkpoint_holds_what_was_merged_and_loads_again(
    tiny: Checkpoint, other: Checkpoint, home: Path, ctx: PlainContext
) -> None:
    model = merge_models(tiny.model, other.model, 0.5)
    save_checkpoint(model, tiny.text_encoder, tiny.vae, ctx, "a/b", "bfloat16")
    again = load_checkpoint(home / "checkpoints" / "a" / "b_00001.safetensors")
    wanted = some(model)
    assert all(torch.equal(one, wanted[name].bfloat16().float()) for name, one in some(again.model).items())
    assert ctx.texts == ["models/checkpoints/a/b_00001.safetensors, 21.1 MiB."]


def test_what_a_model_predicts_is_saved_with_it(tiny_file: Path, home: Path, ctx: PlainContext) -> None:
    save_checkpoint(*load_checkpoint(tiny_file, "v"), ctx, "v")
    again: Any = load_checkpoint(home / "checkpoints" / "v_00001.safetensors").model.recipe
    assert prediction_of(headers_of(again)["denoiser"], "auto") == "v"


def test_a_lora_of_a_difference_gives_it_back(tiny: Checkpoint, home: Path, tmp_path: Path, ctx: PlainContext) -> None:
    """A difference of low rank is held whole."""
    unet, _, text = models()
    tensors = loras.kohya(unet, (*loras.UNET_LAYERS, *loras.UNET_CONVS), "lora_unet_")
    tensors |= loras.kohya(text, loras.TEXT_LAYERS, "lora_te_", lambda name: f"text_model_{name.replace('.', '_')}")
    changed = load_lora(tiny.model, tiny.text_encoder, loras.save(tmp_path / "l.safetensors", tensors), ctx)
    save_lora(changed.model, tiny.model, ctx, changed.text_encoder, tiny.text_encoder, 4, "back", "float32")
    again = load_lora(tiny.model, tiny.text_encoder, home / "loras" / "back_00001.safetensors", ctx)
    for found, wanted in ((again.model, changed.model), (again.text_encoder, changed.text_encoder)):
        recipe: Any = wanted.recipe
        touched = {target for change, _ in recipe.changes() for target in change.targets}
        again_reads, wanted_reads = reads(found), reads(wanted)
        assert all(near(again_reads(name), wanted_reads(name)) for name in (*touched, *some(wanted)))
    assert len(ctx.texts) == 1 and ctx.texts[0].endswith("9 layers; it holds 100.0% of the difference.")


def test_a_lora_of_higher_rank_is_nearer(tiny: Checkpoint, other: Checkpoint, home: Path, ctx: PlainContext) -> None:
    shares = []
    for number, rank in enumerate((1, 8), start=1):
        save_lora(other.model, tiny.model, ctx, rank=rank, name="r")
        with safe_open(home / "loras" / f"r_{number:05}.safetensors", "pt") as file:
            assert file.metadata()["ss_network_dim"] == str(rank)
            assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118
        shares.append(float(ctx.texts[-2].rpartition("holds ")[2].partition("%")[0]))
    assert shares == sorted(shares) and shares[0] < shares[1]
    assert "biases, norms and tables differ too" in ctx.texts[-1]


def test_large_matrices_are_taken_apart_nearly_as_well_and_always_alike() -> None:
    matrix = loras.seeded("a", 600, 8) @ loras.seeded("b", 8, 700) + 0.001 * loras.seeded("c", 600, 700)
    (up, down), (again, _) = factors(matrix, 8), factors(matrix, 8)
    assert torch.equal(up, again)
    values = torch.linalg.svdvals(matrix)
    assert (matrix - up @ down).norm() <= 1.01 * values[8:].norm()


def test_no_difference_is_refused(tiny: Checkpoint, home: Path, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match="same as the original"):
        save_lora(tiny.model, tiny.model, ctx)
    with pytest.raises(BadValue, match="One text encoder alone"):
        save_lora(tiny.model, tiny.model, ctx, tiny.text_encoder)
    assert not list(home.rglob("*.safetensors"))


@pytest.mark.parametrize("name", ["", "../up", "a/../b", "/root", "a:b", "CON?"])
def test_names_that_lead_elsewhere_are_refused(name: str, home: Path, ctx: PlainContext) -> None:
    with pytest.raises(BadValue) as caught:
        save_latent(empty_latent(16, 16), ctx, name)
    assert caught.value.input == "name"


def test_a_latent_comes_back_number_for_number(tiny: Checkpoint, home: Path, ctx: PlainContext) -> None:
    spaces = (tiny.model.space, None)
    for number, space in enumerate(spaces, start=1):
        latent = Latent(torch.randn(2, 4, 3, 5), space)
        save_latent(latent, ctx)
        again = load_latent(home / "latents" / f"latent_{number:05}.safetensors")
        assert torch.equal(again.samples, latent.samples)
        assert (again.space is None) == (space is None)
        assert again.space is None or (again.space.fits(tiny.vae.space) and again.space.scale == tiny.vae.space.scale)


def test_another_file_is_no_latent(tiny_file: Path, home: Path, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match=r"Expected a latent\."):
        load_latent(tiny_file)
    bad = Latent(torch.full((1, 4, 2, 2), float("nan")))
    save_latent(bad, ctx, "bad")
    with pytest.raises(BadValue, match="not finite"):
        load_latent(home / "latents" / "bad_00001.safetensors")


def test_without_a_models_folder_nothing_is_saved(ctx: PlainContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(places.MODELS, raising=False)
    with pytest.raises(BadValue, match="no models folder"):
        save_latent(empty_latent(16, 16), ctx)
