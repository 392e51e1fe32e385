"""Constants: what an input takes, in which form, and the words for what it does not take."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.api import BadValue, Input, coerce_constant

INT = Input("n", "int", widget={"kind": "number", "min": 1, "max": 100, "integer": True})
FREE_INT = Input("n", "int", widget={"kind": "number", "integer": True})
FLOAT = Input("n", "float", widget={"kind": "slider", "min": 0, "max": 1, "integer": False})
FREE_FLOAT = Input("n", "float")
STR = Input("n", "str", widget={"kind": "text", "lines": 1})
BOOL = Input("n", "bool", widget={"kind": "toggle"})
SEED = Input("n", "int", widget={"kind": "seed"})
CHOICE = Input("n", "str|int", widget={"kind": "choices", "options": ["a", 1, 2]})
FILE = Input("n", "file", widget={"kind": "model_file", "folder": "loras", "options": []})
SOCKET = Input("n", "Image")
ANY = Input("n", "any")
OPTIONAL = Input("n", "int", required=False)
LIST = Input("n", "float", is_list=True)
EITHER = Input("n", "int|str")

TAKEN: list[tuple[Input, Any, Any]] = [
    (INT, 20, 20),
    (INT, 20.0, 20),
    (FREE_INT, "9007199254740993", 9007199254740993),
    (FREE_INT, "-9007199254740993", -9007199254740993),
    (SEED, "18446744073709551615", 2**64 - 1),
    (FLOAT, 1, 1.0),
    (FLOAT, 0.25, 0.25),
    (FREE_FLOAT, "100000000000000000000", 1e20),
    (STR, "", ""),
    (STR, "20", "20"),
    (BOOL, True, True),
    (CHOICE, "a", "a"),
    (CHOICE, 1, 1),
    (FILE, "sub/x.safetensors", "sub/x.safetensors"),
    (FILE, "…ü日本.safetensors", "…ü日本.safetensors"),
    (ANY, {"a": [1]}, {"a": [1]}),
    (OPTIONAL, None, None),
    (LIST, [1, 2.5], [1.0, 2.5]),
    (LIST, 3, [3.0]),
    (EITHER, "x", "x"),
    (EITHER, 3, 3),
]

REFUSED: list[tuple[Input, Any, str]] = [
    (INT, 0, "less than 1"),
    (INT, 101, "more than 100"),
    (INT, 20.5, "whole numbers"),
    (INT, "20", '"20", but takes a whole number'),
    (INT, True, "true, but takes a whole number"),
    (INT, None, "is empty"),
    (INT, [], "a list"),
    (INT, float("nan"), "not a finite number"),
    (INT, "NaN", "not a finite number"),
    (FREE_INT, 10**400, "too large"),
    (FREE_INT, "1" + "0" * 400, "too large"),
    (FREE_INT, "1" + "0" * 100_000, "too large"),
    (FREE_INT, 2**64, "too large"),
    (FREE_INT, "0x10", "but takes a whole number"),
    (FREE_INT, "٣" * 20, "but takes a whole number"),
    (SEED, -1, "less than 0"),
    (SEED, "18446744073709551616", "too large"),
    (FLOAT, 1.01, "more than 1"),
    (FLOAT, math.inf, "Infinity"),
    (FLOAT, "-Infinity", "-Infinity"),
    (FLOAT, "0.5", "but takes a number"),
    (FLOAT, False, "but takes a number"),
    (FREE_FLOAT, 10**400, "larger than any number"),
    (FREE_FLOAT, "1" + "0" * 400, "larger than any number"),
    (STR, 3, "but takes text"),
    (STR, "\ud800", "half a character at position 1"),
    (BOOL, 1, "but takes true or false"),
    (BOOL, "true", "but takes true or false"),
    (CHOICE, "1", "not among its choices"),
    (CHOICE, True, "not among its choices"),
    (CHOICE, ["a"], "not among its choices"),
    (CHOICE, {}, "not among its choices"),
    (FILE, "", "names no file"),
    (FILE, "../x", "no file name inside its folder"),
    (FILE, "a/../../x", "no file name inside its folder"),
    (FILE, "/etc/passwd", "no file name inside its folder"),
    (FILE, "C:\\x", "no file name inside its folder"),
    (FILE, "a\\b", "no file name inside its folder"),
    (FILE, "a\0b", "no file name inside its folder"),
    (FILE, 3, "but takes a file"),
    (SOCKET, 3, "takes Image"),
    (ANY, math.nan, "not a finite number"),
    (LIST, [1, "x"], "but takes a number"),
    (EITHER, 1.5, "but takes a whole number or text"),
]


@pytest.mark.parametrize(("input", "value", "expected"), TAKEN)
def test_a_constant_comes_back_in_its_canonical_form(input: Input, value: Any, expected: Any) -> None:
    found = coerce_constant(input, value)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(("input", "value", "words"), REFUSED)
def test_a_constant_that_does_not_fit_is_refused_in_words(input: Input, value: Any, words: str) -> None:
    with pytest.raises(BadValue) as error:
        coerce_constant(input, value)
    assert error.value.input == "n" and words in error.value.what and error.value.fix
    assert len(str(error.value)) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from([INT, FREE_INT, FLOAT, FREE_FLOAT, STR, BOOL, SEED, CHOICE, FILE, SOCKET, ANY, LIST, EITHER]), JSON
)
def test_any_value_is_taken_once_and_for_all_or_refused(input: Input, value: Any) -> None:
    try:
        found = coerce_constant(input, value)
    except BadValue:
        return
    assert coerce_constant(input, found) == found
