"""What the tests of the server say to it: workflows of toys, a listening browser, requests."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from nodes.api import Input, NodeSchema, Output
from server.graph.catalogue import PLAIN_TYPES, Catalogue, to_json, with_revision

FAKE = Path(__file__).with_name("fake_worker.py")
JSON = dict[str, Any]


def toy_catalogue(version: int = 1) -> bytes:
    """Two node types: `toy`, an output node that does what its text says, and `source`, which feeds it."""
    text = {"kind": "text", "lines": 1}
    toy = NodeSchema(
        "toy",
        "Toy",
        "toys",
        "Does what it is told.",
        version,
        (
            Input("do", "str", "Do", "What to do.", "finish", required=False, widget=text),
            Input("upgraded", "bool", "Upgraded", "Whether.", False, required=False, widget={"kind": "toggle"}),
            Input("value", "any", "Value", "Anything.", None, required=False),
        ),
        (Output("result", "int"),),
        is_output=True,
    )
    source = NodeSchema("source", "Source", "toys", "Gives.", 1, (), (Output("result", "int"),), is_output=False)
    return to_json(with_revision(Catalogue("", PLAIN_TYPES, {"toy": toy, "source": source})))


def workflow(do: str = "finish", document: str = "doc") -> JSON:
    """A workflow of one toy that does this."""
    toy = {"type": "toy", "version": 1, "inputs": {"do": do}, "position": [0, 0]}
    return {"schema": 1, "id": document, "title": "Toys", "nodes": {"1": toy}}


class Browser:
    """A listening page: the WebSocket through another implementation than the server's."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[JSON] = []
        self.previews: list[bytes] = []
        self.received = 0
        self.patience = 20.0
        """Seconds until the next frame."""

    async def read(self) -> JSON | bytes:
        """The next frame, kept too."""
        async with asyncio.timeout(self.patience):
            frame = await self.connection.recv()
        self.received += len(frame)
        if isinstance(frame, bytes):
            self.previews.append(frame)
            return frame
        event: JSON = msgspec.json.decode(frame)
        self.events.append(event)
        return event

    async def until(self, condition: Callable[[JSON], object]) -> JSON:
        """Read until an event fulfils the condition."""
        while True:
            event = await self.read()
            if isinstance(event, dict) and condition(event["event"]):
                return dict(event["event"])

    async def until_kind(self, kind: str) -> JSON:
        return await self.until(lambda event: event["kind"] == kind)

    async def until_ended(self, job: str) -> JSON:
        """Read until the job is over; gives its last state."""
        over = ("done", "failed", "cancelled")
        event = await self.until(
            lambda e: e["kind"] == "jobchanged" and e["job"]["id"] == job and e["job"]["state"] in over
        )
        return dict(event["job"])


class Server:
    """A running server and a program that talks to it."""

    def __init__(self, url: str, services: Any, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.services = services
        self.session = session

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON body of an answer; None for an empty one."""
        if isinstance(options.get("data"), bytes):
            options["data"] = io.BytesIO(options["data"])
        async with self.session.request(method, f"{self.url}{path}", **options) as response:
            body = await response.read()
            return response.status, msgspec.json.decode(body) if body else None

    async def get(self, path: str) -> Any:
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def submit(self, do: str = "finish", document: str = "doc") -> str:
        """Accept a job that does this; gives its id."""
        status, body = await self.ask("POST", "/api/jobs", json={"workflow": workflow(do, document)})
        assert status == 202, body
        return str(body["id"])

    @asynccontextmanager
    async def browser(self, query: str = "") -> AsyncIterator[Browser]:
        async with connect(f"ws://{self.host}/api/events{query}", compression=None, max_queue=None) as connection:
            yield Browser(connection)

    async def run(self, do: str, document: str = "doc") -> tuple[JSON, list[JSON]]:
        """Run a job to its end; gives its last state and the events on the way."""
        async with self.browser() as browser:
            await browser.until_kind("hello")
            return await browser.until_ended(await self.submit(do, document)), [e["event"] for e in browser.events]


Starter = Callable[..., AbstractAsyncContextManager[Server]]
