"""Whatever is sent, the answer is not a fault of the server's: property tests against a whole server.

The long form: `pytest tests/server/test_fuzz.py --hypothesis-profile=search`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import hypothesis.strategies as st
from hypothesis import given

from server.api import endpoints
from tests.server.talk import JSON, Server, workflow

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=12)
    | st.sampled_from([10**400, -(2**63), 2**53, "finish", "toy", "1", "result", "../x", "\x00", "\ud800"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LINKS = st.builds(lambda node, output: {"link": [node, output]}, st.sampled_from(["1", "2", "9", ""]), SCALARS)
NODES = st.dictionaries(
    st.sampled_from(["1", "2", "3"]),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["toy", "source", "reroute", "subgraph:s", "nonsense"]) | VALUES},
        optional={
            "version": SCALARS,
            "inputs": st.dictionaries(st.sampled_from(["do", "value", "upgraded", "x.0"]), VALUES | LINKS, max_size=3),
            "mode": st.sampled_from(["run", "mute", "bypass"]) | VALUES,
            "position": VALUES,
            "title": VALUES,
        },
    ),
    max_size=3,
)
WORKFLOWS = st.fixed_dictionaries(
    {"schema": st.just(1) | SCALARS, "nodes": NODES},
    optional={
        "id": VALUES,
        "title": VALUES,
        "subgraphs": VALUES | st.builds(lambda nodes: {"s": {"nodes": nodes}}, NODES),
        "extra": VALUES,
    },
)
BODIES = st.fixed_dictionaries(
    {"workflow": WORKFLOWS | VALUES},
    optional={"targets": st.lists(st.sampled_from(["1", "9"])) | VALUES, "key": VALUES, "revision": VALUES},
)


def everywhere(server: Server, send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], None]:
    """`send` for hypothesis, which is not asynchronous: it runs on a thread and asks on the test's loop."""
    loop = asyncio.get_running_loop()

    def ask(example: Any) -> None:
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(send(example), 30), loop).result()

    return ask


def in_words(status: int, body: Any) -> bool:
    """Whether an answer is no fault of the server's, and a refusal says what and how to mend it."""
    if status < 400:
        return True
    said = body.get("problems") or [body["error"]]
    return status < 500 and all(one["what"] for one in said)


async def test_no_body_breaks_a_route_that_takes_json(server: Server) -> None:
    async def send(body: JSON) -> None:
        text = json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        for method, path in (("POST", "/api/jobs"), ("POST", "/api/workflows/check"), ("PUT", "/api/workflows/doc")):
            assert in_words(*await server.ask(method, path, data=text, headers=kind)), (path, body)
        assert in_words(*await server.ask("POST", "/api/workflows/open", data=json.dumps(body["workflow"]).encode()))

    ask = everywhere(server, send)
    await asyncio.to_thread(given(BODIES)(lambda body: ask(body)))
    await server.ask("POST", "/api/jobs/cancel")
    assert (await server.run("finish"))[0]["state"] == "done"


async def test_no_bytes_break_what_opens_files(server: Server) -> None:
    heads = st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1", b"RIFF\x10\0\0\0WEBPVP8 ", b"GIF89a", b"BM", b"{"]
    )

    async def send(data: bytes) -> None:
        assert in_words(*await server.ask("POST", "/api/workflows/open", data=data)), data
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for form in (data, head + data + b"\r\n--x--\r\n"):
            assert in_words(*await server.ask("POST", "/api/files/input", data=form, headers=kind)), form

    ask = everywhere(server, send)
    await asyncio.to_thread(given(st.builds(bytes.__add__, heads, st.binary(max_size=80)))(lambda data: ask(data)))
    assert list(server.services.config.input.iterdir()) == []


async def test_no_address_breaks_a_route(server: Server) -> None:
    methods = sorted({endpoint.method for endpoint in endpoints()} | {"PATCH"})
    paths = sorted({endpoint.path for endpoint in endpoints()} - {"/api/catalogue/refresh", "/api/cache/clear"})

    async def send(example: tuple[str, str, str, str]) -> None:
        method, path, name, query = example
        for part in ("{id}", "{name}", "{path:.+}"):
            path = path.replace(part, quote(name, safe="", errors="replace"))
        url = f"{path}?limit={quote(query, errors='replace')}&before={quote(name, errors='replace')}&state=done"
        url += f"&q={quote(query, errors='replace')}&zone=60"
        async with server.session.request(method, server.url + url, allow_redirects=False) as response:
            assert response.status < 500, (method, url)
            await response.read()

    ask = everywhere(server, send)
    names = st.text(min_size=1, max_size=20) | st.sampled_from(["..", ".", "a/b", "\x00", "%2e", "con", "1" * 30])
    examples = st.tuples(st.sampled_from(methods), st.sampled_from(paths), names, names)
    await asyncio.to_thread(given(examples)(lambda example: ask(example)))


async def test_workflows_survive_a_round_trip_whatever_they_hold(server: Server) -> None:
    async def send(extra: JSON) -> None:
        document = {**workflow(), "extra": extra}
        revision: int | None = None
        status, body = await server.ask("GET", "/api/workflows/doc")
        if status == 200:
            revision = body["revision"]
        status, body = await server.ask("PUT", "/api/workflows/doc", json={"workflow": document, "revision": revision})
        assert status == 200, body
        assert (await server.get("/api/workflows/doc"))["workflow"] == document

    plain = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12)
    ask = everywhere(server, send)
    await asyncio.to_thread(given(st.dictionaries(st.text(max_size=8), plain, max_size=4))(lambda extra: ask(extra)))
