"""Emphasis written in a text: `(a)` weighs 1.1, `((a))` 1.21, `(a:1.3)` 1.3; `\\(` and `\\)` are plain brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass

EMPHASIS = 1.1
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*")
# Stand-ins for escaped brackets while groups are found; private-use characters, which no text holds.
ESCAPED = {"\\(": "\ue000", "\\)": "\ue001"}
PLAIN = str.maketrans({"\ue000": "(", "\ue001": ")"})


@dataclass(frozen=True)
class Piece:
    """Words that share one weight."""

    text: str
    weight: float


def read_emphasis(text: str) -> list[Piece]:
    """Split a text where its weight changes."""
    for escaped, stand_in in ESCAPED.items():
        text = text.replace(escaped, stand_in)
    pieces: list[Piece] = []
    # A stack rather than recursion: brackets nest as deep as somebody pastes them.
    waiting = [Piece(text, 1.0)]
    while waiting:
        piece = waiting.pop()
        groups = split_groups(piece.text)
        if groups == [piece.text] and not is_group(piece.text):
            pieces.append(Piece(piece.text.translate(PLAIN), piece.weight))
            continue
        waiting += [open_group(group, piece.weight) for group in reversed(groups)]
    return pieces


def split_groups(text: str) -> list[str]:
    """Cut around the outermost brackets, which stay on. Brackets without a partner are words."""
    groups, start, depth = [], 0, 0
    for place, character in enumerate(text):
        if character == "(":
            if depth == 0 and place > start:
                groups.append(text[start:place])
                start = place
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                groups.append(text[start : place + 1])
                start = place + 1
    if start < len(text):
        groups.append(text[start:])
    return groups


def is_group(text: str) -> bool:
    return len(text) >= 2 and text[0] == "(" and text[-1] == ")"


def open_group(text: str, weight: float) -> Piece:
    """Take off a pair of brackets and apply its weight; a number after the last colon replaces, none multiplies."""
    if not is_group(text):
        return Piece(text, weight)
    inner = text[1:-1]
    words, colon, number = inner.rpartition(":")
    if colon and words and NUMBER.fullmatch(number):
        return Piece(words, float(number))
    return Piece(inner, weight * EMPHASIS)
