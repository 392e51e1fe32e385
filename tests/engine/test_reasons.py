"""Why a node runs or is reused, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.graph.prompt import Prompt, Step
from tests.engine.running import Bench, link, step
from tests.toys import stamp


def prompt(**changes: Any) -> Prompt:
    return {
        "a": Step("number", 1, {"value": changes.get("value", 20)}, "Steps"),
        "b": Step("larger", 1, {"a": link("a"), "b": 1, "bonus": changes.get("bonus", 0)}),
        "out": step("save", value=link("b"), name="r.txt"),
    }


async def test_the_first_run_says_so(bench: Bench) -> None:
    log = await bench.run(prompt())
    assert set(log.reasons.values()) == {"first run"}


async def test_a_run_that_changes_nothing_says_so(bench: Bench) -> None:
    first = await bench.run(prompt())
    second = await bench.run(prompt(), previous=first.record)
    assert set(second.reasons.values()) == {"unchanged"}


async def test_a_changed_constant_is_named_with_both_values_and_what_follows_names_its_source(bench: Bench) -> None:
    first = await bench.run(prompt())
    second = await bench.run(prompt(value=21), previous=first.record)
    assert second.reasons == {
        "a": "value changed from 20 to 21",
        "b": "a changed (from Steps)",
        "out": "value changed (from Larger)",
    }


async def test_going_back_to_an_earlier_value_says_that_it_was_seen_before(bench: Bench) -> None:
    await bench.run(prompt())
    second = await bench.run(prompt(value=21))
    third = await bench.run(prompt(), previous=second.record)
    assert third.reasons["a"] == "seen before"


async def test_two_changes_are_both_named(bench: Bench) -> None:
    first = await bench.run(prompt())
    second = await bench.run(prompt(value=3, bonus=5), previous=first.record)
    assert second.reasons["b"] == "bonus changed from 0 to 5, a changed (from Steps)"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a b", "c", 'between changed from "a b" to c'),
        ("x" * 200, "y" * 200, "between changed"),
        ("x" * 200, "short", "between changed"),
    ],
)
async def test_texts_are_named_while_they_are_short(bench: Bench, old: str, new: str, expected: str) -> None:
    def joining(between: str) -> Prompt:
        return {"j": step("join", texts__0="1", texts__1="2", between=between), "o": step("show", value=link("j"))}

    first = await bench.run(joining(old))
    assert (await bench.run(joining(new), previous=first.record)).reasons["j"] == expected


async def test_another_source_is_named(bench: Bench) -> None:
    def linked(to: str) -> Prompt:
        return {
            "a": Step("number", 1, {"value": 1}, "First"),
            "b": Step("number", 1, {"value": 2}, "Second"),
            "n": step("increase", value=link(to)),
            "o": step("show", value=link("n")),
        }

    first = await bench.run(linked("a"))
    second = await bench.run(linked("b"), previous=first.record)
    assert second.reasons["n"] == "value is now linked to Second"


async def test_a_changed_file_is_named(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "f.toy").write_text("1")
    reading = {"r": step("read_file", file="f.toy"), "o": step("show", value=link("r"))}
    first = await bench.run(reading)
    (tmp_path / "f.toy").write_text("2")
    assert (await bench.run(reading, previous=first.record)).reasons["r"] == "file changed: f.toy"


async def test_what_is_never_cached_says_so_and_so_does_what_it_feeds(bench: Bench) -> None:
    drawing = {"d": step("draw"), "n": step("increase", value=link("d")), "o": step("show", value=link("n"))}
    first = await bench.run(drawing)
    second = await bench.run(drawing, previous=first.record)
    assert second.reasons["d"] == "never cached"
    assert second.reasons["n"] == "value changed (from Draw)"


async def test_an_output_that_makes_no_file_is_reused_like_any_other(bench: Bench) -> None:
    showing = {"a": step("number"), "o": step("show", value=link("a"))}
    first = await bench.run(showing)
    second = await bench.run(showing, previous=first.record)
    assert second.reasons["o"] == "unchanged"
    assert (first.states["o"], second.states["o"]) == ("done", "cached")


async def test_a_result_that_left_the_cache_says_so(bench: Bench) -> None:
    showing = {"a": step("number"), "o": step("show", value=link("a"))}
    first = await bench.run(showing)
    bench.cache.clear()
    assert (await bench.run(showing, previous=first.record)).reasons["a"] == "no longer in the cache"


async def test_a_fingerprint_that_changed_says_so(bench: Bench) -> None:
    weather = {"w": step("weather"), "o": step("show", value=link("w"))}
    first = await bench.run(weather)
    stamp["value"] = 2
    assert (await bench.run(weather, previous=first.record)).reasons["w"] == "its fingerprint changed"


@pytest.mark.parametrize("record", [{}, {"a": None}, {"a": [1, 2]}, {"a": "?"}, {"a": [1, 2, 3, 4, 5, 6]}])
async def test_a_record_that_cannot_be_read_counts_as_none(bench: Bench, record: dict[str, Any]) -> None:
    assert (await bench.run(prompt(), previous=record)).reasons["a"] == "first run"
