"""Statements that every job runs, compiled once: to build or look one up costs more than SQLite takes to run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.elements import ClauseElement

_dialect = sqlite.dialect()


class Statement:
    """SQL text with the names of its parameters, in order. `columns` are those an insert gives values for."""

    def __init__(self, clause: ClauseElement, columns: Sequence[str] | None = None) -> None:
        compiled = SQLiteCompiler(_dialect, clause, column_keys=columns)
        self._sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._constants = {name: compiled.params[name] for name in self._names if name not in (columns or ())}

    def run(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Run it with these values, one for each name. Raises KeyError for one that is not given."""
        known = self._constants | values
        return connection.exec_driver_sql(self._sql, tuple([known[name] for name in self._names]))
