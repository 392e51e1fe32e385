"""Settings that outlive a restart: a name and a JSON value each."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from server.store.tables import settings


class CacheLimits(msgspec.Struct, frozen=True):
    """Bytes that the two tiers of the cache may hold."""

    memory: int
    disk: int


def cache_limits(connection: Connection) -> CacheLimits | None:
    """What the user chose; None when nothing was chosen."""
    query = select(settings.c.value).where(settings.c.name == "cache")
    value = connection.execute(query).scalar_one_or_none()
    return None if value is None else msgspec.json.decode(value, type=CacheLimits)


def keep_cache_limits(connection: Connection, limits: CacheLimits) -> None:
    row = upsert(settings)
    connection.execute(
        row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value}),
        {"name": "cache", "value": msgspec.json.encode(limits)},
    )
