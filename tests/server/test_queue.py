"""The queue as a whole: paused and going on, over a restart too."""

from __future__ import annotations

import pytest

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
