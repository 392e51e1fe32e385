"""The limits of the cache, kept in the home's database for every later start."""

from __future__ import annotations

from functools import partial

from server.config import Config
from server.store.database import Database
from server.store.settings import CacheLimits, cache_limits, keep_cache_limits


async def keep(config: Config, memory: int | None = None, disk: int | None = None) -> CacheLimits:
    """The limits that hold from now on; None leaves one as it was. Raises StartError."""
    database = Database(config.database)
    await database.open()
    try:
        before = await database.read(cache_limits) or CacheLimits(config.cache_memory, config.cache_disk)
        wanted = CacheLimits(before.memory if memory is None else memory, before.disk if disk is None else disk)
        if (memory, disk) != (None, None):
            await database.write(partial(keep_cache_limits, limits=wanted))
    finally:
        await database.close()
    return wanted
