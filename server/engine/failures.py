"""A node that raised, in words: what happened, in which node, what to do, and its own part of the traceback."""

from __future__ import annotations

import errno
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from nodes.api import BadValue
from nodes.api.said import Said
from server.engine import sentences as say

LONGEST = 20_000
"""Characters kept of a traceback: its end says what went wrong."""
MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")
ASKED = re.compile(r"(?:tried to allocate|unable to allocate) ([\d.]+ ?\w*)", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """Why a run cannot go on. `node` is empty where no node is to blame."""

    what: str
    fix: str = ""
    node: str = ""
    input: str = ""
    traceback: str = ""


class RunFailed(Exception):
    """A run ended because of `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def fault_of(error: BaseException, node: str, title: str, function: Callable[..., Any] | None = None) -> Fault:
    """The fault of a node that raised `error`; an error may bring its own `fix` and `input`."""
    if isinstance(error, RunFailed):
        return error.fault
    if isinstance(error, BadValue):
        return Fault(say.NODE_SAYS(title=title, what=error.what), error.fix, node, error.input)
    what, fix = _words(error)
    given = getattr(error, "fix", "") or fix
    place = str(getattr(error, "input", "") or "")
    fix = given if isinstance(given, str) else str(given)
    return Fault(say.NODE_SAYS(title=title, what=what), fix, node, place, own_traceback(error, function))


def own_traceback(error: BaseException, function: Callable[..., Any] | None) -> str:
    """The traceback from the node's own frame on: what lies above it is not the author's code."""
    start = error.__traceback__
    code = getattr(function, "__code__", None)
    found: TracebackType | None = start
    while found is not None and found.tb_frame.f_code is not code:
        found = found.tb_next
    try:
        lines = traceback.format_exception(type(error), error, found or start)
    except RecursionError:
        lines = [f"{type(error).__name__}: {error}"]
    return "".join(lines)[-LONGEST:]


def _words(error: BaseException) -> tuple[str, str]:
    said = getattr(error, "what", None)
    text = said if isinstance(said, Said) else str(error).strip()
    name = type(error).__name__
    if isinstance(error, MemoryError) or name == "OutOfMemoryError" or _speaks_of_memory(text):
        asked = ASKED.search(text)
        detail = text if isinstance(text, Said) else _first_line(text)
        if asked:
            return say.OUT_OF_MEMORY_FOR(amount=asked.group(1), detail=detail), say.SMALLER()
        return say.OUT_OF_MEMORY_AS(detail=detail) if detail else say.OUT_OF_MEMORY(), say.SMALLER()
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return say.DISK_FULL(), say.MAKE_ROOM()
    if isinstance(error, SystemExit):
        return say.ASKED_TO_EXIT(code=text or 0), say.MAY_NOT_END()
    if isinstance(error, KeyboardInterrupt):
        return say.INTERRUPTED(), ""
    if isinstance(error, RecursionError):
        return say.CALLED_TOO_DEEP(), say.SEE_TRACEBACK()
    if isinstance(error, (ValueError, OSError, RuntimeError)) and text:
        return text, ""
    return (f"{name}: {text}" if text else f"{name}."), ""


def _speaks_of_memory(text: str) -> bool:
    lowered = text.lower()
    return any(words in lowered for words in MEMORY_WORDS)


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""
