"""What is in a file, by hash: worked out once, known again by path, size and time of change."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from blake3 import blake3

CHUNK = 16 * 2**20
TABLE = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT, kind TEXT, size INTEGER, modified INTEGER, digest TEXT,"
    " PRIMARY KEY (path, kind)) WITHOUT ROWID"
)
Kind = Literal["blake3", "sha256"]
Told = Callable[[int, int], None]
"""Called with the bytes read and their total; may raise to stop."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> object: ...

    def hexdigest(self) -> str: ...


class Identities:
    """The index. Safe to use from several threads; a lost or damaged index is only made again."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, Kind], tuple[int, int, str]] = {}
        database.parent.mkdir(parents=True, exist_ok=True)
        self._table = self._open(database)

    def digest(self, path: Path, kind: Kind = "blake3", told: Told = lambda read, total: None) -> str:
        """The hash of a file's content. Raises OSError, and whatever `told` raises."""
        stat = path.stat()
        seen = stat.st_size, stat.st_mtime_ns
        known = self._known.get((str(path), kind))
        if known is not None and known[:2] == seen:
            return known[2]
        digest = self._read(path, kind, stat.st_size, told)
        self._note(path, kind, (*seen, digest))
        return digest

    def learn(self, path: Path, kind: Kind, digest: str) -> None:
        """Note the hash of a file that was just written."""
        stat = path.stat()
        self._note(path, kind, (stat.st_size, stat.st_mtime_ns, digest))

    def close(self) -> None:
        with self._lock:
            self._table.close()

    def _read(self, path: Path, kind: Kind, total: int, told: Told) -> str:
        hash: _Hash = blake3(max_threads=blake3.AUTO) if kind == "blake3" else hashlib.sha256()
        read = 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                hash.update(chunk)
                read += len(chunk)
                told(read, total)
        return hash.hexdigest()

    def _note(self, path: Path, kind: Kind, seen: tuple[int, int, str]) -> None:
        self._known[str(path), kind] = seen
        try:
            with self._lock, self._table:
                self._table.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", (str(path), kind, *seen))
        except sqlite3.Error as error:
            print(f"worker: the index of files could not be written: {error}", file=sys.stderr)

    def _open(self, database: Path) -> sqlite3.Connection:
        try:
            return self._connect(database)
        except sqlite3.DatabaseError as error:
            print(f"worker: the index of files was damaged and is begun anew: {error}", file=sys.stderr)
            for end in ("", "-wal", "-shm"):
                database.with_name(database.name + end).unlink(missing_ok=True)
            return self._connect(database)

    def _connect(self, database: Path) -> sqlite3.Connection:
        table = sqlite3.connect(database, check_same_thread=False, timeout=5.0)
        try:
            table.execute("PRAGMA journal_mode = WAL")
            table.execute("PRAGMA synchronous = OFF")
            table.execute(TABLE)
            for path, kind, size, modified, digest in table.execute("SELECT * FROM files"):
                self._known[path, kind] = size, modified, digest
        except sqlite3.DatabaseError:
            table.close()
            raise
        return table
