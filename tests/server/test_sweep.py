"""A sweep with the production worker: its cells are single runs bit for bit, and what was made stays when it ends."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.app import running
from server.config import Config, Limits
from tests.server.talk import JSON, Browser, Server

PACK = Path(__file__).parents[1] / "packs" / "bench.py"
EDGE = 16


def painting(axes: list[JSON], **more: JSON) -> JSON:
    nodes: JSON = {
        "1": {"type": "bench/paint", "inputs": {"red": 200, "edge": EDGE}},
        "2": {"type": "save_image", "inputs": {"image": {"link": ["1", "result"]}, "name": "a red square"}},
        **more,
    }
    return {"schema": 1, "id": "squares", "title": "Squares", "nodes": nodes, "sweep": {"axes": axes}}


REDS: JSON = {"node": "1", "input": "red", "values": [0, 101, 255]}
EDGES: JSON = {"node": "1", "input": "edge", "values": [16, 12]}


@asynccontextmanager
async def started(home: Path) -> AsyncIterator[tuple[Server, Browser]]:
    (home / "custom_nodes").mkdir()
    shutil.copy(PACK, home / "custom_nodes")
    config = Config(home=home, port=0, limits=Limits(stop_deadline=0.5))
    async with running(config) as run, aiohttp.ClientSession() as session:
        server = Server(run.url, run.services, session)
        async with server.browser() as browser:
            browser.patience = 120  # the first picture waits for the libraries
            yield server, browser


async def post(server: Server, document: JSON, **more: object) -> str:
    status, body = await server.ask("POST", "/api/jobs", json={"workflow": document, **more})
    assert status == 202, body
    return str(body["id"])


async def made_by(server: Server, browser: Browser, job: str) -> list[bytes]:
    """The files of a job that comes to its end, the sheet first, then by name."""
    ended = await browser.until_ended(job)
    assert ended["state"] == "done", ended
    outputs = (await server.get(f"/api/jobs/{job}"))["outputs"]
    files = []
    for output in sorted(outputs, key=lambda output: (not output["name"].startswith("sweep"), output["name"])):
        async with server.session.get(server.url + output["url"]) as answer:
            files.append(await answer.read())
    return files


def pixels(file: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as picture:
        return np.asarray(picture.convert("RGB"))


def document_in(file: bytes) -> JSON:
    with Image.open(io.BytesIO(file)) as picture:
        document: JSON = json.loads(picture.info["workflow"])
    return document


def is_on(sheet: NDArray[np.uint8], picture: NDArray[np.uint8]) -> bool:
    """Whether the sheet holds a picture, bit for bit, wherever that is."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, picture.shape)
    return bool((windows == picture).all(axis=(-1, -2, -3)).any())


async def test_each_cell_is_a_single_run_and_the_sheet_gives_the_sweep_back(tmp_path: Path) -> None:
    document = painting([REDS, EDGES])
    async with started(tmp_path) as (server, browser):
        plan = (await server.ask("POST", "/api/jobs/sweep", json={"workflow": document}))[1]
        assert (plan["pictures"], plan["unknown"], plan["problems"]) == (6, True, [])
        sheet, *singles = await made_by(server, browser, await post(server, document, sweep=True))
        assert document_in(sheet)["sweep"] == document["sweep"]
        told = [event["event"] for event in browser.events if event["event"]["kind"] == "progress"]
        assert [(one["value"], one["total"]) for one in told if one["node"] == ""][-1] == (6, 6)
        painted = [document_in(single)["nodes"]["1"]["inputs"] for single in singles]
        assert painted == [{"red": red, "edge": edge} for edge in (16, 12) for red in (0, 101, 255)]
        for single in singles:
            assert is_on(pixels(sheet), pixels(single))
            assert await made_by(server, browser, await post(server, document_in(single))) == [single]
        assert await made_by(server, browser, await post(server, document_in(sheet), sweep=True)) == [sheet, *singles]
        again = (await server.ask("POST", "/api/jobs/sweep", json={"workflow": document}))[1]
        assert not again["unknown"]


async def test_a_sweep_that_does_not_fit_is_refused_and_a_cancelled_one_keeps_what_it_made(tmp_path: Path) -> None:
    slow: JSON = {"type": "bench/dawdle", "inputs": {"steps": 0}}
    document = painting([{"node": "3", "input": "steps", "values": [0, 600]}, REDS], **{"3": slow})
    document["sweep"]["picture"] = "2"
    async with started(tmp_path) as (server, browser):
        misfit = painting([{"node": "1", "input": "red", "values": [5, 999, "much"]}])
        status, body = await server.ask("POST", "/api/jobs", json={"workflow": misfit, "sweep": True})
        assert status == 422
        assert [(one["node"], one["input"]) for one in body["problems"]] == [("1", "red"), ("1", "red")]
        assert "999" in body["problems"][0]["what"]
        status, _ = await server.ask("POST", "/api/jobs", json={"workflow": document, "sweep": True, "targets": ["2"]})
        assert status == 422
        job = await post(server, document, sweep=True)
        await browser.until(lambda event: event["kind"] == "progress" and (event["node"], event["total"]) == ("3", 600))
        await server.ask("POST", f"/api/jobs/{job}/cancel")
        assert (await browser.until_ended(job))["state"] == "cancelled"
        outputs = (await server.get(f"/api/jobs/{job}"))["outputs"]
        assert [output["name"] for output in outputs if output["url"]], "the pictures stay"
