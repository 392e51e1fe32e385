"""Questions to the worker that it answers once: a cache report, a fresh catalogue, nodes brought up to date."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from server.messages import (
    CacheReport,
    CatalogueReady,
    FromWorker,
    MemoryReport,
    ModelsListed,
    ModelVerified,
    NodesUpgraded,
    TokensCounted,
    ValueInspected,
)


class NoAnswerError(Exception):
    """The worker ended, or took too long."""


class Questions:
    """Who waits for which answer. An answer goes to all who wait for its kind."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, list[asyncio.Future[FromWorker]]] = defaultdict(list)

    async def answer_to(self, key: str, seconds: float) -> FromWorker:
        """Wait for the answer named `key`. Raises NoAnswerError."""
        future: asyncio.Future[FromWorker] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(future)
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError as error:
            raise NoAnswerError(f"the worker did not answer within {seconds:g} s") from error

    def heard(self, message: FromWorker) -> None:
        """Pass an answer on; any other message is left alone."""
        if self._waiting and (key := answers(message)):
            for future in self._waiting.pop(key, []):
                if not future.done():
                    future.set_result(message)

    def give_up(self, why: str) -> None:
        """The worker is gone: nobody waits any longer."""
        for future in [future for futures in self._waiting.values() for future in futures]:
            if not future.done():
                future.set_exception(NoAnswerError(why))
        self._waiting.clear()


def answers(message: FromWorker) -> str:
    """The key of the question that a message answers; empty when it answers none."""
    match message:
        case CacheReport():
            return "cache"
        case CatalogueReady():
            return "catalogue"
        case MemoryReport():
            return "memory"
        case NodesUpgraded() | ModelsListed() | ModelVerified() | ValueInspected() | TokensCounted():
            return message.request
        case _:
            return ""
