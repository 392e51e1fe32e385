"""Generated documents: nothing but WorkflowError ever comes out of reading, nothing at all out of validation; and
a sound graph with one known fault is reported at that node and input.

Run longer: LOOM_EXAMPLES=5000 python -m pytest tests/graph/test_faults_properties.py
"""

import json
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.graph.problems import Problem
from server.graph.prompt import Link, Prompt, Step, decode, encode, from_workflow
from server.graph.reading import WorkflowError
from server.graph.validate import validate
from server.graph.workflow import dump, load
from tests.graph.sample_nodes import CATALOGUE, document

EXAMPLES = settings(max_examples=int(os.environ.get("LOOM_EXAMPLES", "60")), deadline=None)

IDS = st.sampled_from(["1", "2", "3", "__proto__", "", "a/b", "s", "s/1", "日本", "\ud800"])
WORDS = """base overlay image images images.0 images.2 images.01 width seed factor mode value format format.quality
format.compress first a b file picture result soft . x."""
NAMES = st.sampled_from([*WORDS.split(), ""])
KINDS = "strange pack/odd reroute subgraph_input subgraph_output subgraph:s subgraph:t subgraph:none subgraph:"
TYPES = st.sampled_from([*CATALOGUE.nodes, *KINDS.split(), ""])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
LINKS = st.builds(lambda node, output: {"link": [node, output]}, IDS, NAMES)
NUMBERS = st.sampled_from([float("nan"), float("inf"), 10**400, -1, 2**53, 0.5, True, "1", 20])
VALUES = LINKS | LINKS | NUMBERS | ANY_JSON | st.builds(lambda v: {"value": v}, ANY_JSON)
NODES = st.fixed_dictionaries(
    {"type": TYPES, "inputs": st.dictionaries(NAMES, VALUES, max_size=4)},
    optional={
        "mode": st.sampled_from(["run", "mute", "bypass"]),
        "version": st.integers(1, 3),
        "title": st.text(max_size=5),
    },
)
TABLES = st.dictionaries(IDS, NODES, max_size=6)
PORTS = st.dictionaries(
    NAMES, st.fixed_dictionaries({"type": st.sampled_from(["Image", "any", "$T", "?"])}), max_size=3
)
GRAPHS = st.fixed_dictionaries({"nodes": TABLES, "inputs": PORTS, "outputs": PORTS})
DOCUMENTS = st.builds(
    lambda nodes, subgraphs, more: {**more, **document(nodes, subgraphs=subgraphs)},
    TABLES,
    st.dictionaries(st.sampled_from(["s", "t"]), GRAPHS),
    st.dictionaries(st.text(st.characters(), max_size=4), ANY_JSON, max_size=2),
)


def check_whole(raw: Any) -> None:
    try:
        workflow = load(raw)
    except WorkflowError as error:
        assert error.what and error.status in (400, 413)
        return
    again = load(dump(workflow))
    assert again.raw == workflow.raw and dump(again) == dump(workflow)
    prompt, problems = from_workflow(workflow, CATALOGUE)
    assert decode(encode(prompt)) == prompt
    for problem in problems + validate(prompt, CATALOGUE, lambda folder, name: False):
        assert problem.what and problem.fix and problem.level in ("error", "warning")
        f"{problem.node}{problem.input}{problem.what}{problem.fix}".encode()


@EXAMPLES
@given(DOCUMENTS)
def test_documents_of_every_shape_are_read_and_checked_or_refused(raw: dict[str, Any]) -> None:
    check_whole(raw)


@EXAMPLES
@given(DOCUMENTS)
def test_their_text_is_read_alike(raw: dict[str, Any]) -> None:
    check_whole(json.dumps(raw))


@EXAMPLES
@given(ANY_JSON)
def test_json_of_any_kind_is_refused_or_read(raw: Any) -> None:
    check_whole(json.dumps(raw))
    check_whole(json.dumps({"schema": 1, "nodes": raw}))
    check_whole(json.dumps({"schema": 1, "nodes": {"1": raw}, "subgraphs": raw}))


@EXAMPLES
@given(st.binary(max_size=200) | st.text(st.characters(), max_size=200))
def test_bytes_and_text_of_any_kind_are_refused_or_read(raw: bytes | str) -> None:
    check_whole(raw)


