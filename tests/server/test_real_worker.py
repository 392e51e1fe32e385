"""The server with the production worker: one pass through everything that the stand-in stands in for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import aiohttp

from server.app import running
from server.config import Config, Limits
from tests.server.talk import JSON, Browser, Server

PACK = '''"""Nodes for this test."""

import time

from nodes.api import Context, node


@node(title="Show", category="test", output=True)
def show(ctx: Context, value: float = 0.0) -> None:
    """Show a number."""
    ctx.show_text(f"it is {value:g}")


@node(title="Double", category="test")
def double(value: float = 0.0) -> float:
    """Twice a number."""
    return 2 * value


@node(title="Sleep", category="test", output=True)
def sleep(seconds: float = 60.0) -> None:
    """Do nothing, deaf to everything."""
    time.sleep(seconds)
'''


def doubled(value: float) -> JSON:
    nodes = {
        "double": {"type": "mine/double", "inputs": {"value": value}},
        "show": {"type": "mine/show", "inputs": {"value": {"link": ["double", "result"]}}},
    }
    return {"schema": 1, "id": "numbers", "title": "Numbers", "nodes": nodes}


async def finish(server: Server, browser: Browser, document: JSON) -> JSON:
    """Run a workflow to its end; gives the job's detail."""
    status, body = await server.ask("POST", "/api/jobs", json={"workflow": document})
    assert status == 202, body
    await browser.until_ended(body["id"])
    detail: JSON = await server.get(f"/api/jobs/{body['id']}")
    return detail


async def test_a_job_runs_is_reused_dies_and_runs_again(tmp_path: Path) -> None:
    (tmp_path / "custom_nodes").mkdir()
    (tmp_path / "custom_nodes" / "mine.py").write_text(PACK)
    config = Config(home=tmp_path, port=0, limits=Limits(stop_deadline=0.5))
    async with running(config) as started, aiohttp.ClientSession() as session:
        server = Server(started.url, started.services, session)
        async with server.browser() as browser:
            first = await finish(server, browser, doubled(4))
            assert [output["text"] for output in first["outputs"]] == ["it is 8"]
            assert {node: change["state"] for node, change in first["nodes"].items()} == {
                "double": "done",
                "show": "done",
            }

            again = await finish(server, browser, doubled(4))
            assert again["nodes"]["double"]["state"] == "cached"

            changed = await finish(server, browser, doubled(5))
            assert "4" in changed["nodes"]["double"]["reason"]
            assert "5" in changed["nodes"]["double"]["reason"]

            sleeper = {"schema": 1, "nodes": {"1": {"type": "mine/sleep", "inputs": {}}}}
            _, accepted = await server.ask("POST", "/api/jobs", json={"workflow": sleeper})
            await browser.until(lambda e: e["kind"] == "nodeschanged" and e["changes"][-1]["state"] == "running")
            pid = server.services.dispatcher.keeper.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            killed = await browser.until_ended(accepted["id"])
            assert killed["state"] == "failed"
            assert "signal 9" in killed["failure"]["what"]

            survivor = await finish(server, browser, doubled(4))
            assert survivor["state"] == "done"
        assert (await server.get("/api/catalogue"))["broken"] == []
        models = (await server.get("/api/models?kind=checkpoints"))["kinds"]["checkpoints"]
        assert [(model["name"], model["family"]) for model in models] == [("loom-demo.safetensors", "sd1")]
