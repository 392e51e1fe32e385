"""What the user chose in the page, kept for their other browsers. The server only keeps it: none of it is its own."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from server.answers import answer
from server.routes.bodies import read_json
from server.routes.table import Api
from server.services import Services
from server.store.settings import keep_page_settings, page_settings

api = Api()

LARGEST = 256 * 1024
"""Bytes: room for thousands of choices, and none for a misuse as a store."""


class PageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Choices by name, as the page means them, and when the last was made (seconds since 1970)."""

    values: dict[str, Any]
    updated: float


@api.route("GET", "/api/settings", "What the user chose in the page", answers={200: PageSettings})
async def look(request: web.Request, services: Services) -> web.Response:
    kept = await services.database.read(page_settings)
    return answer(PageSettings({}, 0.0) if kept is None else msgspec.json.decode(kept, type=PageSettings))


@api.route(
    "PUT",
    "/api/settings",
    "Keep what the user chose in the page",
    body=PageSettings,
    answers={200: PageSettings},
    errors=(400, 413, 415),
)
async def keep(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, PageSettings, LARGEST)
    await services.database.write(lambda connection: keep_page_settings(connection, wanted))
    return answer(wanted)
