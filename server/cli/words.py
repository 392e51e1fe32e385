"""What the commands say when something is wrong: one sentence what and where, one what to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

INVALID, FAILED, CANCELLED = 2, 1, 130

UNITS: Mapping[str, int] = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class CommandError(Exception):
    """A command cannot go on. `what` happened and where, the `fix`, and the exit code."""

    def __init__(self, what: str, fix: str = "", code: int = INVALID) -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix
        self.code = code


def complain(what: str, fix: str = "") -> None:
    """Say on stderr what is wrong and what to do."""
    print(f"loom: {what}", file=sys.stderr)
    if fix:
        print(f"      {fix}", file=sys.stderr)


def nearest(word: str, known: Iterable[str]) -> str:
    """What a person may have meant, in words: a close match, else a few of what there is."""
    known = sorted(known)
    if not known:
        return "There are none."
    close = get_close_matches(word, known, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"There are {', '.join(known)}." if len(known) <= 12 else f"There are {len(known)} others."


def read_size(text: str) -> int:
    """The bytes meant by `800MB`, `20 GiB` or a plain number. Raises ValueError on anything else."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?\s*", text, re.IGNORECASE | re.ASCII)
    if found is None:
        raise ValueError(f"'{text}' is not a size; write for example 800MB or 20GB")
    return int(float(found[1]) * UNITS[found[2].lower()])


def show_size(count: int) -> str:
    """Bytes as a person reads them, in the units that `read_size` reads."""
    amount, unit = float(count), "bytes"
    for name in ("KB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1024, name
    return f"{count} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
