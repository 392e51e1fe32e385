"""The WebSocket: numbered events as text, previews as binary frames."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from server.answers import ApiError
from server.messages import Hello
from server.routes.bodies import read_query
from server.routes.table import Api
from server.security import is_upgrade
from server.services import Services

api = Api()

HEARTBEAT = 30.0


class EventsQuery(msgspec.Struct, frozen=True):
    """Where a browser that comes back stands: the last event it saw, and of which epoch."""

    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    epoch: str = ""


@api.route("GET", "/api/events", "The events, as a WebSocket", query=EventsQuery, answers={101: None}, errors=(400,))
async def events(request: web.Request, services: Services) -> web.StreamResponse:
    query = read_query(request, EventsQuery)
    if not is_upgrade(request):
        raise ApiError(400, "This address is a WebSocket.", "Connect to it with ws:// instead of http://.")
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, compress=False, max_msg_size=4096, timeout=2.0)
    await socket.prepare(request)
    hub, state = services.hub, services.dispatcher.keeper.state
    after = query.after if query.epoch == hub.epoch else None
    transport = request.transport

    def cut() -> None:
        if transport is not None:
            transport.abort()

    await hub.attend(socket, Hello(hub.epoch, state.worker, state.detail, state.detail_phrase), after, cut)
    return socket
