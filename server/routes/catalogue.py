"""The catalogue and the model files over HTTP."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import hdrs, web

from server.answers import answer
from server.graph.catalogue import Catalogue
from server.messages import RefreshCatalogue
from server.model_folders import ModelFolders
from server.routes.table import Api
from server.services import Services

api = Api()

REFRESH_WAIT = 60.0
MODEL_SUFFIXES = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft"})


class Revision(msgspec.Struct, frozen=True):
    revision: str


class ModelInfo(msgspec.Struct, frozen=True):
    """A model file: its name inside its folder, bytes, and when it was changed (seconds since 1970)."""

    name: str
    size: int
    modified: float


class Models(msgspec.Struct, frozen=True):
    folders: dict[str, list[ModelInfo]]


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


@api.route("GET", "/api/models", "The model files there are, by folder", answers={200: Models})
async def models(request: web.Request, services: Services) -> web.Response:
    folders = await asyncio.to_thread(find_models, services.config.model_folders)
    return answer(Models(folders))


def find_models(folders: ModelFolders) -> dict[str, list[ModelInfo]]:
    """Every model file by kind."""
    found: dict[str, list[ModelInfo]] = {}
    for kind in folders.kinds():
        found[kind] = []
        for name, path in folders.files(kind).items():
            if path.suffix.lower() in MODEL_SUFFIXES:
                status = path.stat()
                found[kind].append(ModelInfo(name, status.st_size, status.st_mtime))
    return found
