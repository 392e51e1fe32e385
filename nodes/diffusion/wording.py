"""What is written in a text beside words: choices `{a|b}`, changes `[a:b:0.5]` and turns `[a|b]`.

A backslash keeps a sign a sign.

Texts come from people and files, so that both are read in one pass, however deep brackets nest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import lcm
from random import Random

from nodes.diffusion.explained import Explained
from nodes.sentences import texts as say

SIGNS = "[]{}|"
"""What a backslash before it makes a plain character. Round brackets keep theirs: they are read by emphasis.py."""
NUMBER = re.compile(r"\s*(0(\.\d*)?|1(\.0*)?|\.\d+)\s*")
MOST = 64
"""Texts that one may stand for; each is encoded."""


class Unreadable(Explained, ValueError):
    """A text that asks for too much; `fix` says what to do."""


@dataclass(frozen=True)
class Spell:
    """A text and the shares of sampling between which it holds."""

    text: str
    start: float
    end: float
    turn: tuple[int, int] | None = None
    """Which of so many steps in a row it is for, counted from 0; None for every step."""


# ---------------------------------------------------------------- choices


def chosen(text: str, seed: int) -> str:
    """The text with one of each `{a|b}` in its place: the same seed, the same words. Escapes stay as they are."""
    draw = Random(seed)  # words, not secrets
    frames: list[list[str]] = [[""]]
    for sign, is_turn in signs_and_turns(text):
        if sign == "{":
            frames.append([""])
        elif sign == "|" and len(frames) > 1 and not is_turn:
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
    for sign, is_turn in signs_and_turns(text):
        if sign == "{":
            depth.append(False)
        elif sign == "|" and depth and not is_turn:
            depth[-1] = True
        elif sign == "}" and depth and depth.pop():
            return True
    return False


def signs_and_turns(text: str) -> Iterator[tuple[str, bool]]:
    """Its characters, and whether a bar stands between square brackets inside the last curly ones: `{a|[b|c]}`."""
    open_brackets: list[str] = []
    for sign in signs(text):
        if sign in "[{":
            open_brackets.append(sign)
        elif sign == "}" and "{" in open_brackets:
            while open_brackets.pop() != "{":
                pass
        elif sign == "]" and open_brackets[-1:] == ["["]:
            open_brackets.pop()
        yield sign, open_brackets[-1:] == ["["]


def signs(text: str) -> list[str]:
    """Its characters, an escaped one together with its backslash."""
    return re.findall(r"\\.|.", text, re.DOTALL)


# ---------------------------------------------------------------- changes


@dataclass
class Group:
    """What stands between square brackets so far: fields between colons and bars."""

    fields: list[str] = field(default_factory=lambda: [""])
    between: list[str] = field(default_factory=list)
    """The signs between the fields."""
    round: int = 0
    """How many round brackets are open; colons in them are weights."""


@dataclass
class Seen:
    """What a text says of when it changes."""

    marks: set[float] = field(default_factory=set)
    """The shares of sampling at which brackets change it."""
    turns: set[int] = field(default_factory=set)
    """How many take turns in brackets."""


def spells(text: str) -> list[Spell]:
    """The texts that hold one after the other, from share 0 of sampling to 1. Raises `Unreadable`.

    `[a:b:0.5]` is a up to half of sampling, then b; `[a:0.5]` is nothing, then a; `[a::0.5]` is a, then nothing.
    `[a|b|c]` is a at the first step, b at the second, c at the third, a at the fourth. Brackets without a share from 0
    to 1 or bars, and those with both, are words.
    """
    parts, seen = list(signs(text)), Seen()
    read_at(parts, 0.0, 0, seen)
    bounds = sorted({0.0, 1.0} | seen.marks)
    period = lcm(*seen.turns)
    if (len(bounds) - 1) * period >= MOST:
        changes, count = len(bounds) - 2, (len(bounds) - 1) * period
        what = say.CHANGES(changes=changes, count=count)
        if period > 1:
            what = say.CHANGES_IN_TURNS(changes=changes, period=period, count=count)
        raise Unreadable(what, say.USE_AT_MOST(most=MOST - 1))
    found: list[Spell] = []
    for start, end in pairwise(bounds):
        words = [read_at(parts, (start + end) / 2, step, Seen()) for step in range(period)]
        if len(set(words)) > 1:
            found += [Spell(said, start, end, (step, period)) for step, said in enumerate(words)]
        elif found and found[-1].turn is None and found[-1].text == words[0]:
            found[-1] = Spell(words[0], found[-1].start, end)
        else:
            found.append(Spell(words[0], start, end))
    return found


def read_at(parts: list[str], share: float, step: int, seen: Seen) -> str:
    """The text that holds at a share of sampling and a step; `seen` gains what is said of when it changes."""
    groups = [Group()]
    for sign in parts:
        group = groups[-1]
        if sign == "[":
            groups.append(Group())
        elif sign == "]" and len(groups) > 1:
            words = settled(groups.pop(), share, step, seen)
            groups[-1].fields[-1] += words
        elif (sign == ":" and not group.round and not group.fields[-1].endswith("embedding")) or (
            sign == "|" and not group.round and len(groups) > 1
        ):
            group.fields.append("")
            group.between.append(sign)
        else:
            group.round = max(0, group.round + (sign == "(") - (sign == ")"))
            group.fields[-1] += sign[1:] if len(sign) == 2 and sign[1] in SIGNS else sign
    while len(groups) > 1:  # brackets that nobody closed are words
        left = groups.pop()
        groups[-1].fields[-1] += "[" + as_written(left)
    return as_written(groups[0])


def settled(group: Group, share: float, step: int, seen: Seen) -> str:
    """What a closed bracket says at a share of sampling and a step."""
    if group.between and set(group.between) == {"|"}:
        seen.turns.add(len(group.fields))
        return group.fields[step % len(group.fields)]
    *words, last = group.fields
    if "|" in group.between or not 1 <= len(words) <= 2 or not NUMBER.fullmatch(last):
        return f"[{as_written(group)}]"
    turn = float(last)
    seen.marks.add(turn)
    before, after = words if len(words) == 2 else ("", words[0])
    return before if share < turn else after


def as_written(group: Group) -> str:
    return "".join(field + sign for field, sign in zip(group.fields, [*group.between, ""], strict=True))
