"""Answers as JSON, and errors as `{"error": {"what", "fix"}}`: what happened and what to do, in words."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from server.phrases import Phrase, tell

_encoder = msgspec.json.Encoder()


class ErrorWords(msgspec.Struct, frozen=True):
    """What happened and what to do; the phrases say both to who speaks another language."""

    what: str
    fix: str
    what_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET
    fix_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        tell(self, "what", "what_phrase")
        tell(self, "fix", "fix_phrase")


class ErrorAnswer(msgspec.Struct, frozen=True):
    error: ErrorWords


class ApiError(Exception):
    """A request that cannot be answered: the HTTP status, what happened, and the fix."""

    def __init__(self, status: int, what: str, fix: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {what} {fix}")
        self.status = status
        self.what = what
        self.fix = fix
        self.headers = headers or {}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer; bytes are passed on as JSON that is made already."""
    data = body if isinstance(body, bytes) else _encoder.encode(body)
    return web.Response(
        body=data,
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        content_type="application/json",
    )


def error_response(error: ApiError) -> web.Response:
    return answer(ErrorAnswer(ErrorWords(error.what, error.fix)), error.status, error.headers)
