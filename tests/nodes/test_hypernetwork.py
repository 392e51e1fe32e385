"""Hypernetworks: every structure that AUTOMATIC1111 writes, against its arithmetic; what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from nodes.api import BadValue
from nodes.diffusion.describe import describe
from nodes.diffusion.guidance import Guided
from nodes.hypernetwork import load_hypernetwork
from nodes.latent import empty_latent
from nodes.levels import denoiser_of
from nodes.loaders import Checkpoint, load_model
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Conditioning, Model, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.test_control import written
from tests.nodes.test_editing import difference, scheduler
from tests.nodes.tiny import models

SIGMA, NEAR, TEXT, LAYER = 1.7, 1e-5, 128, 64
"""The small model reads texts 128 wide, and has layers 32 and 64 wide."""
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "leakyrelu": nn.LeakyReLU, "elu": nn.ELU, "swish": nn.Hardswish, "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "softsign": nn.Softsign, "mish": nn.Mish,
}  # fmt: skip


def network(width: int, said: Mapping[str, Any]) -> nn.Sequential:
    """One network as the program that trains them builds it, with random weights."""
    structure, activation = said.get("layer_structure", [1, 2, 1]), said.get("activation_func")
    layers: list[nn.Module] = []
    for number in range(len(structure) - 1):
        layers.append(nn.Linear(int(width * structure[number]), int(width * structure[number + 1])))
        last = number == len(structure) - 2
        if activation in ACTIVATIONS and (not last or said.get("activate_output", True)):
            layers.append(ACTIVATIONS[activation]())
        if said.get("is_layer_norm"):
            layers.append(nn.LayerNorm(int(width * structure[number + 1])))
        if said.get("dropout_structure", [0] * 9)[number + 1]:
            layers.append(nn.Dropout(said["dropout_structure"][number + 1]))
    made = nn.Sequential(*layers).eval().requires_grad_(False)
    for parameter in made.parameters():
        parameter.normal_(std=0.1)
    return made


Networks = dict[int, tuple[nn.Sequential, nn.Sequential]]


def networks(said: Mapping[str, Any], widths: Sequence[int] = (TEXT, LAYER)) -> Networks:
    torch.manual_seed(31)
    return {width: (network(width, said), network(width, said)) for width in widths}


def tensors_of(made: nn.Sequential) -> dict[str, Tensor]:
    return {f"linear.{name}": tensor for name, tensor in made.state_dict().items()}


def pickled(path: Path, made: Networks, said: Mapping[str, Any]) -> Path:
    held: dict[Any, Any] = {width: tuple(map(tensors_of, pair)) for width, pair in made.items()}
    torch.save(held | dict(said) | {"step": 5000, "name": "night", "sd_checkpoint": None}, path)
    return path


def flat(path: Path, made: Networks, said: Mapping[str, Any]) -> Path:
    tensors = {
        f"{width}.{side}.{name}": tensor.contiguous()
        for width, pair in made.items()
        for side, one in enumerate(pair)
        for name, tensor in tensors_of(one).items()
    }
    save_file(
        tensors, str(path), {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    )
    return path


class Reading:
    """Attention as diffusers has it, its keys and values read through the networks of their width."""

    def __init__(self, made: Networks, strength: float) -> None:
        self.made, self.strength = made, strength

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: Any
    ) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        pair = self.made.get(context.shape[-1])
        read = [context + self.strength * one(context) for one in pair] if pair else [context, context]
        sides = [attn.to_q(hidden_states), attn.to_k(read[0]), attn.to_v(read[1])]
        heads = [side.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for side in sides]
        found = functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        given: Tensor = attn.to_out[0](found)
        return given


def text() -> TextPart:
    torch.manual_seed(3)
    return TextPart(torch.randn(1, 77, TEXT))


def noisy() -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(6)) * SIGMA


def by_us(model: Model, ctx: PlainContext) -> Tensor:
    return Guided(denoiser_of(model, ctx), Conditioning((text(),)), None, 1.0, 1)(noisy(), SIGMA)


def by_diffusers(made: Networks, strength: float) -> Tensor:
    unet, _, _ = models()
    unet.set_attn_processor(Reading(made, strength))
    kept = scheduler().alphas_cumprod.double()
    step = int((((1 - kept) / kept).sqrt().log() - torch.tensor(SIGMA).double().log()).abs().argmin())
    noise = unet(noisy() / (1 + SIGMA**2) ** 0.5, step, text().embedding).sample
    clean: Tensor = noisy() - noise * SIGMA
    return clean


STRUCTURES: list[dict[str, Any]] = [
    {},
    {"layer_structure": [1, 2, 1], "activation_func": "linear"},
    *({"layer_structure": [1, 2, 1], "activation_func": name, "activate_output": False} for name in ACTIVATIONS),
    {"layer_structure": [1, 2, 2, 1], "activation_func": "relu", "is_layer_norm": True},
    {"layer_structure": [1, 1.5, 1.5, 1], "activation_func": "swish", "is_layer_norm": True, "activate_output": False},
    {"layer_structure": [1, 2, 2, 1], "activation_func": "tanh", "dropout_structure": [0, 0.3, 0.3, 0],
     "use_dropout": True, "activate_output": False},
    {"layer_structure": [1, 2, 2, 1], "activation_func": "elu", "dropout_structure": [0, 0.1, 0.3, 0],
     "is_layer_norm": True, "activate_output": True},
]  # fmt: skip


@pytest.mark.parametrize("said", STRUCTURES, ids=str)
def test_every_structure_is_read_as_it_was_trained(
    tiny: Checkpoint, ctx: PlainContext, tmp_path: Path, said: dict[str, Any]
) -> None:
    made = networks(said)
    wanted = by_diffusers(made, 0.7)
    for path in (pickled(tmp_path / "night.pt", made, said), flat(tmp_path / "night.safetensors", made, said)):
        found = by_us(load_hypernetwork(tiny.model, path, 0.7), ctx)
        assert difference(found, wanted) < NEAR
    assert difference(wanted, by_us(tiny.model, ctx)) > 0.001


def test_the_first_files_named_their_layers_otherwise(tiny: Checkpoint, ctx: PlainContext, tmp_path: Path) -> None:
    made = networks({})
    held = {
        width: tuple(
            {
                name.replace("linear.0", "linear1").replace("linear.1", "linear2"): one
                for name, one in tensors_of(side).items()
            }
            for side in pair
        )
        for width, pair in made.items()
    }
    torch.save(held, tmp_path / "old.pt")
    assert difference(by_us(load_hypernetwork(tiny.model, tmp_path / "old.pt"), ctx), by_diffusers(made, 1.0)) < NEAR


def test_strength_0_is_the_plain_model(tiny: Checkpoint, tmp_path: Path) -> None:
    path = pickled(tmp_path / "night.pt", networks({}), {})
    assert load_hypernetwork(tiny.model, path, 0.0) == tiny.model


def test_two_follow_one_another_and_the_model_is_as_before(tiny: Checkpoint, ctx: PlainContext, tmp_path: Path) -> None:
    plain, made = by_us(tiny.model, ctx), networks({}, [TEXT])
    first = load_hypernetwork(tiny.model, pickled(tmp_path / "one.pt", made, {}), 0.5)
    both = load_hypernetwork(first, pickled(tmp_path / "two.pt", networks({"layer_structure": [1, 1]}), {}), 0.5)
    once, twice = by_us(first, ctx), by_us(both, ctx)
    assert difference(once, plain) > 0.001 and difference(twice, once) > 0.001
    assert torch.equal(by_us(first, ctx), once) and torch.equal(by_us(tiny.model, ctx), plain)


def test_it_samples(tiny: Checkpoint, ctx: PlainContext, tmp_path: Path) -> None:
    model = load_hypernetwork(tiny.model, pickled(tmp_path / "night.pt", networks({}), {}))
    said = encode_text(tiny.text_encoder, ctx, "a red house")
    assert bool(sample(model, said, None, empty_latent(64, 64), ctx, steps=2).samples.isfinite().all())


# ---------------------------------------------------------------- what is refused


def test_one_for_another_model_is_refused_before_sampling(tiny: Checkpoint, ctx: PlainContext, tmp_path: Path) -> None:
    model = load_hypernetwork(tiny.model, pickled(tmp_path / "night.pt", networks({}, [768]), {}))
    said = encode_text(tiny.text_encoder, ctx, "a red house")
    with pytest.raises(BadValue, match=r"768 wide \(as Stable Diffusion 1.x does\); this model reads texts 128 wide"):
        sample(model, said, None, empty_latent(64, 64), ctx, steps=1)
    assert ctx.steps == 0


def test_one_for_texts_of_several_families_serves_each(tiny: Checkpoint, ctx: PlainContext, tmp_path: Path) -> None:
    both = pickled(tmp_path / "both.pt", networks({}, [TEXT, 768, LAYER]), {})
    alone = pickled(tmp_path / "alone.pt", networks({}, [TEXT]), {})
    found = by_us(load_hypernetwork(tiny.model, both), ctx)
    assert difference(found, by_us(load_hypernetwork(tiny.model, alone), ctx)) > 0.001
    assert describe(both, "hypernetworks").fits == ("sd1",) and describe(alone, "hypernetworks").fits == ()


def test_a_transformer_is_refused(ctx: PlainContext, tmp_path: Path) -> None:
    flow = load_model(small.sd3().write(tmp_path / "flow.safetensors"))
    model = load_hypernetwork(flow, pickled(tmp_path / "night.pt", networks({}), {}))
    with pytest.raises(BadValue, match="no UNet"):
        denoiser_of(model, ctx)


class Malice:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("never-made"),)


def broken(kind: str, path: Path) -> Path:
    pair = tuple(map(tensors_of, networks({}, [TEXT])[TEXT]))
    match kind:
        case "code":
            torch.save({TEXT: pair, "name": Malice()}, path)
        case "nothing":
            torch.save({"string_to_param": torch.zeros(1)}, path)
        case "activation":
            torch.save({TEXT: pair, "activation_func": "eval"}, path)
        case "sizes":
            torch.save(
                {TEXT: ({**pair[0], "linear.1.weight": torch.zeros(7, 7), "linear.1.bias": torch.zeros(7)}, pair[1])},
                path,
            )
        case "narrow":
            torch.save({TEXT: ({k: v for k, v in pair[0].items() if k.startswith("linear.0")}, pair[1])}, path)
        case "NaN":
            torch.save({TEXT: ({**pair[0], "linear.1.bias": torch.full((TEXT,), float("nan"))}, pair[1])}, path)
        case "names":
            torch.save({TEXT: ({**pair[0], "conv.weight": torch.zeros(1)}, pair[1])}, path)
        case "cut short":
            torch.save({TEXT: pair}, path)
            path.write_bytes(path.read_bytes()[:2000])
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [("code", "a program that would run"), ("nothing", "is no hypernetwork"), ("activation", "the activation 'eval'"),
     ("sizes", "a layer reads 7"), ("narrow", "for width 128 gives 256"), ("NaN", "numbers that are none"),
     ("names", "conv.weight"), ("cut short", "damaged")],
)  # fmt: skip
def test_files_that_are_none_are_refused_in_words(tiny: Checkpoint, tmp_path: Path, kind: str, words: str) -> None:
    path = broken(kind, tmp_path / "bad.pt")
    with pytest.raises(BadValue, match=words) as caught:
        load_hypernetwork(tiny.model, path)
    assert caught.value.input == "file"
    assert describe(path, "hypernetworks").problem
    assert not Path("never-made").exists()


def test_the_list_of_models_tells_what_it_is(tmp_path: Path) -> None:
    found = describe(pickled(tmp_path / "night.pt", networks({}), {}), "hypernetworks")
    assert found.what == "a hypernetwork for what is 64, 128 wide" and not found.problem


@pytest.mark.parametrize("strength", [float("nan"), float("inf")])
def test_a_strength_that_is_no_number_is_refused(tiny: Checkpoint, tmp_path: Path, strength: float) -> None:
    with pytest.raises(BadValue, match="no number"):
        load_hypernetwork(tiny.model, pickled(tmp_path / "night.pt", networks({}), {}), strength)


def test_a_safetensors_file_of_something_else_is_refused(tiny: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="is no hypernetwork"):
        load_hypernetwork(tiny.model, written(tmp_path / "other.safetensors", {"a.weight": torch.zeros(2, 2)}))
