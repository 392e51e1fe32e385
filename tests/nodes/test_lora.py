"""LoRAs and their kin on every family, in every spelling: added, told from others, taken away bit for bit."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nodes.api import BadValue
from nodes.diffusion.describe import describe
from nodes.diffusion.header import UnusableFile
from nodes.diffusion.packed import PackedConv
from nodes.diffusion.patches.live import CannotChange, Slot, change_weights, slots_of
from nodes.diffusion.patches.recipe import PatchedRecipe
from nodes.diffusion.patches.tensors import tensors_of
from nodes.diffusion.recipes import read_checkpoint
from nodes.diffusion.told import Told
from nodes.loaders import Checkpoint
from nodes.lora import load_lora, load_lora_for_model
from nodes.types import Model, TextEncoder
from tests.nodes import tiny_families as families
from tests.nodes import tiny_loras as loras
from tests.nodes.plain import PlainContext
from tests.nodes.reference.make_loras import FILE, cases
from tests.nodes.tiny import models, write_checkpoint

CASES = cases()
REFERENCE = load_file(str(FILE))
UNET = "lora_unet_"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Model, TextEncoder]]:
    folder = tmp_path_factory.mktemp("families")

    def make(family: str) -> tuple[Model, TextEncoder]:
        path = folder / f"{family}.safetensors"
        if not path.exists():
            makers = {"sdxl": families.sdxl, "sd3": lambda: families.sd3(True), "flux": families.flux}
            write_checkpoint(path) if family == "sd1" else makers[family]().write(path)
        model, text, _ = read_checkpoint(path)
        return model, text

    return make


Checkpoints = Callable[[str], tuple[Model, TextEncoder]]


LOADED: dict[Any, Any] = {}


def held_by(recipe: Any) -> Any:
    """What a recipe without patches loads, once for all tests: each leaves it as it was."""
    if recipe not in LOADED:
        LOADED[recipe] = recipe.load("cpu", "float32")
    return LOADED[recipe]


def tensors_in(weights: Any) -> dict[str, Tensor]:
    return {name: slot.get().detach().clone() for name, slot in slots_of(weights).items()}


def weights_of(recipe: Any) -> dict[str, Tensor]:
    """All weights of a recipe's model."""
    base = held_by(recipe.base if isinstance(recipe, PatchedRecipe) else recipe)
    undo = recipe.change(base) if isinstance(recipe, PatchedRecipe) else lambda: None
    found = tensors_in(base)
    undo()
    return found


def changed_by(before: Model | TextEncoder, after: Model | TextEncoder) -> dict[str, Tensor]:
    """What differs, by name; read singly it is the same."""
    old, new = weights_of(before.recipe), weights_of(after.recipe)
    read = tensors_of(after.recipe)
    found = {name: new[name] for name in old if not torch.equal(old[name], new[name])}
    for name, tensor in found.items():
        assert torch.equal(read.read(name).reshape(tensor.shape), tensor), f"{name} read singly is another"
    return found


# ---------------------------------------------------------------- the same as diffusers


@pytest.mark.parametrize("case", CASES)
def test_a_lora_changes_the_weights_as_diffusers_does(
    case: str, checkpoints: Checkpoints, tmp_path: Path, ctx: PlainContext
) -> None:
    _, tensors = CASES[case]
    model, _ = checkpoints(case.partition("_")[0])
    file = loras.save(tmp_path / "lora.safetensors", tensors)
    changed = changed_by(model, load_lora_for_model(model, file, ctx))
    wanted = {name.partition("/")[2]: one for name, one in REFERENCE.items() if name.startswith(f"{case}/")}
    assert {f"denoiser.{name}" for name in wanted} == changed.keys()
    for name, one in wanted.items():
        found = changed[f"denoiser.{name}"].flatten(1)[::7, ::5]
        assert (found - one).abs().max() <= 1e-5, name
    assert ctx.texts == []


# ---------------------------------------------------------------- every kind, by its formula


def low(name: str, rows: int, columns: int, rank: int = 3) -> tuple[Tensor, Tensor]:
    return loras.seeded(f"{name} a", rows, rank), loras.seeded(f"{name} b", rank, columns)


