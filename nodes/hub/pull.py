"""Fetches what was asked for into a models folder: whole and checked by hash, or not at all.

What has arrived of a file lies beside its place as `….part` until all of it is there, so that an interrupted pull
goes on where it ended. A file that is there already and is another one is never overwritten.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from blake3 import blake3
from filelock import FileLock, Timeout

from nodes.hub.choose import CannotChoose, choose, kind_of
from nodes.hub.client import Hub, HubError, RemoteFile
from nodes.hub.names import CHECKPOINTS, Wanted, is_plain
from nodes.hub.record import Pulled, add_to_record, read_record
from nodes.repository import INDEX

CHUNK = 4 * 2**20
ROOM = 2**27
"""Bytes that stay free on the disk."""


@dataclass(frozen=True)
class Progress:
    """Bytes of one file that have arrived or, once they all have, been checked."""

    file: str
    done: int
    total: int
    checking: bool = False
    before: int = 0
    """Bytes of the files that came before it, and of them all."""
    whole: int = 0


Told = Callable[[Progress], None]


@dataclass(frozen=True)
class Asked:
    """What to pull and where to."""

    wanted: Wanted
    models: Path
    kind: str = ""
    variant: str = ""


def pull(hub: Hub, asked: Asked, told: Told) -> list[str]:
    """Fetch it; the files' places below the models folder. Raises HubError."""
    asked.models.mkdir(parents=True, exist_ok=True)
    lock = FileLock(asked.models / ".pull.lock", timeout=0)
    try:
        with lock:
            return _pull(hub, asked, told)
    except Timeout as error:
        what = f"Another pull into {asked.models} is running."
        raise HubError(what, "Wait until it has ended, then pull again.") from error
    except OSError as error:
        raise HubError(f"{asked.models} cannot be written: {error.strerror or error}.", "Make room there.") from error


def _pull(hub: Hub, asked: Asked, told: Told) -> list[str]:
    wanted = asked.wanted
    found = hub.look(wanted)
    try:
        names = choose(wanted, [name for name in found.files if is_plain(name)], asked.variant)
    except CannotChoose as error:
        raise HubError(error.what, error.fix) from error
    places = place_of(asked, names)
    files = {name: hub.ask(wanted, found.commit, name) for name in names}
    known = read_record(asked.models)
    missing = [name for name in names if not is_here(asked.models, places[name], files[name], known)]
    whole = sum(files[name].size for name in missing)
    refuse_full_disk(asked.models, whole)
    before = 0
    for name in names:
        target, file = asked.models / places[name], files[name]
        if name in missing:
            share = partial(tell_share, told, before, whole)
            hashes = fetch(hub, wanted, found.commit, file, target, share)
            before += file.size
        elif places[name] in known:
            hashes = {"sha256": known[places[name]].sha256, "blake3": known[places[name]].blake3}
        else:
            hashes = hashes_of(target, lambda done: None)
        stat = target.stat()
        entry = Pulled(wanted.repo, wanted.revision, found.commit, name, stat.st_size, stat.st_mtime_ns,
                       hashes["sha256"], hashes["blake3"])  # fmt: skip
        add_to_record(asked.models, {places[name]: entry})
    forget_others(asked, places)
    return [places[name] for name in names]


def tell_share(told: Told, before: int, whole: int, progress: Progress) -> None:
    told(replace(progress, before=before, whole=whole))


def forget_others(asked: Asked, places: Mapping[str, str]) -> None:
    """Files that an earlier commit had in the same folder are no longer part of the model."""
    folders = {place.removesuffix(f"/{INDEX}") for place in places.values() if place.endswith(f"/{INDEX}")}
    known = read_record(asked.models)
    add_to_record(asked.models, {}, {name for name in known for folder in folders if name.startswith(f"{folder}/")
                                     if name not in places.values()})  # fmt: skip


def place_of(asked: Asked, names: list[str]) -> dict[str, str]:
    """Where each file goes, below the models folder."""
    wanted = asked.wanted
    if not wanted.file and len(names) > 1 and any("/" in name for name in names):
        return {name: f"{asked.kind or CHECKPOINTS}/{wanted.folder}/{name}" for name in names}
    kind = asked.kind or kind_of(wanted.repo, names[0])
    return {name: Wanted(wanted.repo, name, wanted.revision).place(kind) for name in names}


def is_here(models: Path, place: str, file: RemoteFile, known: Mapping[str, Pulled]) -> bool:
    """Whether a file is where it belongs already. Raises HubError when another one is."""
    target = models / place
    if not target.exists():
        return False
    stat, entry = target.stat(), known.get(place)
    untouched = entry is not None and (entry.size, entry.modified) == (stat.st_size, stat.st_mtime_ns)
    if untouched and entry is not None and file.sha256 and entry.sha256 == file.sha256:
        return True
    if stat.st_size == file.size and fits(file, hashes_of(target, lambda done: None)):
        return True
    if untouched:
        return False  # pulled from here before, and the repository has moved on
    raise HubError(
        f"{target} is there already, and is another file than the hub's.", "Move or rename it, then pull again."
    )


def fetch(hub: Hub, wanted: Wanted, commit: str, file: RemoteFile, target: Path, told: Told) -> dict[str, str]:
    """One file into its place; its hashes. Raises HubError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content = (file.sha256 or file.git or commit)[:16]
    part = target.with_name(f"{target.name}.{content}.part")
    hub.fetch(wanted, commit, file, part, lambda done: told(Progress(file.path, done, file.size)))
    hashes = hashes_of(part, lambda done: told(Progress(file.path, done, file.size, True)))
    if not fits(file, hashes):
        part.unlink()
        raise HubError(
            f"{file.path} arrived damaged: its hash is not the one that {hub.endpoint} promised "
            f"({hashes['sha256'][:12]}… for {(file.sha256 or file.git)[:12]}…). It was removed.",
            "Pull it again; if that does not help, the source is damaged.",
        )
    part.replace(target)
    return hashes


def fits(file: RemoteFile, hashes: Mapping[str, str]) -> bool:
    """Whether the content is what the hub promised. A hub that promises no hash is believed."""
    if file.sha256:
        return hashes["sha256"] == file.sha256
    return not file.git or hashes["git"] == file.git


def hashes_of(path: Path, told: Callable[[int], None]) -> dict[str, str]:
    """The content's hashes, in one reading: sha256, blake3, and git's (SHA-1 over a heading and the content)."""
    size = path.stat().st_size
    git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    known: dict[str, Any] = {"sha256": hashlib.sha256(), "blake3": blake3(), "git": git}
    read = 0
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            for each in known.values():
                each.update(chunk)
            read += len(chunk)
            told(read)
    return {name: each.hexdigest() for name, each in known.items()}


def refuse_full_disk(models: Path, need: int) -> None:
    free = shutil.disk_usage(models).free
    if need and free < need + ROOM:
        what = f"{need / 2**30:.1f} GiB are to be fetched, and {models} has {free / 2**30:.1f} GiB free."
        raise HubError(what, "Make room there.")
