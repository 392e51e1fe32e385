"""A sweep: every combination of its values, each as a single run would have it, and what they share once."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.image_sheet import label_sheet, limit_pixels
from nodes.output import save_image
from server.graph.prompt import decode, encode, from_workflow
from server.graph.steps import Prompt
from server.graph.sweep import cells_of, variants_of, workflow_of_cell
from server.graph.sweep_data import SweepAxis, SweepData
from server.graph.sweep_prompt import prompt_of_cell, sweep_of
from server.graph.validate import validate
from server.graph.workflow import Workflow, dump, load
from tests.graph.sample_nodes import CATALOGUE, document, link

SHEET = {node.schema.id: node.schema for node in (label_sheet, limit_pixels, save_image)}
WITH_SHEET = replace(CATALOGUE, nodes={**CATALOGUE.nodes, **SHEET})
SUBGRAPH: dict[str, Any] = {
    "inputs": {"image": {"type": "Image"}, "times": {"type": "float"}},
    "outputs": {"out": {"type": "Image"}},
    "nodes": {
        "in": {"type": "subgraph_input"},
        "b": {"type": "blur", "inputs": {"image": link("in", "image"), "radius": link("in", "times")}},
        "out": {"type": "subgraph_output", "inputs": {"out": link("b")}},
    },
}
LOOP = {"mode": "repeat", "times": 2, "carry": {"image": "out"}}
PLACES = [("1", "width"), ("1", "seed"), ("2", "times"), ("3", "radius"), ("4", "name")]


def swept(*axes: dict[str, Any], loop: dict[str, Any] | None = None, **more: Any) -> Workflow:
    nodes = {
        "1": {"type": "make", "inputs": {"width": 64, "seed": 5}},
        "2": {"type": "subgraph:s", "inputs": {"image": link("1"), "times": 1.5}, "loop": loop},
        "3": {"type": "blur", "inputs": {"image": link("2", "out"), "radius": 2}},
        "4": {"type": "save", "inputs": {"image": link("3"), "name": "a red house"}},
        "5": {"type": "save", "inputs": {"image": link("6")}},
        "6": {"type": "shoot"},
    }
    return load(document(nodes, subgraphs={"s": SUBGRAPH}, sweep={"axes": list(axes), **more}))


def axis(node: str, input: str, values: list[Any], **more: Any) -> dict[str, Any]:
    return {"node": node, "input": input, "values": values, **more}


@st.composite
def sweeps(draw: st.DrawFn) -> Workflow:
    places = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True))
    axes = []
    for node, input in places:
        value = st.sampled_from(["house", "blue", "x"]) if input == "name" else st.integers(8, 99)
        more = {"find": "red"} if input == "name" and draw(st.booleans()) else {}
        axes.append(axis(node, input, draw(st.lists(value, min_size=1, max_size=4)), **more))
    return swept(*axes, loop=draw(st.sampled_from([None, LOOP])))


def single(workflow: Workflow) -> Prompt:
    return from_workflow(workflow, CATALOGUE)[0]


@given(sweeps())
def test_every_cell_is_what_a_single_run_of_its_values_would_be(workflow: Workflow) -> None:
    sweep = workflow.document.sweep
    assert sweep is not None
    made = sweep_of(workflow, WITH_SHEET)
    cells = cells_of(sweep)
    assert made.cells == len(cells) == len(set(cells)) == math.prod(len(axis.values) for axis in sweep.axes)
    prompt = decode(encode(made.prompt))
    for cell in cells:
        alone = workflow_of_cell(workflow, cell)
        assert "sweep" not in alone.raw
        assert encode(prompt_of_cell(prompt, cell)) == encode(single(load(dump(alone))))
    assert not [one for one in validate(prompt, WITH_SHEET) if one.level == "error"]
    assert len(prompt["4@sheet"].inputs) == len(cells) + 2 * len(sweep.axes)


@given(sweeps())
def test_a_step_is_repeated_for_the_values_that_reach_it_and_no_others(workflow: Workflow) -> None:
    sweep = workflow.document.sweep
    assert sweep is not None
    prompt = sweep_of(workflow, WITH_SHEET).prompt
    own = [(id, step) for id, step in prompt.items() if step.copy is None or step.copy.cell]
    said = [step.copy.of if step.copy else id for id, step in own]
    first = [axis for axis in sweep.axes if axis.node == "1"]
    assert said.count("1") <= math.prod(len(axis.values) for axis in first)
    assert said.count("5") == said.count("6") == 1
    assert len(list(variants_of(workflow))) == sum(len(axis.values) for axis in sweep.axes)


def test_models_change_least_often_and_the_sheet_keeps_its_order() -> None:
    sweep = SweepData(axes=[SweepAxis(node=node, input="x", values=[1, 2]) for node in "ab"])
    assert cells_of(sweep) == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert cells_of(sweep, outermost=[0]) == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("workflow", "node", "what"),
    [
        (swept(), "", "has no sweep"),
        (swept(*(axis("1", name, [*range(100)]) for name in ("seed", "width"))), "", "10,000 pictures; 1,000"),
        (swept(axis("1", "seed", [])), "1", "no values are given"),
        (swept(axis("1", "seed", [1]), axis("1", "seed", [2])), "1", "swept twice"),
        (swept(axis("9", "seed", [1])), "9", "which is not there"),
        (swept(axis("1", "sed", [1])), "1", "no input 'sed'"),
        (swept(axis("2", "more", [1])), "2", "no input 'more'"),
        (swept(axis("3", "image", [1])), "3", "is linked"),
        (swept(axis("4", "name", ["x"], find="green")), "4", 'does not hold "green"'),
        (swept(axis("b", "radius", [1], graph="s")), "", "is linked"),
        (swept(axis("1", "seed", [1]), picture="6x"), "6x", "which has none"),
        (swept(*(axis(node, input, [9]) for node, input in PLACES[:4])), "", "4 axes; 3 are possible"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said_in_words(workflow: Workflow, node: str, what: str) -> None:
    problem = sweep_of(workflow, WITH_SHEET).problems[0]
    assert problem.node == node
    assert what in problem.what
    assert problem.fix


def test_a_value_that_does_not_reach_the_picture_is_warned_of() -> None:
    made = sweep_of(swept(axis("1", "seed", [1, 2]), picture="5"), WITH_SHEET)
    assert [(problem.node, problem.level) for problem in made.problems] == [("1", "warning")]
