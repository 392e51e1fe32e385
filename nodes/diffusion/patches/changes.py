"""How the small tensors of a LoRA and its kin change a weight.

LoRA (Hu et al. 2021), also of convolutions with a core between (LoCon, Yeh et al. 2023), LoHa (Hyeon-Woo et al. 2021:
Hadamard product of two low ranks), LoKr (Yeh et al. 2023: Kronecker product), DoRA (Liu et al. 2024: direction and
magnitude apart), and plain differences. Sums are made in float32, whatever the file holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from nodes.diffusion.header import SOURCE, Entry, UnusableFile
from nodes.diffusion.read import read_there
from nodes.sentences import models as say

Kind = Literal["lora", "loha", "lokr", "diff", "bias"]
RANKED = ("down", "hada_w1_b", "lokr_w2_b", "lokr_w1_b")
"""The tensors whose rows count the rank, the first that is there."""


@dataclass(frozen=True)
class Alpha:
    """What a change is multiplied by, over its rank, or over the rank's root (rsLoRA, Kalajdzievski 2023)."""

    value: float
    root: bool = False
    rank: float | None = None
    """Of a LoKr of peft whose factors are whole, for then no tensor tells it."""


@dataclass(frozen=True, eq=False)
class Change:
    """What a file does to one layer, whose rows may be those of several tensors of the model."""

    kind: Kind
    targets: tuple[str, ...]
    halves_swapped: bool
    entries: Mapping[str, Entry]
    """By role (see files.ROLES)."""
    alpha: Alpha | None = None
    """Where the file says it elsewhere than in `entries`."""

    def apply(self, weight: Tensor, strength: float) -> Tensor:
        """The weight (rows x …, float32), changed; strength 0 leaves it, 1 is what was trained.

        Of a convolution, what one of the two does not read is filled up with zeros (see files.check_size). Raises
        `UnusableFile` where the file holds numbers that are none, or such large ones that the sum is none.
        """
        tensors = {role: read_there(entry).to(weight.device).float() for role, entry in self.entries.items()}
        turned = swap(weight) if self.halves_swapped else weight
        shape = (len(turned), -1, *turned.shape[2:]) if turned.ndim == 4 else tuple(turned.shape)
        delta = self.unscaled(tensors).reshape(shape) * self.scale(tensors)
        if delta.shape != turned.shape:
            reads = max(delta.shape[1], turned.shape[1])
            delta, turned = widen(delta, reads), widen(turned, reads)
        if self.is_decomposed:
            delta = decomposed(turned, turned + delta, tensors) - turned
        delta = strength * delta
        if not math.isfinite(float(delta.sum())) and not bool(delta.isfinite().all()) and bool(turned.isfinite().all()):
            raise self.no_numbers(tensors, strength)
        changed = turned + delta
        return swap(changed) if self.halves_swapped else changed

    def no_numbers(self, tensors: Mapping[str, Tensor], strength: float) -> UnusableFile:
        """What is said where the changed weight is no number: whose fault it is."""
        name = next(iter(self.entries.values())).path.name
        layer = self.targets[0].rpartition(".")[0]
        if all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            return UnusableFile(say.LORA_TOO_STRONG(name=name, strength=strength, layer=layer), say.SMALLER_STRENGTH())
        return UnusableFile(say.LORA_NO_NUMBERS(name=name, layer=layer), SOURCE)

    @property
    def is_decomposed(self) -> bool:
        return self.kind in DELTAS and not self.entries.keys().isdisjoint(("dora", "magnitude"))

    def unscaled(self, tensors: Mapping[str, Tensor]) -> Tensor:
        if self.kind == "diff":
            return tensors["diff"]
        if self.kind == "bias":
            return tensors["diff_b"] if "diff_b" in tensors else tensors["up_bias"]
        return DELTAS[self.kind](tensors)

    def scale(self, tensors: Mapping[str, Tensor]) -> float:
        """Alpha over the rank; 1 without either, and for differences."""
        if self.kind == "diff" or (self.kind == "bias" and "diff_b" in tensors):
            return 1.0
        rank: float | None = next((len(tensors[role]) for role in RANKED if role in tensors), None)
        if "alpha" in tensors:
            return float(tensors["alpha"].flatten()[0]) / rank if rank else 1.0
        if self.alpha is None:
            return 1.0
        rank = rank or self.alpha.rank
        return self.alpha.value / (math.sqrt(rank) if self.alpha.root else rank) if rank else 1.0


def widen(weight: Tensor, channels: int) -> Tensor:
    """The weight of a convolution, which reads zeros where it reads fewer channels."""
    return torch.nn.functional.pad(weight, (0, 0, 0, 0, 0, channels - weight.shape[1]))


