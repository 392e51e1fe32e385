"""`denoise(x, sigma)` under guidance: away from what the negative text says, towards what the positive text says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.guidance.method import Method, Order, Seen, Side
from nodes.diffusion.levels import Levels, is_within
from nodes.diffusion.parts import silenced
from nodes.diffusion.places import Place, place_of
from nodes.diffusion.told import GOOD, POOR, Told, fill, lay_out
from nodes.types import Conditioning, TextPart

Asker: TypeAlias = "str | int"
"""Whose side it is: "positive", "negative", or the number of a method."""
NOWHERE = torch.zeros(1, 1, 1, 1, dtype=torch.bool)


class Row(NamedTuple):
    """One part of a side, and where it is heard."""

    asker: Asker
    side: Side
    part: TextPart
    place: Place


class Voice(NamedTuple):
    """What the model saw for a side."""

    clean: Tensor
    """float32, batch x channels x height x width."""
    there: Tensor | None
    """bool, batch x 1 x height x width: where one of its parts is heard; None for everywhere."""


@dataclass(frozen=True)
class Plain(Method):
    """Classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598, equation 6)."""

    order = Order.TEXTS

    def apply(self, seen: Seen) -> Tensor:
        if seen.negative is None:
            return seen.positive
        return seen.negative + (seen.positive - seen.negative) * seen.guidance


class Guided:
    """The model under guidance, all that it is asked at a noise level in one forward for each size of window.

    Without a negative text, or at guidance 1 where it would cancel out, the negative text is not asked; methods that
    need it or a weaker model ask for themselves. `both` lets the model look at the negative text all the same, for
    samplers that read `unconditional`.

    Where, or when, a side says nothing, the other is followed; where neither does, the model looks without a text.
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
        for method in self.methods:
            self.model = method.bind(self.model)
        self.kept: list[dict[str, Tensor]] = [{} for _ in self.methods]
        self.told: dict[tuple[object, ...], Told] = {}
        self.places: dict[tuple[int, ...], tuple[TextPart, Place]] = {}
        self.totals: dict[tuple[int, ...], tuple[Tensor, Tensor | None]] = {}
        self.silence = Side((silenced(positive.parts[0]),), GOOD)
        self.sigma, self.look = -1.0, -1
        """The last noise level, and which of the run's it is: samplers that look at one twice hear the same twice."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        if sigma != self.sigma:
            self.sigma, self.look = sigma, self.look + 1
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
        """What the model sees for each side. Parts that look at windows of one size share a forward."""
        rows = [
            Row(asker, side, part, self.place(part, x.shape))
            for asker, side in sides.items()
            for part in heard(side.parts, sigma, self.levels, self.look)
        ]
        sizes: dict[tuple[int, int], list[Row]] = {}
        for row in rows:
            sizes.setdefault(row.place.window.size, []).append(row)
        seen: dict[Asker, list[tuple[Row, Tensor]]] = {asker: [] for asker in sides}
        for group in sizes.values():
            looked_at = torch.cat([row.place.window.of(x) for row in group])
            predicted = self.model.predict(looked_at, sigma, self.tell(x, group)).chunk(len(group))
            for row, one in zip(group, predicted, strict=True):
                seen[row.asker].append((row, one))
        said = {asker: self.mix(found, x) for asker, found in seen.items()}
        if all(voice.there is None for voice in said.values()):
            return {asker: voice.clean for asker, voice in said.items()}
        both = over(said["positive"], said.get("negative", Voice(torch.zeros_like(x), NOWHERE.to(x.device))))
        if both.there is not None:
            both = over(both, Voice(self.ask(x, sigma, {"positive": self.silence})["positive"], None))
        return {asker: over(voice, both).clean for asker, voice in said.items()}

    def place(self, part: TextPart, shape: Sequence[int]) -> Place:
        """Where a part is heard, worked out once for each size of the latent."""
        known = (id(part), *shape)
        if known not in self.places:
            found = place_of(part, shape[2], shape[3])
            share = None if found.share is None else fill(found.share, shape[0]).to(self.device)
            self.places[known] = part, Place(found.window, share)  # the part is kept, so that its id stays its own
        return self.places[known][1]

    def mix(self, seen: Sequence[tuple[Row, Tensor]], x: Tensor) -> Voice:
        """The average of what was predicted for each part, by the parts' strengths at each place."""
        if seen and all(row.place.is_everywhere(*x.shape[2:]) for row, _ in seen):
            return Voice(mix([row.part for row, _ in seen], [one for _, one in seen]), None)
        clean = torch.zeros_like(x)
        for row, one in seen:
            share = 1.0 if row.place.share is None else row.place.share
            row.place.window.of(clean).add_(one * share * row.part.strength)
        total, there = self.total([row for row, _ in seen], x)
        return Voice(clean / total, there)

    def total(self, rows: Sequence[Row], x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The sum of the parts' shares in each cell, 1 where it is 0; and where it is not 0, None for everywhere."""
        known = (*x.shape, *(id(row.part) for row in rows))
        if known not in self.totals:
            total = x.new_zeros(len(x), 1, *x.shape[2:])
            for row in rows:
                share = 1.0 if row.place.share is None else row.place.share
                row.place.window.of(total).add_(share * row.part.strength)
            there = total > 0
            self.totals[known] = torch.where(there, total, 1), None if bool(there.all()) else there
        return self.totals[known]

    def tell(self, x: Tensor, rows: Sequence[Row]) -> Told:
        """What the model is told, laid out once for each size of the latent and each choice of parts."""
        shape = (self.batch, *x.shape[1:])
        known = (shape, *((row.asker, id(row.part)) for row in rows))
        if known not in self.told:
            whole = all(row.place.window.size == (shape[2], shape[3]) for row in rows)
            laid = lay_out(
                [((row.part,), row.side.score) for row in rows],
                shape,
                self.model.masks_text,
                self.model.device,
                () if whole else [row.place.window for row in rows],
            )
            weakened = tuple(
                (slice(number * self.batch, (number + 1) * self.batch), row.side.weakening)
                for number, row in enumerate(rows)
                if row.side.weakening is not None
            )
            self.told[known] = replace(laid, weakened=weakened)
        return self.told[known]


def heard(parts: Sequence[TextPart], sigma: float, levels: Levels, look: int) -> list[TextPart]:
    """The parts that count at a noise level, the run's `look`-th; others are not even asked."""
    now = (part for part in parts if part.turn is None or look % part.turn[1] == part.turn[0])
    return [part for part in now if part.strength and is_within(sigma, levels, part.start, part.end)]


def over(first: Voice, second: Voice) -> Voice:
    """The first where it says something, the second elsewhere."""
    if first.there is None:
        return first
    there = None if second.there is None else first.there | second.there
    return Voice(
        torch.where(first.there, first.clean, second.clean), None if there is None or bool(there.all()) else there
    )


def mix(parts: Sequence[TextPart], predicted: Sequence[Tensor]) -> Tensor:
    """The average of what was predicted for each part, by the parts' strengths."""
    if len(parts) == 1:
        return predicted[0]
    total = sum(part.strength for part in parts)
    weighted = [one * (part.strength / total) for part, one in zip(parts, predicted, strict=True)]
    return torch.stack(weighted).sum(0)
