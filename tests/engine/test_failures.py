"""A failure in words: what happened, what to do, and the node's own part of the traceback."""

from __future__ import annotations

import errno

import pytest

from server.engine.failures import fault_of
from tests.engine.running import Bench, link, step


@pytest.mark.parametrize(
    ("type", "words"),
    [("fail", "Fail: no"), ("leave", "asked the program to exit"), ("starve", "it asked for 7.28 TiB")],
)
async def test_whatever_a_node_raises_is_its_failure(bench: Bench, type: str, words: str) -> None:
    log = await bench.run({"n": step(type), "out": step("show", value=link("n"))})
    assert log.failure is not None
    assert log.failure.fault.node == "n"
    assert words in log.failure.fault.what


async def test_a_fingerprint_that_ends_the_program_is_its_nodes_failure(bench: Bench) -> None:
    ran = await bench.run({"w": step("weather", place="nowhere"), "o": step("show", value=link("w"))})
    assert ran.failure is not None and ran.failure.fault.node == "w" and "no weather" in ran.failure.fault.what
    assert ran.ran == []


async def test_the_traceback_begins_in_the_node(bench: Bench) -> None:
    log = await bench.run({"n": step("fail"), "out": step("show", value=link("n"))})
    assert log.failure is not None
    lines = log.failure.fault.traceback.splitlines()
    assert "toys.py" in lines[1] and "in fail" in lines[1]
    assert lines[-1] == "ValueError: no"


async def test_too_little_memory_says_what_to_do(bench: Bench) -> None:
    log = await bench.run({"n": step("starve"), "out": step("show", value=link("n"))})
    assert log.failure is not None
    assert "smaller" in log.failure.fault.fix


def test_a_full_disk_says_what_to_do() -> None:
    fault = fault_of(OSError(errno.ENOSPC, "No space left on device"), "n", "Save image")
    assert (fault.what, fault.fix[:9]) == ("Save image: the disk is full.", "Make room")


async def test_a_value_from_a_link_that_does_not_fit_names_the_input(bench: Bench) -> None:
    prompt = {"n": step("number", value=-5), "slow": step("count_slowly", steps=link("n"))}
    log = await bench.run({**prompt, "out": step("show", value=link("slow"))})
    assert log.failure is not None
    assert (log.failure.fault.node, log.failure.fault.input) == ("slow", "steps")


async def test_a_node_type_that_is_not_installed_is_named(bench: Bench) -> None:
    log = await bench.run({"n": step("gone/node"), "out": step("show", value=link("n"))})
    assert log.failure is not None
    assert "gone/node" in log.failure.fault.what
