"""What is wrong with a graph, in words that fit on the node."""

from __future__ import annotations

from typing import Literal

import msgspec

from server.phrases import Phrase, tell


class Problem(msgspec.Struct, frozen=True, omit_defaults=False):
    """What is wrong, at which node and input (empty: at none), and what to do. Warnings do not stop a run.

    `what_phrase` and `fix_phrase` are made of `what` and `fix`, where those are sentences that know themselves.
    """

    node: str
    input: str
    what: str
    fix: str
    level: Literal["error", "warning"] = "error"
    what_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET
    fix_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        tell(self, "what", "what_phrase")
        tell(self, "fix", "fix_phrase")


def as_warning(problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, level="warning")


def short(name: str) -> str:
    """A name cut to what a sentence bears."""
    return name if len(name) <= 40 else f"{name[:40]}…"
