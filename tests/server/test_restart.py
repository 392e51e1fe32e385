"""Ends and new starts: nothing accepted is lost, whoever dies."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from server.app import running
from server.config import Config
from tests.server.talk import FAKE, JSON, Server, Starter, toy_catalogue, workflow

SERVE = """
import asyncio, sys
from pathlib import Path
from server.app import serve
from server.config import Config, StartError
home = Path(sys.argv[1])
asyncio.run(serve(Config(home=home, port=0), command=[sys.executable, sys.argv[2], sys.argv[1], sys.argv[3]]))
"""


class Process:
    """A server in a process of its own, that can be killed."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def submit(self, session: aiohttp.ClientSession, do: str) -> str:
        async with session.post(f"{self.url}/api/jobs", json={"workflow": workflow(do)}) as response:
            return str((await response.json())["id"])

    async def states(self, session: aiohttp.ClientSession) -> dict[str, str]:
        async with session.get(f"{self.url}/api/jobs?limit=500") as response:
            return {job["id"]: job["state"] for job in (await response.json())["jobs"]}

    async def end(self, number: int) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(20):
            return await self.process.wait()


async def begin(home: Path) -> Process:
    catalogue = home / "toys.json"
    catalogue.write_bytes(toy_catalogue())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(home), str(FAKE), str(catalogue), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = (await process.stdout.readline()).decode()
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    return Process(process, found.group())


async def settled(server: Process, session: aiohttp.ClientSession) -> dict[str, str]:
    """The jobs' states once none waits or runs."""
    async with asyncio.timeout(30):
        while True:
            states = await server.states(session)
            if not {"queued", "running"} & set(states.values()):
                return states
            await asyncio.sleep(0.02)


async def test_a_killed_server_loses_no_accepted_job(config: Config) -> None:
    accepted = []
    async with aiohttp.ClientSession() as session:
        for turn in range(2):
            server = await begin(config.home)
            sending = [asyncio.create_task(server.submit(session, "finish")) for _ in range(30)]
            for done in asyncio.as_completed(sending):
                accepted.append(await done)
                if len(accepted) >= turn * 10 + 10:
                    break
            await server.end(signal.SIGKILL)
            answers = await asyncio.gather(*sending, return_exceptions=True)
            accepted += [answer for answer in answers if isinstance(answer, str)]
        server = await begin(config.home)
        states = await settled(server, session)
        assert await server.end(signal.SIGTERM) == 0
    assert {states[job] for job in accepted} == {"done"}


