"""The document: what is read, what survives, what is refused and how."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from server.graph.migrate import migrate
from server.graph.reading import MAX_BYTES
from server.graph.workflow import WorkflowError, dump, json_schema, load
from tests.graph.sample_nodes import document, link

SCHEMA = Path(__file__).parents[2] / "workflows" / "workflow.schema.json"


def refused(raw: Any) -> WorkflowError:
    with pytest.raises(WorkflowError) as error:
        load(raw)
    assert error.value.what and len(str(error.value)) < 1000
    return error.value


# ---------------------------------------------------------------- what survives


def test_unknown_keys_and_node_types_survive_a_round_trip() -> None:
    whole = document(
        {
            "1": {
                "type": "otherpack/strange",
                "version": 12,
                "inputs": {
                    "a": {"link": ["2", "x"], "value": 3, "hint": [1]},
                    "b": {"value": {"c": None}},
                    "l": [1, [2]],
                },
                "position": [1.5, -2],
                "badge": {"new": True},
            }
        },
        id="0b1c",
        title="Täst ☃",
        frames={"f": {"title": "F", "position": [0, 0], "size": [1, 1], "glow": 2}},
        notes={"n": {"text": "# hi"}},
        subgraphs={"s": {"nodes": {"i": {"type": "x"}}, "inputs": {"a": {"type": "Image", "more": 1}}, "later": []}},
        form={"fields": ["1.a"]},
        extra={"theirs": {"deep": [{"a": 1}]}},
        tomorrow={"x": [None, True, 1.5, "ü"]},
    )
    assert load(whole).raw == whole
    assert json.loads(dump(load(json.dumps(whole)))) == whole


def test_equal_documents_give_equal_bytes() -> None:
    one = '{"schema": 1, "nodes": {"b": {"type": "x", "inputs": {"p": 7.0}}, "a": {"type": "y"}}}'
    other = '{"nodes":{"a":{"type":"y"},"b":{"inputs":{"p":7},"type":"x"}},"schema":1}'
    assert dump(load(one)) == dump(load(other)) == dump(load(dump(load(one))))


def test_what_is_left_out_takes_its_default() -> None:
    workflow = load(document({"a": {"type": "x"}}))
    node = workflow.nodes["a"]
    assert (workflow.id, workflow.title, node.version, node.mode, node.inputs) == ("", "", 1, "run", {})


def test_the_caller_s_data_is_not_changed() -> None:
    given = document({"a": {"type": "x", "inputs": {"n": float("nan"), "i": 2**60}}})
    load(given)
    assert given["nodes"]["a"]["inputs"]["i"] == 2**60


@pytest.mark.parametrize("id", ["__proto__", "constructor", "", " ", "a/b", "日本", "x" * 100_000, "\u202e", "\0"])
def test_any_text_can_be_an_id_or_a_title(id: str) -> None:
    given = document({id: {"type": "x", "title": id, "inputs": {id: link(id, id)}}}, title=id, id=id)
    assert load(json.dumps(given)).raw == given


# ---------------------------------------------------------------- numbers and characters JSON readers disagree on


def test_integers_beyond_what_javascript_keeps_become_strings_of_digits() -> None:
    numbers = '{"s": 18446744073709551615, "t": 9007199254740991, "u": -9007199254740992}'
    inputs = load(f'{{"schema": 1, "nodes": {{"a": {{"type": "x", "inputs": {numbers}}}}}}}').raw["nodes"]["a"][
        "inputs"
    ]
    assert inputs == {"s": "18446744073709551615", "t": 9007199254740991, "u": "-9007199254740992"}
    assert load(document({"a": {"type": "x", "inputs": {"s": 2**64}}})).raw["nodes"]["a"]["inputs"] == {"s": str(2**64)}


def test_numbers_that_are_not_finite_are_kept_as_words_for_validation_to_report() -> None:
    raw = '{"schema":1,"nodes":{"a":{"type":"x","inputs":{"a":NaN,"b":-Infinity,"c":1e400,"d":1%s}}}}' % ("0" * 5000)
    inputs = load(raw).raw["nodes"]["a"]["inputs"]
    assert (inputs["a"], inputs["b"], inputs["c"], len(inputs["d"])) == ("NaN", "-Infinity", "Infinity", 5001)
    assert b"NaN" in dump(load(raw))


def test_half_characters_are_replaced_as_a_browser_would() -> None:
    workflow = load('{"schema":1,"title":"\\ud83d\\ude00 \\ud83d","nodes":{"\\ude00":{"type":"x"}}}')
    assert (workflow.title, list(workflow.nodes)) == ("😀 \ufffd", ["\ufffd"])
    dump(workflow).decode()


def test_two_ids_do_not_become_one_through_half_characters() -> None:
    assert "twice" in refused('{"schema":1,"nodes":{"\\ud800":{"type":"x"},"\\ud801":{"type":"x"}}}').what


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "line 1, column 2"),
        (b'{"schema": 1,}', "line 1"),
        (b"\xff\xfe\xfa", "not UTF-8"),
        (b"\x89\x00\x01", "not UTF-8"),
        (b"[]", "JSON object"),
        (b"3", "JSON object"),
        (b'"x"', "JSON object"),
        (b"NaN", "JSON object"),
        (b"{}", "no 'schema'"),
        (b'{"schema": "1"}', "whole number"),
        (b'{"schema": true}', "whole number"),
        (b'{"schema": 0}', "no schema 0"),
        (b'{"schema": 2}', "newer version of Latent Loom"),
        (b'{"schema": 1e400}', "whole number"),
        (b'{"schema": 1, "schema": 1}', 'The key "schema" stands twice'),
        (b'{"schema": 1, "nodes": {"a": {"type": "x"}, "a": {"type": "y"}}}', 'The key "a" stands twice'),
        (b'{"schema": 1, "nodes": []}', "'nodes'"),
        (b'{"schema": 1, "nodes": {"7": {}}}', "node '7': there is no type"),
        (b'{"schema": 1, "nodes": {"7": 3}}', "node '7': expected object"),
        (b'{"schema": 1, "nodes": {"7": {"type": 3}}}', "node '7': 'type'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "mode": "sleep"}}}', "node '7': 'mode'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "version": 0}}}', "node '7': 'version'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "inputs": []}}}', "node '7': 'inputs'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "position": [1]}}}', "node '7': 'position'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "position": [1e999, 0]}}}', "node '7': 'position[0]'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "inputs": {"a": {"link": "8"}}}}}', "node '7', input 'a'"),
        (b'{"schema": 1, "nodes": {"7": {"type": "x", "inputs": {"a": {"link": [8, "r"]}}}}}', "node '7', input 'a'"),
        (b'{"schema": 1, "subgraphs": {"s": {"nodes": {"7": {}}}}}', "subgraph 's', node '7'"),
        (b'{"schema": 1, "title": 3}', "'title'"),
    ],
)
def test_a_malformed_document_is_refused_with_the_place(raw: bytes, words: str) -> None:
    error = refused(raw)
    assert words in error.what and error.fix and error.status == 400


def test_every_structural_fault_is_named_at_once() -> None:
    what = refused(
        document({"a": {}, "b": 3, "c": {"type": "x", "inputs": {"p": {"link": 1}, "q": {"link": []}}}})
    ).what
    assert all(place in what for place in ("node 'a'", "node 'b'", "input 'p'", "input 'q'"))


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"a":' * 100_000, b'{"schema":1,"extra":' + b"[" * 500 + b"]" * 500 + b"}"]
)
def test_depth_ends_in_words(raw: bytes) -> None:
    assert "levels deep" in refused(raw).what


def test_python_data_with_a_loop_in_it_ends_in_words() -> None:
    loop: dict[str, Any] = {"schema": 1}
    loop["a"], loop["b"] = loop, loop
    deep: dict[str, Any] = {"schema": 1}
    inner = deep
    for _ in range(100_000):
        inner["x"] = {}
        inner = inner["x"]
    assert refused(loop).status == refused(deep).status == 400
    while deep:  # taken apart by hand: dropping it whole would recurse
        deep = deep.pop("x", {})


def test_python_data_that_is_not_json_ends_in_words() -> None:
    assert "JSON" in refused({"schema": 1, "extra": {"a": object()}}).what


def test_too_large_is_413() -> None:
    assert refused(b" " * (MAX_BYTES + 1)).status == 413
    assert refused(b"{}," * 7_000_000).status == 413
    assert refused({"schema": 1, "nodes": {str(n): {"type": "x"} for n in range(100_001)}}).status == 413


def test_a_file_from_windows_may_begin_with_a_mark_or_be_utf_16() -> None:
    text = '{"schema": 1, "title": "ü"}'
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16"), "\ufeff" + text):
        assert load(raw).title == "ü"


# ---------------------------------------------------------------- other programs


@pytest.mark.parametrize(
    "raw",
    [
        '{"last_node_id": 9, "nodes": [{"id": 1, "type": "KSampler", "pos": [0, 0]}], "links": [], "version": 0.4}',
        '{"nodes": [{"type": "KSampler", "widgets_values": [1]}], "id": "x", "version": 1}',
        '{"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}',
        '{"prompt": {"3": {"class_type": "KSampler", "inputs": {}}}, "client_id": "x"}',
    ],
)
def test_comfyui_files_are_told_by_name(raw: str) -> None:
    error = refused(raw)
    assert "ComfyUI" in error.what and "not possible yet" in error.fix


def test_automatic1111_parameters_are_told_by_name() -> None:
    text = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: x"
    error = refused(text)
    assert "AUTOMATIC1111" in error.what and "not possible yet" in error.fix


# ---------------------------------------------------------------- versions and schema


def test_old_documents_go_through_every_step_in_turn() -> None:
    steps = {
        1: lambda tree: {**tree, "title": tree["name"]},
        2: lambda tree: {**tree, "title": tree["title"].upper()},
    }
    assert migrate({"schema": 1, "name": "x"}, steps, 3) == {"schema": 3, "name": "x", "title": "X"}
    assert migrate({"schema": 2, "title": "y"}, steps, 3) == {"schema": 3, "title": "Y"}
    assert migrate({"schema": 3}, steps, 3) == {"schema": 3}


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_bytes() == json_schema(), "write it anew: python -m tests.graph.test_workflow"


def test_the_published_schema_takes_what_we_write_and_refuses_what_load_refuses() -> None:
    schema = json.loads(SCHEMA.read_bytes())
    inputs = {"a": link("2"), "b": {"value": {"c": 1}}, "d": [1], "e": None, "f": True, "g": 1.5, "h": "x"}
    node = {"type": "x", "version": 2, "inputs": inputs, "position": [0, 1.5], "size": None, "after": {"s": "random"}}
    jsonschema.validate(document({"1": node}, subgraphs={"s": {"inputs": {"a": {"type": "int"}}}}, new=1), schema)
    for wrong in ({}, document({"1": {}}), document({"1": {"type": "x", "inputs": {"a": {"link": [1, 2]}}}})):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


if __name__ == "__main__":
    SCHEMA.write_bytes(json_schema())
