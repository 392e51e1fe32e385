"""Weaker versions of a model for some rows of a batch: chosen layers are left out or attend to nothing else.

The other rows see none of it, so one forward serves both. It is done by hooks that live as long as a forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeGuard

import torch
from torch import Tensor

Way = Literal["perturb", "skip"]
Hook: TypeAlias = "Callable[[Any, tuple[Any, ...], dict[str, Any], Any], Any]"


@dataclass(frozen=True)
class Weakening:
    """`perturb` makes the picture's attention to itself the identity, `skip` leaves the layers out."""

    way: Way
    layers: tuple[int, ...]


Weakened: TypeAlias = tuple[tuple[slice, Weakening], ...]
"""Which rows of a batch are weakened, and how."""


@dataclass(frozen=True, eq=False)
class Layers:
    """The transformer layers of a network of diffusers, in the order in which a picture passes them."""

    all: tuple[Any, ...]
    middle: tuple[int, ...]
    """Numbers of those where the picture is smallest, or of the one in the middle."""
    text_first: bool = False
    """Whether text comes before the picture where both are one sequence."""


class Layered(Protocol):
    """A denoiser whose layers can be weakened, as `Told.weakened` asks of it: ask `is_layered`."""

    @property
    def layers(self) -> Layers: ...


def is_layered(model: object) -> TypeGuard[Layered]:
    """Asked by name: see `control.steering.is_steerable`."""
    return hasattr(model, "layers")


@contextmanager
def weakened(model: Layered, rows: Weakened, texts: int) -> Iterator[None]:
    """Weaken a model for these rows until the block ends; `texts` is the number of text tokens."""
    if not rows:
        yield
        return
    layers, handles = model.layers, []
    try:
        for chosen, weakening in rows:
            for layer in (layers.all[number] for number in weakening.layers):
                hooked = [layer] if weakening.way == "skip" else attentions(layer)
                hook = skipping(chosen) if weakening.way == "skip" else perturbing(chosen, texts, layers.text_first)
                handles += [module.register_forward_hook(hook, with_kwargs=True) for module in hooked]
        yield
    finally:
        for handle in handles:
            handle.remove()


def layers_of_unet(unet: Any) -> Layers:
    """Of diffusers' UNet2DConditionModel: down, middle, up."""
    parts = [[m for m in part.modules() if hasattr(m, "attn1")]
             for part in (unet.down_blocks, unet.mid_block, unet.up_blocks)]  # fmt: skip
    down, middle, up = parts
    return Layers((*down, *middle, *up), tuple(range(len(down), len(down) + len(middle))))


def layers_of_transformer(blocks: Sequence[Any], text_first: bool) -> Layers:
    return Layers(tuple(blocks), (len(blocks) // 2,), text_first)


def attentions(layer: Any) -> list[Any]:
    """Where the picture attends to itself, alone or beside the text."""
    if hasattr(layer, "attn1"):  # a UNet's, whose second attention is the text's
        return [layer.attn1]
    return [layer.attn] + ([layer.attn2] if getattr(layer, "attn2", None) is not None else [])


def skipping(rows: slice) -> Hook:
    """These rows leave a layer as they came."""

    def hook(layer: Any, args: tuple[Any, ...], given: dict[str, Any], output: Any) -> Any:
        came = args[0] if args else given["hidden_states"]
        text, picture = output if isinstance(output, tuple) else (None, output)
        picture[rows] = came[rows]
        if text is not None:  # the last layer drops it
            text[rows] = given["encoder_hidden_states"][rows]
        return output

    return hook


def perturbing(rows: slice, texts: int, text_first: bool) -> Hook:
    """In these rows each cell of the picture attends to itself, and to the text where that is in the same attention."""

    def hook(attention: Any, args: tuple[Any, ...], given: dict[str, Any], output: Any) -> Any:
        came = args[0] if args else given["hidden_states"]
        text = given.get("encoder_hidden_states")
        if text is None and not getattr(attention, "pre_only", False):  # the picture alone: what attention
            output[rows] = attention.to_out[0](attention.to_v(came[rows]))  # sums up is the cell's own value
            return output
        # What both share, in one sequence already in Flux's later layers.
        cells = came.shape[1] - (texts if text is None else 0)
        alone = dict(given, attention_mask=own_cell(given.get("attention_mask"), rows, texts, cells, text_first, came))
        alone |= {name: given[name][rows] for name in ("hidden_states", "encoder_hidden_states") if name in given}
        found = attention.processor(attention, **alone)
        for part, worse in zip(output, found, strict=True) if isinstance(output, tuple) else [(output, found)]:
            part[rows] = worse
        return output

    return hook


def own_cell(given: Tensor | None, rows: slice, texts: int, cells: int, text_first: bool, like: Tensor) -> Tensor:
    """Which keys each query may attend to, bool, rows x 1 x queries x keys: a cell itself and the text, text all."""
    mask = torch.ones(texts + cells, texts + cells, dtype=torch.bool, device=like.device)
    picture = slice(texts, None) if text_first else slice(0, cells)
    mask[picture, picture] = torch.eye(cells, dtype=torch.bool, device=like.device)
    return mask[None, None] if given is None else mask & given[rows]
