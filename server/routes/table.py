"""How a route is declared: once, with what it takes and gives. The description at /api/openapi.json is this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from server.answers import ErrorAnswer
from server.services import Services

RouteHandler = Callable[[web.Request, Services], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Binary:
    """A body that is not JSON."""

    media_type: str = "application/octet-stream"
    multipart_field: str = ""


@dataclass(frozen=True)
class Endpoint:
    """One method of one address. Every status it may answer is listed, the refusals all requests share apart."""

    method: str
    path: str
    summary: str
    handler: RouteHandler
    answers: Mapping[int, Any]
    """The type of the answer's body by status; None for no body."""
    body: Any = None
    """The type of the request's JSON body, a Binary, or None."""
    query: type | None = None
    """A Struct with a field for each query parameter."""


@dataclass
class Api:
    """Collects the endpoints of one topic."""

    endpoints: list[Endpoint] = field(default_factory=list)

    def route(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        answers: Mapping[int, Any],
        errors: tuple[int, ...] = (),
        body: Any = None,
        query: type | None = None,
    ) -> Callable[[RouteHandler], RouteHandler]:
        """Declare the function below as the handler of an address."""
        every = {**answers, **dict.fromkeys(errors, ErrorAnswer)}

        def declare(handler: RouteHandler) -> RouteHandler:
            self.endpoints.append(Endpoint(method, path, summary, handler, every, body, query))
            return handler

        return declare
