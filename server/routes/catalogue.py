"""The catalogue over HTTP."""

from __future__ import annotations

import msgspec
from aiohttp import hdrs, web

from server.answers import answer
from server.graph.catalogue import Catalogue
from server.messages import RefreshCatalogue
from server.routes.table import Api
from server.services import Services

api = Api()

REFRESH_WAIT = 60.0


class Revision(msgspec.Struct, frozen=True):
    revision: str


@api.route(
    "GET",
    "/api/catalogue",
    "All node types; ETag is the revision",
    answers={200: Catalogue, 304: None},
    errors=(503,),
)
async def catalogue(request: web.Request, services: Services) -> web.Response:
    revision = (await services.catalogue()).revision
    tag = f'"{revision}"'
    caching = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers=caching)
    return answer(services.shelf.text, headers=caching)


@api.route(
    "POST",
    "/api/catalogue/refresh",
    "Look again for models, choices and packs",
    answers={200: Revision},
    errors=(503,),
)
async def refresh(request: web.Request, services: Services) -> web.Response:
    dispatcher = services.dispatcher
    await dispatcher.ask(RefreshCatalogue(), "catalogue", REFRESH_WAIT)
    return answer(Revision(services.shelf.revision))
