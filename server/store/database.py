"""The database: one thread that writes, one that reads. A `write` is done when its commit is on the disk.

Changes that come while a commit is under way share the next one, in their order: many jobs cost few
flushes of the disk. What `note` writes is safe from the end of this process at once, and from a power
cut with the next `write`; a power cut takes it back together with everything after it, never alone.
An operation raises StoreError before it changes anything, or not at all. On a full disk a change raises OSError
(ENOSPC), and what was there stays.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from server.config import StartError
from server.store.tables import HEAD, metadata, stamp

T = TypeVar("T")
Operation = Callable[[Connection], T]

SHARED = 64
"""Operations in one commit, at most."""
LATER = 0.05
"""Seconds until what need not be on the disk at once is written, if nothing else is."""


class StoreError(Exception):
    """The database holds something that forbids the operation."""


@dataclass(frozen=True)
class _Write:
    operation: Operation[Any]
    done: asyncio.Future[Any]
    durable: bool


def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # SQLAlchemy begins and ends transactions itself (see _begin); the driver's own guesses are switched off.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """An open database file. `write` and `later` are called on the event loop only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, "database-writer")
        self._reader = ThreadPoolExecutor(1, "database-reader")
        self._write_connection: Connection | None = None
        self._read_connection: Connection | None = None
        self._waiting: list[_Write] = []
        self._busy = False
        self._durable = True
        self._timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Open the file, made or migrated as needed. Raises StartError when it cannot be used."""
        loop = asyncio.get_running_loop()
        self._write_connection = await loop.run_in_executor(self._writer, self._open_writer)
        self._read_connection = await loop.run_in_executor(self._reader, self._open_reader)

    async def close(self) -> None:
        """Write what waits, then close the file."""
        while self._waiting or self._busy:
            self._flush()
            await asyncio.sleep(0.005)
        loop = asyncio.get_running_loop()
        for connection, executor in (
            (self._read_connection, self._reader),
            (self._write_connection, self._writer),
        ):
            if connection is not None:
                await loop.run_in_executor(executor, partial(_close, connection))
            executor.shutdown()

    async def read(self, operation: Operation[T]) -> T:
        """Run a query on the reading thread; it sees every change asked for before it."""
        if self._read_connection is None:
            raise RuntimeError("the database is not open")
        if self._waiting:
            last = self._waiting[-1].done
            self._flush()
            await asyncio.wait([last])
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, operation, self._read_connection)

    def write(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Run a change; the future is done when it is committed and flushed to the disk."""
        future = self._add(operation, durable=True)
        self._flush()
        return future

    def note(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Run a change; the future is done when it is committed, which costs no flush of the disk."""
        future = self._add(operation)
        self._flush()
        return future

    def later(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Like `note`, but together with the next change, or after a moment when there is none."""
        future = self._add(operation)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LATER, self._flush)
        return future

    def _add(self, operation: Operation[T], durable: bool = False) -> asyncio.Future[T]:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Write(operation, done, durable))
        return done

    def _flush(self) -> None:
        if self._busy or not self._waiting:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting[:SHARED], self._waiting[SHARED:]
        self._commit(batch)

    def _commit(self, batch: list[_Write]) -> None:
        self._busy = True
        loop = asyncio.get_running_loop()
        future = self._writer.submit(self._transaction, batch)
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._committed, batch, done))

    def _committed(self, batch: list[_Write], future: Future[list[Any]]) -> None:
        self._busy = False
        error = future.exception()
        if error is not None and len(batch) > 1:
            # One of them is at fault and everything was rolled back: each gets a transaction of its own.
            self._waiting[:0] = batch[1:]
            self._commit(batch[:1])
            return
        for index, write in enumerate(batch):
            if write.done.cancelled():
                continue
            if error is not None:
                write.done.set_exception(error)
            else:
                write.done.set_result(future.result()[index])
        self._flush()

    def _transaction(self, batch: list[_Write]) -> list[Any]:
        if self._write_connection is None:
            raise RuntimeError("the database is not open")
        self._set_durable(self._write_connection, any(write.durable for write in batch))
        try:
            with self._write_connection.begin():
                return [write.operation(self._write_connection) for write in batch]
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) != sqlite3.SQLITE_FULL:
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path)) from error

    def _set_durable(self, connection: Connection, durable: bool) -> None:
        """Whether the next commit waits for the disk; SQLite takes this between transactions only."""
        driver = connection.connection.driver_connection
        if durable != self._durable and driver is not None:
            driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _engine(self) -> Engine:
        engine = create_engine(f"sqlite:///{self._path}", poolclass=NullPool)
        event.listen(engine, "connect", _set_up)
        return engine

    def _open_writer(self) -> Connection:
        engine = self._engine()
        event.listen(engine, "begin", _begin)
        try:
            connection = engine.connect()
            with connection.begin():
                version = _version(connection)
            if version == HEAD:
                return connection
            connection.close()
            _migrate(engine, self._path)
            return engine.connect()
        except DatabaseError as error:
            raise StartError(
                f"The database {self._path} cannot be used: {error.orig}.",
                "Put a backup in its place, or move the file away to start with an empty one.",
            ) from error

    def _open_reader(self) -> Connection:
        return self._engine().connect().execution_options(isolation_level="AUTOCOMMIT")


def _close(connection: Connection) -> None:
    connection.close()
    connection.engine.dispose()


def _version(connection: Connection) -> str:
    """Which migration the database stands at; an empty one is made whole first."""
    tables = inspect(connection).get_table_names()
    if not tables:
        metadata.create_all(connection)
        stamp.create(connection)
        connection.execute(insert(stamp).values(version_num=HEAD))
        return HEAD
    if stamp.name not in tables:
        return "unknown"
    return str(connection.execute(select(stamp.c.version_num)).scalar_one_or_none())


def _migrate(engine: Engine, path: Path, to: str = "head") -> None:
    # Imported here alone: Alembic costs 0.3 s, and almost no start has an older database.
    from alembic import command
    from alembic.config import Config as AlembicConfig
    from alembic.util import CommandError

    settings = AlembicConfig()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    try:
        with engine.begin() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, to)
    except CommandError as error:
        raise StartError(
            f"The database {path} was made by another version of Latent Loom ({error}).",
            "Update Latent Loom, or choose another folder with --home.",
        ) from error
