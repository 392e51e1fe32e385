"""Requests in: bodies and queries as types, refused before they cost anything."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import web

from server import sentences as say
from server.answers import ApiError
from server.graph.reading import parse

T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes from which a body is read and checked on a thread, so that nobody waits for it."""
PATIENCE = 60.0
"""Seconds a body may take to arrive."""


def too_large(limit: int) -> ApiError:
    return ApiError(413, say.TOO_LARGE(size=limit // 2**20), say.SEND_LESS())


async def read_body(request: web.Request, limit: int) -> bytes:
    """The bytes of the body. Raises ApiError as soon as it is known to be larger than `limit`."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body = bytearray()
    async with asyncio.timeout(PATIENCE):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise too_large(limit)
    return bytes(body)


async def read_json(request: web.Request, kind: type[T], limit: int) -> T:
    """The body as a `kind`. Raises ApiError or WorkflowError in words when it is none."""
    if request.content_type != "application/json":
        raise ApiError(
            415,
            f"The body is said to be {request.content_type[:100]!r}.",
            "Send JSON, with Content-Type: application/json.",
        )
    body = await read_body(request, limit)
    return decode(body, kind) if len(body) < LARGE else await asyncio.to_thread(decode, body, kind)


def decode(body: bytes, kind: type[T]) -> T:
    """JSON as a `kind`. What strict JSON forbids but a workflow may hold (NaN) is read the careful way."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None
    except (ValueError, RecursionError):
        tree = parse(body)  # Says in words what is wrong, when something is.
    try:
        return msgspec.json.decode(msgspec.json.encode(tree), type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None


def read_query(request: web.Request, kind: type[T]) -> T:
    """The query as a `kind`. Raises ApiError when a parameter does not fit."""
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None


def _misfit(message: str) -> ApiError:
    return ApiError(
        400,
        f"The request does not have the form that is expected: {message.replace('`', chr(39))}.",
        "Look at /api/openapi.json for its form.",
    )
