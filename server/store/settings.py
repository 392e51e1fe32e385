"""Settings that outlive a restart: a name and a JSON value each."""

from __future__ import annotations

from typing import Any

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
    value = _read(connection, "cache")
    return None if value is None else msgspec.json.decode(value, type=CacheLimits)


def keep_cache_limits(connection: Connection, limits: CacheLimits) -> None:
    _keep(connection, "cache", limits)


def is_paused(connection: Connection) -> bool:
    """Whether the queue was paused when the server last ran."""
    return _read(connection, "paused") == b"true"


def keep_paused(connection: Connection, paused: bool) -> None:
    _keep(connection, "paused", paused)


def page_settings(connection: Connection) -> bytes | None:
    """What the page last gave, as JSON; None when it never did."""
    return _read(connection, "page")


def keep_page_settings(connection: Connection, chosen: Any) -> None:
    _keep(connection, "page", chosen)


def _read(connection: Connection, name: str) -> bytes | None:
    return connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar_one_or_none()


def _keep(connection: Connection, name: str, value: Any) -> None:
    row = upsert(settings)
    connection.execute(
        row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value}),
        {"name": name, "value": msgspec.json.encode(value)},
    )
