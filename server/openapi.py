"""The OpenAPI description, made from the declared routes and their types: it cannot say what they do not do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from server.answers import ErrorAnswer
from server.messages import Event, PreviewHeader
from server.routes.table import Binary, Endpoint

STATUS_WORDS = {
    101: "The connection is a WebSocket from now on.",
    200: "Done.",
    202: "Accepted: it is safe on the disk.",
    204: "Done; there is nothing to say.",
    304: "Nothing has changed.",
    400: "The request cannot be understood.",
    404: "There is no such thing.",
    409: "Someone else was first.",
    413: "The request is too large.",
    415: "The body is of another type than expected.",
    422: "The workflow has errors.",
    429: "Too many jobs wait.",
    503: "Not now; try again later.",
}
EVERYWHERE = "A refusal by host, origin or method (403, 405) has the same form as the other errors."


def describe(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """The whole description."""
    kinds = list(_types(endpoints))
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(map(_key, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        address = re.sub(r"\{(\w+):[^}]*\}", r"{\1}", endpoint.path)
        paths.setdefault(address, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Latent Loom", "version": version, "description": EVERYWHERE},
        "paths": paths,
        "components": {"schemas": components},
    }


def _key(kind: Any) -> str:
    return repr(kind)


def _types(endpoints: Iterable[Endpoint]) -> Iterator[Any]:
    """Every type that a body, a query or the WebSocket has."""
    seen: set[str] = set()
    for kind in (ErrorAnswer, Event, PreviewHeader, *(kind for endpoint in endpoints for kind in _used(endpoint))):
        if _key(kind) not in seen:
            seen.add(_key(kind))
            yield kind


def _used(endpoint: Endpoint) -> Iterator[Any]:
    for kind in (endpoint.body, *endpoint.answers.values()):
        if kind is not None and not isinstance(kind, Binary):
            yield kind


def _operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.handler.__module__.rpartition('.')[2]}.{endpoint.handler.__name__}",
        "responses": {
            str(status): {"description": STATUS_WORDS[status], **_content(kind, schemas)}
            for status, kind in endpoint.answers.items()
        },
    }
    parameters = [*_path_parameters(endpoint.path), *_query_parameters(endpoint.query)]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, **_content(endpoint.body, schemas)}
    return operation


def _content(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if kind is None:
        return {}
    if not isinstance(kind, Binary):
        return {"content": {"application/json": {"schema": schemas[_key(kind)]}}}
    binary: dict[str, Any] = {"type": "string", "format": "binary"}
    if kind.multipart_field:
        name = kind.multipart_field
        binary = {"type": "object", "properties": {name: binary}, "required": [name]}
    return {"content": {kind.media_type: {"schema": binary}}}


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(query: type | None) -> Iterator[dict[str, Any]]:
    if query is None:
        return
    (_,), components = msgspec.json.schema_components([query])
    for name, schema in components[query.__name__]["properties"].items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}
