"""What a key depends on, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.engine.catalogue import Library
from server.engine.failures import RunFailed
from server.engine.plan import make_plan
from server.graph.prompt import Prompt, Step
from tests.engine.running import Bench, Log, link, step
from tests.toys import TOYS, stamp


def keys(prompt: Prompt, library: Library | None = None, folder: Path = Path()) -> dict[str, str]:
    plan = make_plan(prompt, library or Library(TOYS), Log(folder=folder))
    return {planned.id: planned.key for planned in plan}


def key_of(step: Step, **options: Any) -> str:
    """The key of one node that an output shows."""
    return keys({"n": step, "out": Step("show", 1, {"value": link("n")})}, **options)["n"]


def test_defaults_count_as_if_they_were_written() -> None:
    assert key_of(step("increase", value=1)) == key_of(step("increase", value=1, by=1))


def test_constants_count_in_the_form_the_schema_gives_them() -> None:
    assert key_of(step("halve", value=2)) == key_of(step("halve", value=2.0))
    assert key_of(step("halve", value=2)) != key_of(step("halve", value=2.5))


def test_ids_and_titles_and_the_order_of_inputs_do_not_count() -> None:
    one = {"a": step("number", value=1), "b": step("larger", a=link("a"), b=2), "o": step("show", value=link("b"))}
    other = {
        "zz": Step("number", 1, {"value": 1}, "Another title"),
        "yy": step("larger", b=2, a=link("zz")),
        "o": step("show", value=link("yy")),
    }
    assert list(keys(one).values()) == list(keys(other).values())


def test_which_output_a_link_takes_counts() -> None:
    def prompt(output: str) -> Prompt:
        taken = link("s", output)
        return {"s": step("add", a=1), "n": step("increase", value=taken), "o": step("show", value=link("n"))}

    assert keys(prompt("total"))["n"] != keys(prompt("negated"))["n"]


def test_a_change_far_above_changes_every_key_below() -> None:
    def prompt(value: int) -> Prompt:
        chain = {f"n{at}": step("increase", value=link(f"n{at - 1}")) for at in range(1, 50)}
        return {"n0": step("number", value=value), **chain, "o": step("show", value=link("n49"))}

    before, after = keys(prompt(1)), keys(prompt(2))
    assert all(before[id] != after[id] for id in before)


@pytest.mark.parametrize("library", [Library(TOYS, device="cuda"), Library(TOYS, dtype="float16")])
def test_device_and_dtype_count(library: Library) -> None:
    assert key_of(step("number")) != key_of(step("number"), library=library)


def test_the_source_and_the_version_of_a_node_count() -> None:
    toy = TOYS["number"]
    edited = replace(toy, source_digest="another")
    newer = replace(toy, schema=replace(toy.schema, version=2))
    found = {key_of(step("number"), library=Library({**TOYS, "number": one})) for one in (toy, edited, newer)}
    assert len(found) == 3


def test_the_content_of_a_file_counts_and_not_its_name(tmp_path: Path) -> None:
    for name, text in (("a.toy", "same"), ("b.toy", "same"), ("c.toy", "other")):
        (tmp_path / name).write_text(text)
    a, b, c = (key_of(step("read_file", file=f"{name}.toy"), folder=tmp_path) for name in "abc")
    assert a == b != c


async def test_a_renamed_file_reads_it_again_but_reruns_nothing_after_it(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "old.toy").write_text("text")

    def prompt(name: str) -> Prompt:
        return {
            "file": step("read_file", file=name),
            "after": step("join", texts__0=link("file")),
            "out": step("save", value=link("after"), name=f"{name}.txt"),
        }

    await bench.run(prompt("old.toy"))
    (tmp_path / "old.toy").rename(tmp_path / "new.toy")
    assert (await bench.run(prompt("new.toy"))).ran == ["out"]


def test_a_missing_file_is_named_with_its_input() -> None:
    with pytest.raises(RunFailed) as failed:
        key_of(step("read_file", file="none.toy"))
    assert (failed.value.fault.node, failed.value.fault.input) == ("n", "file")


def test_a_node_that_is_never_cached_and_all_after_it_have_new_keys_every_time() -> None:
    prompt = {
        "draw": step("draw"),
        "after": step("increase", value=link("draw")),
        "beside": step("number", value=1),
        "a": step("show", value=link("after")),
        "b": step("show", value=link("beside")),
    }
    first, second = keys(prompt), keys(prompt)
    assert first["beside"] == second["beside"]
    assert first["draw"] != second["draw"] and first["after"] != second["after"]


def test_a_fingerprint_joins_the_key() -> None:
    before = key_of(step("weather"))
    stamp["value"] = 2
    assert key_of(step("weather")) != before


def test_a_value_that_an_input_does_not_take_is_refused_with_its_name() -> None:
    with pytest.raises(RunFailed) as failed:
        key_of(step("number", value="many"))
    assert (failed.value.fault.node, failed.value.fault.input) == ("n", "value")
