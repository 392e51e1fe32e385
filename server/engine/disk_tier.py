"""The results on disk, which survive a restart: small ones in one table, large ones in a file each.

A background thread writes in batches, one transaction a batch, without fsync: losing an entry costs a
second run of its node, never a wrong result, for what is read must match its checksum.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from server.engine.memory_tier import Entry, Made

INLINE = 32 * 1024
"""Values up to this many bytes live in the table."""
PAUSE = 0.25
"""Seconds the writer waits for more, so that trivial nodes share a transaction."""
ROW_COST = 200
"""Bytes a row takes beside its value, about."""
TABLE = (
    "CREATE TABLE IF NOT EXISTS results (slot TEXT PRIMARY KEY, size INTEGER NOT NULL, used REAL NOT NULL,"
    " checksum INTEGER NOT NULL, made TEXT, value BLOB) WITHOUT ROWID"
)


class Codec(Protocol):
    """How values become bytes. A second implementation serves the tests, which have no torch."""

    def encode(self, values: tuple[Any, ...]) -> bytes | None:
        """The bytes, or None where some value has no encoding: it then stays in memory only."""
        ...

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """The inverse. Raises ValueError on bytes it did not write or can no longer read."""
        ...


@dataclass(slots=True)
class Row:
    size: int
    made: tuple[Made, ...]


class DiskTier:
    """Entries by slot in `folder`. Safe to use from several threads; close it to write what waits."""

    def __init__(self, folder: Path, codec: Codec, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._codec = codec
        self._values = folder / "values"
        self._values.mkdir(parents=True, exist_ok=True)
        self._database = folder / "results.sqlite"
        self._reading = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: dict[str, Entry] = {}
        self._writing: dict[str, Entry] = {}
        self._touched: set[str] = set()
        self._urgent = self._closing = False
        self._rows: dict[str, Row] = {}
        self._reader = self._open()
        self._writer = threading.Thread(target=self._write_batches, name="cache writer", daemon=True)
        self._writer.start()

    # ------------------------------------------------------------ reading

    def __contains__(self, slot: str) -> bool:
        return slot in self._rows or slot in self._waiting or slot in self._writing

    def made(self, slot: str) -> tuple[Made, ...] | None:
        """What the entry made, without reading its values; None where there is no such entry."""
        entry = self.unwritten(slot)
        if entry is not None:
            return entry.made
        row = self._rows.get(slot)
        return row.made if row is not None else None

    def unwritten(self, slot: str) -> Entry | None:
        """An entry whose values are still in memory because the writer has not come to it."""
        return self._waiting.get(slot) or self._writing.get(slot)

    def load(self, slot: str) -> Entry | None:
        """Read an entry. None where there is none, or where it is damaged: it is then forgotten."""
        entry = self.unwritten(slot)
        row = self._rows.get(slot)
        if entry is not None or row is None:
            return entry
        try:
            values = self._codec.decode(self._read(slot))
        except (OSError, ValueError, sqlite3.Error) as error:
            print(f"cache: a result could not be read and is made again: {error}", file=sys.stderr)
            self.drop(slot)
            return None
        self._touched.add(slot)
        return Entry(values, row.made)

    def _read(self, slot: str) -> bytes:
        with self._reading:
            query = "SELECT checksum, value FROM results WHERE slot = ?"
            found = self._reader.execute(query, (slot,)).fetchone()
        if found is None:
            raise ValueError("its row is gone")
        checksum, data = found
        if data is None:
            data = self._file(slot).read_bytes()
        if zlib.crc32(data) != checksum:
            raise ValueError("its bytes are not those that were written")
        return bytes(data)

    # ------------------------------------------------------------ writing

    def put(self, slot: str, entry: Entry, *, urgent: bool = False) -> None:
        """Write an entry soon; at once where it was `urgent`, that is dear to make again."""
        with self._changed:
            self._waiting[slot] = entry
            if urgent and not self._urgent:
                self._urgent = True
                self._changed.notify_all()
            elif len(self._waiting) == 1:
                self._changed.notify_all()

    def drop(self, slot: str) -> None:
        """Forget an entry."""
        with self._changed:
            self._waiting.pop(slot, None)
        self._remove([slot])

    def clear(self) -> None:
        """Forget every entry."""
        with self._changed:
            self._waiting.clear()
        self.flush()
        self._remove(list(self._rows))

    def set_limit(self, limit: int) -> None:
        self.limit = limit
        self._shrink()

    def flush(self) -> None:
        """Return when everything put so far is written."""
        with self._changed:
            self._urgent = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._writing)

    def close(self) -> None:
        """Write what waits and let the files go."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._writer.join()
        with self._reading:
            self._reader.close()

    # ------------------------------------------------------------ the writer's thread

    def _write_batches(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._closing:
                    self._changed.wait_for(lambda: self._urgent or self._closing, PAUSE)
                self._urgent = False
                self._writing, self._waiting = self._waiting, {}
            try:
                self._write(self._writing)
                self._shrink()
            except (OSError, sqlite3.Error) as error:
                print(f"cache: results could not be kept on disk: {error}", file=sys.stderr)
            with self._changed:
                self._writing = {}
                self._changed.notify_all()
                if self._closing and not self._waiting:
                    return

    def _write(self, batch: dict[str, Entry]) -> None:
        rows = []
        now = time.time()
        for slot, entry in batch.items():
            data = self._encode(entry)
            if data is None or len(data) > self.limit:
                continue
            inline = len(data) <= INLINE
            if not inline:
                self._write_file(slot, data)
            made = json.dumps(entry.made) if entry.made else None
            rows.append((slot, len(data) + ROW_COST, now, zlib.crc32(data), made, data if inline else None))
        touched = [(now, slot) for slot in self._take_touched()]
        with self._reading, self._reader:
            self._reader.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._reader.executemany("UPDATE results SET used = ? WHERE slot = ?", touched)
        for slot, size, *_ in rows:
            self._note(slot, Row(size, batch[slot].made))

    def _encode(self, entry: Entry) -> bytes | None:
        try:
            return self._codec.encode(entry.values)
        except (ValueError, TypeError, RuntimeError, MemoryError) as error:
            # RuntimeError is what tensors raise; the result is whole in memory, it is only not kept on disk.
            print(f"cache: a result could not be encoded: {error}", file=sys.stderr)
            return None

    def _write_file(self, slot: str, data: bytes) -> None:
        path = self._file(slot)
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(data)
        unfinished.replace(path)

    def _take_touched(self) -> set[str]:
        touched, self._touched = self._touched, set()
        return touched

    def _note(self, slot: str, row: Row) -> None:
        old = self._rows.get(slot)
        self.used += row.size - (old.size if old is not None else 0)
        self._rows[slot] = row

    # ------------------------------------------------------------ leaving

    def _shrink(self) -> None:
        """Drop the least recently used until a tenth of the limit is free again."""
        if self.used <= self.limit:
            return
        surplus = self.used - int(self.limit * 0.9)
        leaving = []
        with self._reading:
            for slot, size in self._reader.execute("SELECT slot, size FROM results ORDER BY used").fetchall():
                if surplus <= 0:
                    break
                leaving.append(slot)
                surplus -= size
        self._remove(leaving)

    def _remove(self, slots: list[str]) -> None:
        try:
            with self._reading, self._reader:
                self._reader.executemany("DELETE FROM results WHERE slot = ?", [(slot,) for slot in slots])
        except sqlite3.Error as error:
            print(f"cache: results could not be removed: {error}", file=sys.stderr)
        for slot in slots:
            row = self._rows.pop(slot, None)
            if row is not None:
                self.used -= row.size
                if row.size > INLINE:
                    self._file(slot).unlink(missing_ok=True)

    # ------------------------------------------------------------ opening

    def _file(self, slot: str) -> Path:
        return self._values / slot[:2] / f"{slot}.safetensors"

    def _open(self) -> sqlite3.Connection:
        """Open the table and read its index; a damaged table is begun anew."""
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            print(f"cache: the table was damaged and is begun anew: {error}", file=sys.stderr)
            for end in ("", "-wal", "-shm"):
                self._database.with_name(self._database.name + end).unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._database, check_same_thread=False, timeout=5.0)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(TABLE)
            found = connection.execute("SELECT slot, size, made FROM results").fetchall()
        except sqlite3.DatabaseError:
            connection.close()
            raise
        self._rows = {slot: Row(size, tuple(json.loads(made)) if made else ()) for slot, size, made in found}
        self.used = sum(row.size for row in self._rows.values())
        self._sweep(path for path in self._values.glob("*/*"))
        return connection

    def _sweep(self, files: Iterable[Path]) -> None:
        """Remove files that no row speaks of: a process that died left them between file and row."""
        for path in files:
            row = self._rows.get(path.stem)
            if path.suffix == ".part" or row is None or row.size <= INLINE:
                path.unlink(missing_ok=True)
