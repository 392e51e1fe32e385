"""--set NODE.INPUT=VALUE: which input is meant, and what the value becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from nodes.api import Number, Seed, Text, node
from server.cli.settings import apply
from server.cli.words import CommandError
from server.graph.catalogue import from_nodes
from server.graph.workflow import Workflow, load


@dataclass(frozen=True)
class Jpeg:
    """A JPEG file.

    Args:
        quality: How much is kept.
    """

    quality: int = 90


@dataclass(frozen=True)
class Png:
    """A PNG file."""


@node(category="tests")
def paint(
    text: Annotated[str, Text()] = "",
    seed: Annotated[int, Seed()] = 0,
    steps: Annotated[int, Number(min=1, max=100)] = 20,
    strength: float = 1.0,
    tiled: bool = False,
    sampler: Literal["euler", "heun"] = "euler",
    size: Literal[128, 256] = 128,
    format: Png | Jpeg = Png(),  # frozen, as the node interface asks for it
) -> None:
    """Paint."""


CATALOGUE = from_nodes([paint])


def a_workflow(**nodes: dict[str, Any]) -> Workflow:
    given = nodes or {"a": {"type": "paint"}}
    return load({"schema": 1, "id": "x", "title": "t", "nodes": given})


def put(setting: str, workflow: Workflow | None = None) -> Any:
    """The value that a setting leaves at the only node, or at node `a`."""
    place, _, text = setting.partition("=")
    done = apply(workflow or a_workflow(), [(place, text)], CATALOGUE)
    return done.nodes["a"].inputs[place.split(".", 1)[1] if place.startswith("a.") else place.rpartition(".")[2]]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("a.text=a red boat", "a red boat"),
        ("a.text=7", "7"),
        ("a.text=", ""),
        ("a.text=a=b", "a=b"),
        ("a.seed=18", 18),
        ("a.steps=30", 30),
        ("a.strength=1", 1),
        ("a.strength=0.25", 0.25),
        ("a.tiled=yes", True),
        ("a.tiled=False", False),
        ("a.sampler=heun", "heun"),
        ("a.size=256", 256),
        ("a.format=Jpeg", "Jpeg"),
        ("a.format.quality=40", 40),
    ],
)
def test_a_value_is_read_as_the_input_takes_it(setting: str, value: Any) -> None:
    assert put(setting) == value and type(put(setting)) is type(value)


def test_a_large_seed_is_kept_exactly() -> None:
    assert put("a.seed=18446744073709551615") == "18446744073709551615"


def test_a_node_is_named_by_its_title_when_no_other_has_it() -> None:
    assert put("Paint.steps=5") == 5
    assert put("paint.steps=5") == 5
    assert put("My v1.5.steps=5", a_workflow(a={"type": "paint", "title": "My v1.5"})) == 5


def test_an_id_goes_before_a_title() -> None:
    workflow = a_workflow(a={"type": "paint", "title": "b"}, b={"type": "paint"})
    done = apply(workflow, [("b.steps", "5")], CATALOGUE)
    assert (done.nodes["b"].inputs, done.nodes["a"].inputs) == ({"steps": 5}, {})


def test_a_value_takes_the_place_of_a_link() -> None:
    assert put("a.steps=5", a_workflow(a={"type": "paint", "inputs": {"steps": {"link": ["b", "result"]}}})) == 5


def test_everything_else_in_the_document_stays_as_it_was() -> None:
    workflow = load({"schema": 1, "nodes": {"a": {"type": "paint", "x-colour": 3}}, "x-other": [1]})
    done = apply(workflow, [("a.steps", "5")], CATALOGUE)
    assert done.raw == {"schema": 1, "nodes": {"a": {"type": "paint", "x-colour": 3, "inputs": {"steps": 5}}},
                        "x-other": [1]}  # fmt: skip
    assert "inputs" not in workflow.raw["nodes"]["a"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("b.steps=5", "no node 'b'"),
        ("Pant.steps=5", "Did you mean 'Paint'?"),
        ("a.step=5", "Did you mean 'steps'?"),
        ("a.steps=many", "'steps'"),
        ("a.steps=0", "'steps'"),
        ("a.steps=2.5", "'steps'"),
        ("a.sampler=ddim", "euler, heun"),
        ("a.size=300", "128, 256"),
        ("a.tiled=maybe", "'tiled'"),
        ("a.strength=nan", "'strength'"),
        ("a.format=gif", "Png"),
        ("a.format.quality=high", "'quality'"),
    ],
)
def test_a_mistake_is_refused_in_words(setting: str, words: str) -> None:
    with pytest.raises(CommandError, match=r".") as refused:
        put(setting)
    assert words in str(refused.value)
    assert refused.value.fix and refused.value.code == 2


def test_a_title_that_two_nodes_have_is_refused_with_their_ids() -> None:
    workflow = a_workflow(a={"type": "paint"}, b={"type": "paint"})
    with pytest.raises(CommandError, match="2 nodes have the title 'Paint'") as refused:
        put("Paint.steps=5", workflow)
    assert "a, b" in refused.value.fix