async def test_the_job_of_a_killed_server_is_run_twice_and_then_fails_with_the_cause(config: Config) -> None:
    async with aiohttp.ClientSession() as session:
        server = await begin(config.home)
        job = await server.submit(session, "wait")
        for _ in range(2):
            async with asyncio.timeout(20):
                while (await server.states(session))[job] != "running":
                    await asyncio.sleep(0.01)
            await server.end(signal.SIGKILL)
            server = await begin(config.home)
        async with session.get(f"{server.url}/api/jobs/{job}") as response:
            detail = await response.json()
        await server.end(signal.SIGTERM)
    assert detail["state"] == "failed"
    assert "ended twice" in detail["failure"]["what"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_told_to_stop_ends_cleanly_and_takes_its_worker_along(config: Config, number: int) -> None:
    async with aiohttp.ClientSession() as session:
        server = await begin(config.home)
        job = await server.submit(session, "wait")
        assert await server.end(number) == 0
        assert not (config.home / ".server.json").exists()
        server = await begin(config.home)
        assert (await server.states(session))[job] in ("queued", "running")
        await server.end(signal.SIGTERM)


async def test_waiting_jobs_run_after_a_restart_in_their_order(start: Starter) -> None:
    async with start() as server:
        await server.submit("wait")
        jobs = [await server.submit("output") for _ in range(3)]
    async with start() as server, server.browser(f"?after=0&epoch={server.services.hub.epoch}") as browser:
        first = await browser.until(lambda e: e["kind"] == "jobchanged" and e["job"]["state"] == "running")
        await server.ask("POST", f"/api/jobs/{first['job']['id']}/cancel")
        ends = [await browser.until(lambda e: e["kind"] == "jobchanged" and e["job"]["state"] == "done") for _ in jobs]
    assert [end["job"]["id"] for end in ends] == jobs


async def test_results_and_records_outlive_a_restart(start: Starter) -> None:
    async with start() as server:
        job, _ = await server.run("output")
        before = await server.get(f"/api/jobs/{job['id']}")
    async with start() as server:
        after = await server.get(f"/api/jobs/{job['id']}")
        assert after["outputs"] == before["outputs"]
        assert after["nodes"] == before["nodes"]
        assert (await server.get("/api/outputs"))["outputs"] == before["outputs"][:1]


@pytest.mark.parametrize("do", ["finish", "raise", "die:3"])
async def test_how_the_nodes_fared_outlives_a_restart_however_the_job_ended(start: Starter, do: str) -> None:
    async with start() as server:
        job, _ = await server.run(do)
        before = await server.get(f"/api/jobs/{job['id']}")
    async with start() as server:
        after = await server.get(f"/api/jobs/{job['id']}")
    assert before["nodes"]
    assert after == before


async def test_how_long_a_node_took_is_expected_of_it_the_next_time(start: Starter) -> None:
    async with start() as server:
        _, events = await server.run("finish")
        assert [c.get("expected") for e in events if e["kind"] == "nodeschanged" for c in e["changes"]] == [None, None]
        _, again = await server.run("finish")
        assert expectations(again) == {"running": 0.001}
    async with start() as server:
        _, later = await server.run("finish")
        assert expectations(later) == {"running": 0.001}
        _, other = await server.run("finish", "another")
        assert expectations(other) == {}


def expectations(events: list[JSON]) -> dict[str, float]:
    """The expected seconds that were told, by the state of the node."""
    changes = [change for event in events if event["kind"] == "nodeschanged" for change in event["changes"]]
    return {change["state"]: change["expected"] for change in changes if "expected" in change}


async def test_the_catalogue_of_the_last_start_is_there_before_the_worker(start: Starter) -> None:
    async with start() as server:
        revision = (await server.get("/api/catalogue"))["revision"]
        while not (server.services.config.cache / "catalogue.json").exists():
            await asyncio.sleep(0.01)
    async with start(ready=False, device="slow") as server:
        assert (await server.get("/api/catalogue"))["revision"] == revision


async def test_a_damaged_copy_of_the_catalogue_is_no_obstacle(start: Starter, config: Config) -> None:
    config.cache.mkdir()
    (config.cache / "catalogue.json").write_bytes(b'{"revision": 5')
    async with start() as server:
        assert "toy" in (await server.get("/api/catalogue"))["nodes"]


async def test_a_worker_that_cannot_start_is_said_and_tried_less_and_less_often(config: Config) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no module named torch')"]
    async with running(config, command=command) as started, aiohttp.ClientSession() as session:
        server = Server(started.url, started.services, session)
        async with server.browser() as browser:
            states = [await browser.until_kind("workerchanged") for _ in range(2)]
        assert [state["worker"] for state in states] == ["restarting", "restarting"]
        assert "It said last: no module named torch" in states[1]["detail"]
        assert "in a row" in states[1]["detail"]
        system = await server.get("/api/system")
        assert system["detail_phrase"]["code"] == states[1]["detail_phrase"]["code"]
        status, body = await server.ask("POST", "/api/jobs", json={"workflow": workflow()})
        assert status == 503
        assert "no module named torch" in body["error"]["what"]


async def test_a_worker_that_is_killed_while_idle_is_replaced(server: Server) -> None:
    async with server.browser() as browser:
        await browser.until_kind("hello")
        pid = server.services.dispatcher.keeper.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert (await browser.until_kind("workerchanged"))["worker"] == "restarting"
        assert (await browser.until_kind("workerchanged"))["worker"] == "ready"
        assert (await browser.until_ended(await server.submit("finish")))["state"] == "done"


async def test_a_new_catalogue_is_told(start: Starter) -> None:
    async with start() as server:
        before = await server.get("/api/catalogue")
    async with start(catalogue=toy_catalogue(version=2)) as server:
        after = await server.get("/api/catalogue")
    assert before["revision"] != after["revision"]
    assert json.dumps(after["nodes"]["toy"]["version"]) == "2"