def tucker(middle: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """out x rank, rank x rank x height x width, rank x in, summed one after the other."""
    return torch.einsum("oa,abhw,bi->oihw", up, middle, down).contiguous()


LINEAR, CONV = loras.UNET_LAYERS[0], loras.UNET_CONVS[0]
AT = {"linear": f"{UNET}{LINEAR.replace('.', '_')}", "conv": f"{UNET}{CONV.replace('.', '_')}"}


def kinds() -> dict[str, tuple[str, loras.Tensors, Tensor]]:
    """By name: the layer, what the file holds for it, and what that adds to its weight of 32 x 32 (x 3 x 3)."""
    (a1, b1), (a2, b2) = low("one", 32, 32), low("two", 32, 32)
    middle, other = loras.seeded("middle", 3, 3, 3, 3), loras.seeded("other", 3, 3, 3, 3)
    (la, lb), small = low("large", 8, 8), loras.seeded("small", 4, 4)
    conv = loras.seeded("conv", 8, 8, 3, 3)
    alpha = torch.tensor(1.5)
    hada = {"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2}
    turned = {"hada_w1_a": a1.T, "hada_w1_b": b1, "hada_w2_a": a2.T, "hada_w2_b": b2}
    window = {"lora_up.weight": a1[..., None, None], "lora_mid.weight": middle, "lora_down.weight": b1[..., None, None]}
    core = {"lokr_w1": small, "lokr_t2": middle, "lokr_w2_a": la.T, "lokr_w2_b": lb, "alpha": alpha}
    kron_conv = torch.kron(small[..., None, None], conv)
    return {
        "LoCon with a core": ("conv", window | {"alpha": alpha}, tucker(middle, a1, b1) * 0.5),
        "LoHa": ("linear", hada | {"alpha": alpha}, (a1 @ b1) * (a2 @ b2) * 0.5),
        "LoHa with cores": ("conv", turned | {"hada_t1": middle, "hada_t2": other, "alpha": alpha},
                            tucker(middle, a1, b1) * tucker(other, a2, b2) * 0.5),
        "LoKr": ("linear", {"lokr_w1": small, "lokr_w2": conv[:, :, 0, 0], "alpha": alpha},
                 torch.kron(small, conv[:, :, 0, 0])),
        "LoKr of low rank": ("linear", {"lokr_w1": small, "lokr_w2_a": la, "lokr_w2_b": lb, "alpha": alpha},
                             torch.kron(small, la @ lb) * 0.5),
        "LoKr of a convolution": ("conv", {"lokr_w1": small, "lokr_w2": conv}, kron_conv),
        "LoKr with a core": ("conv", core, torch.kron(small[..., None, None], tucker(middle, la, lb)) * 0.5),
        "a difference": ("conv", {"diff": loras.seeded("diff", 32, 32, 3, 3)}, loras.seeded("diff", 32, 32, 3, 3)),
    }  # fmt: skip


KINDS = kinds()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_adds_what_its_formula_says(kind: str, tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    layer, tensors, added = KINDS[kind]
    file = loras.save(tmp_path / "it.safetensors", {f"{AT[layer]}.{role}": one for role, one in tensors.items()})
    changed = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx, 0.5))
    ((name, found),) = changed.items()
    before = tensors_of(tiny.model.recipe).read(name)
    assert (found - before - 0.5 * added).abs().max() <= 1e-5


def test_biases_and_norms_are_changed_too(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    norm = f"{UNET}mid_block_resnets_0_norm1"
    file = loras.save(tmp_path / "n.safetensors", {
        f"{norm}.w_norm": torch.full((96,), 0.25), f"{norm}.b_norm": torch.full((96,), -1.0),
        f"{AT['conv']}.diff": torch.zeros(32, 32, 3, 3), f"{AT['conv']}.diff_b": torch.ones(32),
    })  # fmt: skip
    changed = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx, 2.0))
    read = tensors_of(tiny.model.recipe).read
    wanted = {
        "denoiser.mid_block.resnets.0.norm1.weight": 0.5,
        "denoiser.mid_block.resnets.0.norm1.bias": -2.0,
        f"denoiser.{CONV}.bias": 2.0,
    }
    assert changed.keys() == wanted.keys()
    for name, added in wanted.items():
        assert (changed[name] - read(name) - added).abs().max() <= 1e-5


