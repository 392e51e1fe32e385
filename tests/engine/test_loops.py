"""Subgraphs that run more than once: for each item of lists, so many times, or while an output holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.graph.prompt import Prompt, Step
from server.graph.steps import Loop
from tests.engine.running import Bench, Log, link, step
from tests.engine.test_cache import open_cache
from tests.toys import calls, shown


def inside(loop: str, made: Step) -> Step:
    """A step that a loop repeats."""
    return Step(made.type, made.version, made.inputs, made.title, loop)


def loop(id: str, mode: Any, results: dict[str, Any], begins: dict[str, Any], body: Prompt, **said: Any) -> Prompt:
    """A loop with the steps in it; `begins` goes in by the names of its inputs, `results` come out."""
    takes = dict.fromkeys(begins, "any")
    config = Loop(mode, takes=takes, gives=dict.fromkeys(results, "any"), **said)
    return {
        f"{id}/in": Step("subgraph_input", 1, begins, within=id),
        **{name: made if made.within is not None else inside(id, made) for name, made in body.items()},
        id: Step("subgraph_loop", 1, results, "Loop", None, config),
    }


def doubling(times: int, start: Any = 1) -> Prompt:
    body = {"l/sum": step("add", a=link("l/in", "x"), b=link("l/in", "x"))}
    made = loop("l", "repeat", {"x": link("l/sum", "total")}, {"x": start}, body, times=times, carry={"x": "x"})
    return {**made, "out": step("show", value=link("l", "x"))}


async def test_a_repeated_subgraph_carries_what_came_out_into_its_next_time(bench: Bench) -> None:
    log = await bench.run(doubling(5))
    assert log.failure is None
    assert shown == [32]
    assert calls["add"] == 5
    assert log.progressed == [("l", at, 5) for at in range(1, 6)]
    assert (log.states["l"], log.states["l/sum"]) == ("done", "done")


async def test_more_times_reuse_the_times_that_are_as_they_were(bench: Bench) -> None:
    await bench.run(doubling(5))
    await bench.run(doubling(8))
    assert shown == [32, 256]
    assert calls["add"] == 8
    await bench.run(doubling(8, start=2))
    assert shown[-1] == 512
    assert calls["add"] == 16


async def test_what_nothing_changed_in_is_not_run_again_and_says_so(bench: Bench) -> None:
    first = await bench.run(doubling(3))
    log = await bench.run(doubling(3), previous=first.record)
    assert log.ran == []
    assert log.states["l"] == log.states["l/sum"] == "cached"
    assert log.reasons["l"] == "unchanged"


async def test_a_change_inside_is_named(bench: Bench) -> None:
    def prompt(by: int) -> Prompt:
        body = {"l/more": step("increase", value=link("l/in", "x"), by=by)}
        made = loop("l", "repeat", {"x": link("l/more")}, {"x": 0}, body, times=3, carry={"x": "x"})
        return {**made, "out": step("show", value=link("l", "x"))}

    first = await bench.run(prompt(1))
    log = await bench.run(prompt(5), previous=first.record)
    assert shown == [3, 15]
    assert log.reasons["l/more"].startswith("value changed") or "by changed from 1 to 5" in log.reasons["l/more"]
    assert "l/more.by changed from 1 to 5" in log.reasons["l"]


def mapped(last: int, **more: Any) -> Prompt:
    body = {"l/word": step("spell", value=link("l/in", "x"))}
    made = loop("l", "each", {"word": link("l/word")}, {"x": link("list")}, body, lists=("x",))
    return {"list": step("count_to", last=last), **made, "watch": step("watch", value=link("l", "word")), **more}


async def test_each_item_of_a_list_runs_and_the_output_is_a_list(bench: Bench) -> None:
    log = await bench.run(mapped(3))
    assert log.failure is None
    assert shown == ["1", "2", "3"]
    assert log.progressed == [("l", 1, 3), ("l", 2, 3), ("l", 3, 3)]


async def test_an_item_that_was_there_before_is_reused_though_the_list_is_another(bench: Bench) -> None:
    await bench.run(mapped(3))
    await bench.run(mapped(5))
    assert shown == ["1", "2", "3", "1", "2", "3", "4", "5"]
    assert calls["spell"] == 5


async def test_a_list_that_nothing_is_given_to_is_the_one_value_inside(bench: Bench) -> None:
    body = {"l/more": step("increase", value=3)}
    made = loop("l", "each", {"y": link("l/more")}, {}, body, lists=("x",))
    log = await bench.run({**made, "all": step("total", values=link("l", "y")), "out": step("show", value=link("all"))})
    assert log.failure is None, log.failure
    assert shown == [4]


@pytest.mark.parametrize("given", [[], [7], 7, [4, 5, 6]])
async def test_a_list_may_be_a_constant_or_one_value_or_empty(bench: Bench, given: Any) -> None:
    body = {"l/more": step("increase", value=link("l/in", "x"), by=1)}
    made = loop("l", "each", {"y": link("l/more")}, {"x": given}, body, lists=("x",))
    log = await bench.run({**made, "all": step("total", values=link("l", "y")), "out": step("show", value=link("all"))})
    assert log.failure is None, log.failure
    items = given if isinstance(given, list) else [given]
    assert shown == [sum(item + 1 for item in items)]


async def test_lists_are_zipped_and_the_shorter_repeats_its_last(bench: Bench) -> None:
    body = {"l/sum": step("larger", a=link("l/in", "x"), b=link("l/in", "y"), bonus=100)}
    begins = {"x": link("long"), "y": link("short")}
    made = loop("l", "each", {"z": link("l/sum")}, begins, body, lists=("x", "y"))
    lists = {"long": step("count_to", last=4), "short": step("count_to", last=2)}
    await bench.run({**lists, **made, "watch": step("watch", value=link("l", "z"))})
    assert shown == [101, 102, 103, 104]


def until(limit: int, most: int = 100) -> Prompt:
    """Counts up while the count is below `limit`: `left` says how far it is, and 0 is no."""
    body = {
        "l/more": step("increase", value=link("l/in", "x")),
        "l/left": step("larger", a=link("l/less", "negated"), b=0),
        "l/less": step("add", a=link("l/more"), b=-limit),
    }
    results = {"x": link("l/more"), "left": link("l/left")}
    made = loop("l", "while", results, {"x": 0}, body, condition="left", carry={"x": "x"}, most=most)
    return {**made, "out": step("show", value=link("l", "x"))}


async def test_a_loop_goes_on_while_its_condition_holds(bench: Bench) -> None:
    log = await bench.run(until(6))
    assert log.failure is None
    assert shown == [6]
    assert calls["add"] == 6
    assert log.progressed[-1] == ("l", 6, 6), "at its end it is told how often it ran"


async def test_a_loop_runs_at_least_once_and_never_more_than_it_may(bench: Bench) -> None:
    await bench.run(until(0))
    await bench.run(until(1000, most=4))
    assert shown == [1, 4]


async def test_a_loop_whose_count_is_known_asks_for_its_end_alone(bench: Bench) -> None:
    await bench.run(until(6))
    calls.clear()
    prompt = {**until(6), "too": step("spell", value=link("l", "x")), "more": step("show", value=link("too"))}
    log = await bench.run(prompt)
    assert log.failure is None
    assert calls["add"] == 0
    assert shown == [6, "6"]


async def test_a_loop_that_is_reused_is_told_with_how_often_it_ran(bench: Bench) -> None:
    await bench.run(until(6))
    log = await bench.run(until(6))
    assert calls["add"] == 6, "once"
    assert log.progressed == [("l", 6, 6)]


async def test_loops_stand_in_loops(bench: Bench) -> None:
    inner = {"l/m/more": Step("increase", 1, {"value": link("l/m/in", "y"), "by": 1}, "", "l/m")}
    nested = loop("l/m", "repeat", {"y": link("l/m/more")}, {"y": link("l/in", "x")}, inner, times=3, carry={"y": "y"})
    nested["l/m"] = Step("subgraph_loop", 1, nested["l/m"].inputs, "Inner", "l", nested["l/m"].loop)
    made = loop("l", "repeat", {"x": link("l/m", "y")}, {"x": link("start")}, nested, times=4, carry={"x": "x"})
    log = await bench.run({"start": step("number", value=10), **made, "out": step("show", value=link("l", "x"))})
    assert log.failure is None, log.failure
    assert shown == [22]


async def test_what_a_loop_saves_is_saved_every_time_and_listed_again(bench: Bench) -> None:
    body = {
        "l/more": step("increase", value=link("l/in", "x")),
        "l/name": step("spell", value=link("l/more")),
        "l/save": step("save", value=link("l/more"), name=link("l/name")),
    }
    prompt = loop("l", "repeat", {"x": link("l/more")}, {"x": 0}, body, times=3, carry={"x": "x"})
    log = await bench.run(prompt)
    assert log.failure is None, log.failure
    assert sorted(path.name for path in bench.folder.iterdir() if path.is_file()) == ["1", "2", "3"]
    log = await bench.run(prompt)
    assert log.ran == ["l"]
    assert calls["save"] == 3
    assert log.listed_again == ["l/save: 1", "l/save: 2", "l/save: 3"]


async def test_a_failure_names_the_time(bench: Bench) -> None:
    body = {
        "l/more": step("increase", value=link("l/in", "x")),
        "l/check": step("refuse", value=link("l/more"), above=2),
    }
    prompt = loop("l", "repeat", {"x": link("l/check")}, {"x": 0}, body, times=5, carry={"x": "x"})
    log = await bench.run({**prompt, "out": step("show", value=link("l", "x"))})
    assert log.failure is not None
    assert log.failure.fault.what.startswith("Loop, time 3 of 5: ")
    assert log.failure.fault.node == "l/check"
    assert log.states["out"] == "skipped"


async def test_a_loop_is_cancelled_between_its_times(bench: Bench) -> None:
    log = Log()
    log.on_progress = lambda value: log.run.cancel() if value == 2 and log.run else None
    await bench.run(doubling(5), log=log)
    assert log.cancelled
    assert calls["add"] < 5
    assert log.states["l"] == "cancelled"


async def test_a_loop_that_would_be_too_large_is_refused_in_words(bench: Bench) -> None:
    body = {"l/word": step("spell", value=link("l/in", "x"))}
    made = loop("l", "each", {"word": link("l/word")}, {"x": link("list")}, body, lists=("x",))
    prompt = {"list": step("count_to", last=100_001), **made, "watch": step("watch", value=link("l", "word"))}
    log = await bench.run(prompt)
    assert log.failure is not None
    assert "more than 100,000 nodes" in log.failure.fault.what


async def test_times_are_reused_after_a_restart(tmp_path: Path) -> None:
    def opened() -> Bench:
        return Bench(tmp_path, open_cache(tmp_path))

    first = opened()
    for prompt in (doubling(5), mapped(3), until(6)):
        await first.run(prompt)
    first.cache.close()
    calls.clear()
    shown.clear()
    second = opened()
    for prompt in (doubling(7), mapped(4), {**until(6), "too": step("show", value=link("l", "left"))}):
        assert (await second.run(prompt)).failure is None
    second.cache.close()
    assert (calls["add"], calls["spell"]) == (2, 1)
    assert shown == [128, "1", "2", "3", "4", 0]


async def test_a_constant_that_does_not_fit_is_told_before_anything_runs(bench: Bench) -> None:
    body = {"l/more": step("increase", value=link("l/in", "x"))}
    made = loop("l", "each", {"y": link("l/more")}, {"x": [1, "four"]}, body, lists=("x",))
    log = await bench.run({**made, "watch": step("watch", value=link("l", "y"))})
    assert log.failure is not None
    assert log.failure.fault.node == "l/more"
    assert log.ran == []


async def test_a_loop_whose_result_is_kept_is_reused_with_all_that_is_in_it(bench: Bench) -> None:
    await bench.run(doubling(3))
    other = await bench.run(doubling(3, start=5))
    log = await bench.run(doubling(3), previous=other.record)
    assert log.ran == []
    assert (log.states["l"], log.states["l/sum"]) == ("cached", "cached")
