"""Jobs over HTTP and the WebSocket: accepted, run, ended, cancelled, and what a page learns of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from server.config import Config
from server.store import jobs
from tests.server.talk import Server, Starter, workflow


async def test_a_job_is_accepted_run_and_told(server: Server) -> None:
    job, events = await server.run("finish")
    assert job["state"] == "done"
    kinds = [event["kind"] for event in events]
    assert kinds.index("jobchanged") < kinds.index("nodeschanged")
    states = [change["state"] for e in events if e["kind"] == "nodeschanged" for change in e["changes"]]
    assert states == ["running", "done"]


async def test_an_output_is_told_before_the_end_and_kept(server: Server) -> None:
    job, events = await server.run("output")
    made = [event["output"] for event in events if event["kind"] == "outputadded"]
    assert [(output["media_type"], output["text"]) for output in made] == [
        ("image/png", ""),
        ("text/plain", "a number: 5"),
    ]
    detail = await server.get(f"/api/jobs/{job['id']}")
    assert detail["outputs"] == made
    assert (await server.get("/api/outputs"))["outputs"] == made[:1]
    async with server.session.get(server.url + made[0]["url"]) as response:
        assert response.content_type == "image/png"
        assert (await response.read()).startswith(b"\x89PNG")


async def test_a_workflow_with_errors_is_answered_with_all_of_them(server: Server) -> None:
    wrong = workflow()
    wrong["nodes"]["2"] = {"type": "nonsense"}
    wrong["nodes"]["3"] = {"type": "toy", "inputs": {"value": {"link": ["9", "x"]}}}
    wrong["nodes"]["1"]["inputs"]["value"] = {"link": ["2", "result"]}
    status, body = await server.ask("POST", "/api/jobs", json={"workflow": wrong})
    assert status == 422
    assert {(problem["node"], problem["input"]) for problem in body["problems"]} == {("2", ""), ("3", "value")}
    assert all(problem["what"] and problem["fix"] for problem in body["problems"])


async def test_warnings_come_with_the_acceptance(server: Server) -> None:
    odd = workflow()
    odd["nodes"]["1"]["inputs"]["unheard_of"] = 1
    status, body = await server.ask("POST", "/api/jobs", json={"workflow": odd})
    assert status == 202
    assert [(warning["input"], warning["level"]) for warning in body["warnings"]] == [("unheard_of", "warning")]


async def test_a_node_that_fails_fails_its_job_in_its_own_words(server: Server) -> None:
    job, _ = await server.run("raise")
    assert job["state"] == "failed"
    assert job["failure"] == {
        "what": "it broke",
        "fix": "mend it",
        "node": "1",
        "input": "do",
        "traceback": "Traceback …",
    }


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("kill", "killed (signal 9), often because the computer ran out of memory"),
        ("die:7", "exit code 7"),
        ("die:0", "ended by itself"),
        ("log", "exit code 3"),
        ("garbage", "not a message"),
    ],
)
async def test_a_job_whose_worker_dies_fails_with_the_cause_and_the_next_one_runs(
    server: Server, do: str, words: str
) -> None:
    job, events = await server.run(do)
    assert job["state"] == "failed"
    assert words in job["failure"]["what"]
    assert job["failure"]["fix"]
    assert job["failure"]["node"] == "1"
    assert [c["state"] for e in events if e["kind"] == "nodeschanged" for c in e["changes"]] == ["running", "failed"]
    again, _ = await server.run("finish")
    assert again["state"] == "done"


async def test_the_next_job_runs_while_the_files_of_one_are_written(server: Server) -> None:
    async with server.browser() as browser:
        saving = await server.submit("save")
        assert (await server.get(f"/api/jobs/{saving}"))["state"] == "running"
        following = await server.submit("finish")
        await browser.until_ended(following)
        assert (await browser.until_ended(saving))["state"] == "done"
    assert (await server.get("/api/system"))["running"] == 0


async def test_of_two_jobs_that_ran_when_the_worker_died_only_the_one_to_blame_fails(server: Server) -> None:
    async with server.browser() as browser:
        saving = await server.submit("save")
        guilty = await server.submit("kill")
        innocent = await server.submit("finish")
        assert (await browser.until_ended(saving))["state"] == "done"
        assert (await browser.until_ended(guilty))["state"] == "failed"
        assert (await browser.until_ended(innocent))["state"] == "done"


async def test_a_job_that_ends_the_worker_while_it_saves_fails_and_the_next_one_does_not(server: Server) -> None:
    async with server.browser() as browser:
        job = await server.submit("save:1")
        following = await server.submit("wait")
        await browser.until(lambda event: event["kind"] == "nodeschanged" and event["job"] == following)
        server.services.dispatcher.keeper.kill("The power went.")  # whose fault it was cannot be told yet
        await browser.until(lambda event: event["kind"] == "nodeschanged" and event["job"] == job)
        server.services.dispatcher.keeper.kill("The power went.")
        assert (await browser.until_ended(job))["failure"]["what"] == "The power went."
        await browser.until(lambda event: event["kind"] == "nodeschanged" and event["job"] == following)


async def test_a_job_that_only_saves_can_be_cancelled(server: Server) -> None:
    async with server.browser() as browser:
        job = await server.submit("save")
        following = await server.submit("wait")
        await browser.until(lambda event: event["kind"] == "nodeschanged" and event["job"] == following)
        await server.ask("POST", f"/api/jobs/{job}/cancel")
        assert (await browser.until_ended(job))["state"] == "cancelled"


async def test_the_end_of_the_workers_log_is_kept_with_the_failure(server: Server) -> None:
    job, _ = await server.run("log")
    assert "the device is on fire" in job["failure"]["traceback"]


async def test_the_running_job_is_cancelled_at_the_next_step(server: Server) -> None:
    async with server.browser() as browser:
        job = await server.submit("wait")
        await browser.until_kind("nodeschanged")
        assert await server.ask("POST", f"/api/jobs/{job}/cancel") == (200, {"jobs": [job]})
        assert (await browser.until_ended(job))["state"] == "cancelled"


async def test_a_worker_deaf_to_cancel_is_killed_and_the_next_job_runs(server: Server) -> None:
    async with server.browser() as browser:
        job = await server.submit("hang")
        follower = await server.submit("finish")
        await browser.until_kind("nodeschanged")
        await server.ask("POST", f"/api/jobs/{job}/cancel")
        assert (await browser.until_ended(job))["state"] == "cancelled"
        assert (await browser.until_ended(follower))["state"] == "done"


async def test_a_waiting_job_is_cancelled_at_once(server: Server) -> None:
    async with server.browser() as browser:
        first = await server.submit("wait")
        second = await server.submit("finish")
        await server.ask("POST", f"/api/jobs/{second}/cancel")
        assert (await browser.until_ended(second))["state"] == "cancelled"
        detail = await server.get(f"/api/jobs/{first}")
        assert detail["state"] == "running"


async def test_cancelling_all_ends_the_running_and_the_waiting(server: Server) -> None:
    async with server.browser() as browser:
        ids = [await server.submit("wait") for _ in range(4)]
        status, body = await server.ask("POST", "/api/jobs/cancel")
        assert (status, body["jobs"]) == (200, ids)
        ends = dict.fromkeys(ids)
        while ends:
            event = await browser.until(lambda e: e["kind"] == "jobchanged" and e["job"]["state"] == "cancelled")
            ends.pop(event["job"]["id"], None)
    assert (await server.get("/api/system"))["queued"] == 0


async def test_cancelling_an_ended_job_changes_nothing(server: Server) -> None:
    job, _ = await server.run("finish")
    assert await server.ask("POST", f"/api/jobs/{job['id']}/cancel") == (200, {"jobs": []})
    assert (await server.get(f"/api/jobs/{job['id']}"))["state"] == "done"


async def test_a_job_that_does_not_exist_is_a_404_in_words(server: Server) -> None:
    for method, path in (("GET", "/api/jobs/none"), ("POST", "/api/jobs/none/cancel")):
        status, body = await server.ask(method, path)
        assert status == 404
        assert "none" in body["error"]["what"]


async def test_jobs_run_in_the_order_they_were_accepted(server: Server) -> None:
    async with server.browser() as browser:
        ids = [await server.submit("finish") for _ in range(20)]
        for job in ids:
            await browser.until_ended(job)
        done = [e["event"]["job"]["id"] for e in browser.events if e["event"].get("job", {}) and is_done(e["event"])]
    assert done == ids


def is_done(event: dict[str, Any]) -> bool:
    return bool(event["kind"] == "jobchanged" and event["job"]["state"] == "done")


async def test_a_waiting_job_knows_how_many_are_ahead(server: Server) -> None:
    await server.submit("wait")
    ids = [await server.submit("finish") for _ in range(3)]
    listed = (await server.get("/api/jobs?state=queued"))["jobs"]
    assert [(job["id"], job["position"]) for job in listed] == [(ids[2], 3), (ids[1], 2), (ids[0], 1)]
    assert (await server.get("/api/system"))["queued"] == 3


async def test_the_same_key_is_the_same_job(server: Server) -> None:
    body = {"workflow": workflow("wait"), "key": "once"}
    answers = await asyncio.gather(*(server.ask("POST", "/api/jobs", json=body) for _ in range(30)))
    assert {status for status, _ in answers} == {202}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert len((await server.get("/api/jobs"))["jobs"]) == 1


async def test_the_worker_is_given_the_record_of_the_documents_last_finished_job(server: Server) -> None:
    first, _ = await server.run("finish", "a")
    await server.run("finish", "b")
    await server.run("raise", "a")
    last, _ = await server.run("finish", "a")
    kept = await server.services.database.read(lambda c: jobs.previous(c, "a"))
    record = json.loads(kept or b"null")
    assert (record["job"], record["before"]) == (last["id"], first["id"])


async def test_a_reload_in_the_middle_shows_everything(server: Server) -> None:
    async with server.browser() as browser:
        job = await server.submit("preview")
        await browser.until(lambda e: e["kind"] == "progress" and e["value"] == 3)
        while len(browser.previews) < 1 or not browser.previews[-1].endswith(b"\x03"):
            await browser.read()
    detail = await server.get(f"/api/jobs/{job}")
    assert detail["state"] == "running"
    assert detail["nodes"]["1"]["state"] == "running"
    assert detail["nodes"]["1"]["reason"] == "never cached"
    assert detail["progress"]["1"]["value"] == 3
    async with server.browser() as later:
        await later.until_kind("hello")
        picture = await later.read()
        assert isinstance(picture, bytes)
        assert picture.endswith(b"\x03")


async def test_the_previews_of_an_ended_node_are_not_shown_again(server: Server) -> None:
    async with server.browser() as browser:
        job = await server.submit("preview")
        await browser.until(lambda e: e["kind"] == "progress" and e["value"] == 3)
        await server.ask("POST", f"/api/jobs/{job}/cancel")
        await browser.until_ended(job)
    async with server.browser() as later:
        await later.until_kind("hello")
        await server.submit("finish")
        await later.until(lambda e: e["kind"] == "jobchanged" and e["job"]["state"] == "done")
        assert later.previews == []


async def test_the_queue_is_bounded(start: Starter, config: Config) -> None:
    async with start(limits=replace(config.limits, max_queue=2)) as server:
        for do in ("wait", "finish", "finish"):
            await server.submit(do)
        status, body = await server.ask("POST", "/api/jobs", json={"workflow": workflow()})
        assert status == 429
        assert "waiting" in body["error"]["what"]


async def test_the_workflow_of_a_job_can_be_had_again(server: Server) -> None:
    job, _ = await server.run("finish")
    assert await server.get(f"/api/jobs/{job['id']}/workflow") == workflow("finish")
