"""Sentences that know themselves: said in English here, and in any language by whoever knows their codes.

A `Said` is text like any other to all that print, log or compare it; only at the edge is its code sent along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

PLACE = re.compile(r"(?<!\{)\{(\w+)(?::([^}]*))?\}")


@dataclass(frozen=True)
class Sentence:
    """A sentence with places for what it is about; `code` is its name for good, whatever becomes of the words."""

    code: str
    english: str

    @property
    def places(self) -> frozenset[str]:
        return frozenset(match[1] for match in PLACE.finditer(self.english))

    def __call__(self, **values: object) -> Said:
        """The sentence about these. Raises KeyError when a place is left empty."""
        return Said(self, values)


class Said(str):
    """A sentence about something: its English text, and what another language needs to say the same.

    What stands in a place is a `Said` too, a number where the English groups its digits, else text.
    """

    code: str
    values: Mapping[str, str | int]

    def __new__(cls, sentence: Sentence, values: Mapping[str, object]) -> Said:
        self = super().__new__(cls, sentence.english.format(**values))
        self.code = sentence.code
        self.values = {name: _kept(values[name], form or "") for name, form in PLACE.findall(sentence.english)}
        return self


def _kept(value: object, form: str) -> str | int:
    if isinstance(value, Said) or (isinstance(value, int) and form == ","):
        return value
    return format(value, form)
