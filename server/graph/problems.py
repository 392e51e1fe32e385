"""What is wrong with a graph, in words that fit on the node."""

from __future__ import annotations

from typing import Literal

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=False):
    """What is wrong, at which node and input (empty: at none), and what to do. Warnings do not stop a run."""

    node: str
    input: str
    what: str
    fix: str
    level: Literal["error", "warning"] = "error"


def as_warning(problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, level="warning")


def short(name: str) -> str:
    """A name cut to what a sentence bears."""
    return name if len(name) <= 40 else f"{name[:40]}…"
