"""Hypernetworks (as AUTOMATIC1111 trains them, after NovelAI 2022): small networks before a UNet's keys and values.

For each width of what an attention reads there are two, one before its keys and one before its values; what they make
is added to what came. They act on the attention to the text and on the picture's to itself, by width alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from nodes.diffusion.explained import Explained
from nodes.diffusion.header import SOURCE, UnusableFile, WeightsFile, read_header
from nodes.diffusion.pickles import SAFETENSORS, read_safely
from nodes.sentences import files as say
from nodes.sentences import models as of_models

LARGEST = 8 * 2**30
"""Bytes packed in a file."""
FLOAT_BYTES = 4
PICK = say.PICK_HYPERNETWORK()
OLD = {"linear1.": "linear.0.", "linear2.": "linear.1."}
"""What the first files called their two layers."""
ACTIVATIONS = {"swish": nn.Hardswish} | {cls.__name__.lower(): cls for cls in (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.LogSigmoid,
    nn.Mish, nn.ReLU, nn.ReLU6, nn.RReLU, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign,
    nn.Tanh, nn.Tanhshrink,
)}  # fmt: skip
"""By the names that files give them. `swish` is the hard one there."""
NO_ACTIVATION = ("linear", "none", "prelu", "", None)
"""Of prelu the file holds the slope as a layer of its own."""
TEXT_WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "Stable Diffusion XL"}
Pair: TypeAlias = "tuple[Mapping[str, Tensor], Mapping[str, Tensor]]"
"""The tensors of two networks: before keys, before values."""


class CannotReword(Explained, ValueError):
    """A hypernetwork that is for other models."""


@dataclass(frozen=True)
class HypernetworkRecipe:
    """Loads a hypernetwork."""

    file: WeightsFile
    widths: tuple[int, ...]
    """Of what its networks read."""
    size: int
    """Bytes in float32."""

    @property
    def title(self) -> str:
        """For people."""
        return f"hypernetwork {self.file.path.name}"

    def load(self, device: str, dtype: str) -> Hypernetwork:
        """Raises `UnusableFile`."""
        network = read_networks(self.file.path)
        network.to(device, getattr(torch, dtype)).requires_grad_(False).eval()
        return network


class Hypernetwork(nn.Module):
    """By width: the network before keys, and the one before values."""

    def __init__(self, networks: Mapping[int, tuple[nn.Module, nn.Module]]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({str(width): nn.ModuleList(pair) for width, pair in networks.items()})

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(sorted(map(int, self.networks)))


# ---------------------------------------------------------------- files


def read_hypernetwork(path: Path) -> HypernetworkRecipe:
    """Describe a hypernetwork, .pt or .safetensors. Raises `UnusableFile`."""
    try:
        stat = path.stat()
    except OSError:
        raise UnusableFile(say.GONE(file=path), say.PUT_BACK()) from None
    network = read_networks(path)
    size = FLOAT_BYTES * sum(parameter.numel() for parameter in network.parameters())
    return HypernetworkRecipe(WeightsFile(path, stat.st_size, stat.st_mtime_ns), network.widths, size)


def read_networks(path: Path) -> Hypernetwork:
    """Raises `UnusableFile`."""
    held, said = read_held(path)
    if not held:
        raise UnusableFile(say.NO_HYPERNETWORK(file=path.name), PICK)
    activation = said.get("activation_func")
    if activation not in NO_ACTIVATION and activation not in ACTIVATIONS:
        raise UnusableFile(say.HYPERNETWORK_ACTIVATION(file=path.name, activation=repr(str(activation)[:40])), SOURCE)
    act = None if activation in NO_ACTIVATION else ACTIVATIONS[str(activation)]
    at_end = bool(said.get("activate_output", True))
    try:
        return Hypernetwork(
            {width: (network_of(pair[0], width, act, at_end), network_of(pair[1], width, act, at_end))
             for width, pair in held.items()}
        )  # fmt: skip
    except ValueError as error:
        raise UnusableFile(say.HYPERNETWORK_DAMAGED(file=path.name, error=error), SOURCE) from None


def read_held(path: Path) -> tuple[dict[int, Pair], Mapping[str, Any]]:
    """The tensors of each width, for keys and for values, and what else the file says."""
    held = read_safely(path, LARGEST)
    if path.suffix.lower() in SAFETENSORS:
        return flat_pairs(held), said_in(read_header(path).metadata)
    pairs = {}
    for width, pair in held.items():
        is_width = isinstance(width, int) or (isinstance(width, str) and width.isdecimal())
        if is_width and isinstance(pair, list | tuple) and len(pair) == 2:
            both = [one for one in pair if isinstance(one, Mapping) and all(map(is_tensor, one.values()))]
            if len(both) == 2:
                pairs[int(width)] = (both[0], both[1])
    return pairs, {str(name): value for name, value in held.items() if isinstance(name, str)}


def flat_pairs(held: Mapping[str, Tensor]) -> dict[int, Pair]:
    """Of a safetensors file, whose names are `768.0.linear.0.weight`: width, keys (0) or values (1), tensor."""
    found: dict[int, tuple[dict[str, Tensor], dict[str, Tensor]]] = {}
    for name, tensor in held.items():
        parts = re.fullmatch(r"(\d{1,6})\.([01])\.(.+)", name)
        if parts:
            found.setdefault(int(parts[1]), ({}, {}))[int(parts[2])][parts[3]] = tensor
    return {width: (pair[0], pair[1]) for width, pair in found.items() if all(pair)}


def said_in(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Metadata are texts: `activate_output` is one of true and false, as JSON."""
    said: dict[str, Any] = dict(metadata)
    if "activate_output" in said:
        try:
            said["activate_output"] = json.loads(str(said["activate_output"]).lower())
        except ValueError:
            del said["activate_output"]
    return said