def swap(weight: Tensor) -> Tensor:
    return weight.roll(len(weight) // 2, dims=0)


def lora(t: Mapping[str, Tensor]) -> Tensor:
    up, down = t["up"], t["down"]
    if "mid" in t:
        return core(t["mid"], up.flatten(1).T, down.flatten(1))
    return up.flatten(1) @ down.flatten(1)


def core(middle: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """Tucker's product: `middle` is rank x rank x height x width, `up` rank x out, `down` rank x in."""
    return torch.einsum("abhw,ao,bi->oihw", middle, up, down)


def loha(t: Mapping[str, Tensor]) -> Tensor:
    if "hada_t1" in t and "hada_t2" in t:
        first, second = (core(t[f"hada_t{n}"], t[f"hada_w{n}_a"], t[f"hada_w{n}_b"]) for n in (1, 2))
    else:
        first, second = (t[f"hada_w{n}_a"] @ t[f"hada_w{n}_b"] for n in (1, 2))
    return first * second


def lokr(t: Mapping[str, Tensor]) -> Tensor:
    small = t["lokr_w1"] if "lokr_w1" in t else t["lokr_w1_a"] @ t["lokr_w1_b"]
    if "lokr_w2" in t:
        large = t["lokr_w2"]
    elif "lokr_t2" in t:
        large = core(t["lokr_t2"], t["lokr_w2_a"], t["lokr_w2_b"])
    else:
        large = t["lokr_w2_a"] @ t["lokr_w2_b"].flatten(1)
    return torch.kron(small.reshape(*small.shape, *[1] * (large.ndim - 2)), large.contiguous())


DELTAS: dict[str, Callable[[Mapping[str, Tensor]], Tensor]] = {"lora": lora, "loha": loha, "lokr": lokr}


def decomposed(weight: Tensor, changed: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """The changed weight with the magnitude that was trained, along its rows, or along its columns where those are
    what the file holds (older LyCORIS)."""
    magnitude = tensors["magnitude"] if "magnitude" in tensors else tensors["dora"]
    by_columns = "dora" in tensors and magnitude.ndim > 1 and magnitude.shape[0] == 1 < weight.shape[0]
    axis = 1 if by_columns else 0
    apart = [dim for dim in range(weight.ndim) if dim != axis]
    shape = [weight.shape[axis] if dim == axis else 1 for dim in range(weight.ndim)]
    norm: Tensor = torch.linalg.vector_norm(changed, dim=apart, keepdim=True)
    return changed * (magnitude.reshape(shape) / norm.clamp_min(torch.finfo(torch.float32).eps))


def changed_shape(change: Change, shape: Sequence[int]) -> tuple[int, int] | None:
    """Rows and numbers a row of what it changes, from the header alone; None where its tensors do not fit each other.

    `shape` is that of the weight. The sums themselves are made, of tensors without content.
    """
    if "alpha" in change.entries and change.entries["alpha"].count != 1:
        return None
    tensors = {role: torch.empty(entry.shape, device="meta") for role, entry in change.entries.items()}
    if not all(tensor.numel() for tensor in tensors.values()):
        return None
    try:
        delta = change.unscaled(tensors)
        rows, inner = len(delta), delta.numel() // len(delta)
        if change.is_decomposed and (rows, inner) == (shape[0], math.prod(shape[1:])):
            weight = torch.empty(tuple(shape), device="meta")
            decomposed(weight, weight + delta.reshape(weight.shape), tensors)
    except (RuntimeError, IndexError, KeyError, ValueError, TypeError):
        return None
    return rows, inner


def grouped(changes: Iterable[tuple[Change, float]]) -> list[list[tuple[Change, float]]]:
    """Changes with their strengths, those together that touch the same tensors, in the order in which they came."""
    groups: dict[int, list[tuple[Change, float]]] = {}
    group_of: dict[str, int] = {}
    for number, (change, strength) in enumerate(changes):
        joined = sorted({group_of[target] for target in change.targets if target in group_of})
        groups[number] = [one for each in joined for one in groups.pop(each)] + [(change, strength)]
        for one, _ in groups[number]:
            group_of.update(dict.fromkeys(one.targets, number))
    return list(groups.values())


def targets_of(group: Iterable[tuple[Change, float]]) -> list[str]:
    return list(dict.fromkeys(target for change, _ in group for target in change.targets))


def apply_group(group: Iterable[tuple[Change, float]], read: Callable[[str], Tensor]) -> dict[str, Tensor]:
    """The tensors that a group changes; `read` gives them as they are, in float32."""
    made: dict[str, Tensor] = {}
    for change, strength in group:
        parts = [made[target] if target in made else read(target) for target in change.targets]
        whole = change.apply(parts[0] if len(parts) == 1 else torch.cat(parts), strength)
        rows: Any = [len(part) for part in parts]
        made.update(zip(change.targets, torch.split(whole, rows), strict=True))
    return made
