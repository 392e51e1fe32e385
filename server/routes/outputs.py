"""The results over HTTP, the newest first."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web

from server.answers import answer
from server.messages import OutputInfo
from server.routes.bodies import read_query
from server.routes.table import Api
from server.services import Services
from server.store import outputs

api = Api()


class OutputsQuery(msgspec.Struct, frozen=True):
    """Which results to list: only those older than the output `before`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    before: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


class OutputList(msgspec.Struct, frozen=True):
    outputs: list[OutputInfo]


@api.route("GET", "/api/outputs", "List saved results", query=OutputsQuery, answers={200: OutputList}, errors=(400,))
async def listing(request: web.Request, services: Services) -> web.Response:
    query = read_query(request, OutputsQuery)
    found = await services.database.read(partial(outputs.listed, limit=query.limit, before=query.before))
    return answer(OutputList(list(found)))
