"""What a link carries, over HTTP: the value from the cache, described by the worker. Nothing runs for it."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any

import msgspec
from aiohttp import web

from server.answers import answer
from server.graph.prompt import Prompt, encode, from_workflow
from server.graph.source import find_source
from server.graph.steps import Link
from server.graph.wires import End, Fixed
from server.graph.workflow import load
from server.messages import InspectValue, OutputFile, ValueInspected, ValuePart
from server.routes.bodies import LARGE, read_json
from server.routes.table import Api
from server.services import Services
from server.store.outputs import url_of

api = Api()

ASK_WAIT = 30.0
"""Seconds the worker has to find a value and draw it."""
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class WhichValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An output of a node of a workflow as it stands; `job`: the last job of the workflow, if there was one."""

    workflow: msgspec.Raw
    node: Id
    output: Id
    job: Annotated[str, msgspec.Meta(max_length=40)] = ""


class ValuePicture(msgspec.Struct, frozen=True):
    """A picture that shows a value; `url` serves it."""

    url: str
    width: int
    height: int


class Value(msgspec.Struct, frozen=True):
    """What an output carries. `value` is null when it is not kept, or was never computed."""

    value: ValuePart | None = None
    pictures: list[ValuePicture] = []
    earlier: bool = False
    """The last run made it, and the workflow has changed since, or gives another value each time."""


@api.route(
    "POST",
    "/api/values",
    "What an output carries, from what is kept; nothing runs",
    body=WhichValue,
    answers={200: Value},
    errors=(400, 413, 415, 503),
)
async def value(request: web.Request, services: Services) -> web.Response:
    wanted = await read_json(request, WhichValue, services.config.limits.max_body)
    catalogue = await services.catalogue()

    def resolve() -> tuple[End, Prompt]:
        workflow = load(bytes(wanted.workflow))
        return find_source(workflow, catalogue, wanted.node, wanted.output), from_workflow(workflow, catalogue)[0]

    end, prompt = resolve() if len(bytes(wanted.workflow)) < LARGE else await asyncio.to_thread(resolve)
    if isinstance(end, Fixed):
        return answer(Value(constant(end.value)))
    if not isinstance(end, Link):
        return answer(Value())
    question = InspectValue(uuid.uuid4().hex, msgspec.Raw(encode(prompt)), end.node, end.output, wanted.job)
    told = await services.dispatcher.ask(question, question.request, ASK_WAIT)
    if not isinstance(told, ValueInspected) or told.found is None:
        return answer(Value())
    found = told.found
    return answer(Value(found.value, [shown(file) for file in found.pictures], found.earlier))


def shown(file: OutputFile) -> ValuePicture:
    return ValuePicture(url_of(file), file.width, file.height)


def constant(value: Any) -> ValuePart:
    """A link that ends at a constant carries just that."""
    if value is None:
        return ValuePart("", "nothing")
    if isinstance(value, (bool, int, float)):
        return ValuePart("", "number", repr(value), dtype=type(value).__name__)
    if isinstance(value, str):
        return ValuePart("", "text", value)
    return ValuePart("", "other", msgspec.json.encode(value).decode())
