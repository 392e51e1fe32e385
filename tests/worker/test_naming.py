"""Names as patterns: what is known is filled in, safely; what is not stays as it was written."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.api import Input, NodeSchema
from server.worker.naming import Names, safe


def schema(id: str, **kinds: str) -> NodeSchema:
    inputs = tuple(
        Input(name, "any", name.title(), required=False, widget={"kind": kind}) for name, kind in kinds.items()
    )
    return NodeSchema(id, id.title(), "", "", 1, inputs, (), is_output=id == "keep")


SCHEMAS = {
    one.id: one
    for one in (
        schema("load", file="model_file"),
        schema("make", seed="seed", sampler="choices", text="text", steps="number", model="", negative=""),
        schema("keep", image=""),
    )
}


def names(text: str = "a red house") -> Names:
    made: dict[str, Any] = {"seed": 42, "sampler": "euler", "text": text, "steps": 20, "model": {"link": ["1", "r"]}}
    prompt = {
        "1": {"type": "load", "inputs": {"file": "sdxl/base_1.0.safetensors"}},
        "2": {"type": "make", "inputs": made, "title": "My sampler"},
        "3": {"type": "keep", "inputs": {"image": {"link": ["2", "r"]}}},
    }
    texts = [json.dumps(each).encode() for each in ({"schema": 1, "title": "A: title"}, prompt)]
    return Names(texts[0], texts[1], SCHEMAS.get, lambda: datetime(2026, 11, 2, 9, 5, 7))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("plain", "plain"),
        ("%date%", "2026-11-02"),
        ("%date:yyyy/MM/dd%", "2026_11_02"),
        ("%date:yy%/%time:HHmm%", "26/0905"),
        ("%time%", "09-05-07"),
        ("%model%-%seed%", "base_1.0-42"),
        ("%text:5%|%sampler%", "a red|euler"),
        ("%My sampler.steps%", "20"),
        ("%Load.File%", "base_1.0"),
        ("%2.seed%", "42"),
        ("%width%x%height%", "640x480"),
        ("%title%", "A_ title"),
        ("%nothing% 100%", "%nothing% 100%"),
        ("%No such.node%", "%No such.node%"),
    ],
)
def test_what_is_known_is_filled_in(pattern: str, name: str) -> None:
    assert names().fill(pattern, "3", (640, 480)) == name


def test_a_value_makes_no_folder_and_no_second_pattern() -> None:
    assert names("../../etc/%seed%\nroot").fill("%text%", "3", (1, 1)) == "etc_seed_ root"
    assert names("?.?").fill("a/%text%", "3", (1, 1)) == "a/_"


@given(st.text(max_size=200), st.integers(1, 80))
def test_a_value_is_safe_whatever_it_is(text: str, longest: int) -> None:
    made = safe(text, longest)
    assert len(made) <= longest
    assert not set(made) & set('<>:"/|?*\\%\n\0')
    assert Path(made or "x").name == (made or "x")


def test_what_is_no_picture_has_no_size() -> None:
    assert names().fill("%seed%-%width%", "3", None) == f"{names().fill('%seed%', '3', (1, 1))}-%width%"
