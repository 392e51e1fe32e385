"""`denoise(x, sigma)` under guidance: away from what the negative text says, towards what the positive text says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.guidance.method import Method, Order, Seen, Side
from nodes.diffusion.told import GOOD, POOR, Told, lay_out
from nodes.types import Conditioning, TextPart

Asker: TypeAlias = "str | int"
"""Whose side it is: "positive", "negative", or the number of a method."""


@dataclass(frozen=True)
class Plain(Method):
    """Classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598, equation 6)."""

    order = Order.TEXTS

    def apply(self, seen: Seen) -> Tensor:
        if seen.negative is None:
            return seen.positive
        return seen.negative + (seen.positive - seen.negative) * seen.guidance


class Guided:
    """The model under guidance, all that it is asked at a noise level in one forward.

    Without a negative text, or at guidance 1 where it would cancel out, the negative text is not asked; methods that
    need it or a weaker model ask for themselves. `both` lets the model look at the negative text all the same, for
    samplers that read `unconditional`.
    """

    unconditional: Tensor
    """What the last call saw under the negative text alone; without one, what it gave."""

    def __init__(
        self,
        model: Denoiser,
        positive: Conditioning,
        negative: Conditioning | None,
        guidance: float,
        batch: int,
        both: bool = False,
        methods: Sequence[Method] = (),
    ) -> None:
        self.model, self.guidance, self.batch, self.both = model, guidance, batch, both
        self.levels, self.device = model.levels, model.device
        self.positive = Side(positive.parts, GOOD)
        self.negative = None if negative is None else Side(negative.parts, POOR)
        changing = [m for m in methods if not m.is_neutral(guidance) or (m.joins_texts and negative is None)]
        self.methods = sorted([Plain(), *changing], key=lambda method: method.order)
        self.kept: list[dict[str, Tensor]] = [{} for _ in self.methods]
        self.told: dict[tuple[object, ...], Told] = {}

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        limited = not all(method.allows(sigma, self.levels) for method in self.methods)
        turns = {n: m for n, m in enumerate(self.methods) if not (limited and m.joins_texts)}
        guidance = 1.0 if limited else self.guidance
        said = self.ask(x, sigma, self.sides(sigma, guidance, turns))
        positive, negative = said["positive"], said.get("negative")
        seen = Seen(x, sigma, self.levels, guidance, positive, negative, positive, None, {})
        for number, method in turns.items():
            seen = replace(seen, own=said.get(number), kept=self.kept[number])
            if method.order is not Order.NEGATIVE:
                seen = replace(seen, guided=method.apply(seen))
            elif seen.negative is not None:
                seen = replace(seen, negative=method.apply(seen))
        self.unconditional = seen.guided if negative is None else negative
        return seen.guided

    def sides(self, sigma: float, guidance: float, turns: Mapping[int, Method]) -> dict[Asker, Side]:
        """What the model has to be asked at this noise level."""
        asked: dict[Asker, Side] = {"positive": self.positive}
        wanted = self.both or guidance != 1 or any(method.joins_texts for method in turns.values())
        if self.negative is not None and wanted:
            asked["negative"] = self.negative
        for number, method in turns.items():
            side = method.asks(self.model, sigma, self.positive.parts)
            if side is not None:
                asked[number] = side
        return asked

    def ask(self, x: Tensor, sigma: float, sides: Mapping[Asker, Side]) -> dict[Asker, Tensor]:
        """What the model sees for each side, in one forward."""
        rows = sum(len(side.parts) for side in sides.values())
        predicted = iter(self.model.predict(x.repeat(rows, 1, 1, 1), sigma, self.tell(x, sides)).chunk(rows))
        return {asker: mix(side.parts, [next(predicted) for _ in side.parts]) for asker, side in sides.items()}

    def tell(self, x: Tensor, sides: Mapping[Asker, Side]) -> Told:
        """What the model is told, laid out once for each shape of the latent and each choice of sides."""
        shape = (self.batch, *x.shape[1:])
        known = (shape, *sides)
        if known not in self.told:
            laid = lay_out([side[:2] for side in sides.values()], shape, self.model.masks_text, self.model.device)
            weakened, row = [], 0
            for side in sides.values():
                end = row + len(side.parts) * self.batch
                if side.weakening is not None:
                    weakened.append((slice(row, end), side.weakening))
                row = end
            self.told[known] = replace(laid, weakened=tuple(weakened))
        return self.told[known]


def mix(parts: Sequence[TextPart], predicted: Sequence[Tensor]) -> Tensor:
    """The average of what was predicted for each part, by the parts' strengths."""
    if len(parts) == 1:
        return predicted[0]
    total = sum(part.strength for part in parts)
    weighted = [one * (part.strength / total) for part, one in zip(parts, predicted, strict=True)]
    return torch.stack(weighted).sum(0)
