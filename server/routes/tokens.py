"""How long a text is for text encoders, over HTTP: the worker has the tokenizers."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from aiohttp import web

from server.answers import answer
from server.messages import CountTokens, TokensCounted
from server.routes.bodies import read_json
from server.routes.table import Api
from server.services import Services
from server.workers.questions import NoAnswerError

api = Api()

COUNT_WAIT = 20.0
"""Seconds the worker has; the first time it reads its tokenizers."""
MAX_BODY = 400_000


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text for an encoder, with its weights in brackets."""

    text: Annotated[str, msgspec.Meta(max_length=100_000)]


class TokenCount(msgspec.Struct, frozen=True):
    """Tokens of the text alone. CLIP reads them in `chunks` of 75; T5 all at once. 0 chunks: nobody knows just now."""

    clip: int
    chunks: int
    t5: int


@api.route(
    "POST",
    "/api/tokens",
    "How many tokens a text is, for CLIP and for T5",
    body=Prompt,
    answers={200: TokenCount},
    errors=(400, 413, 415),
)
async def tokens(request: web.Request, services: Services) -> web.Response:
    question = CountTokens(uuid.uuid4().hex, (await read_json(request, Prompt, MAX_BODY)).text)
    try:
        told = await services.dispatcher.ask(question, question.request, COUNT_WAIT)
    except NoAnswerError:  # while the worker starts or is busy importing: a figure beside a text is no reason to fail
        return answer(TokenCount(0, 0, 0))
    assert isinstance(told, TokensCounted)
    return answer(TokenCount(told.clip, told.chunks, told.t5))
