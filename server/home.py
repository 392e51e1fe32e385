"""The home folder belongs to one server at a time, said by a lock that the system drops when its holder dies."""

from __future__ import annotations

from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from server.config import Config, StartError


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock, for the words another start is refused with."""

    pid: int
    url: str


class HomeLock:
    """Held from `take` until `release`, or until the process ends in whatever way."""

    def __init__(self, config: Config) -> None:
        self._home = config.home
        self._lock = FileLock(config.home / ".lock", timeout=0)

    @property
    def _note(self) -> Path:
        return self._home / ".server.json"

    def take(self) -> None:
        """Raise StartError when another server uses this folder."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise StartError(
                f"Another Latent Loom server{self._who()} uses the folder {self._home}.",
                "Use that one, stop it first, or start with another folder: --home FOLDER.",
            ) from error
        except OSError as error:
            raise StartError(
                f"The folder {self._home} cannot be locked: {error.strerror or error}.",
                "Choose another with --home, on a disk of this computer.",
            ) from error

    def describe(self, holder: Holder) -> None:
        """Leave word of who holds the lock."""
        self._note.write_bytes(msgspec.json.encode(holder))

    def release(self) -> None:
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def holder(self) -> Holder | None:
        """Who left word of holding the lock."""
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Holder)
        except (OSError, msgspec.DecodeError):
            return None

    def _who(self) -> str:
        holder = self.holder()
        return f" (process {holder.pid}, {holder.url})" if holder else ""
