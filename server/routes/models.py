"""The models there are, over HTTP: what each file holds, read from its header by the worker."""

from __future__ import annotations

import asyncio
import uuid

import msgspec
from aiohttp import web

from server import sentences as say
from server.answers import ApiError, answer
from server.messages import DescribeModel, ListModels, ModelInfo, ModelsListed
from server.model_paths import kind_named
from server.routes.bodies import read_query
from server.routes.table import Api
from server.services import Services

api = Api()

LIST_WAIT = 120.0
"""Seconds the first list may take: the worker imports its libraries and reads every header."""
HASH_WAIT = 600.0
START_WAIT = 20.0


class Models(msgspec.Struct, frozen=True):
    """The models of each kind; a kind that has a folder and no files is there and empty."""

    kinds: dict[str, list[ModelInfo]]


class WhichModels(msgspec.Struct, frozen=True):
    """`kind` leaves the others out; old names mean the present ones (clip, unet)."""

    kind: str = ""


class HowMuch(msgspec.Struct, frozen=True):
    """`hash` also works out the SHA-256 of files whose hash is not known yet, which takes seconds a gigabyte."""

    hash: bool = False


@api.route(
    "GET",
    "/api/models",
    "The model files there are, by kind, as their headers describe them",
    answers={200: Models},
    errors=(400, 503),
    query=WhichModels,
)
async def models(request: web.Request, services: Services) -> web.Response:
    question = ListModels(uuid.uuid4().hex, read_query(request, WhichModels).kind)
    found = await _ask(services, question, LIST_WAIT)
    asked = question.model_kind
    folders = [kind_named(asked)] if asked else await asyncio.to_thread(services.config.model_folders.kinds)
    kinds: dict[str, list[ModelInfo]] = {kind: [] for kind in folders}
    for model in found.models:
        kinds.setdefault(model.kind, []).append(model)
    return answer(Models(kinds))


@api.route(
    "GET",
    "/api/models/{kind}/{name:.+}",
    "One model with all that its file says of itself",
    answers={200: ModelInfo},
    errors=(400, 404, 503),
    query=HowMuch,
)
async def model(request: web.Request, services: Services) -> web.Response:
    kind, name = request.match_info["kind"], request.match_info["name"]
    hash = read_query(request, HowMuch).hash
    found = await _ask(services, DescribeModel(uuid.uuid4().hex, kind, name, hash), HASH_WAIT if hash else LIST_WAIT)
    if not found.models:
        what = say.NO_MODEL(model=f"models/{kind[:100]}/{name[:100]}")
        raise ApiError(404, what, say.MOVED_OR_DELETED())
    return answer(found.models[0])


async def _ask(services: Services, question: ListModels | DescribeModel, seconds: float) -> ModelsListed:
    """What the worker says. One that is only starting is waited for. Raises NoAnswerError."""
    keeper, until = services.dispatcher.keeper, services.clock() + START_WAIT
    while not keeper.listens and keeper.state.worker in ("starting", "restarting") and services.clock() < until:
        await asyncio.sleep(0.1)
    found = await services.dispatcher.ask(question, question.request, seconds)
    assert isinstance(found, ModelsListed)
    return found
