"""What was pulled from the hub: one small file beside the models, `pulled.json`, that says where each came from."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "pulled.json"


@dataclass(frozen=True)
class Pulled:
    """A file as it was when its pull was finished and checked."""

    repo: str
    revision: str
    """As it was asked for; `commit` is what that meant."""
    commit: str
    file: str
    """Its path in the repository."""
    size: int
    modified: int
    """Nanoseconds since 1970."""
    sha256: str
    blake3: str


def read_record(models: Path) -> dict[str, Pulled]:
    """What was pulled into a models folder, by path in it with forward slashes. What is damaged is left out."""
    try:
        table = json.loads((models / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    found: dict[str, Pulled] = {}
    for name, entry in table.items() if isinstance(table, dict) else ():
        try:
            pulled = Pulled(**entry)
        except TypeError:
            continue
        if isinstance(name, str) and all(isinstance(value, str | int) for value in asdict(pulled).values()):
            found[name] = pulled
    return found


def add_to_record(models: Path, new: Mapping[str, Pulled], forget: Collection[str] = ()) -> None:
    """Note files that were pulled. The record is replaced whole, and files that are gone leave it. Raises OSError."""
    known = read_record(models).items()
    kept = {name: entry for name, entry in known if name not in forget and (models / name).exists()}
    table = {name: asdict(entry) for name, entry in sorted({**kept, **new}.items())}
    part = models / f"{FILE}.{os.getpid()}.part"
    part.write_text(json.dumps(table, indent=1), encoding="utf-8")
    part.replace(models / FILE)
