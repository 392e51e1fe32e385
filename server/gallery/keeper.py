"""The gallery's own part of the program: its index, its thumbnails, its exports, and the trash that is emptied."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from server.catalogue import CatalogueShelf
from server.config import Config
from server.gallery import trash
from server.gallery.export import Exports
from server.gallery.indexer import Indexer
from server.gallery.thumbnails import Thumbnails
from server.messages import ResultsChanged
from server.sockets import Hub
from server.store import results as rows
from server.store import search
from server.store.database import Database
from server.store.gallery import paths_of
from server.store.tables import results

log = logging.getLogger(__name__)

HOURS = 6 * 3600.0
"""Seconds between two looks into the trash."""


class Gallery:
    """Opened when the database is, closed before it."""

    def __init__(
        self, config: Config, database: Database, hub: Hub, shelf: CatalogueShelf, clock: Callable[[], float]
    ) -> None:
        self._config, self._database, self._hub, self._clock = config, database, hub, clock
        self.thumbnails = Thumbnails(config.cache / "thumbnails", config.limits.max_pixels)
        self.exports = Exports()
        self.indexer = Indexer(database, shelf, self._tell, config.results)
        self._sweeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the search index where there is none, and begin to fill it."""
        await self._database.write(search.prepare)
        self.indexer.start()
        self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

    async def close(self) -> None:
        await self.indexer.stop()
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping
        self.thumbnails.close()

    async def star(self, ids: Sequence[int], starred: bool) -> list[int]:
        """Mark results or take the mark away; gives those that changed."""
        return await self._changed(partial(rows.star, ids=ids, starred=starred))

    async def trash(self, ids: Sequence[int]) -> list[int]:
        """Move results into the trash; gives those that were not there yet."""
        changed = await self._changed(partial(rows.trash, ids=ids, now=self._clock()))
        await self._files(trash.put_away, changed)
        return changed

    async def restore(self, ids: Sequence[int]) -> tuple[list[int], list[str]]:
        """Bring results back from the trash; gives them, and the names of those whose files could not come."""
        changed = await self._changed(partial(rows.restore, ids=ids))
        names = await self._database.read(partial(paths_of, wanted=changed))
        lost = await asyncio.to_thread(trash.bring_back, self._config.results, names.values())
        if lost:
            again = [id for id, name in names.items() if name in set(lost)]
            await self._database.write(partial(rows.trash, ids=again, now=self._clock()))
            changed = [id for id in changed if id not in set(again)]
        return changed, lost

    async def delete(self, ids: Sequence[int]) -> list[int]:
        """Delete results of the trash for good; others stay. Gives those that are gone."""
        names = await self._database.read(partial(paths_of, wanted=ids, trashed=True))
        await asyncio.to_thread(trash.throw_away, self._config.results, names.values())
        gone = list(names)
        await self._database.write(partial(rows.forget, ids=gone))
        self._tell(gone)
        return gone

    async def _files(self, move: Callable[..., object], ids: Sequence[int]) -> None:
        names = await self._database.read(partial(paths_of, wanted=ids))
        await asyncio.to_thread(move, self._config.results, names.values())

    async def _changed(self, operation: Callable[[Connection], list[int]]) -> list[int]:
        changed = await self._database.write(operation)
        self._tell(changed)
        return changed

    def _tell(self, ids: list[int]) -> None:
        if ids:
            self._hub.publish(ResultsChanged(ids))

    async def _sweep(self) -> None:
        while True:
            try:
                await self.thumbnails.sweep()
                await self.delete(await self._database.read(partial(_old, before=self._clock() - trash.KEPT)))
            except (OSError, DatabaseError) as error:
                log.error("The trash cannot be emptied now: %s", error)
            await asyncio.sleep(HOURS)


def _old(connection: Connection, before: float) -> list[int]:
    """What has waited in the trash long enough."""
    return list(connection.execute(select(results.c.id).where(results.c.trashed < before)).scalars())
