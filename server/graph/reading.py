"""From bytes or Python data to a tree that is safe to walk, store and send.

After this module nothing in a document can hurt: no depth that breaks recursion, no number that JSON
or JavaScript cannot carry, no half characters, no key given twice. It knows nothing of workflows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from server.graph import sentences as say

MAX_BYTES = 32 * 2**20
MAX_VALUES = 6_000_000
MAX_DEPTH = 100
MAX_SAFE = 2**53 - 1
"""The largest integer JavaScript keeps exactly; larger ones are stored as strings of digits."""


class WorkflowError(ValueError):
    """A document that cannot be read: what is wrong, what to do, and 400 (malformed) or 413 (too large)."""

    def __init__(self, what: str, fix: str = "", status: int = 400) -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what, self.fix, self.status = what, fix, status


def parse(raw: bytes | bytearray | memoryview | str) -> Any:
    """JSON text as a safe tree. Raises WorkflowError."""
    text = decode_text(raw)
    if not text or text.isspace():
        raise WorkflowError(say.EMPTY_FILE(), say.CHOOSE_OTHER_FILE())
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise too_many()
    tree = parse_quickly(text)
    return settle(parse_carefully(text), mend=True) if tree is None else settle(tree)


def parse_quickly(text: str) -> Any:
    """The tree, or None when only the careful way can tell what is wrong, if anything is."""
    try:
        tree = msgspec.json.decode(text)
        # Of a key given twice msgspec keeps the last: then fewer quotes come back than went in.
        same = msgspec.json.encode(tree).count(b'"') == text.count('"')
    except (msgspec.MsgspecError, UnicodeEncodeError, OverflowError, RecursionError):
        return None
    return tree if same else None


def parse_carefully(text: str) -> Any:
    """Ten times slower, but it takes NaN and half characters, and says where the text breaks off."""
    try:
        return json.loads(text, parse_int=read_integer, object_pairs_hook=refuse_twins)
    except json.JSONDecodeError as error:
        what = say.NOT_JSON(why=error.msg, line=error.lineno, column=error.colno)
        raise WorkflowError(what, say.OPEN_OURS()) from None
    except RecursionError:
        raise too_deep() from None


def to_text(tree: Mapping[str, Any]) -> str:
    """Python data as JSON text, NaN included. Raises WorkflowError when it holds something else."""
    try:
        return json.dumps(tree)
    except RecursionError:
        raise too_deep() from None
    except (TypeError, ValueError) as error:  # an object of some class; a loop; a number of 5,000 digits
        fix = "Use text, numbers, true, false, null, lists and objects."
        raise WorkflowError(f"The document cannot be written as JSON: {error}.", fix) from None


def decode_text(raw: bytes | bytearray | memoryview | str) -> str:
    if len(raw) > MAX_BYTES:
        raise WorkflowError(say.TOO_MANY_BYTES(size=MAX_BYTES // 2**20), say.SHORTEN(), 413)
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    data = bytes(raw)
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkflowError(say.NOT_TEXT(byte=error.start), say.OPEN_JSON_OR_PICTURE()) from None


def read_integer(digits: str) -> int | str:
    """A number that JavaScript would round stays text; turning digits into numbers takes quadratic time anyway."""
    if len(digits) < 16:
        return int(digits)
    if len(digits) > 400:
        return digits
    number = int(digits)
    return number if abs(number) <= MAX_SAFE else digits


def refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    raise twice(key)


# ---------------------------------------------------------------- making a tree safe


def settle(tree: Any, mend: bool = False) -> Any:
    """Change a parsed tree, in place, into one that any JSON reader keeps exactly. Raises WorkflowError.

    Numbers with no fraction become integers (JavaScript writes 7.0 as 7), integers beyond 2**53 - 1 and
    non-finite numbers strings and, when `mend`, half characters U+FFFD. A loop on a stack, no recursion.
    """
    top = [tree]
    waiting: list[tuple[Any, int]] = [(top, 0)]
    while waiting:
        container, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise too_deep()
        if mend and type(container) is dict:
            mend_keys(container)
        entries = container.items() if type(container) is dict else enumerate(container)
        for key, value in entries:
            kind = type(value)
            if kind is dict or kind is list:
                waiting.append((value, depth + 1))
            elif kind is float or (kind is int and not -MAX_SAFE <= value <= MAX_SAFE):
                container[key] = safe_number(value)
            elif mend and kind is str:
                container[key] = whole_characters(value)
    return top[0]


def mend_keys(found: dict[str, Any]) -> None:
    """Replace half characters in keys. Two keys must not become one: that would lose what the second holds."""
    if all(key.isascii() for key in found):
        return
    entries = list(found.items())
    found.clear()
    for key, value in entries:
        safe = whole_characters(key)
        if safe in found:
            raise twice(safe)
        found[safe] = value


def safe_number(value: float) -> int | float | str:
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    return int(value) if value.is_integer() and abs(value) <= MAX_SAFE else value


def whole_characters(text: str) -> str:
    """Lone surrogates replaced by U+FFFD, as a browser does when it sends text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def twice(key: str) -> WorkflowError:
    return WorkflowError(say.KEY_TWICE(key=key[:60]), say.REMOVE_OR_RENAME())


def too_deep() -> WorkflowError:
    return WorkflowError(say.TOO_DEEP(most=MAX_DEPTH), say.OPEN_OURS())


def too_many() -> WorkflowError:
    return WorkflowError(say.TOO_MANY_VALUES(most=MAX_VALUES), say.SPLIT_UP(), 413)