def is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def network_of(
    tensors: Mapping[str, Tensor], width: int, activation: type[nn.Module] | None, at_end: bool
) -> nn.Sequential:
    """The layers that the tensors' numbers, shapes and what the file says make: linear, activation, norm, in turn.

    Dropout leaves a gap in the numbers and does nothing outside training. Raises ValueError in words.
    """
    places: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        new = next((now + name[len(old) :] for old, now in OLD.items() if name.startswith(old)), name)
        found = re.fullmatch(r"linear\.(\d{1,3})\.(weight|bias)", new)
        if found is None or not tensor.is_floating_point():
            raise ValueError(f"{name[:60]} is no tensor of one")
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"{name[:60]} holds numbers that are none")
        places.setdefault(int(found[1]), {})[found[2]] = tensor
    layers = [places[place] for place in sorted(places)]
    matrices = [number for number, layer in enumerate(layers) if layer.get("weight", torch.empty(0)).ndim == 2]
    made: list[nn.Module] = []
    reads = width
    for number, layer in enumerate(layers):
        module = layer_of(layer, reads)
        made.append(module)
        if number in matrices:
            assert isinstance(module, nn.Linear)
            reads = module.out_features
            if activation is not None and (at_end or number != matrices[-1]):
                made.append(activation())
    if not matrices or reads != width:
        raise ValueError(f"a network for width {width} gives {reads if matrices else 'nothing'}")
    return nn.Sequential(*made)


def layer_of(layer: Mapping[str, Tensor], reads: int) -> nn.Module:
    """One layer with its weights in float32: a linear one, or a norm."""
    weight, bias = layer.get("weight"), layer.get("bias")
    if weight is not None and bias is None and weight.numel() == 1:
        slope = nn.PReLU()
        slope.weight = nn.Parameter(weight.detach().float().flatten(), requires_grad=False)
        return slope
    if weight is None or bias is None or weight.ndim not in (1, 2) or bias.shape != weight.shape[:1]:
        raise ValueError("a layer lacks its weight or its bias")
    if weight.shape[-1] != reads:
        raise ValueError(f"a layer reads {weight.shape[-1]} where {reads} come")
    module = nn.Linear(reads, len(weight)) if weight.ndim == 2 else nn.LayerNorm(reads)
    module.weight, module.bias = (nn.Parameter(one.detach().float(), requires_grad=False) for one in (weight, bias))
    return module


# ---------------------------------------------------------------- a forward

Rewording: TypeAlias = "tuple[Hypernetwork, float]"
"""A hypernetwork and its strength."""


@contextmanager
def reworded(unet: Any, hypernetworks: Sequence[Rewording]) -> Iterator[None]:
    """Put the networks before the UNet's keys and values until the block ends, the first first."""
    handles = []
    try:
        if hypernetworks:
            for name, module in unet.named_modules():
                if name.endswith((".attn1", ".attn2")):
                    handles += [
                        layer.register_forward_pre_hook(adding(hypernetworks, side))
                        for side, layer in enumerate((module.to_k, module.to_v))
                    ]
        yield
    finally:
        for handle in handles:
            handle.remove()


def adding(hypernetworks: Sequence[Rewording], side: int) -> Any:
    def hook(layer: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        context, *rest = args
        for hypernetwork, strength in hypernetworks:
            key = str(context.shape[-1])
            if key in hypernetwork.networks:
                pair: Any = hypernetwork.networks[key]
                context = context + strength * pair[side](context)
        return (context, *rest)

    return hook


def check_widths(recipe: HypernetworkRecipe, unet: Any) -> None:
    """Raises `CannotReword` for a hypernetwork with networks that nothing in the UNet would pass through.

    One that was made for texts of several families serves each of them.
    """
    has = {module.in_features for name, module in unet.named_modules() if name.endswith((".to_k", ".to_v"))}
    reads = next((module.in_features for name, module in unet.named_modules() if name.endswith("attn2.to_k")), 0)
    others = TEXT_WIDTHS.keys() if reads in recipe.widths else ()
    left = [width for width in recipe.widths if width not in has and width not in others]
    if left:
        made_for = next((TEXT_WIDTHS[width] for width in left if width in TEXT_WIDTHS), "")
        layers = ", ".join(str(width) for width in sorted(has - {reads}))
        wide = of_models.WIDE_AS(width=left[0], model=made_for) if made_for else of_models.WIDE(width=left[0])
        here = of_models.READS_AND_HAS(reads=reads, layers=layers) if layers else of_models.READS(reads=reads)
        raise CannotReword(
            of_models.HYPERNETWORK_MISFIT(file=recipe.file.path.name, wide=wide, here=here),
            of_models.HYPERNETWORK_OF_FAMILY(),
        )
