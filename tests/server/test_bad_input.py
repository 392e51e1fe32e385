"""What the server says to nonsense: always 4xx with words and a fix, soon, and the next request is answered."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.server.talk import Server, workflow

pytestmark = pytest.mark.asyncio(loop_scope="module")
JSON_TYPE = {"Content-Type": "application/json"}


def wrapped(document: str) -> bytes:
    return b'{"workflow": %s}' % document.encode()


def with_input(value: str) -> bytes:
    """A workflow whose toy has this JSON text as the value of an input."""
    text = json.dumps(workflow("PLACE"))
    return wrapped(text.replace('"PLACE"', value))


DEEP = "[" * 100_000 + "]" * 100_000
MANY_NODES = json.dumps({"schema": 1, "nodes": {str(i): {"type": "toy"} for i in range(100_001)}})

MALFORMED = {
    "not JSON": b"hello",
    "empty": b"",
    "half": b'{"workflow": {"schema": 1',
    "not UTF-8": b'{"workflow": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "no workflow": b"{}",
    "unknown key": b'{"workflow": {}, "colour": 1}',
    "workflow is text": b'{"workflow": "x"}',
    "no schema": wrapped("{}"),
    "newer schema": wrapped('{"schema": 99}'),
    "nodes are a list": wrapped('{"schema": 1, "nodes": []}'),
    "node without type": wrapped('{"schema": 1, "nodes": {"1": {}}}'),
    "targets are text": b'{"workflow": {"schema": 1}, "targets": "1"}',
    "empty key": b'{"workflow": {"schema": 1}, "key": ""}',
    "deep": wrapped(DEEP),
    "deep beside": b'{"colour": %s}' % DEEP.encode(),
    "deep objects": wrapped('{"a":' * 100_000 + "1" + "}" * 100_000),
    "lone surrogate": wrapped('{"schema": "\\ud800"}'),
    "ComfyUI": wrapped('{"last_node_id": 1, "nodes": [], "links": []}'),
    "endless digits": wrapped('{"schema": ' + "9" * 5000 + "}"),
}


@pytest_asyncio.fixture(loop_scope="module")
async def lasting(shared: Server) -> AsyncIterator[Server]:
    """A server that must still work after each test."""
    yield shared
    assert (await shared.run("finish"))[0]["state"] == "done"


async def refused(server: Server, body: bytes, path: str = "/api/jobs", **options: Any) -> tuple[int, Any]:
    """Send a body that must be refused in words; gives the answer."""
    options = {"headers": JSON_TYPE, **options}
    method = options.pop("method", "POST")
    async with asyncio.timeout(20):
        status, answer = await server.ask(method, path, data=body, **options)
    assert 400 <= status < 500, answer
    said = answer.get("problems") or [answer["error"]]
    assert all(one["what"] and one["fix"] for one in said), said
    return status, answer


async def test_malformed_jobs_are_refused_in_words(lasting: Server) -> None:
    for name, body in MALFORMED.items():
        status, _ = await refused(lasting, body)
        assert status == 400, name


async def test_malformed_workflows_are_refused_wherever_they_are_sent(lasting: Server) -> None:
    for name, body in MALFORMED.items():
        if name not in ("targets are text", "empty key"):
            await refused(lasting, body, "/api/workflows/check")
            await refused(lasting, body, "/api/workflows/doc", method="PUT")


async def test_what_cannot_be_opened_is_refused_in_words(lasting: Server) -> None:
    for body in (
        b"",
        b"hello",
        b"{}",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        DEEP.encode(),
        b"\0" * 999,
    ):
        await refused(lasting, body, "/api/workflows/open", headers={})


async def test_a_number_that_is_none_is_a_problem_of_its_node_and_input(lasting: Server) -> None:
    for value in ("NaN", "Infinity", "-Infinity", "1e400", "1" + "0" * 400):
        body = with_input('"x"').replace(b'"do": "x"', b'"upgraded": ' + value.encode())
        status, answer = await refused(lasting, body)
        assert status == 422, (value, answer)
        assert [(problem["node"], problem["input"]) for problem in answer["problems"]] == [("1", "upgraded")]


async def test_broken_graphs_are_problems_at_their_nodes(lasting: Server) -> None:
    circle = workflow()
    circle["nodes"]["1"]["inputs"]["value"] = {"link": ["1", "result"]}
    nowhere = workflow()
    nowhere["nodes"]["1"]["inputs"]["value"] = {"link": ["7", "result"]}
    unknown = workflow()
    unknown["nodes"]["1"]["type"] = "nonsense"
    for document in (circle, nowhere, unknown):
        status, answer = await refused(lasting, json.dumps({"workflow": document}).encode())
        assert status == 422
        assert "1" in {problem["node"] for problem in answer["problems"]}


async def test_too_many_nodes_are_refused(lasting: Server) -> None:
    status, answer = await refused(lasting, wrapped(MANY_NODES))
    assert status == 413
    assert "100,000" in answer["error"]["what"]


async def test_a_body_too_large_is_refused_before_it_is_read(lasting: Server) -> None:
    host, port = lasting.host.split(":")
    head = f"POST /api/jobs HTTP/1.1\r\nHost: {lasting.host}\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Content-Length: {100 * 2**20}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_body_of_unknown_length_is_refused_when_it_grows_too_large(lasting: Server) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 2**20

    async with lasting.session.post(f"{lasting.url}/api/jobs", data=endless(), headers=JSON_TYPE) as response:
        assert response.status == 413


async def test_a_compressed_body_is_refused_and_not_unpacked(lasting: Server) -> None:
    headers = {**JSON_TYPE, "Content-Encoding": "gzip"}
    status, _ = await refused(lasting, gzip.compress(b" " * 2**26), headers=headers, skip_auto_headers=["x"])
    assert status == 415


async def test_json_under_another_name_is_refused(lasting: Server) -> None:
    body = json.dumps({"workflow": workflow()}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        status, _ = await refused(lasting, body, headers={"Content-Type": kind})
        assert status == 415, kind


async def test_numbers_and_words_that_do_not_fit_a_query_are_refused(lasting: Server) -> None:
    for query in ("limit=x", "limit=0", "limit=99999999999999999999", "state=lost", "limit=NaN"):
        status, body = await lasting.ask("GET", f"/api/jobs?{query}")
        assert status == 400, query
        assert body["error"]["fix"]
    for query in ("before=x", "before=1e400"):
        assert (await lasting.ask("GET", f"/api/outputs?{query}"))[0] == 400


async def test_an_absurd_number_that_fits_a_query_is_no_error(lasting: Server) -> None:
    status, body = await lasting.ask("GET", f"/api/outputs?before={10**18}")
    assert (status, body) == (200, {"outputs": []})
    assert (await lasting.ask("GET", f"/api/outputs?before={10**30}"))[0] == 400


async def test_unknown_addresses_and_methods_have_words_too(lasting: Server) -> None:
    for method, path, expected in (
        ("GET", "/api/nothing", 404),
        ("POST", "/api/system", 405),
        ("DELETE", "/api/jobs", 405),
        ("PATCH", "/api/jobs", 405),
        ("OPTIONS", "/api/jobs", 405),
    ):
        status, body = await lasting.ask(method, path)
        assert status == expected
        assert body["error"]["what"]


async def test_settings_out_of_range_are_refused(lasting: Server) -> None:
    for body in (b'{"memory": -1, "disk": 1}', b'{"memory": 1}', b'{"memory": 1e300, "disk": 1}', b'{"memory": "1"}'):
        await refused(lasting, body, "/api/cache", method="PUT")


async def test_others_are_answered_while_a_huge_workflow_is_checked(lasting: Server) -> None:
    nodes = {str(i): {"type": "toy", "inputs": {"do": "finish"}} for i in range(20_000)}
    body = json.dumps({"workflow": {"schema": 1, "nodes": nodes}}).encode()
    checking = asyncio.create_task(lasting.ask("POST", "/api/workflows/check", data=body, headers=JSON_TYPE))
    answered = 0
    while not checking.done():
        await lasting.get("/api/system")
        answered += 1
    assert (await checking)[0] == 200
    assert answered > 3