def test_dora_may_hold_the_magnitudes_of_columns(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    unet = models()[0]
    tensors = loras.kohya(unet, [LINEAR], UNET)
    weight = unet.get_submodule(LINEAR).weight
    direction = weight + loras.delta(tensors, AT["linear"], weight.shape)
    tensors[f"{AT['linear']}.dora_scale"] = magnitudes = 1 + loras.seeded("columns", 1, 32).abs()
    file = loras.save(tmp_path / "d.safetensors", tensors)
    ((_, found),) = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx)).items()
    assert (found - magnitudes * direction / direction.norm(dim=0, keepdim=True)).abs().max() <= 1e-5


def test_a_fused_layer_reaches_each_of_its_parts(checkpoints: Checkpoints, tmp_path: Path, ctx: PlainContext) -> None:
    model, _ = checkpoints("flux")
    tensors = {n: t for n, t in loras.flux_fused(families.flux_transformer(True)).items() if "linear1" in n}
    file = loras.save(tmp_path / "f.safetensors", tensors)
    changed = changed_by(model, load_lora_for_model(model, file, ctx))
    read, layers = tensors_of(model.recipe).read, loras.FLUX_FILE["single_blocks_0_linear1"]
    names = [f"denoiser.{layer}.weight" for layer in layers]
    assert set(names) == changed.keys()
    whole = torch.cat([changed[name] - read(name) for name in names])
    assert (whole - loras.delta(tensors, f"{UNET}single_blocks_0_linear1", whole.shape)).abs().max() <= 1e-5


def test_layers_whose_halves_a_file_swaps_are_swapped(
    checkpoints: Checkpoints, tmp_path: Path, ctx: PlainContext
) -> None:
    model, _ = checkpoints("sd3")
    stem = f"{UNET}final_layer_adaLN_modulation_1"
    tensors = loras.pair(stem, (256, 128), loras.KOHYA, alpha=True)
    ((name, found),) = changed_by(
        model, load_lora_for_model(model, loras.save(tmp_path / "s.safetensors", tensors), ctx)
    ).items()
    assert name == "denoiser.norm_out.linear.weight"
    added = loras.swap_halves(loras.delta(tensors, stem, (256, 128)))
    assert (found - tensors_of(model.recipe).read(name) - added).abs().max() <= 1e-5


SPELLINGS = {
    "kohya": ("lora_unet_{_}", loras.KOHYA), "kohya, as in files": ("lora_unet_{file_}", loras.KOHYA),
    "diffusers": ("unet.{.}", loras.PEFT), "old diffusers": ("unet.{.}", ("lora.up", "lora.down")),
    "peft": ("base_model.model.{.}", loras.PEFT),
    "peft, by adapter": ("base_model.model.{.}", ("lora_B.default", "lora_A.default")),
    "bare": ("{.}", loras.PEFT), "single file": ("diffusion_model.{file.}", loras.PEFT),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_means_the_same_layer(spelling: str, tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    pattern, factors = SPELLINGS[spelling]
    in_file = "input_blocks.1.1.transformer_blocks.0.attn1.to_q"
    words = {"{.}": LINEAR, "{_}": LINEAR.replace(".", "_"), "{file.}": in_file, "{file_}": in_file.replace(".", "_")}
    stem = pattern
    for mark, word in words.items():
        stem = stem.replace(mark, word)
    file = loras.save(tmp_path / "l.safetensors", loras.pair(stem, (32, 32), factors, alpha=False))
    assert list(changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx))) == [f"denoiser.{LINEAR}.weight"]
    assert ctx.texts == []


def test_the_oldest_files_of_diffusers_are_read(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    block = "down_blocks.0.attentions.0.transformer_blocks.0.attn1"
    tensors: loras.Tensors = {}
    for layer in ("to_q", "to_out"):
        stem = f"unet.{block}.processor.{layer}_lora"
        tensors |= {f"{stem}.up.weight": loras.seeded("u", 32, 4), f"{stem}.down.weight": loras.seeded("d", 4, 32)}
    file = loras.save(tmp_path / "o.safetensors", tensors)
    changed = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx))
    assert changed.keys() == {f"denoiser.{block}.to_q.weight", f"denoiser.{block}.to_out.0.weight"}


