"""Every fault is reported, at its node and input, with what to do, and all of them at once."""

from typing import Any

import pytest

from server.graph.catalogue import BrokenPack, from_nodes
from server.graph.problems import Problem
from server.graph.prompt import Link, Prompt, Step
from server.graph.validate import validate
from tests.graph.sample_nodes import CATALOGUE, NODES


def sound() -> Prompt:
    """A prompt without a fault that uses every kind of input."""
    return {
        "file": Step("load", 1, {"file": "sd.safetensors"}),
        "make": Step("make", 1, {"width": 512, "seed": "18446744073709551615"}),
        "photo": Step("shoot"),
        "count": Step("count"),
        "mix": Step(
            "blend",
            2,
            {
                "base": Link("make", "result"),
                "overlay": Link("photo", "result"),
                "mask": Link("file", "mask"),
                "factor": Link("count", "result"),
                "mode": "multiply",
                "times": 2,
                "text": "ü",
                "invert": True,
            },
        ),
        "join": Step("join", 1, {"images.0": Link("mix", "result"), "images.1": Link("file", "image"), "gap": 4}),
        "choose": Step("choose", 1, {"first": True, "a": Link("join", "result"), "b": Link("photo", "result")}),
        "flip": Step("flip", 1, {"value": Link("choose", "result")}),
        "save": Step(
            "save",
            1,
            {
                "image": Link("flip", "result"),
                "format": "JPEG",
                "format.quality": 90,
                "format.watermark": Link("make", "result"),
            },
        ),
    }


def check(prompt: Prompt, **more: Any) -> list[Problem]:
    return validate(prompt, CATALOGUE, **more)


