"""What is in a file, by hash: worked out once, known again by path, size and time of change.

Several processes may share the index: what one has worked out, the others find.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from blake3 import blake3

CHUNK = 16 * 2**20
TABLE = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT, kind TEXT, size INTEGER, modified INTEGER, digest TEXT,"
    " PRIMARY KEY (path, kind)) WITHOUT ROWID"
)
Kind = Literal["blake3", "sha256", "header"]
"""A hash, or what a file's header was found to say, as text."""
Told = Callable[[int, int], None]
"""Called with the bytes read and their total; may raise to stop."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> object: ...

    def hexdigest(self) -> str: ...


class Seen(NamedTuple):
    """What was worked out of a file that was so large and changed at that time (nanoseconds since 1970)."""

    size: int
    modified: int
    digest: str


class Identities:
    """The index. Safe to use from several threads; a lost or damaged index is only made again."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, Kind], Seen] = {}
        database.parent.mkdir(parents=True, exist_ok=True)
        self._table = self._open(database)

    def digest(
        self, path: Path, kind: Kind = "blake3", told: Told = lambda read, total: None, fresh: bool = False
    ) -> str:
        """The hash of a file's content; `fresh` reads it in any case. Raises OSError, and whatever `told` raises."""
        stat = path.stat()
        known = None if fresh else self._current(path, kind, stat.st_size, stat.st_mtime_ns)
        if known is not None:
            return known
        digest = self._read(path, kind, stat.st_size, told)
        self._note(path, kind, Seen(stat.st_size, stat.st_mtime_ns, digest))
        return digest

    def known(self, path: Path, kind: Kind) -> str | None:
        """What was worked out of a file as it is now, without reading it. Raises OSError when it is gone."""
        stat = path.stat()
        return self._current(path, kind, stat.st_size, stat.st_mtime_ns)

    def last(self, path: Path, kind: Kind) -> Seen | None:
        """What was worked out last of the file at this path, whatever has become of it since."""
        try:
            with self._lock:
                query = "SELECT size, modified, digest FROM files WHERE path = ? AND kind = ?"
                row = self._table.execute(query, (str(path), kind)).fetchone()
        except sqlite3.Error:
            row = None
        return Seen(*row) if row is not None else self._known.get((str(path), kind))

    def _current(self, path: Path, kind: Kind, size: int, modified: int) -> str | None:
        known = self._known.get((str(path), kind))
        if known is None or known[:2] != (size, modified):
            known = self.last(path, kind)  # another process may have been here
        if known is None or known[:2] != (size, modified):
            return None
        self._known[str(path), kind] = known
        return known.digest

    def learn(self, path: Path, kind: Kind, digest: str) -> None:
        """Note what is in a file that was just written or read."""
        stat = path.stat()
        self._note(path, kind, Seen(stat.st_size, stat.st_mtime_ns, digest))

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

    def _note(self, path: Path, kind: Kind, seen: Seen) -> None:
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
                self._known[path, kind] = Seen(size, modified, digest)
        except sqlite3.DatabaseError:
            table.close()
            raise
        return table
