"""Which revisions of a workflow go, so that what is kept is bounded: dense where it is young, sparse where it is old.

All of the last hour stay, then one for each span of time that grows with age. Named ones and the newest stay always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SPANS = ((HOUR, 0.0), (DAY, 10 * MINUTE), (7 * DAY, HOUR), (31 * DAY, DAY), (float("inf"), 7 * DAY))
"""Up to this age, one revision stays for each so many seconds; 0 keeps them all."""
MOST = 1000
"""Revisions of one workflow; of more the oldest go, however young they are."""
MOST_BYTES = 256 * 2**20
LEAST = 20
"""The newest stay, however large they are."""


@dataclass(frozen=True)
class Kept:
    """A revision as thinning looks at it: `saved` in seconds since 1970, `size` in bytes."""

    revision: int
    saved: float
    size: int
    named: bool = False


def to_drop(kept: Sequence[Kept], now: float) -> list[int]:
    """The revisions that go. `kept` in any order."""
    newest_first = sorted(kept, key=lambda each: -each.revision)
    spared = sparse(newest_first, now)
    stay: set[int] = set()
    count = size = 0
    for place, each in enumerate(newest_first):
        fits = count < MOST and size + each.size <= MOST_BYTES
        if each.named or place < LEAST or (each.revision in spared and fits):
            stay.add(each.revision)
            count, size = count + 1, size + each.size
    return [each.revision for each in newest_first if each.revision not in stay]


def sparse(newest_first: Sequence[Kept], now: float) -> set[int]:
    """One for each span: the newest in it, so that later savings never take away what was kept."""
    stay: set[int] = set()
    taken: set[tuple[float, float]] = set()
    for each in newest_first:
        span = span_at(now - each.saved)
        key = (span, each.saved // span if span else float(each.revision))
        if key not in taken:
            taken.add(key)
            stay.add(each.revision)
    return stay


def span_at(age: float) -> float:
    return next(span for limit, span in SPANS if age < limit)
