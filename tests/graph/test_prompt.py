"""From the drawn workflow to the graph that runs: what is resolved, what is left out, what is said about it."""

from typing import Any

import pytest

from server.graph.problems import Problem
from server.graph.prompt import Link, Prompt, Step, decode, encode, from_workflow
from server.graph.workflow import load
from tests.graph.sample_nodes import CATALOGUE, document, link

IMAGE = {"type": "Image"}


def resolve(nodes: dict[str, Any], **more: Any) -> tuple[Prompt, list[Problem]]:
    return from_workflow(load(document(nodes, **more)), CATALOGUE)


def links(prompt: Prompt) -> dict[str, dict[str, Any]]:
    return {id: {n: v for n, v in step.inputs.items() if isinstance(v, Link)} for id, step in prompt.items()}


def places(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return [(problem.node, problem.input, problem.level) for problem in problems]


# ---------------------------------------------------------------- inputs


def test_constants_links_and_boxed_objects_come_through() -> None:
    prompt, problems = resolve(
        {
            "1": {
                "type": "make",
                "title": "Sky",
                "version": 1,
                "inputs": {"width": 64, "l": [1], "o": {"value": {"a": 1}}},
            },
            "2": {"type": "save", "inputs": {"image": {"link": ["1", "result"], "value": 3}}},
        }
    )
    assert prompt == {
        "1": Step("make", 1, {"width": 64, "l": [1], "o": {"a": 1}}, "Sky"),
        "2": Step("save", 1, {"image": Link("1", "result")}),
    }
    assert problems == []


def test_an_object_that_is_neither_link_nor_value_is_a_problem_at_its_input() -> None:
    prompt, problems = resolve({"1": {"type": "make", "inputs": {"width": {"a": 1}, "seed": {}}}})
    assert places(problems) == [("1", "width", "error"), ("1", "seed", "error")]
    assert prompt["1"].inputs == {}


def test_links_to_missing_nodes_stay_for_validation_to_report() -> None:
    prompt, problems = resolve({"1": {"type": "save", "inputs": {"image": link("ghost")}}})
    assert (links(prompt), problems) == ({"1": {"image": Link("ghost", "result")}}, [])


def test_a_prompt_survives_being_sent() -> None:
    prompt = {"a/b": Step("x", 2, {"l": Link("c", "r"), "d": {"link": 1}, "e": [1, None], "f": "ü"}, "T")}
    assert decode(encode(prompt)) == prompt


# ---------------------------------------------------------------- reroutes


def test_reroutes_are_taken_out_however_many() -> None:
    chain = {f"r{n}": {"type": "reroute", "inputs": {"value": link(f"r{n - 1}" if n else "1")}} for n in range(5000)}
    prompt, problems = resolve(
        {"1": {"type": "make"}, **chain, "2": {"type": "save", "inputs": {"image": link("r4999")}}}
    )
    assert (links(prompt), problems) == ({"1": {}, "2": {"image": Link("1", "result")}}, [])


def test_an_open_reroute_is_as_no_link_and_one_with_a_constant_gives_it() -> None:
    prompt, problems = resolve(
        {
            "r": {"type": "reroute"},
            "c": {"type": "reroute", "inputs": {"value": 7}},
            "1": {"type": "make", "inputs": {"width": {"link": ["r", "result"], "value": 99}, "seed": link("c")}},
            "2": {"type": "make", "inputs": {"width": link("r")}},
        }
    )
    assert (prompt["1"].inputs, prompt["2"].inputs, problems) == ({"width": 99, "seed": 7}, {}, [])


def test_reroutes_that_lead_to_each_other_are_a_problem_and_no_hang() -> None:
    _, problems = resolve(
        {
            "r": {"type": "reroute", "inputs": {"value": link("s")}},
            "s": {"type": "reroute", "inputs": {"value": link("r")}},
            "1": {"type": "save", "inputs": {"image": link("r")}},
        }
    )
    assert places(problems) == [("1", "image", "error")]


# ---------------------------------------------------------------- mute


def test_a_muted_node_takes_with_it_what_cannot_do_without_it() -> None:
    prompt, problems = resolve(
        {
            "1": {"type": "make", "mode": "mute", "title": "Sky"},
            "2": {"type": "blur", "inputs": {"image": link("1")}},
            "3": {"type": "save", "inputs": {"image": link("2")}},
            "4": {"type": "make"},
        }
    )
    assert list(prompt) == ["4"]
    assert places(problems) == [("2", "image", "warning"), ("3", "image", "warning")]
    assert "'Sky', which is muted" in problems[0].what


def test_an_optional_input_of_a_muted_node_is_as_never_linked() -> None:
    prompt, problems = resolve(
        {
            "1": {"type": "make"},
            "m": {"type": "load", "mode": "mute", "inputs": {"file": "x"}},
            "w": {"type": "measure", "mode": "mute"},
            "2": {
                "type": "blur",
                "inputs": {
                    "image": link("1"),
                    "mask": link("m", "mask"),
                    "radius": {"link": ["w", "result"], "value": 3.5},
                },
            },
            "3": {"type": "join", "inputs": {"images.0": link("m", "image"), "images.1": link("1")}},
        }
    )
    assert prompt["2"].inputs == {"image": Link("1", "result"), "radius": 3.5}
    assert prompt["3"].inputs == {"images.1": Link("1", "result")}
    assert problems == []


def test_leaving_nodes_out_goes_down_a_long_chain() -> None:
    nodes: dict[str, Any] = {"0": {"type": "make", "mode": "mute"}}
    nodes |= {str(n): {"type": "blur", "inputs": {"image": link(str(n - 1))}} for n in range(1, 5000)}
    prompt, problems = resolve(nodes)
    assert (prompt, len(problems)) == ({}, 4999)


# ---------------------------------------------------------------- bypass


def test_a_bypassed_node_passes_on_its_first_input_of_the_same_type() -> None:
    prompt, _ = resolve(
        {
            "1": {"type": "load", "inputs": {"file": "x"}},
            "2": {"type": "blur", "mode": "bypass", "inputs": {"mask": link("1", "mask"), "image": link("1", "image")}},
            "3": {"type": "save", "inputs": {"image": link("2")}},
        }
    )
    assert links(prompt)["3"] == {"image": Link("1", "image")}
    assert "2" not in prompt


def test_bypass_prefers_the_same_type_and_takes_one_that_fits_else() -> None:
    prompt, _ = resolve(
        {
            "p": {"type": "shoot"},
            "1": {"type": "join", "mode": "bypass", "inputs": {"images.1": link("p"), "images.10": link("x")}},
            "2": {"type": "choose", "mode": "bypass", "inputs": {"first": True, "b": link("p")}},
            "3": {"type": "save", "inputs": {"image": link("1")}},
            "4": {"type": "save", "inputs": {"image": link("2")}},
        }
    )
    assert links(prompt)["3"] == links(prompt)["4"] == {"image": Link("p", "result")}


def test_a_bypassed_node_with_nothing_to_pass_on_counts_as_muted() -> None:
    prompt, problems = resolve(
        {
            "1": {"type": "make", "mode": "bypass"},
            "2": {"type": "strange", "mode": "bypass"},
            "3": {"type": "save", "inputs": {"image": link("1")}},
            "4": {"type": "save", "inputs": {"image": link("2")}},
        }
    )
    assert (prompt, places(problems)) == ({}, [("3", "image", "warning"), ("4", "image", "warning")])


def test_a_bypassed_output_is_simply_not_there() -> None:
    prompt, problems = resolve(
        {"1": {"type": "make"}, "2": {"type": "save", "mode": "bypass", "inputs": {"image": link("1")}}}
    )
    assert (list(prompt), problems) == (["1"], [])


# ---------------------------------------------------------------- subgraphs

SOFTEN = {
    "title": "Soften",
    "inputs": {"picture": IMAGE, "radius": {"type": "float", "default": 2.5}},
    "outputs": {"soft": IMAGE},
    "nodes": {
        "in": {"type": "subgraph_input"},
        "b": {"type": "blur", "inputs": {"image": link("in", "picture"), "radius": link("in", "radius")}},
        "out": {"type": "subgraph_output", "inputs": {"soft": link("b")}},
    },
}


def test_an_instance_becomes_its_nodes_with_ids_outer_inner() -> None:
    prompt, problems = resolve(
        {
            "1": {"type": "make"},
            "s": {"type": "subgraph:soften", "inputs": {"picture": link("1")}},
            "t": {"type": "subgraph:soften", "inputs": {"picture": link("s", "soft"), "radius": 9}},
            "2": {"type": "save", "inputs": {"image": link("t", "soft")}},
        },
        subgraphs={"soften": SOFTEN},
    )
    assert problems == []
    assert prompt == {
        "1": Step("make"),
        "2": Step("save", 1, {"image": Link("t/b", "result")}),
        "s/b": Step("blur", 1, {"image": Link("1", "result"), "radius": 2.5}),
        "t/b": Step("blur", 1, {"image": Link("s/b", "result"), "radius": 9}),
    }


def test_instances_inside_subgraphs_nest() -> None:
    outer = {
        "inputs": {"x": IMAGE},
        "outputs": {"y": IMAGE},
        "nodes": {
            "in": {"type": "subgraph_input"},
            "i": {"type": "subgraph:soften", "inputs": {"picture": link("in", "x")}},
            "out": {"type": "subgraph_output", "inputs": {"y": link("i", "soft")}},
        },
    }
    prompt, problems = resolve(
        {
            "1": {"type": "make"},
            "o": {"type": "subgraph:outer", "inputs": {"x": link("1")}},
            "2": {"type": "save", "inputs": {"image": link("o", "y")}},
        },
        subgraphs={"outer": outer, "soften": SOFTEN},
    )
    assert problems == []
    assert links(prompt)["2"] == {"image": Link("o/i/b", "result")}
    assert links(prompt)["o/i/b"] == {"image": Link("1", "result")}


@pytest.mark.parametrize("mode", ["mute", "bypass"])
def test_an_instance_can_be_muted_and_bypassed_like_any_node(mode: str) -> None:
    prompt, _ = resolve(
        {
            "1": {"type": "make"},
            "s": {"type": "subgraph:soften", "mode": mode, "inputs": {"picture": link("1")}},
            "2": {"type": "save", "inputs": {"image": link("s", "soft")}},
        },
        subgraphs={"soften": SOFTEN},
    )
    assert links(prompt) == ({"1": {}} if mode == "mute" else {"1": {}, "2": {"image": Link("1", "result")}})


def test_a_node_inside_an_instance_can_be_muted() -> None:
    muted = {**SOFTEN, "nodes": {**SOFTEN["nodes"], "b": {"type": "blur", "mode": "mute"}}}  # type: ignore[dict-item]
    prompt, problems = resolve(
        {"s": {"type": "subgraph:soften"}, "2": {"type": "save", "inputs": {"image": link("s", "soft")}}},
        subgraphs={"soften": muted},
    )
    assert (prompt, places(problems)) == ({}, [("2", "image", "warning")])


def test_what_is_wrong_with_an_instance_is_said_at_the_instance() -> None:
    inner = {"nodes": {"i": {"type": "subgraph:self"}}}
    _, problems = resolve(
        {
            "gone": {"type": "subgraph:none"},
            "loop": {"type": "subgraph:self"},
            "odd": {"type": "subgraph:soften", "inputs": {"what": 1}},
            "off": {"type": "subgraph:none", "mode": "mute"},
        },
        subgraphs={"self": inner, "soften": SOFTEN},
    )
    assert places(problems) == [("gone", "", "error"), ("loop", "", "error"), ("odd", "what", "warning")]
    assert "contains itself" in problems[1].what


def test_definitions_that_hold_each_other_are_refused_at_each_instance() -> None:
    a, b = {"nodes": {"i": {"type": "subgraph:b"}}}, {"nodes": {"i": {"type": "subgraph:a"}}}
    c = {"nodes": {"i": {"type": "subgraph:a"}}}
    _, problems = resolve(
        {"x": {"type": "subgraph:a"}, "y": {"type": "subgraph:c"}}, subgraphs={"a": a, "b": b, "c": c}
    )
    assert places(problems) == [("x", "", "error"), ("y", "", "error")]


def test_a_subgraph_bomb_is_counted_and_not_built() -> None:
    definitions = {
        str(n): {"nodes": {str(i): {"type": f"subgraph:{n + 1}" if n < 40 else "make"} for i in range(10)}}
        for n in range(41)
    }
    prompt, problems = resolve({"x": {"type": "subgraph:0"}}, subgraphs=definitions)
    assert (prompt, places(problems)) == ({}, [("", "", "error")])
    assert "100,000 are allowed" in problems[0].what


def test_a_very_deep_nest_is_refused_in_words() -> None:
    definitions = {str(n): {"nodes": {"i": {"type": f"subgraph:{n + 1}"}}} for n in range(20_000)}
    definitions["20000"] = {"nodes": {"i": {"type": "make"}}}
    _, problems = resolve({"x": {"type": "subgraph:0"}}, subgraphs=definitions)
    assert places(problems) == [("x", "", "error")] and "deep" in problems[0].what


def test_an_instance_may_have_an_empty_id_and_edges_of_subgraphs_at_the_top_lead_nowhere() -> None:
    prompt, problems = resolve(
        {
            "": {"type": "subgraph:soften", "inputs": {"picture": link("1")}},
            "1": {"type": "make"},
            "2": {"type": "save", "inputs": {"image": link("", "soft")}},
            "3": {"type": "save", "inputs": {"image": link("edge", "picture")}},
            "edge": {"type": "subgraph_input"},
            "leaving": {"type": "subgraph_output", "inputs": {"soft": link("1")}},
        },
        subgraphs={"soften": SOFTEN},
    )
    assert problems == []
    assert links(prompt)["2"] == {"image": Link("/b", "result")}
    assert links(prompt)["/b"] == {"image": Link("1", "result")}
    assert prompt["3"].inputs == {}


def test_two_nodes_that_would_share_an_id_are_a_problem() -> None:
    _, problems = resolve({"s": {"type": "subgraph:soften"}, "s/b": {"type": "make"}}, subgraphs={"soften": SOFTEN})
    assert places(problems) == [("s/b", "", "error")]
