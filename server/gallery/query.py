"""What is typed into the gallery's search field, read. Pure; whatever is typed is a search.

red house "at night" -snow        words (their beginnings), a phrase, a word that must not be there
model:sdxl seed:42 sampler:euler  in one field; also title:, negative:, name:
after:2026-11-01 before:today     days; also on:, yesterday, 7d, 2026-11, 2026
is:starred is:trash kind:video    what it is; document:ID is where it was made
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

FIELDS = {
    "text": "texts",
    "negative": "avoided",
    "title": "title",
    "model": "models",
    "seed": "seeds",
    "sampler": "settings",
    "name": "name",
}
"""The fields that words are looked for in, by the index's columns."""
WHOLE = frozenset({"seed"})
"""Fields whose words are meant whole: seed 42 is not seed 421."""
DATES = frozenset({"before", "after", "on"})
KINDS = frozenset({"image", "video", "audio", "other"})
STATES = frozenset({"starred", "trash"})
TERM = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))')
MAX_TERMS = 50
ANYWHERE = "-avoided"
"""A bare word is not looked for where it says what is not wanted."""


class BadSearch(ValueError):
    """A value of a field makes no sense: what, and what to write instead."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


@dataclass(frozen=True)
class Search:
    """What results must be like. Times in seconds since 1970; `until` is not included."""

    words: tuple[str, ...] = ()
    """Expressions of FTS5 that must all match."""
    without: tuple[str, ...] = ()
    """Those of which none may."""
    starred: bool | None = None
    kind: str = ""
    document: str = ""
    trashed: bool = False
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Clock:
    """Now, in seconds since 1970, and how many minutes the reader's clock is ahead of UTC."""

    now: float
    zone: int = 0

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.now + 60 * self.zone, UTC).date()

    def start(self, day: date) -> float:
        """When a day of the reader began."""
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - 60 * self.zone


def read(text: str, clock: Clock) -> Search:
    """The search that a text asks for. Raises BadSearch for a date or a kind that is none."""
    search = Search()
    for number, (minus, field, phrase, word) in enumerate(TERM.findall(text.replace("\0", " "))):
        if number == MAX_TERMS:
            raise BadSearch(f"These are more than {MAX_TERMS} words.", "Search for fewer.")
        value, name = phrase or word, field.lower()
        if not field and value.endswith(":") and _is_field(value[:-1].lower()):
            continue  # a field whose value is still to be typed
        if name and not _is_field(name):
            name, value = "", f"{field}:{value}"
        if value:
            search = _narrowed(search, name, value, minus == "-", phrase != "", clock)
    return search


def _is_field(name: str) -> bool:
    return name in FIELDS or name in DATES or name in ("is", "kind", "document")


def _narrowed(search: Search, name: str, value: str, minus: bool, quoted: bool, clock: Clock) -> Search:
    if name in DATES:
        return _dated(search, name, value, clock)
    if name == "is":
        return _in_state(search, value.lower(), minus)
    if name == "kind":
        if value.lower() not in KINDS:
            raise BadSearch(f"There is no kind {value[:40]!r}.", f"Write one of {', '.join(sorted(KINDS))}.")
        return replace(search, kind=value.lower())
    if name == "document":
        return replace(search, document=value)
    found = _expression(name, value, quoted)
    if not found:
        return search
    return replace(search, without=(*search.without, found)) if minus else replace(search, words=(*search.words, found))


def _expression(name: str, value: str, quoted: bool) -> str:
    """A condition on the index; empty when nothing of the value can be looked for."""
    if not any(letter.isalnum() for letter in value):
        return ""
    column = FIELDS.get(name, ANYWHERE)
    begins = value.endswith("*") or (not (quoted and name == "") and name not in WHOLE)
    phrase = '"' + value.rstrip("*").replace('"', '""') + '"'
    return f"{column} : {phrase}{' *' if begins else ''}"


def _in_state(search: Search, state: str, minus: bool) -> Search:
    if state not in STATES:
        raise BadSearch(f"There is no state {state[:40]!r}.", f"Write one of {', '.join(sorted(STATES))}.")
    return replace(search, starred=not minus) if state == "starred" else replace(search, trashed=not minus)


def _dated(search: Search, name: str, value: str, clock: Clock) -> Search:
    first, after = _days(value, clock)
    if name == "before":
        return replace(search, until=_least(search.until, clock.start(first)))
    since = _most(search.since, clock.start(first))
    return replace(
        search, since=since, until=_least(search.until, clock.start(after)) if name == "on" else search.until
    )


def _least(a: float | None, b: float) -> float:
    return b if a is None else min(a, b)


def _most(a: float | None, b: float) -> float:
    return b if a is None else max(a, b)


def _days(value: str, clock: Clock) -> tuple[date, date]:
    """The first day that a text names, and the day after its last."""
    word = value.lower()
    a_day = timedelta(days=1)
    try:
        if word in ("today", "yesterday"):
            day = clock.today - (a_day if word == "yesterday" else timedelta())
            return day, day + a_day
        if match := re.fullmatch(r"(\d{1,4})d", word):
            return clock.today - int(match.group(1)) * a_day, clock.today + a_day
        for form, length in FORMS:
            if re.fullmatch(form, word):
                year, month, number = ([int(part) for part in word.split("-")] + [1, 1])[:3]
                first = date(year, month, number)
                return first, length(first)
    except (ValueError, OverflowError):
        pass
    raise BadSearch(f"{value[:40]!r} is no date.", "Write 2026-11-21, 2026-11, 2026, today, yesterday or 7d.")


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


FORMS: tuple[tuple[str, Callable[[date], date]], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", lambda first: first + timedelta(days=1)),
    (r"\d{4}-\d{1,2}", _next_month),
    (r"\d{4}", lambda first: date(first.year + 1, 1, 1)),
)
