"""Places in a line: numbers between which there is nearly always room for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor


def places_for(order: Sequence[str], moved: str, places: Mapping[str, float]) -> dict[str, float]:
    """New places so that jobs stand in `order`: that of the one `moved`, or where no room is left those of all.

    `places` are those before. A later job's place is the next whole number, so nothing is put there or beyond.
    """
    at = order.index(moved)
    before = places[order[at - 1]] if at > 0 else None
    after = places[order[at + 1]] if at + 1 < len(order) else None
    if before is None:
        return {} if after is None else {moved: after - 1}
    middle = (before + (floor(before) + 1 if after is None else after)) / 2
    if before < middle and (after is None or middle < after):
        return {moved: middle}
    low, high = min(places.values()), max(places.values())
    low = min(low, high - 1)
    return {job: low + (high - low) * rank / len(order) for rank, job in enumerate(order)}
