"""The two tiers of the cache: budgets, restarts, damage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.engine.cache import Cache
from server.engine.memory_tier import Entry
from tests.engine.running import MEBIBYTE, Bench, Log, link, step
from tests.toys import calls, shown


class JsonCodec:
    """Plain values as JSON; sets have no encoding."""

    def encode(self, values: tuple[Any, ...]) -> bytes | None:
        return None if any(isinstance(value, set) for value in values) else json.dumps(values).encode()

    def decode(self, data: bytes) -> tuple[Any, ...]:
        return tuple(json.loads(data))


def open_cache(folder: Path, memory: int = MEBIBYTE, disk: int = 100 * MEBIBYTE) -> Cache:
    return Cache(memory, disk, folder / "cache", JsonCodec())


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = open_cache(tmp_path)
    yield cache
    cache.close()


BIG = "x" * 100_000


def test_the_least_recently_used_leave_memory_first() -> None:
    cache = Cache(1000, measure=lambda values: 400)
    for slot in "abc":
        cache.keep(slot, Entry((slot,)), 0)
        cache.recall("a")
    assert [slot in cache for slot in "abc"] == [True, False, True]
    assert cache.use().memory == 800


def test_a_result_larger_than_the_budget_is_not_kept_in_memory() -> None:
    cache = Cache(100, measure=lambda values: 400)
    cache.keep("a", Entry((1,)), 0)
    assert "a" not in cache
    assert cache.use().memory == 0


def test_a_smaller_budget_holds_at_once() -> None:
    cache = Cache(1000, measure=lambda values: 400)
    cache.keep("a", Entry((1,)), 0)
    cache.keep("b", Entry((1,)), 0)
    cache.set_limits(500, 0)
    assert ("a" in cache, "b" in cache) == (False, True)


@pytest.mark.parametrize("value", [1, BIG])
def test_what_is_kept_survives_a_restart(tmp_path: Path, value: Any) -> None:
    before = open_cache(tmp_path)
    before.keep("a" * 40, Entry((value, [2.5, None]), ({"path": "p"},)), 0)
    before.close()
    after = open_cache(tmp_path)
    assert after.made("a" * 40) == ({"path": "p"},)
    assert after.load("a" * 40) == Entry((value, [2.5, None]), ({"path": "p"},))
    after.close()


def test_what_waits_to_be_written_can_be_read(cache: Cache) -> None:
    cache.set_limits(0, 100 * MEBIBYTE)
    cache.keep("a" * 40, Entry((1,)), 0)
    assert cache.load("a" * 40) == Entry((1,))
    cache.flush()
    assert cache.load("a" * 40) == Entry((1,))


def test_a_value_without_an_encoding_stays_in_memory(cache: Cache) -> None:
    cache.keep("a" * 40, Entry(({1},)), 0)
    cache.flush()
    assert cache.load("a" * 40) == Entry(({1},))
    assert cache.use().disk == 0


@pytest.mark.parametrize("damage", [b"", b"[1", b"x" * 100_004])
def test_a_damaged_file_is_forgotten(tmp_path: Path, damage: bytes) -> None:
    before = open_cache(tmp_path)
    before.keep("a" * 40, Entry((BIG,)), 0)
    before.close()
    (file,) = (tmp_path / "cache" / "values").glob("*/*")
    file.write_bytes(damage)
    after = open_cache(tmp_path)
    assert after.load("a" * 40) is None
    assert "a" * 40 not in after
    assert not file.exists()
    after.close()


def test_a_damaged_table_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "results.sqlite").write_bytes(b"no table" * 1000)
    cache = open_cache(tmp_path)
    cache.keep("a" * 40, Entry((1,)), 0)
    cache.flush()
    assert cache.use().disk > 0
    cache.close()


def test_files_that_no_row_speaks_of_are_swept(tmp_path: Path) -> None:
    orphan = tmp_path / "cache" / "values" / "ab" / f"{'ab' * 20}.safetensors"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"left behind")
    open_cache(tmp_path).close()
    assert not orphan.exists()


def test_the_disk_keeps_to_its_limit_and_the_least_recently_used_leave(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, memory=0, disk=450_000)
    for at in range(6):
        cache.keep(f"{at}" * 40, Entry((BIG,)), 0)
        cache.flush()
    assert cache.use().disk <= 450_000
    assert [f"{at}" * 40 in cache for at in range(6)] == [False, False, True, True, True, True]
    assert len(list((tmp_path / "cache" / "values").glob("*/*"))) == 4
    cache.close()


def test_clearing_leaves_nothing(cache: Cache, tmp_path: Path) -> None:
    cache.keep("a" * 40, Entry((BIG,)), 0)
    cache.keep("b" * 40, Entry((1,)), 0)
    cache.clear()
    assert (cache.use().memory, cache.use().disk) == (0, 0)
    assert not list((tmp_path / "cache" / "values").glob("*/*"))


# ---------------------------------------------------------------- with runs

CHAIN = {
    "a": step("number", value=1),
    "b": step("spell", value=link("a")),
    "c": step("join", texts__0=link("b")),
    "out": step("save", value=link("c"), name="c.txt"),
}


async def test_a_restart_runs_nothing_again(tmp_path: Path) -> None:
    before = open_cache(tmp_path)
    first = await Bench(tmp_path, before).run(CHAIN)
    before.close()
    calls.clear()
    after = open_cache(tmp_path)
    second = await Bench(tmp_path, after).run(CHAIN, previous=first.record)
    assert (second.ran, second.listed_again, calls.total()) == ([], ["out: 1"], 0)
    changed = {**CHAIN, "out": step("save", value=link("c"), name="d.txt")}
    assert (await Bench(tmp_path, after).run(changed)).ran == ["out"]
    after.close()


async def test_a_kept_result_that_turns_out_damaged_is_computed_again(tmp_path: Path) -> None:
    before = open_cache(tmp_path)
    bench = Bench(tmp_path, before)
    prompt = {
        "a": step("number", value=1),
        "text": step("join", texts__0=BIG, between="-"),
        "both": step("join", texts__0=link("text"), texts__1="tail"),
        "out": step("watch", value=link("both")),
    }
    await bench.run(prompt)
    before.close()
    for file in (tmp_path / "cache" / "values").glob("*/*"):
        file.write_bytes(b"damaged")
    shown.clear()
    after = open_cache(tmp_path)
    log = await Bench(tmp_path, after).run(prompt)
    assert log.ran == ["text", "both", "out"]
    assert log.reasons["both"] == "its kept result was damaged"
    assert shown == [f"{BIG} tail"]
    after.close()


async def test_a_result_is_let_go_when_its_last_reader_is_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Cache(0))
    chain = {f"n{at}": step("increase", value=link(f"n{at - 1}")) for at in range(1, 20)}
    log = await bench.run({"n0": step("number"), **chain, "out": step("show", value=link("n19"))}, log=Log())
    assert log.run is not None
    held = [unit.planned.id for unit in log.run._schedule.units if unit.result is not None]
    assert held == []
    assert shown == [19]
