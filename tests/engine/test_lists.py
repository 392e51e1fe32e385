"""Lists on links: a plain input fed by a list makes its node run once for each item."""

from __future__ import annotations

from typing import Any

import pytest

from server.graph.prompt import Prompt
from tests.engine.running import Bench, link, step
from tests.toys import calls, shown


async def value_of(bench: Bench, prompt: Prompt, node: str) -> Any:
    """What reaches an input that takes anything, once for each item."""
    log = await bench.run({**prompt, "watch": step("watch", value=link(node))})
    assert log.failure is None, log.failure
    return shown


async def test_a_plain_input_fed_by_a_list_runs_once_for_each_item(bench: Bench) -> None:
    prompt = {"list": step("count_to", last=3), "each": step("spell", value=link("list"))}
    assert await value_of(bench, prompt, "each") == ["1", "2", "3"]
    assert calls["spell"] == 3


async def test_an_input_that_takes_a_list_gets_all_of_it_at_once(bench: Bench) -> None:
    prompt = {
        "list": step("count_to", last=4),
        "more": step("increase", value=link("list"), by=10),
        "sum": step("total", values=link("more")),
    }
    assert await value_of(bench, prompt, "sum") == [50]
    assert calls["total"] == 1


async def test_an_input_that_takes_a_list_takes_one_value_as_a_list_of_one(bench: Bench) -> None:
    prompt = {"one": step("number", value=7), "sum": step("total", values=link("one"))}
    assert await value_of(bench, prompt, "sum") == [7]


async def test_lists_are_zipped_and_the_shorter_repeats_its_last_item(bench: Bench) -> None:
    prompt = {
        "long": step("count_to", last=4),
        "short": step("count_to", last=2),
        "sum": step("larger", a=link("long"), b=link("short"), bonus=10),
    }
    assert await value_of(bench, prompt, "sum") == [11, 12, 13, 14]


async def test_an_empty_list_means_no_run_and_an_empty_list_again(bench: Bench) -> None:
    prompt = {
        "none": step("count_to", last=0),
        "some": step("count_to", last=3),
        "each": step("larger", a=link("none"), b=link("some")),
        "sum": step("total", values=link("each")),
    }
    assert await value_of(bench, prompt, "sum") == [0]
    assert calls["watch"] == 1


async def test_lists_that_a_mapped_node_gives_are_strung_together(bench: Bench) -> None:
    prompt = {"list": step("count_to", last=3), "lists": step("count_to", last=link("list"))}
    assert await value_of(bench, prompt, "lists") == [1, 1, 2, 1, 2, 3]


async def test_every_output_of_a_mapped_node_is_a_list(bench: Bench) -> None:
    prompt = {"list": step("count_to", last=2), "sums": step("add", a=link("list"), b=1)}
    log = await bench.run({**prompt, "show": step("show", value=link("sums", "negated"))})
    assert log.failure is None
    assert shown == [-2, -3]


async def test_growing_inputs_keep_their_order(bench: Bench) -> None:
    texts = {f"texts__{at}": f"w{at}" for at in reversed(range(12))}
    prompt = {"joined": step("join", between=" ", **texts)}
    assert await value_of(bench, prompt, "joined") == [" ".join(f"w{at}" for at in range(12))]


async def test_a_list_on_one_of_the_growing_inputs_maps_the_node(bench: Bench) -> None:
    prompt = {
        "list": step("count_to", last=2),
        "words": step("spell", value=link("list")),
        "joined": step("join", texts__0="no", texts__1=link("words")),
    }
    assert await value_of(bench, prompt, "joined") == ["no 1", "no 2"]


@pytest.mark.parametrize(("last", "expected"), [(3, [1, 2, 3]), (0, [])])
async def test_a_lazy_list_passes_through_a_choice(bench: Bench, last: int, expected: list[int]) -> None:
    prompt = {
        "list": step("count_to", last=last),
        "bad": step("fail"),
        "choice": step("choose", first=True, a=link("list"), b=link("bad")),
    }
    assert await value_of(bench, prompt, "choice") == expected
    assert calls["fail"] == 0


async def test_whole_numbers_reach_a_float_input_as_floats(bench: Bench) -> None:
    prompt = {"n": step("number", value=3), "half": step("halve", value=link("n"))}
    assert await value_of(bench, prompt, "half") == [1.5]


async def test_a_mapped_result_is_reused_as_the_list_it_was(bench: Bench) -> None:
    prompt = {"list": step("count_to", last=3), "each": step("increase", value=link("list"))}
    await value_of(bench, prompt, "each")
    assert await value_of(bench, prompt, "each") == [2, 3, 4] * 2
    assert calls["count_to"] == 1
