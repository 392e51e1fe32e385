"""Instances that run more than once: what of them stands in the prompt, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from server.graph.problems import Problem
from server.graph.prompt import decode, encode, from_workflow
from server.graph.steps import Link, Prompt
from server.graph.validate import validate
from server.graph.workflow import load
from tests.graph.sample_nodes import CATALOGUE, document, link

SOFTEN: dict[str, Any] = {
    "title": "Soften",
    "inputs": {"picture": {"type": "Image"}, "radius": {"type": "float", "default": 2.5}},
    "outputs": {"soft": {"type": "Image"}, "size": {"type": "int"}},
    "nodes": {
        "in": {"type": "subgraph_input"},
        "b": {"type": "blur", "inputs": {"image": link("in", "picture"), "radius": link("in", "radius")}},
        "n": {"type": "count"},
        "out": {"type": "subgraph_output", "inputs": {"soft": link("b"), "size": link("n")}},
    },
}


def resolve(loop: dict[str, Any], inputs: dict[str, Any] | None = None) -> tuple[Prompt, list[Problem]]:
    given = {"picture": link("1")} if inputs is None else inputs
    nodes = {
        "1": {"type": "make"},
        "s": {"type": "subgraph:soften", "inputs": given, "loop": loop},
        "2": {"type": "save", "inputs": {"image": link("s", "soft")}},
    }
    workflow = load(document(nodes, subgraphs={"soften": SOFTEN}))
    prompt, problems = from_workflow(workflow, CATALOGUE)
    return prompt, problems + validate(prompt, CATALOGUE)


REPEAT = {"mode": "repeat", "times": 3, "carry": {"picture": "soft"}}


def test_a_loop_stands_in_the_prompt_with_what_it_repeats() -> None:
    prompt, problems = resolve(REPEAT)
    assert problems == []
    assert prompt["2"].inputs["image"] == Link("s", "soft")
    assert prompt["s"].inputs["soft"] == Link("s/b", "result")
    assert prompt["s/b"].within == "s"
    assert prompt["s/b"].inputs == {"image": Link("s/in", "picture"), "radius": 2.5}
    assert prompt["s/in"].inputs == {"picture": Link("1", "result")}
    assert decode(encode(prompt)) == prompt


def test_what_is_the_same_each_time_is_linked_from_outside() -> None:
    prompt, problems = resolve(REPEAT, {"picture": link("1"), "radius": 7})
    assert problems == []
    assert prompt["s/b"].inputs["radius"] == 7


@pytest.mark.parametrize(
    ("loop", "words"),
    [
        ({"mode": "each"}, "no input is marked as a list"),
        ({"mode": "each", "lists": ["what"]}, "has no input 'what'"),
        ({"mode": "repeat", "times": 0}, "run 0 times"),
        ({"mode": "repeat", "times": 20_000}, "run 20000 times"),
        ({"mode": "repeat", "carry": {"picture": "none"}}, "nothing inside is linked to"),
        ({"mode": "repeat", "carry": {"picture": "size"}}, "takes Image, but is to take int"),
        ({"mode": "while"}, "none is chosen"),
        ({"mode": "while", "condition": "soft"}, "which is Image"),
        ({"mode": "while", "condition": "size", "most": 0}, "may run 0 times"),
    ],
)
def test_what_is_wrong_with_a_loop_is_said_at_its_instance(loop: dict[str, Any], words: str) -> None:
    _, problems = resolve(loop)
    assert [(problem.node, problem.level) for problem in problems if words in problem.what] == [("s", "error")]


def test_a_loop_needs_something_to_begin_with() -> None:
    _, problems = resolve(REPEAT, {})
    assert [(problem.node, problem.input) for problem in problems] == [("s", "picture")]


def test_a_muted_loop_is_not_there_and_a_bypassed_one_passes_on() -> None:
    workflow = load(
        document(
            {
                "1": {"type": "make"},
                "s": {"type": "subgraph:soften", "mode": "bypass", "inputs": {"picture": link("1")}, "loop": REPEAT},
                "2": {"type": "save", "inputs": {"image": link("s", "soft")}},
            },
            subgraphs={"soften": SOFTEN},
        )
    )
    prompt, _ = from_workflow(workflow, CATALOGUE)
    assert prompt["2"].inputs["image"] == Link("1", "result")
    assert "s" not in prompt


def test_repeated_nodes_count_as_often_as_they_run() -> None:
    nested = {"nodes": {"i": {"type": "subgraph:soften", "loop": {"mode": "repeat", "times": 10_000}}}}
    workflow = load(
        document(
            {"o": {"type": "subgraph:outer", "loop": {"mode": "repeat", "times": 10_000}}},
            subgraphs={"outer": nested, "soften": SOFTEN},
        )
    )
    _, problems = from_workflow(workflow, CATALOGUE)
    assert "100,000 are allowed" in problems[0].what


def test_a_circle_through_a_loop_is_found() -> None:
    nodes = {
        "1": {"type": "blur", "inputs": {"image": link("s", "soft")}},
        "s": {"type": "subgraph:soften", "inputs": {"picture": link("1")}, "loop": REPEAT},
        "2": {"type": "save", "inputs": {"image": link("s", "soft")}},
    }
    prompt, _ = from_workflow(load(document(nodes, subgraphs={"soften": SOFTEN})), CATALOGUE)
    assert any("circle" in problem.what for problem in validate(prompt, CATALOGUE))
