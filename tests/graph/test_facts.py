"""What is known of a result: told by the kinds of the widgets, from the nodes that feed it and no others."""

from __future__ import annotations

from typing import Any

from nodes.api import Input, NodeSchema, Output
from server.graph.facts import Facts, Setting, facts_of
from server.graph.inputs import Tables
from server.graph.steps import Link, Prompt, Step


def schema(id: str, *inputs: Input, is_output: bool = False) -> NodeSchema:
    return NodeSchema(id, id, "", "", 1, inputs, (Output("result", "any"),), is_output)


def widget(name: str, kind: str, default: Any = None, **more: Any) -> Input:
    return Input(name, "any", name.title(), "", default, required=False, widget={"kind": kind, **more})


def socket(name: str) -> Input:
    return Input(name, "any", required=False)


PNG_OR_JPEG = {"PNG": (), "JPEG": (widget("quality", "number", 90),)}
TABLES = Tables(
    {
        one.id: one
        for one in (
            schema("load", widget("file", "model_file", folder="checkpoints")),
            schema("words", widget("text", "text", lines=4), socket("encoder")),
            schema(
                "make", socket("model"), socket("positive"), socket("negative"),
                widget("seed", "seed", 0), widget("steps", "number", 20), widget("sampler", "choices", "euler"),
            ),
            schema("blur", socket("image"), widget("radius", "number", 2)),
            schema("keep", socket("image"), widget("name", "text", "image", lines=1),
                   widget("format", "variant", "PNG", options=PNG_OR_JPEG), is_output=True),
        )
    }
)  # fmt: skip


def prompt(**changes: Step) -> Prompt:
    return {
        "model": Step("load", inputs={"file": "sdxl/base.safetensors"}),
        "good": Step("words", inputs={"text": "a red house", "encoder": Link("model", "result")}),
        "bad": Step("words", inputs={"text": "blurry", "encoder": Link("model", "result")}),
        "make": Step("make", inputs={
            "model": Link("model", "result"), "positive": Link("good", "result"), "negative": Link("bad", "result"),
            "seed": "18446744073709551615",
        }),
        "out": Step("keep", inputs={"image": Link("make", "result"), "name": "house"}),
        **changes,
    }  # fmt: skip


def test_texts_models_seeds_and_settings_are_found_by_the_kind_of_their_widgets() -> None:
    assert facts_of("out", prompt(), TABLES) == Facts(
        ["a red house"],
        ["blurry"],
        ["sdxl/base.safetensors"],
        ["18446744073709551615"],
        [Setting("Steps", "20"), Setting("Sampler", "euler")],
    )


def test_what_feeds_another_result_is_not_a_fact_of_this_one() -> None:
    other = Step("words", inputs={"text": "a green boat"})
    elsewhere = {"other": other, "out2": Step("keep", inputs={"image": Link("other", "result")})}
    assert facts_of("out", prompt(**elsewhere), TABLES) == facts_of("out", prompt(), TABLES)
    assert facts_of("out2", prompt(**elsewhere), TABLES).texts == ["a green boat"]


def test_a_text_that_is_wanted_too_is_not_avoided() -> None:
    both = prompt(bad=Step("blur", inputs={"image": Link("good", "result")}))
    assert (facts_of("out", both, TABLES).texts, facts_of("out", both, TABLES).avoided) == (["a red house"], [])


def test_numbers_of_nodes_that_draw_nothing_are_no_settings() -> None:
    blurred = prompt(out=Step("keep", inputs={"image": Link("blur", "result")}),
                     blur=Step("blur", inputs={"image": Link("make", "result")}))  # fmt: skip
    assert "Radius" not in {setting.title for setting in facts_of("out", blurred, TABLES).settings}


def test_a_text_of_numbers_alone_says_nothing() -> None:
    assert facts_of("out", prompt(good=Step("words", inputs={"text": "1.0, 0.5"})), TABLES).texts == []


def test_unknown_nodes_circles_and_loose_ends_do_no_harm() -> None:
    broken = prompt(
        model=Step("nonsense", inputs={"file": "x", "back": Link("out", "result"), "gone": Link("none", "result")})
    )
    assert facts_of("out", broken, TABLES).models == []
    assert facts_of("none", broken, TABLES) == Facts()


def test_a_chain_longer_than_the_stack_is_walked() -> None:
    chain: Prompt = {"0": Step("words", inputs={"text": "deep"})}
    for number in range(1, 20_000):
        chain[str(number)] = Step("blur", inputs={"image": Link(str(number - 1), "result")})
    assert facts_of("19999", chain, TABLES).texts == ["deep"]
