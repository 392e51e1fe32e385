"""The queue as a whole: reordered, paused and going on, over a restart too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.line import places_for
from tests.server.talk import Server, Starter


async def pause(server: Server, paused: bool) -> None:
    status, body = await server.ask("PUT", "/api/queue", json={"paused": paused})
    assert (status, body["paused"]) == (200, paused)


async def test_a_paused_queue_begins_no_job_and_goes_on_when_told(server: Server) -> None:
    async with server.browser() as browser:
        await browser.until_kind("hello")
        await pause(server, True)
        assert (await browser.until_kind("queuechanged"))["paused"] is True
        job = await server.submit("finish")
        assert (await server.get(f"/api/jobs/{job}"))["state"] == "queued"
        await pause(server, False)
        assert (await browser.until_ended(job))["state"] == "done"


async def test_the_running_job_ends_while_the_queue_is_paused(server: Server) -> None:
    async with server.browser() as browser:
        running = await server.submit("wait")
        waiting = await server.submit("finish")
        await pause(server, True)
        await server.ask("POST", f"/api/jobs/{running}/cancel")
        assert (await browser.until_ended(running))["state"] == "cancelled"
        assert (await server.get(f"/api/jobs/{waiting}"))["state"] == "queued"
        assert (await server.get("/api/queue")) == {"queued": 1, "running": 0, "paused": True}


async def test_clearing_cancels_what_waits_and_nothing_else(server: Server) -> None:
    running = await server.submit("wait")
    waiting = [await server.submit() for _ in range(2)]
    status, body = await server.ask("POST", "/api/queue/clear")
    assert (status, body["jobs"]) == (200, waiting)
    states = {job["id"]: job["state"] for job in (await server.get("/api/jobs"))["jobs"]}
    assert states == {running: "running", **dict.fromkeys(waiting, "cancelled")}


async def test_a_queue_stays_paused_over_a_restart(start: Starter) -> None:
    async with start() as server:
        await pause(server, True)
        job = await server.submit("finish")
    async with start() as server:
        assert (await server.get("/api/queue")) == {"queued": 1, "running": 0, "paused": True}
        async with server.browser() as browser:
            await pause(server, False)
            assert (await browser.until_ended(job))["state"] == "done"


@pytest.mark.parametrize("body", [{}, {"paused": 1}, {"paused": "yes"}, {"paused": True, "colour": 1}, []])
async def test_nonsense_is_refused_in_words(server: Server, body: object) -> None:
    status, answer = await server.ask("PUT", "/api/queue", json=body)
    assert status == 400
    assert answer["error"]["what"]
    assert answer["error"]["fix"]


# ---------------------------------------------------------------- reordering


async def queue(server: Server) -> list[str]:
    """The waiting jobs, the next first."""
    found = (await server.get("/api/jobs?state=queued"))["jobs"]
    return [job["id"] for job in sorted(found, key=lambda job: job["place"])]


async def move(server: Server, job: str, before: str | None) -> int:
    status, _ = await server.ask("POST", f"/api/jobs/{job}/move", json={"before": before})
    return status


async def test_a_waiting_job_is_moved_and_every_page_is_told(server: Server) -> None:
    await pause(server, True)
    a, b, c = [await server.submit() for _ in range(3)]
    assert await queue(server) == [a, b, c]
    async with server.browser() as browser:
        await browser.until_kind("hello")
        assert await move(server, c, a) == 200
        told = (await browser.until_kind("jobchanged"))["job"]
        assert (told["id"], told["position"]) == (c, 0)
    assert await queue(server) == [c, a, b]
    assert await move(server, c, None) == 200
    assert await move(server, a, a) == 200
    assert await queue(server) == [a, b, c]


async def test_jobs_run_in_the_order_they_were_moved_to_after_a_restart_too(start: Starter) -> None:
    async with start() as server:
        await pause(server, True)
        a, b, c = [await server.submit() for _ in range(3)]
        assert await move(server, c, a) == 200
        assert await move(server, a, None) == 200
    async with start() as server:
        d = await server.submit()
        assert await queue(server) == [c, b, a, d]
        async with server.browser() as browser:
            await pause(server, False)
            await browser.until_ended(d)
        begun = [e["event"]["job"]["id"] for e in browser.events if is_beginning(e["event"])]
        assert begun == [c, b, a, d]


def is_beginning(event: dict[str, object]) -> bool:
    job = event.get("job")
    return event["kind"] == "jobchanged" and isinstance(job, dict) and job["state"] == "running"


async def test_what_does_not_wait_cannot_be_moved(server: Server) -> None:
    done, _ = await server.run("finish")
    await pause(server, True)
    waiting = await server.submit()
    assert await move(server, done["id"], None) == 409
    assert await move(server, waiting, done["id"]) == 409
    assert await move(server, waiting, "nonsense") == 409
    assert await move(server, "nonsense", None) == 404
    bodies: list[object] = [{}, {"before": 5}, {"after": waiting}, []]
    for body in bodies:
        status, answer = await server.ask("POST", f"/api/jobs/{waiting}/move", json=body)
        assert status == 400
        assert answer["error"]["fix"]
    assert await queue(server) == [waiting]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=120), st.integers(1, 12))
def test_places_always_put_jobs_in_their_order(moves: list[tuple[int, int]], count: int) -> None:
    order = [str(at) for at in range(count)]
    places = {job: float(at + 1) for at, job in enumerate(order)}
    for source, target in moves:
        job = order.pop(source % len(order))
        order.insert(target % (len(order) + 1), job)
        places |= places_for(order, job, places)
        assert sorted(places, key=places.__getitem__) == order
        assert len(set(places.values())) == count
        assert max(places.values()) < count + 1