def test_alpha_may_stand_in_the_metadata(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    tensors = loras.pair(f"unet.{LINEAR}", (32, 32), loras.PEFT, alpha=False)
    plain = loras.save(tmp_path / "p.safetensors", tensors)
    said = loras.save(tmp_path / "s.safetensors", tensors, lora_adapter_metadata='{"unet.r": 4, "unet.lora_alpha": 8}')
    ((_, once),) = changed_by(tiny.model, load_lora_for_model(tiny.model, plain, ctx, 2.0)).items()
    ((_, twice),) = changed_by(tiny.model, load_lora_for_model(tiny.model, said, ctx, 1.0)).items()
    assert (once - twice).abs().max() <= 1e-5


# ---------------------------------------------------------------- text encoders

TEXTS = {
    "sd1": {"clip_l": ("lora_te_", "text_encoder.")},
    "sdxl": {"clip_l": ("lora_te1_", "text_encoder."), "clip_g": ("lora_te2_", "text_encoder_2.")},
    "sd3": {"clip_l": ("lora_te1_", "text_encoder."), "clip_g": ("lora_te2_", "text_encoder_2."),
            "t5": ("lora_te3_", "text_encoder_3.")},
    "flux": {"clip_l": ("lora_te1_", "text_encoder."), "t5": ("lora_te3_", "text_encoder_2.")},
}  # fmt: skip
WIDTHS = {"clip_l": families.CLIP_L, "clip_g": families.CLIP_G, "t5": families.T5}


@pytest.mark.parametrize("family, network", [(family, network) for family, of in TEXTS.items() for network in of])
@pytest.mark.parametrize("spelling", [0, 1], ids=["kohya", "diffusers"])
def test_a_text_encoder_is_changed_in_each_spelling(
    family: str, network: str, spelling: int, checkpoints: Checkpoints, tmp_path: Path, ctx: PlainContext
) -> None:
    model, text = checkpoints(family)
    t5 = network == "t5"
    layer = "encoder.block.0.layer.0.SelfAttention.q" if t5 else "encoder.layers.0.self_attn.q_proj"
    width = 128 if family == "sd1" else WIDTHS[network]
    start, said = TEXTS[family][network][spelling], layer if t5 else f"text_model.{layer}"
    stem = f"{start}{said if spelling else said.replace('.', '_')}"
    tensors = loras.pair(stem, (64 if t5 else width, width), loras.PEFT if spelling else loras.KOHYA, alpha=False)
    found = load_lora(model, text, loras.save(tmp_path / "t.safetensors", tensors), ctx)
    assert list(changed_by(text, found.text_encoder)) == [f"{network}.{layer}.weight"]
    assert found.model == model
    assert ctx.texts == []


def test_model_and_text_have_strengths_of_their_own(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    unet, _, text = models()
    stems = loras.kohya(unet, [LINEAR], UNET)
    words = loras.kohya(text, loras.TEXT_LAYERS, "lora_te_", lambda layer: f"text_model_{layer.replace('.', '_')}")
    file = loras.save(tmp_path / "both.safetensors", stems | words)
    found = load_lora(tiny.model, tiny.text_encoder, file, ctx, strength=0.0, text_strength=-0.5)
    assert found.model == tiny.model
    changed = changed_by(tiny.text_encoder, found.text_encoder)
    for layer in loras.TEXT_LAYERS:
        name = f"clip_l.{layer}.weight"
        before = tensors_of(tiny.text_encoder.recipe).read(name)
        added = -0.5 * loras.delta(words, f"lora_te_text_model_{layer.replace('.', '_')}", before.shape)
        assert (changed[name] - before - added).abs().max() <= 1e-5


# ---------------------------------------------------------------- several, and none


@pytest.fixture
def lora(tmp_path: Path) -> Callable[[str, str], Path]:
    def make(name: str, layers: str = "linear") -> Path:
        chosen = {"linear": loras.UNET_LAYERS, "conv": loras.UNET_CONVS}[layers]
        tensors = loras.kohya(models()[0], chosen, UNET)
        shifted = {key: one * (1 + len(name)) if one.ndim else one for key, one in tensors.items()}
        return loras.save(tmp_path / f"{name}.safetensors", shifted)

    return make


def test_a_second_lora_is_added_to_the_first(tiny: Checkpoint, lora: Callable[..., Path], ctx: PlainContext) -> None:
    first, second = lora("first"), lora("second!")
    one = load_lora_for_model(tiny.model, first, ctx, 1.0)
    both = weights_of(load_lora_for_model(one, second, ctx, -0.5).recipe)
    plain, alone = weights_of(tiny.model.recipe), weights_of(load_lora_for_model(tiny.model, second, ctx, -0.5).recipe)
    for name, found in weights_of(one.recipe).items():
        assert (both[name] - (found + alone[name] - plain[name])).abs().max() <= 1e-5


@pytest.mark.parametrize("keeping", ["whole", "low", "lowest"])
def test_undoing_restores_every_weight_bit_for_bit(
    keeping: Any, tiny: Checkpoint, lora: Callable[..., Path], ctx: PlainContext
) -> None:
    recipes = [load_lora_for_model(tiny.model, lora(kind, kind), ctx).recipe for kind in ("linear", "conv")]
    weights = tiny.model.recipe.load("cpu", "float32", keeping)  # type: ignore[call-arg]
    before = {name: slot.get().clone() for name, slot in slots_of(weights).items()}
    for recipe in [*recipes, *recipes]:
        undo = recipe.change(weights)  # type: ignore[attr-defined]
        changed = [name for name, slot in slots_of(weights).items() if not torch.equal(
            slot.get().float(), before[name].float())]  # fmt: skip
        assert len(changed) == len(list(recipe.changes()))  # type: ignore[attr-defined]
        undo()
        for name, slot in slots_of(weights).items():
            held = slot.get()
            assert held.dtype == before[name].dtype and torch.equal(held.float(), before[name].float())


def forward(denoiser: Any) -> Tensor:
    torch.manual_seed(5)
    said: Tensor = denoiser.predict(torch.randn(1, 4, 8, 8), 0.7, Told(torch.randn(1, 77, denoiser.text_width)))
    return said


def test_packed_convolutions_are_changed_and_put_back(lora: Callable[..., Path], ctx: PlainContext) -> None:
    """Once packed, their weights are no parameters any more."""
    plain = nn.Conv2d(256, 256, 3, padding=1).requires_grad_(False)

    conv = PackedConv(copy.deepcopy(plain))

    class Holder:
        unet = nn.ModuleDict({"conv": conv})

    adding: Any = Adding({"diff": plain.weight})
    assert plain.bias is not None
    x = torch.randn(1, 256, 4, 4)
    with torch.inference_mode():
        before = conv(x)
    undo = change_weights(Holder(), [(adding, 1.0)])
    with torch.inference_mode():
        during = conv(x)
        assert (during - (2 * before - plain.bias[:, None, None])).abs().max() < 1e-4
    undo()
    with torch.inference_mode():
        assert torch.equal(conv(x), before)
    assert torch.equal(conv.unpack(), plain.weight)


class Adding:
    """A change that adds a tensor, with no file behind it."""

    targets = ("denoiser.conv.weight",)

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.tensors = tensors

    def apply(self, weight: Tensor, strength: float) -> Tensor:
        return weight + strength * self.tensors["diff"]


@pytest.mark.parametrize("keeping, error", [("low", 2e-3), ("lowest", 0.08)])
def test_a_model_kept_in_less_memory_gets_all_of_the_lora(
    keeping: Any, error: float, tiny: Checkpoint, lora: Callable[..., Path], ctx: PlainContext
) -> None:
    """In 8 bits most of a LoRA would be lost; a layer that has one is kept in 16."""
    recipe: Any = load_lora_for_model(tiny.model, lora("l"), ctx, 0.05).recipe
    whole, less = held_by(tiny.model.recipe), recipe.base.load("cpu", "float32", keeping)
    plain = forward(less)
    undo, undo_less = recipe.change(whole), recipe.change(less)
    wanted, found = forward(whole), forward(less)
    undo()
    effect = wanted - forward(whole)
    assert (found - plain - effect).norm() < 10 * error * effect.norm()
    assert (found - wanted).norm() < error * wanted.norm()
    undo_less()
    assert torch.equal(forward(less), plain)


def test_what_waits_away_from_the_device_in_8_bits_is_refused() -> None:
    layer = nn.Linear(4, 4).requires_grad_(False).to(torch.float8_e4m3fn)
    with pytest.raises(CannotChange, match="8 bits") as caught:
        Slot(layer, "weight").overwrite(layer.weight, torch.zeros(4, 4))
    assert caught.value.fix == "Start with --memory low."


def test_a_failure_midway_leaves_all_as_it_was(tiny: Checkpoint, lora: Callable[..., Path], ctx: PlainContext) -> None:
    recipe: Any = load_lora_for_model(tiny.model, lora("l"), ctx).recipe
    weights = held_by(tiny.model.recipe)
    before, changes = tensors_in(weights), list(recipe.changes())

    class Failing:
        targets = changes[-1][0].targets

        def apply(self, weight: Tensor, strength: float) -> Tensor:
            raise MemoryError

    with pytest.raises(MemoryError):
        change_weights(weights, [*changes[:-1], (Failing(), 1.0)])  # type: ignore[list-item]
    assert all(torch.equal(one, before[name]) for name, one in tensors_in(weights).items())


# ---------------------------------------------------------------- what is refused, and what is said


def refused(work: Callable[[], Any]) -> BadValue:
    with pytest.raises(BadValue) as caught:
        work()
    return caught.value


def test_layers_that_fit_nothing_are_counted_and_named(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    tensors = loras.kohya(models()[0], [LINEAR], UNET)
    tensors |= {f"{UNET}odd_{n}.lora_{way}.weight": torch.zeros(2, 2) for n in range(5) for way in ("up", "down")}
    tensors |= {"lora_te_text_model_encoder_layers_99_mlp_fc1.diff": torch.zeros(2), "strange": torch.zeros(1)}
    load_lora(tiny.model, tiny.text_encoder, loras.save(tmp_path / "x.safetensors", tensors), ctx)
    (told,) = ctx.texts
    assert told.startswith("x.safetensors: 7 layers fit nothing here: strange, lora_unet_odd_")
    assert told.endswith(" and 4 more.")


def test_a_lora_for_another_family_is_refused_naming_both_sides(
    tiny: Checkpoint, checkpoints: Checkpoints, tmp_path: Path, ctx: PlainContext
) -> None:
    flux = loras.save(tmp_path / "flux.safetensors", loras.peft(families.flux_transformer(True), loras.FLUX_LAYERS, ""))
    error = refused(lambda: load_lora_for_model(tiny.model, flux, ctx))
    assert error.input == "file"
    assert error.what == (
        "flux.safetensors is a LoRA for Flux.1, and the denoiser of tiny.safetensors is Stable Diffusion 1.x: "
        "none of its layers fits."
    )
    block = "input_blocks_1_1_transformer_blocks_0_attn2_to_k"
    xl = loras.save(tmp_path / "xl.safetensors", loras.pair(f"{UNET}{block}", (640, 2048), loras.KOHYA, alpha=True))
    for work in (lambda: load_lora_for_model(tiny.model, xl, ctx),
                 lambda: load_lora(tiny.model, tiny.text_encoder, xl, ctx)):  # fmt: skip
        assert refused(work).what == (
            "xl.safetensors is a LoRA for Stable Diffusion XL, and the denoiser of tiny.safetensors is Stable "
            f"Diffusion 1.x: its {UNET}{block} is 640 x 2048, and the model's 32 x 128."
        )


@pytest.mark.parametrize(("key", "said", "family"), [
    ("modelspec.architecture", "stable-diffusion-v1/lora", "sd1"), ("ss_base_model_version", "sd_v2", "sd2"),
    ("modelspec.architecture", "stable-diffusion-xl-v1-base/lora", "sdxl"), ("ss_base_model_version", "sd_v1", "sd1"),
    ("ss_base_model_version", "something new", ""),
])  # fmt: skip
def test_where_layers_do_not_tell_the_family_what_its_training_noted_does(
    key: str, said: str, family: str, tmp_path: Path
) -> None:
    layer = "lora_unet_mid_block_attentions_0_proj_in"
    tensors = {f"{layer}.lora_up.weight": torch.ones(4, 2), f"{layer}.lora_down.weight": torch.ones(2, 4)}
    save_file(tensors, tmp_path / "lora.safetensors", {key: said})
    assert describe(tmp_path / "lora.safetensors", "loras").fits == ((family,) if family else ())


def test_a_file_that_is_no_lora_is_said_to_be_what_it_is(tiny: Checkpoint, tiny_file: Path, ctx: PlainContext) -> None:
    error = refused(lambda: load_lora_for_model(tiny.model, tiny_file, ctx))
    assert error.what.endswith("Expected a LoRA (or LoHa, LoKr, DoRA, or a difference).")
    assert "gone" in refused(lambda: load_lora_for_model(tiny.model, tiny_file.with_name("no.safetensors"), ctx)).what


def test_factors_that_do_not_fit_each_other_are_refused(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    stem = AT["linear"]
    tensors = {f"{stem}.lora_up.weight": torch.zeros(32, 4), f"{stem}.lora_down.weight": torch.zeros(3, 32)}
    error = refused(lambda: load_lora_for_model(tiny.model, loras.save(tmp_path / "b.safetensors", tensors), ctx))
    assert error.what == f"b.safetensors is damaged: the tensors of {stem} do not fit each other."


def test_texts_alone_need_the_text_encoder(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    stem = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    file = loras.save(tmp_path / "t.safetensors", loras.pair(stem, (128, 128), loras.KOHYA, alpha=True))
    assert refused(lambda: load_lora_for_model(tiny.model, file, ctx)).what == (
        "t.safetensors changes text encoders alone."
    )


@pytest.mark.parametrize("strength", [float("nan"), float("inf")])
def test_a_strength_must_be_a_number(
    strength: float, tiny: Checkpoint, lora: Callable[..., Path], ctx: PlainContext
) -> None:
    file = lora("l")
    assert refused(lambda: load_lora_for_model(tiny.model, file, ctx, strength)).input == "strength"
    assert refused(lambda: load_lora(tiny.model, tiny.text_encoder, file, ctx, 1.0, strength)).input == "text_strength"


def test_recipes_are_plain_data_that_tell_files_and_strengths_apart(
    tiny: Checkpoint, lora: Callable[..., Path], ctx: PlainContext
) -> None:
    file = lora("l")
    one, same, other = (load_lora_for_model(tiny.model, file, ctx, strength).recipe for strength in (0.5, 0.5, 0.6))
    assert one == same and hash(one) == hash(same) and one != other
    assert isinstance(one, PatchedRecipe)
    assert one.extra() == 4 * sum(models()[0].get_submodule(layer).weight.numel() for layer in loras.UNET_LAYERS)


DAMAGED: dict[str, dict[str, tuple[int, ...]]] = {
    "alpha is empty": {"alpha": (0,)},
    "alpha is several numbers": {"alpha": (3,)},
    "no rank": {"lora_up.weight": (32, 0), "lora_down.weight": (0, 32)},
    "a core of two dimensions": {"lora_mid.weight": (4, 4)},
    "magnitudes of another length": {"dora_scale": (3,)},
    "a side of one dimension": {"lora_up.weight": (32,)},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_refused_before_it_is_used(
    damage: str, tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    shapes = {"lora_up.weight": (32, 4), "lora_down.weight": (4, 32)} | DAMAGED[damage]
    tensors = {f"{AT['linear']}.{role}": torch.ones(shape) for role, shape in shapes.items()}
    file = loras.save(tmp_path / "d.safetensors", tensors)
    assert "do not fit each other" in refused(lambda: load_lora_for_model(tiny.model, file, ctx)).what


NOT_FINITE = {"alpha": torch.tensor(float("nan")), "lora_up.weight": torch.full((32, 4), float("inf")),
              "dora_scale": torch.full((32, 1), float("nan"))}  # fmt: skip


@pytest.mark.parametrize("role", NOT_FINITE)
def test_a_file_with_numbers_that_are_none_is_refused_and_the_model_left_as_it_was(
    role: str, tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    tensors = {"lora_up.weight": torch.ones(32, 4), "lora_down.weight": torch.ones(4, 32), role: NOT_FINITE[role]}
    file = loras.save(tmp_path / "n.safetensors", {f"{AT['linear']}.{name}": one for name, one in tensors.items()})
    recipe = load_lora_for_model(tiny.model, file, ctx).recipe
    assert isinstance(recipe, PatchedRecipe)
    base = held_by(recipe.base)
    before = tensors_in(base)
    with pytest.raises(UnusableFile, match=f"n.safetensors is damaged: .* denoiser.{LINEAR} are no numbers"):
        recipe.change(base)
    assert all(torch.equal(one, before[name]) for name, one in tensors_in(base).items())


def test_weights_that_are_whole_numbers_and_a_lone_factor_are_refused(
    tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    up, down = f"{AT['linear']}.lora_up.weight", f"{AT['linear']}.lora_down.weight"
    whole = {up: torch.ones(32, 4, dtype=torch.int8), down: torch.ones(4, 32)}
    files = {"no format of weights": whole, "incomplete: no layer has all its tensors": {up: torch.ones(32, 4)}}
    for words, tensors in files.items():
        file = loras.save(tmp_path / f"{len(words)}.safetensors", tensors)
        error = refused(lambda file=file: load_lora_for_model(tiny.model, file, ctx))  # type: ignore[misc]
        assert words in error.what


def test_a_change_of_a_bias_that_the_model_lacks_is_named(tiny: Checkpoint, tmp_path: Path, ctx: PlainContext) -> None:
    tensors = loras.kohya(models()[0], [LINEAR], UNET) | {f"{AT['linear']}.diff_b": torch.ones(32)}
    load_lora_for_model(tiny.model, loras.save(tmp_path / "b.safetensors", tensors), ctx)
    assert ctx.texts == [f"b.safetensors: 1 layer fits nothing here: {AT['linear']}.diff_b."]


def test_a_factor_and_a_difference_of_one_layer_are_both_added(
    tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    pair = loras.kohya(models()[0], [LINEAR], UNET)
    more = loras.seeded("more", 32, 32)
    file = loras.save(tmp_path / "two.safetensors", pair | {f"{AT['linear']}.diff": more})
    ((name, found),) = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx)).items()
    added = found - tensors_of(tiny.model.recipe).read(name)
    assert (added - more - loras.delta(pair, AT["linear"], (32, 32))).abs().max() <= 1e-5


SAID = {
    "LoHa": ({"alpha": 6, "r": 3}, 2.0),
    "a pattern for the end of a name": ({"alpha": 6, "alpha_pattern": {"to_k": 9, r"attn1\.to_q": 3}}, 1.0),
    "rsLoRA": ({"lora_alpha": 3.0, "use_rslora": True}, 3**0.5),
    "nothing": ({"alpha": None}, 1.0),
}


@pytest.mark.parametrize("case", SAID)
def test_what_peft_writes_beside_its_weights_scales_them(
    case: str, tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    said, scale = SAID[case]
    _, tensors, added = KINDS["LoHa"]
    names = {f"base_model.model.{LINEAR}.{role}": one for role, one in tensors.items() if role != "alpha"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(said))
    file = loras.save(tmp_path / "adapter_model.safetensors", names)
    ((name, found),) = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx)).items()
    assert (found - tensors_of(tiny.model.recipe).read(name) - 2 * scale * added).abs().max() <= 1e-5


def test_a_whole_lokr_of_peft_is_scaled_by_the_rank_that_is_said(
    tiny: Checkpoint, tmp_path: Path, ctx: PlainContext
) -> None:
    small, large = loras.seeded("small", 4, 4), loras.seeded("wide", 8, 8)
    names = {f"base_model.model.{LINEAR}.lokr_w1": small, f"base_model.model.{LINEAR}.lokr_w2": large}
    (tmp_path / "adapter_config.json").write_text(json.dumps({"alpha": 6, "r": 12}))
    file = loras.save(tmp_path / "adapter_model.safetensors", names)
    ((name, found),) = changed_by(tiny.model, load_lora_for_model(tiny.model, file, ctx)).items()
    added = found - tensors_of(tiny.model.recipe).read(name)
    assert (added - 0.5 * torch.kron(small, large)).abs().max() <= 1e-5
