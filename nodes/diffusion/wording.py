"""What is written in a text beside words: choices `{a|b}` and changes `[a:b:0.5]`. A backslash keeps a sign a sign.

Texts come from people and files, so that both are read in one pass, however deep brackets nest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from nodes.diffusion.explained import Explained

SIGNS = "[]{}|"
"""What a backslash before it makes a plain character. Round brackets keep theirs: they are read by emphasis.py."""
NUMBER = re.compile(r"\s*(0(\.\d*)?|1(\.0*)?|\.\d+)\s*")
MOST = 64
"""Changes in one text; each is one more text to encode."""


class Unreadable(Explained, ValueError):
    """A text that asks for too much; `fix` says what to do."""


@dataclass(frozen=True)
class Spell:
    """A text and the shares of sampling between which it holds."""

    text: str
    start: float
    end: float


# ---------------------------------------------------------------- choices


def chosen(text: str, seed: int) -> str:
    """The text with one of each `{a|b}` in its place: the same seed, the same words. Escapes stay as they are."""
    draw = Random(seed)  # words, not secrets
    frames: list[list[str]] = [[""]]
    for sign in signs(text):
        if sign == "{":
            frames.append([""])
        elif sign == "|" and len(frames) > 1:
            frames[-1].append("")
        elif sign == "}" and len(frames) > 1:
            options = frames.pop()
            # random() is the one draw that Python promises never to change.
            frames[-1][-1] += options[int(draw.random() * len(options))] if len(options) > 1 else f"{{{options[0]}}}"
        else:
            frames[-1][-1] += sign
    while len(frames) > 1:  # brackets that nobody closed are words
        options = frames.pop()
        frames[-1][-1] += "{" + "|".join(options)
    return frames[0][0]


def has_choice(text: str) -> bool:
    """Whether there is a choice left to make."""
    depth: list[bool] = []
    for sign in signs(text):
        if sign == "{":
            depth.append(False)
        elif sign == "|" and depth:
            depth[-1] = True
        elif sign == "}" and depth and depth.pop():
            return True
    return False


def signs(text: str) -> list[str]:
    """Its characters, an escaped one together with its backslash."""
    return re.findall(r"\\.|.", text, re.DOTALL)


# ---------------------------------------------------------------- changes


@dataclass
class Group:
    """What stands between square brackets so far: fields between colons."""

    fields: list[str] = field(default_factory=lambda: [""])
    round: int = 0
    """How many round brackets are open; colons in them are weights."""


def spells(text: str) -> list[Spell]:
    """The texts that hold one after the other, from share 0 of sampling to 1. Raises `Unreadable`.

    `[a:b:0.5]` is a up to half of sampling, then b; `[a:0.5]` is nothing, then a; `[a::0.5]` is a, then nothing.
    Brackets without a share from 0 to 1 are words.
    """
    parts = list(signs(text))
    marks: set[float] = set()
    read_at(parts, 0.0, marks)
    bounds = sorted({0.0, 1.0} | marks)
    if len(bounds) > MOST:
        raise Unreadable(
            f"The text changes {len(bounds) - 2} times while it is sampled.", f"Use at most {MOST - 2} changes."
        )
    found: list[Spell] = []
    for start, end in pairwise(bounds):
        words = read_at(parts, (start + end) / 2, set())
        if found and found[-1].text == words:
            found[-1] = Spell(words, found[-1].start, end)
        else:
            found.append(Spell(words, start, end))
    return found


def read_at(parts: list[str], share: float, marks: set[float]) -> str:
    """The text that holds at a share of sampling; `marks` gains the shares at which brackets change it."""
    groups = [Group()]
    for sign in parts:
        group = groups[-1]
        if sign == "[":
            groups.append(Group())
        elif sign == "]" and len(groups) > 1:
            words = settled(groups.pop(), share, marks)
            groups[-1].fields[-1] += words
        elif sign == ":" and not group.round and not group.fields[-1].endswith("embedding"):
            group.fields.append("")
        else:
            group.round = max(0, group.round + (sign == "(") - (sign == ")"))
            group.fields[-1] += sign[1:] if len(sign) == 2 and sign[1] in SIGNS else sign
    while len(groups) > 1:  # brackets that nobody closed are words
        left = groups.pop()
        groups[-1].fields[-1] += "[" + ":".join(left.fields)
    return ":".join(groups[0].fields)


def settled(group: Group, share: float, marks: set[float]) -> str:
    """What a closed bracket says at a share of sampling."""
    *words, last = group.fields
    if not 1 <= len(words) <= 2 or not NUMBER.fullmatch(last):
        return f"[{':'.join(group.fields)}]"
    turn = float(last)
    marks.add(turn)
    before, after = words if len(words) == 2 else ("", words[0])
    return before if share < turn else after
