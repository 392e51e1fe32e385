"""How a prompt runs: what is computed, in which order, how often, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.engine.run import State
from server.graph.prompt import Prompt
from tests.engine.running import Bench, Log, eventually, link, step
from tests.toys import calls, developing, running, shown


async def test_a_node_runs_once_however_many_nodes_use_it(bench: Bench) -> None:
    prompt = {
        "one": step("add", a=1, b=2),
        "two": step("add", a=link("one", "total"), b=link("one", "negated")),
        "out": step("show", value=link("two", "total")),
    }
    log = await bench.run(prompt)
    assert log.ran == ["one", "two", "out"]
    assert shown == [0]


async def test_nothing_that_no_output_pulls_runs(bench: Bench) -> None:
    log = await bench.run({"unused": step("number"), "out": step("show", value=5)})
    assert log.ran == ["out"]
    assert "unused" not in log.states


async def test_outputs_run_in_the_order_of_the_prompt_each_right_after_its_sources(bench: Bench) -> None:
    prompt = {
        "late": step("number", value=2),
        "b": step("show", value=link("late")),
        "early": step("number", value=1),
        "a": step("show", value=link("early")),
    }
    assert (await bench.run(prompt)).ran == ["late", "b", "early", "a"]


async def test_a_second_run_reuses_everything_but_what_is_never_cached(bench: Bench) -> None:
    prompt = {
        "one": step("add", a=1, b=2),
        "out": step("show", value=link("one", "total")),
        "again": step("watch", value=link("one", "total")),
    }
    await bench.run(prompt)
    assert (await bench.run(prompt)).lines == ["cached one", "cached out", "run again", "done again"]


async def test_a_changed_constant_reruns_what_depends_on_it_and_going_back_reruns_nothing(bench: Bench) -> None:
    def prompt(a: int) -> Prompt:
        return {
            "x": step("number", value=5),
            "y": step("add", a=a, b=link("x")),
            "out": step("save", value=link("y", "total"), name=f"{a}.txt"),
        }

    await bench.run(prompt(1))
    assert (await bench.run(prompt(2))).ran == ["y", "out"]
    assert (await bench.run(prompt(1))).ran == []


async def test_nothing_above_a_reused_node_is_asked_for(bench: Bench) -> None:
    def prompt(by: int) -> Prompt:
        return {
            "first": step("number", value=1),
            "second": step("spell", value=link("first")),
            "out": step("join", texts__0=link("second"), between=str(by)),
            "show": step("show", value=link("out")),
        }

    await bench.run(prompt(1))
    bench.cache.drop(bench.plan(prompt(1), None, Log())[0].slot)
    log = await bench.run(prompt(2))
    assert log.ran == ["out", "show"]
    assert (log.states["first"], log.reasons["first"]) == ("cached", "what comes of it is kept")


async def test_equal_nodes_share_one_result(bench: Bench) -> None:
    prompt = {
        "a": step("number", value=1),
        "b": step("number", value=1),
        "out": step("show", value=link("a")),
        "too": step("show", value=link("b")),
    }
    log = await bench.run(prompt)
    assert calls["number"] == 1
    assert sorted((log.states["a"], log.states["b"])) == ["cached", "done"]


async def test_a_run_to_one_node_runs_what_that_node_needs(bench: Bench) -> None:
    prompt = {
        "a": step("number", value=1),
        "b": step("increase", value=link("a")),
        "out": step("show", value=link("b")),
    }
    assert (await bench.run(prompt, ["b"])).ran == ["a", "b"]
    assert (await bench.run(prompt)).ran == ["out"]


async def test_a_run_to_a_subgraph_runs_the_outputs_in_it(bench: Bench) -> None:
    prompt = {"g/in": step("number"), "g/out": step("show", value=link("g/in")), "other": step("show", value=1)}
    assert (await bench.run(prompt, ["g"])).ran == ["g/in", "g/out"]


async def test_a_target_that_does_not_exist_is_named(bench: Bench) -> None:
    log = await bench.run({"out": step("show", value=1)}, ["nowhere"])
    assert log.failure is not None
    assert "no node nowhere" in log.failure.fault.what


# ---------------------------------------------------------------- lazy inputs, async nodes


@pytest.mark.parametrize("first", [True, False])
async def test_the_branch_not_chosen_is_never_computed(bench: Bench, first: bool) -> None:
    prompt = {
        "a": step("number", value=1),
        "b": step("increase", value=1),
        "choice": step("choose", first=first, a=link("a"), b=link("b")),
        "out": step("show", value=link("choice")),
    }
    log = await bench.run(prompt)
    chosen, other = ("a", "b") if first else ("b", "a")
    assert log.ran == ["choice", chosen, "out"]
    assert (log.states[other], log.reasons[other]) == ("skipped", "not needed")


async def test_what_only_the_other_branch_needed_is_skipped_as_well(bench: Bench) -> None:
    prompt = {
        "root": step("number", value=1),
        "bad": step("fail", value=link("root")),
        "choice": step("choose", first=False, a=link("bad"), b=3),
        "out": step("show", value=link("choice")),
    }
    log = await bench.run(prompt)
    assert log.ran == ["choice", "out"]
    assert (log.states["root"], log.states["bad"]) == ("skipped", "skipped")
    assert shown == [3]


async def test_a_node_that_a_lazy_branch_shares_is_kept_until_the_choice_is_made(bench: Bench) -> None:
    prompt = {
        "root": step("draw"),
        "show": step("show", value=link("root")),
        "branch": step("increase", value=link("root")),
        "choice": step("choose", first=link("yes"), a=link("branch"), b=0),
        "yes": step("choose", first=True, a=True, b=False),
        "out": step("show", value=link("choice")),
    }
    await bench.run(prompt)
    assert calls["draw"] == 1
    assert shown == [1, 2]


async def test_async_siblings_overlap(bench: Bench) -> None:
    prompt = {
        "a": step("meet", name="here", after=1),
        "b": step("meet", name="here", after=2),
        "out": step("show", value=link("a")),
        "too": step("show", value=link("b")),
    }
    log = await bench.run(prompt)
    assert log.failure is None
    assert sorted(shown) == [1, 2]


async def test_a_chain_of_choices_longer_than_the_stack_is_pulled_to_its_end(bench: Bench) -> None:
    prompt = {"n0": step("number", value=7)}
    for at in range(1, 3000):
        prompt[f"n{at}"] = step("choose", first=True, a=link(f"n{at - 1}"), b=0)
    prompt["out"] = step("show", value=link("n2999"))
    log = await bench.run(prompt)
    assert log.failure is None
    assert shown == [7]


# ---------------------------------------------------------------- results and outputs


async def test_a_saved_output_is_reused_and_listed_again_while_its_file_is_there(bench: Bench, tmp_path: Path) -> None:
    prompt = {"a": step("number", value=4), "out": step("save", value=link("a"), name="kept.txt")}
    await bench.run(prompt)
    again = await bench.run(prompt)
    assert (again.ran, again.listed_again) == ([], ["out: 4"])
    (tmp_path / "kept.txt").write_text("5")
    changed = await bench.run(prompt, previous=again.record)
    assert changed.ran == ["out"]
    assert changed.reasons["out"] == "its file is gone or changed"


async def test_a_file_that_cannot_be_written_fails_its_node(bench: Bench) -> None:
    log = await bench.run({"out": step("save", value=1)}, log=Log(full_disk=True))
    assert log.failure is not None
    assert (log.failure.fault.node, log.states["out"]) == ("out", "failed")
    assert "the disk is full" in log.failure.fault.what and "Make room" in log.failure.fault.fix


async def test_once_only_files_are_left_it_is_told_and_the_run_ends_with_them(bench: Bench) -> None:
    log = Log(pen=threading.Event())
    prompt = {"a": step("number", value=4), "out": step("save", value=link("a")), "b": step("show", value=link("a"))}
    run = asyncio.create_task(bench.run(prompt, log=log))
    await eventually(lambda: "computed" in log.lines and log.states["out"] == "running")
    assert log.states["b"] == "done" and not run.done()
    assert log.pen is not None
    log.pen.set()
    assert (await run).states["out"] == "done"
    assert log.lines.count("computed") == 1


@pytest.fixture
def darkroom() -> Iterator[threading.Event]:
    """What is developed in it ends when this is set."""
    developing.clear()
    yield developing
    developing.set()


async def test_while_one_run_is_only_finished_the_next_one_has_the_device(
    bench: Bench, darkroom: threading.Event
) -> None:
    with ThreadPoolExecutor(1) as bench.device:
        log = Log()
        prompt = {
            "a": step("number", value=4),
            "b": step("develop", value=link("a")),
            "c": step("save", value=link("b")),
        }
        first = asyncio.create_task(bench.run(prompt, log=log))
        await eventually(lambda: "computed" in log.lines and log.states["b"] == "running")
        second = await bench.run({"a": step("number", value=5), "c": step("show", value=link("a"))})
        assert second.states["c"] == "done" and not first.done()
        darkroom.set()
        assert (await first).states == {"a": "done", "b": "done", "c": "done"}


async def test_a_run_that_computes_on_what_was_finished_keeps_the_device_until_it_has(
    bench: Bench, darkroom: threading.Event
) -> None:
    log = Log()
    prompt = {
        "a": step("develop", value=2),
        "b": step("increase", value=link("a")),
        "c": step("develop", value=link("b")),
        "d": step("save", value=link("c")),
    }
    run = asyncio.create_task(bench.run(prompt, log=log))
    await eventually(lambda: log.states.get("a") == "running")
    assert "computed" not in log.lines
    darkroom.set()
    assert (await run).lines.index("computed") > log.lines.index("done b")
    assert (bench.folder / "toy").read_text() == "3"


async def test_a_run_that_is_only_finished_can_still_be_cancelled(bench: Bench, darkroom: threading.Event) -> None:
    log = Log()
    run = asyncio.create_task(bench.run({"a": step("develop", value=2), "b": step("show", value=link("a"))}, log=log))
    await eventually(lambda: log.states.get("a") == "running")
    assert log.run is not None
    log.run.cancel()
    assert (await run).cancelled
    assert log.states == {"a": "cancelled", "b": "skipped"}


async def test_a_result_that_was_lost_after_planning_is_computed_after_all(bench: Bench) -> None:
    prompt = {
        "a": step("number", value=1),
        "b": step("increase", value=link("a")),
        "c": step("increase", value=link("b"), by=5),
        "out": step("watch", value=link("c")),
    }
    await bench.run(prompt)
    log = Log()
    slots = {planned.id: planned.slot for planned in bench.plan(prompt, None, log)}

    def lose(node: str, state: State) -> None:
        if node == "out" and state == "waiting":
            bench.cache.drop(slots["c"])

    log.on_change = lose
    await bench.run(prompt, log=log)
    assert log.ran == ["c", "out"]
    assert shown == [7, 7]


# ---------------------------------------------------------------- failing and stopping


async def test_a_failure_names_the_node_and_skips_what_needed_it(bench: Bench) -> None:
    prompt = {"bad": step("fail", message="no luck"), "next": step("increase", value=link("bad"))}
    log = await bench.run({**prompt, "out": step("show", value=link("next"))})
    assert log.failure is not None
    fault = log.failure.fault
    assert (fault.node, fault.what) == ("bad", "Fail: no luck")
    assert log.states == {"bad": "failed", "next": "skipped", "out": "skipped"}


async def test_a_failure_stops_the_siblings_that_run(bench: Bench) -> None:
    prompt = {
        "bad": step("fail"),
        "wait": step("meet", name="alone", others=2),
        "out": step("show", value=link("wait")),
        "too": step("show", value=link("bad")),
    }
    log = await bench.run(prompt)
    assert log.failure is not None
    assert log.states["wait"] in ("cancelled", "skipped")


async def test_a_cancel_stops_a_node_that_tracks_its_steps(bench: Bench) -> None:
    prompt = {"slow": step("count_slowly", steps=100_000), "out": step("show", value=link("slow"))}
    log = Log()
    task = asyncio.create_task(bench.run(prompt, log=log))
    await eventually(running.is_set)
    assert log.run is not None
    log.run.cancel()
    await task
    assert log.cancelled
    assert log.states == {"slow": "cancelled", "out": "skipped"}


async def test_a_cancel_stops_an_async_node_that_waits(bench: Bench) -> None:
    log = Log()
    prompt = {"wait": step("meet", name="alone"), "out": step("show", value=link("wait"))}
    task = asyncio.create_task(bench.run(prompt, log=log))
    await eventually(lambda: log.states.get("wait") == "running")
    assert log.run is not None
    log.run.cancel()
    await task
    assert log.cancelled
    assert log.states["wait"] == "cancelled"


async def test_a_node_may_let_cancelled_pass_by_itself(bench: Bench) -> None:
    log = await bench.run({"stop": step("stop_here"), "out": step("show", value=link("stop"))})
    assert log.cancelled


async def test_a_run_after_a_cancelled_one_uses_what_was_finished(bench: Bench) -> None:
    prompt = {
        "done": step("number", value=1),
        "slow": step("count_slowly", steps=100_000, value=link("done")),
        "out": step("show", value=link("slow")),
    }
    log = Log()
    task = asyncio.create_task(bench.run(prompt, log=log))
    await eventually(running.is_set)
    assert log.run is not None
    log.run.cancel()
    await task
    again = Log()
    again.on_change = lambda node, state: again.run.cancel() if state == "running" and again.run else None
    await bench.run(prompt, log=again)
    assert again.states["done"] == "cached"


@pytest.mark.parametrize("type", ["fail", "stop_here"])
async def test_ending_at_the_bottom_of_a_very_long_chain_touches_no_stack(bench: Bench, type: str) -> None:
    prompt = {"n0": step(type)}
    for at in range(1, 20_000):
        prompt[f"n{at}"] = step("increase", value=link(f"n{at - 1}"))
    prompt["out"] = step("show", value=link("n19999"))
    log = await bench.run(prompt)
    assert log.cancelled or log.failure is not None
    assert log.ran == ["n0"]
    assert log.states["out"] == "skipped"
    if log.failure is not None:
        assert log.failure.fault.traceback.count("\n") < 12


async def test_a_circle_is_refused_with_a_name(bench: Bench) -> None:
    prompt = {"a": step("increase", value=link("b")), "b": step("increase", value=link("a"))}
    log = await bench.run({**prompt, "out": step("show", value=link("b"))})
    assert log.failure is not None
    assert "own result" in log.failure.fault.what