def places(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return [(problem.node, problem.input, problem.level) for problem in problems]


def changed(node: str, input: str, value: Any) -> Prompt:
    """The sound prompt with one input set to something else."""
    prompt = sound()
    prompt[node].inputs[input] = value
    return prompt


def test_a_sound_prompt_has_no_problems() -> None:
    assert check(sound()) == []


FAULTS: list[tuple[str, str, Any, str]] = [
    ("mix", "base", Link("ghost", "result"), "node ghost, which does not exist"),
    ("mix", "base", Link("file", "picture"), "output 'picture' of Load (node file), which does not exist"),
    ("mix", "base", Link("count", "wrong"), "output 'wrong' of Count (node count), which does not exist"),
    ("mix", "base", Link("file", "mask"), "takes Image, but is linked to Mask"),
    ("mix", "base", Link("count", "result"), "takes Image, but is linked to int"),
    ("mix", "mask", Link("make", "result"), "takes Mask, but is linked to Image"),
    ("mix", "text", Link("count", "result"), "takes str, but is linked to int"),
    ("mix", "base", 3, "takes Image"),
    ("mix", "base", None, "is empty"),
    ("mix", "factor", 1.5, "more than 1"),
    ("mix", "factor", -0.1, "less than 0"),
    ("mix", "factor", float("nan"), "not a finite number"),
    ("mix", "factor", float("inf"), "not a finite number"),
    ("mix", "factor", "NaN", "not a finite number"),
    ("mix", "factor", "0.5", "takes a number"),
    ("mix", "mode", "screen", "not among its choices"),
    ("mix", "times", 3, "not among its choices"),
    ("mix", "times", "1", "not among its choices"),
    ("mix", "times", True, "not among its choices"),
    ("mix", "invert", 1, "takes true or false"),
    ("mix", "text", 5, "takes text"),
    ("mix", "text", "\ud800", "half a character"),
    ("make", "width", 7, "less than 8"),
    ("make", "width", 5000, "more than 4096"),
    ("make", "width", "64", "takes a whole number"),
    ("make", "width", True, "takes a whole number"),
    ("make", "width", 64.5, "whole numbers"),
    ("make", "width", 10**400, "too large"),
    ("make", "width", "1" + "0" * 400, "too large"),
    ("make", "width", [64], "takes a whole number"),
    ("make", "width", {"a": 1}, "takes a whole number"),
    ("make", "seed", -1, "less than 0"),
    ("make", "seed", 2**64, "too large"),
    ("join", "images.1", Link("file", "mask"), "takes Image, but is linked to Mask"),
    ("join", "images.0", 3, "takes Image"),
    ("file", "file", "../secret", "no file name inside its folder"),
    ("file", "file", "", "names no file"),
    ("choose", "b", Link("file", "mask"), "linked to Mask, but another input of the same type to Image"),
    ("flip", "value", Link("count", "result"), "takes Image or Mask, but is linked to int"),
    ("save", "format", "GIF", "not among its choices"),
    ("save", "format", Link("count", "result"), "cannot be linked"),
    ("save", "format.quality", 101, "more than 100"),
    ("save", "format.watermark", Link("file", "mask"), "takes Image, but is linked to Mask"),
]


@pytest.mark.parametrize(("node", "input", "value", "words"), FAULTS)
def test_a_fault_is_reported_at_its_node_and_input(node: str, input: str, value: Any, words: str) -> None:
    (problem,) = check(changed(node, input, value))
    assert (problem.node, problem.input, problem.level) == (node, input, "error")
    assert words in problem.what and problem.fix and len(problem.what) < 250


@pytest.mark.parametrize(
    ("node", "input"),
    [("mix", "base"), ("file", "file"), ("choose", "a"), ("choose", "first"), ("save", "format.quality")],
)
def test_a_missing_required_input_is_reported(node: str, input: str) -> None:
    prompt = sound()
    del prompt[node].inputs[input]
    (problem,) = check(prompt)
    assert (problem.node, problem.input, problem.level) == (node, input, "error") and "is missing" in problem.what


def test_inputs_of_a_choice_not_taken_are_no_problem() -> None:
    assert check(changed("save", "format", "PNG")) == []


def test_all_faults_are_reported_at_once() -> None:
    prompt = sound()
    seen: set[tuple[str, str]] = set()
    for node, input, value, _ in FAULTS:
        if (node, input) not in seen and (node, input) != ("save", "format"):
            prompt[node].inputs[input] = value
            seen.add((node, input))
    assert {(problem.node, problem.input) for problem in check(prompt)} >= seen


def test_unknown_node_types_are_errors_with_a_suggestion() -> None:
    prompt = sound()
    prompt["mix"] = Step("blended", 1, prompt["mix"].inputs)
    (problem,) = check(prompt)
    assert (problem.node, problem.input, problem.level) == ("mix", "", "error")
    assert "Did you mean blend?" in problem.fix


def test_an_unknown_node_of_a_broken_pack_points_to_its_traceback() -> None:
    catalogue = from_nodes(NODES, [BrokenPack("curly", "__init__.py", "Traceback …")])
    problems = validate({"x": Step("curly/curl")}, catalogue)
    assert places(problems) == [("x", "", "error")] and "loom nodes" in problems[0].fix


def test_links_of_unknown_nodes_are_still_checked_for_their_other_end() -> None:
    prompt = {
        "x": Step("strange", 1, {"a": Link("ghost", "r"), "b": 3}),
        "out": Step("show", 1, {"value": Link("x", "any")}),
    }
    assert places(check(prompt)) == [("x", "", "error"), ("x", "a", "error")]


def test_unknown_inputs_are_kept_with_a_warning() -> None:
    prompt = sound()
    for name in ("wat", "base.0", "format.zoom", "images.0"):
        prompt["mix"].inputs[name] = 3
    for name in ("images", "images.01", "images.x", "images.-1", "images.9999999", "images."):
        prompt["join"].inputs[name] = 1
    problems = check(prompt)
    assert len(problems) == 10 and {problem.level for problem in problems} == {"warning"}
    assert "kept" in problems[0].what


def test_a_gap_among_growing_inputs_is_a_warning_at_the_one_after_it() -> None:
    prompt = sound()
    prompt["join"].inputs["images.3"] = prompt["join"].inputs.pop("images.1")
    (problem,) = check(prompt)
    assert (problem.node, problem.input, problem.level) == ("join", "images.3", "warning")
    assert "'join" not in problem.what and "images.1" in problem.what


def test_a_node_saved_by_a_newer_version_is_a_warning() -> None:
    prompt = sound()
    prompt["make"] = Step("make", 9, prompt["make"].inputs)
    (problem,) = check(prompt)
    assert (problem.node, problem.input, problem.level) == ("make", "", "warning") and "version 9" in problem.what


def test_what_an_old_version_called_otherwise_does_not_stop_the_run() -> None:
    old = {"under": Link("photo", "result"), "overlay": Link("make", "result")}
    prompt = {**sound(), "mix": Step("blend", 1, old)}
    assert places(check(prompt)) == [("mix", "under", "warning"), ("mix", "base", "warning")]
    prompt["mix"] = Step("blend", 1, {"overlay": Link("make", "result")})
    assert places(check(prompt)) == [("mix", "base", "error")]


def test_files_are_looked_up_where_a_way_to_is_given() -> None:
    asked: list[tuple[str, str]] = []

    def exists(folder: str, name: str) -> bool:
        asked.append((folder, name))
        return False

    prompt = {
        **sound(),
        "pic": Step("picture", 1, {"file": "a/b.png"}),
        "out": Step("save", 1, {"image": Link("pic", "result")}),
    }
    problems = check(prompt, files=exists)
    assert places(problems) == [("file", "file", "error"), ("pic", "file", "error")]
    assert "models/checkpoints/sd.safetensors is not there" in problems[0].what
    assert asked == [("checkpoints", "sd.safetensors"), ("input", "a/b.png")]


# ---------------------------------------------------------------- what is to be run


def test_a_prompt_without_an_output_is_an_error() -> None:
    assert places(check({"1": Step("make")})) == [("", "", "error")]
    assert places(check({})) == [("", "", "error")]


def test_problems_on_nodes_that_no_output_pulls_are_warnings() -> None:
    prompt = {
        **sound(),
        "stray": Step("make", 1, {"width": 1}),
        "odd": Step("strange", 1, {"a": Link("stray", "result")}),
    }
    assert sorted(places(check(prompt))) == [("odd", "", "warning"), ("stray", "width", "warning")]


def test_an_unknown_node_where_the_output_should_be_is_an_error() -> None:
    prompt = {"1": Step("make"), "2": Step("save_imgae", 1, {"image": Link("1", "result")})}
    assert places(check(prompt)) == [("2", "", "error")]


def test_targets_are_run_instead_of_the_outputs() -> None:
    prompt = {**changed("mix", "factor", 3), "side": Step("make", 1, {"width": 1})}
    assert places(check(prompt, targets=["make"])) == [("mix", "factor", "warning"), ("side", "width", "warning")]
    assert ("side", "width", "error") in places(check(prompt, targets=["side"]))
    assert ("gone", "", "error") in places(check(prompt, targets=["gone"]))
    assert ("", "", "error") in places(check(prompt, targets=[]))


def test_a_target_that_is_a_subgraph_stands_for_the_outputs_in_it() -> None:
    prompt = {"s/make": Step("make"), "s/save": Step("save", 1, {"image": Link("s/make", "result")}), "t": Step("save")}
    assert places(check(prompt, targets=["s"])) == [("t", "image", "warning")]


# ---------------------------------------------------------------- cycles


def cycle_problems(prompt: Prompt) -> list[Problem]:
    return [problem for problem in check(prompt) if "circle" in problem.what]


def test_a_cycle_is_named_once_at_the_link_that_closes_it() -> None:
    (problem,) = cycle_problems(changed("make", "width", Link("join", "result")))
    assert (problem.node, problem.input, problem.level) == ("make", "width", "error")
    assert "Make (node make) → Blend (node mix) → Join (node join) → Make (node make)" in problem.what


def test_a_node_linked_to_itself_is_a_cycle() -> None:
    (problem,) = check(changed("mix", "base", Link("mix", "result")))
    assert (problem.node, problem.input) == ("mix", "base") and "circle" in problem.what


def test_each_of_several_cycles_is_named_once() -> None:
    prompt = {
        "a": Step("blur", 1, {"image": Link("b", "result")}),
        "b": Step("blur", 1, {"image": Link("a", "result")}),
        "c": Step("blur", 1, {"image": Link("d", "result")}),
        "d": Step("blur", 1, {"image": Link("c", "result")}),
        "out": Step("join", 1, {"images.0": Link("a", "result"), "images.1": Link("c", "result")}),
        "save": Step("save", 1, {"image": Link("out", "result")}),
    }
    assert len(cycle_problems(prompt)) == 2


def test_a_cycle_that_nothing_pulls_is_a_warning() -> None:
    prompt = {**sound(), "x": Step("blur", 1, {"image": Link("x", "result")})}
    assert places(check(prompt)) == [("x", "image", "warning")]


def test_a_very_long_cycle_is_told_in_a_short_sentence() -> None:
    size = 20_000
    prompt = {str(n): Step("blur", 1, {"image": Link(str((n + 1) % size), "result")}) for n in range(size)}
    prompt["save"] = Step("save", 1, {"image": Link("0", "result")})
    (problem,) = check(prompt)
    assert "…" in problem.what and len(problem.what) < 300


# ---------------------------------------------------------------- size

SIZE = 10_000


def chain() -> Prompt:
    steps = {
        str(n): Step("choose", 1, {"first": True, **dict.fromkeys("ab", Link(str(n - 1), "result"))})
        for n in range(1, SIZE)
    }
    return {"0": Step("make"), **steps, "out": Step("show", 1, {"value": Link(str(SIZE - 1), "result")})}


def ladder() -> Prompt:
    prompt = {"a0": Step("make"), "b0": Step("make")}
    for n in range(1, SIZE // 2):
        below = {"base": Link(f"a{n - 1}", "result"), "overlay": Link(f"b{n - 1}", "result")}
        prompt |= {f"a{n}": Step("blend", 2, below), f"b{n}": Step("blend", 2, dict(below))}
    return {**prompt, "out": Step("save", 1, {"image": Link(f"a{SIZE // 2 - 1}", "result")})}


def star() -> Prompt:
    points = {str(n): Step("save", 1, {"image": Link("middle", "result")}) for n in range(SIZE)}
    return {**points, "middle": Step("join", 1, {f"images.{n}": Link(f"m{n}", "result") for n in range(SIZE)})} | {
        f"m{n}": Step("make") for n in range(SIZE)
    }


@pytest.mark.parametrize("shape", [chain, ladder, star])
def test_large_graphs_of_any_shape_are_checked_whole(shape: Any) -> None:
    prompt = shape()
    assert check(prompt) == []
    last = next(reversed(prompt))
    prompt["wrong"] = Step("save", 1, {"image": Link("ghost", "result")})
    assert places(check(dict(reversed(prompt.items())))) == [("wrong", "image", "error")] and last


@pytest.mark.parametrize("id", ["__proto__", "", "a/b/c", "日本", "x" * 10_000, "\u202e\n"])
def test_any_text_can_be_an_id(id: str) -> None:
    prompt = {id: Step("blur", 1, {"image": Link(id, "result"), id: 1}), "o": Step("save", 1, {"image": Link(id, id)})}
    problems = check(prompt)
    assert {problem.node for problem in problems} == {id, "o"}
    assert all(len(problem.what + problem.fix) < 600 for problem in problems)