@EXAMPLES
@given(DOCUMENTS, st.data())
def test_a_damaged_file_is_refused_or_read(raw: dict[str, Any], data: st.DataObject) -> None:
    text = bytearray(json.dumps(raw).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    check_whole(bytes(text))


# ---------------------------------------------------------------- one known fault in a sound graph


@st.composite
def sound_graphs(draw: st.DrawFn) -> Prompt:
    """A graph of nodes that each link to earlier ones, every one of them pulled by an output."""
    size = draw(st.integers(1, 25))
    prompt: Prompt = {"0": Step("make", 1, {"width": draw(st.integers(8, 4096))})}
    for number in range(1, size):
        earlier = st.builds(lambda n: Link(str(n), "result"), st.integers(0, number - 1))
        kind = draw(st.sampled_from(["make", "blend", "blur", "join", "choose", "flip"]))
        inputs: dict[str, Any] = {}
        if kind == "blend":
            inputs = {"base": draw(earlier), "overlay": draw(earlier), "factor": draw(st.floats(0, 1))}
        elif kind == "blur":
            inputs = {"image": draw(earlier), "radius": 2}
        elif kind == "join":
            inputs = {f"images.{n}": draw(earlier) for n in range(draw(st.integers(1, 3)))}
        elif kind == "choose":
            inputs = {"first": draw(st.booleans()), "a": draw(earlier), "b": draw(earlier)}
        elif kind == "flip":
            inputs = {"value": draw(earlier)}
        prompt[str(number)] = Step(kind, 2 if kind == "blend" else 1, inputs)
    prompt["out"] = Step("join", 1, {f"images.{n}": Link(str(n), "result") for n in range(size)})
    prompt["save"] = Step("save", 1, {"image": Link("out", "result"), "format": "PNG", "format.compress": 3})
    prompt["mask"] = Step("load", 1, {"file": "x"})
    prompt["number"] = Step("count")
    return prompt


def links_of(prompt: Prompt) -> list[tuple[str, str]]:
    return [(id, name) for id, step in prompt.items() for name, value in step.inputs.items() if isinstance(value, Link)]


def at(problems: list[Problem], node: str, input: str) -> bool:
    return any((problem.node, problem.input, problem.level) == (node, input, "error") for problem in problems)


@EXAMPLES
@given(sound_graphs(), st.data())
def test_a_link_that_does_not_fit_is_reported_at_its_input(prompt: Prompt, data: st.DataObject) -> None:
    assert validate(prompt, CATALOGUE) == []
    node, input = data.draw(st.sampled_from(links_of(prompt)))
    wrong = data.draw(st.sampled_from([Link("number", "result"), Link("ghost", "x"), Link("0", "y"), Link("", "")]))
    single = prompt[node].type != "choose"  # its two inputs share one type: either of them may be the odd one
    prompt[node].inputs[input] = wrong
    problems = validate(prompt, CATALOGUE)
    assert at(problems, node, input) or (not single and any(problem.level == "error" for problem in problems))


@EXAMPLES
@given(sound_graphs(), st.data())
def test_a_link_that_closes_a_circle_is_reported_on_that_circle(prompt: Prompt, data: st.DataObject) -> None:
    node, input = data.draw(st.sampled_from([place for place in links_of(prompt) if place[0] != "save"]))
    above = downstream(prompt, node)
    prompt[node].inputs[input] = Link(data.draw(st.sampled_from(sorted(above - {"save"}))), "result")
    circle = downstream(prompt, node)
    found = [problem for problem in validate(prompt, CATALOGUE) if "circle" in problem.what]
    assert found and all(problem.node in circle and problem.level == "error" for problem in found)


def downstream(prompt: Prompt, start: str) -> set[str]:
    """The node and everything that depends on it."""
    found = {start}
    while True:
        more = {
            id
            for id, step in prompt.items()
            if any(isinstance(value, Link) and value.node in found for value in step.inputs.values())
        }
        if more <= found:
            return found
        found |= more


@EXAMPLES
@given(sound_graphs(), st.data())
def test_a_constant_that_does_not_fit_is_reported_at_its_input(prompt: Prompt, data: st.DataObject) -> None:
    known = {("make", "width"), ("blend", "factor"), ("choose", "first"), ("save", "format.compress")}
    constants = [(id, name) for id, step in prompt.items() for name in step.inputs if (step.type, name) in known]
    node, input = data.draw(st.sampled_from(constants))
    wrong = [float("nan"), float("inf"), 10**400, -1, "20", None, [1], {"a": 1}, 99999]
    prompt[node].inputs[input] = data.draw(st.sampled_from(wrong))
    assert at(validate(prompt, CATALOGUE), node, input)


@EXAMPLES
@given(sound_graphs(), st.data())
def test_a_required_input_taken_away_is_reported_at_its_name(prompt: Prompt, data: st.DataObject) -> None:
    required = [
        (id, found.name)
        for id, step in prompt.items()
        for found in CATALOGUE.nodes[step.type].inputs
        if found.required and found.name in step.inputs and id != "mask"
    ]
    node, input = data.draw(st.sampled_from(required))
    del prompt[node].inputs[input]
    assert at(validate(prompt, CATALOGUE), node, input)


@EXAMPLES
@given(sound_graphs(), st.data())
def test_a_type_nobody_knows_is_reported_at_its_node(prompt: Prompt, data: st.DataObject) -> None:
    node = data.draw(st.sampled_from([id for id in prompt if id not in ("mask", "number")]))
    prompt[node] = Step("nobody/knows", 1, prompt[node].inputs)
    assert at(validate(prompt, CATALOGUE), node, "")
