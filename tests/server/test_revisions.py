"""The revisions of a workflow: what each changed, names that keep them, and old ones that are thinned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.graph.compare import Changes, compare
from server.store.thinning import DAY, HOUR, LEAST, MOST, MOST_BYTES, SPANS, Kept, span_at, to_drop
from tests.server.talk import JSON, Server, workflow

# ---------------------------------------------------------------- over HTTP


async def save(server: Server, document: JSON, revision: int | None) -> int:
    status, body = await server.ask("PUT", "/api/workflows/doc", json={"workflow": document, "revision": revision})
    assert status == 200, body
    return int(body["revision"])


async def revisions(server: Server, query: str = "") -> list[JSON]:
    return list((await server.get(f"/api/workflows/doc/revisions{query}"))["revisions"])


async def name(server: Server, revision: Any, name: str) -> int:
    status, _ = await server.ask("PUT", f"/api/workflows/doc/revisions/{revision}", json={"name": name})
    return status


async def test_each_revision_says_what_it_changed(server: Server) -> None:
    moved = workflow("b")
    moved["nodes"]["1"]["position"] = [9, 9]
    two = {**moved, "nodes": {**moved["nodes"], "2": {"type": "source"}}}
    at = None
    for document in (workflow("a"), workflow("b"), moved, two, {**two, "nodes": {"2": {"type": "source"}}}):
        at = await save(server, document, at)
    listed = await revisions(server)
    assert [one["revision"] for one in listed] == [5, 4, 3, 2, 1]
    counts = [[one[key] for key in ("added", "removed", "changed", "moved")] for one in listed]
    assert counts == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]
    assert all(one["size"] > 50 and one["saved"] > 0 and one["name"] == "" for one in listed)
    assert [one["revision"] for one in await revisions(server, "?limit=2&before=4")] == [3, 2]


async def test_a_revision_is_named_and_the_name_taken_away(server: Server) -> None:
    await save(server, workflow(), None)
    assert await name(server, 1, "  Before the fire ") == 204
    assert (await revisions(server))[0]["name"] == "Before the fire"
    assert await name(server, 1, "") == 204
    assert (await revisions(server))[0]["name"] == ""


async def test_nonsense_is_refused_in_words(server: Server) -> None:
    await save(server, workflow(), None)
    assert await name(server, 9, "x") == 404
    assert await name(server, "9" * 40, "x") == 404
    assert await name(server, "x", "x") == 404
    assert await name(server, 1, "x" * 201) == 400
    for path in (
        "/api/workflows/none/revisions",
        "/api/workflows/doc/revisions?limit=0",
        "/api/workflows/doc/revisions?before=x",
    ):
        status, body = await server.ask("GET", path)
        assert status in (400, 404)
        assert body["error"]["fix"]


# ---------------------------------------------------------------- what differs

items = st.dictionaries(
    st.sampled_from("abcd"), st.fixed_dictionaries({"type": st.sampled_from("xy"), "position": st.integers(0, 1)})
)
documents = st.fixed_dictionaries(
    {"title": st.sampled_from("ab"), "nodes": items, "notes": items},
    optional={"subgraphs": st.dictionaries(st.sampled_from("st"), st.fixed_dictionaries({"nodes": items}))},
)


@given(documents)
def test_a_workflow_does_not_differ_from_itself(document: JSON) -> None:
    assert compare(document, document) == Changes()


@given(documents, documents)
def test_what_is_added_one_way_is_removed_the_other_way(one: JSON, two: JSON) -> None:
    there, back = compare(one, two), compare(two, one)
    assert (there.added, there.removed, there.changed, there.moved) == (
        back.removed,
        back.added,
        back.changed,
        back.moved,
    )


@pytest.mark.parametrize(
    "odd", [{}, 5, [], {"nodes": None}, {"nodes": []}, {"subgraphs": [1]}, {"subgraphs": {"a": 1}}]
)
def test_odd_documents_are_compared_all_the_same(odd: Any) -> None:
    assert compare(odd, workflow()).added == 1


# ---------------------------------------------------------------- thinning

NOW = 1_800_000_000.0
histories = st.lists(
    st.tuples(st.floats(0, 90 * DAY), st.integers(1, MOST_BYTES // 10), st.booleans()), max_size=60
).map(
    lambda told: [
        Kept(at + 1, NOW - age, size, named)
        for at, (age, size, named) in enumerate(sorted(told, key=lambda one: -one[0]))
    ]
)


def left(kept: list[Kept], now: float = NOW) -> list[Kept]:
    gone = set(to_drop(kept, now))
    return [each for each in kept if each.revision not in gone]


def evenly(count: int, seconds: float, size: int = 1) -> list[Kept]:
    """Savings every so many seconds, the last one now."""
    return [Kept(at + 1, NOW - (count - 1 - at) * seconds, size) for at in range(count)]


def test_all_of_the_last_hour_stay_and_fewer_of_what_is_older() -> None:
    stayed = left(evenly(800, 60.0))
    ages = [NOW - each.saved for each in stayed]
    assert sum(age < HOUR for age in ages) == 60
    assert 70 <= sum(HOUR <= age < DAY for age in ages) <= 76


def test_a_year_of_savings_is_some_hundreds() -> None:
    assert len(left(evenly(365 * 24, HOUR))) < 300


@given(histories)
def test_named_ones_and_the_newest_stay_whatever_else_goes(kept: list[Kept]) -> None:
    stayed = {each.revision for each in left(kept)}
    assert {each.revision for each in kept if each.named} <= stayed
    assert {each.revision for each in kept[-LEAST:]} <= stayed


@given(histories, st.floats(0, 90 * DAY))
def test_thinning_twice_takes_nothing_more_at_the_same_time(kept: list[Kept], later: float) -> None:
    once = left(kept, NOW + later)
    assert left(once, NOW + later) == once


@given(histories)
def test_what_is_old_and_nameless_stands_once_in_its_span(kept: list[Kept]) -> None:
    stayed = [each for each in left(kept)[:-LEAST] if not each.named]
    spans = [(span_at(NOW - each.saved), each.saved // max(1.0, span_at(NOW - each.saved))) for each in stayed]
    assert len({span for span in spans if span[0]}) == len([span for span in spans if span[0]])


def test_what_stays_is_bounded_in_number_and_in_bytes() -> None:
    assert len(left(evenly(5000, 0.5))) == MOST
    heavy = left(evenly(400, 1.0, MOST_BYTES // 100))
    assert LEAST <= len(heavy) <= 100
    assert heavy[-1].revision == 400


def test_every_age_has_a_span() -> None:
    assert [span_at(age) for age in (0.0, HOUR, 40 * DAY, 1e12)] == [0.0, SPANS[1][1], SPANS[-1][1], SPANS[-1][1]]
