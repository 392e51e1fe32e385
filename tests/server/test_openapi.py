"""The description of the API says what the routes do: each is described, and answers as described."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest

from server.api import Api, endpoints
from tests.server.talk import JSON, Server, workflow


@pytest.fixture
async def described(server: Server) -> AsyncIterator[tuple[Server, JSON]]:
    yield server, await server.get("/api/openapi.json")


async def test_every_route_is_described_and_every_description_is_a_route(described: tuple[Server, JSON]) -> None:
    server, description = described
    router = Api(server.services.config).router
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/api")
    } - {("head", path) for path in description["paths"]}
    written = {(method, path) for path, methods in description["paths"].items() for method in methods}
    assert routes == written


async def test_every_operation_has_a_summary_and_a_name_of_its_own(described: tuple[Server, JSON]) -> None:
    operations = [operation for methods in described[1]["paths"].values() for operation in methods.values()]
    assert all(operation["summary"] for operation in operations)
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) == len(endpoints())


async def test_every_reference_leads_somewhere(described: tuple[Server, JSON]) -> None:
    text = json.dumps(described[1])
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in described[1]["components"]["schemas"]


async def test_answers_have_the_form_that_is_described(described: tuple[Server, JSON]) -> None:
    server, description = described
    job, _ = await server.run("output")
    failed, _ = await server.run("raise")
    body = {"workflow": workflow(), "revision": None}
    wrong = workflow()
    wrong["nodes"]["1"]["type"] = "nonsense"
    asked: list[tuple[int, str, str, str, Any]] = [
        (202, "post", "/api/jobs", "/api/jobs", {"workflow": workflow()}),
        (422, "post", "/api/jobs", "/api/jobs", {"workflow": wrong}),
        (400, "post", "/api/jobs", "/api/jobs", {}),
        (200, "get", "/api/jobs", "/api/jobs", None),
        (200, "get", "/api/jobs/{id}", f"/api/jobs/{job['id']}", None),
        (200, "get", "/api/jobs/{id}", f"/api/jobs/{failed['id']}", None),
        (404, "get", "/api/jobs/{id}", "/api/jobs/x", None),
        (200, "get", "/api/jobs/{id}/workflow", f"/api/jobs/{job['id']}/workflow", None),
        (200, "post", "/api/jobs/{id}/cancel", f"/api/jobs/{job['id']}/cancel", None),
        (409, "post", "/api/jobs/{id}/move", f"/api/jobs/{job['id']}/move", {"before": None}),
        (200, "post", "/api/jobs/cancel", "/api/jobs/cancel", None),
        (200, "get", "/api/queue", "/api/queue", None),
        (200, "put", "/api/queue", "/api/queue", {"paused": False}),
        (200, "post", "/api/queue/clear", "/api/queue/clear", None),
        (200, "post", "/api/values", "/api/values", {"workflow": workflow(), "node": "1", "output": "result"}),
        (200, "get", "/api/outputs", "/api/outputs", None),
        (200, "put", "/api/workflows/{id}", "/api/workflows/doc", body),
        (409, "put", "/api/workflows/{id}", "/api/workflows/doc", {**body, "revision": 9}),
        (200, "get", "/api/workflows", "/api/workflows", None),
        (200, "get", "/api/workflows/{id}", "/api/workflows/doc", None),
        (200, "get", "/api/workflows/{id}/revisions", "/api/workflows/doc/revisions", None),
        (204, "put", "/api/workflows/{id}/revisions/{revision}", "/api/workflows/doc/revisions/1", {"name": "First"}),
        (404, "put", "/api/workflows/{id}/revisions/{revision}", "/api/workflows/doc/revisions/9", {"name": "None"}),
        (200, "post", "/api/workflows/check", "/api/workflows/check", {"workflow": wrong}),
        (200, "post", "/api/workflows/open", "/api/workflows/open", workflow()),
        (400, "post", "/api/workflows/open", "/api/workflows/open", {}),
        (204, "delete", "/api/workflows/{id}", "/api/workflows/doc", None),
        (200, "get", "/api/examples", "/api/examples", None),
        (404, "get", "/api/examples/{name}", "/api/examples/none", None),
        (200, "get", "/api/catalogue", "/api/catalogue", None),
        (200, "post", "/api/catalogue/refresh", "/api/catalogue/refresh", None),
        (200, "get", "/api/models", "/api/models", None),
        (200, "get", "/api/models/{kind}/{name}", "/api/models/loras/toy", None),
        (404, "get", "/api/models/{kind}/{name}", "/api/models/loras/none", None),
        (200, "get", "/api/cache", "/api/cache", None),
        (200, "put", "/api/cache", "/api/cache", {"memory": 1, "disk": 2}),
        (200, "post", "/api/cache/clear", "/api/cache/clear", None),
        (200, "get", "/api/settings", "/api/settings", None),
        (200, "put", "/api/settings", "/api/settings", {"values": {}, "updated": 1.5}),
        (200, "get", "/api/system", "/api/system", None),
        (200, "get", "/api/system/memory", "/api/system/memory", None),
        (200, "post", "/api/system/memory/free", "/api/system/memory/free", None),
        (400, "get", "/api/events", "/api/events", None),
        (415, "post", "/api/files/input", "/api/files/input", {}),
        (404, "get", "/api/files/results/{path}", "/api/files/results/none.png", None),
        (404, "get", "/api/files/thumbnails/{path}", "/api/files/thumbnails/none.png", None),
        (200, "get", "/api/gallery", "/api/gallery?q=is:starred+-snow&limit=5", None),
        (400, "get", "/api/gallery", "/api/gallery?q=after:soon", None),
        (200, "get", "/api/gallery/ids", "/api/gallery/ids", None),
        (200, "get", "/api/gallery/days", "/api/gallery/days?zone=-60", None),
        (200, "get", "/api/gallery/values", "/api/gallery/values?field=title", None),
        (200, "get", "/api/gallery/{id}", "/api/gallery/1", None),
        (404, "get", "/api/gallery/{id}", "/api/gallery/x", None),
        (200, "post", "/api/gallery/star", "/api/gallery/star", {"ids": [1]}),
        (200, "post", "/api/gallery/trash", "/api/gallery/trash", {"ids": [1]}),
        (200, "post", "/api/gallery/restore", "/api/gallery/restore", {"ids": [1]}),
        (200, "post", "/api/gallery/exports", "/api/gallery/exports", {"ids": [1]}),
        (404, "get", "/api/gallery/exports/{name}", "/api/gallery/exports/none", None),
        (200, "post", "/api/gallery/delete", "/api/gallery/delete", {"ids": [1]}),
        (400, "post", "/api/gallery/delete", "/api/gallery/delete", {"ids": "all"}),
    ]
    for status, method, path, address, sent in asked:
        answer = await server.ask(method.upper(), address, **({"json": sent} if sent is not None else {}))
        assert answer[0] == status, (method, address, answer)
        conforms(description, method, path, status, answer[1])


async def test_events_have_the_form_that_is_described(described: tuple[Server, JSON]) -> None:
    server, description = described
    async with server.browser() as browser:
        await browser.until_ended(await server.submit("output"))
        await browser.until_ended(await server.submit("die:1"))
    validator = checker(description, {"$ref": "#/components/schemas/Event"})
    for event in browser.events:
        validator.validate(event)


def conforms(description: JSON, method: str, path: str, status: int, body: Any) -> None:
    """Whether a body has the form that the description gives for this answer."""
    response = description["paths"][path][method]["responses"][str(status)]
    if "content" not in response:
        assert body is None
        return
    checker(description, response["content"]["application/json"]["schema"]).validate(body)


def checker(description: JSON, schema: JSON) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema, "components": description["components"]})
