"""Files that nodes make: whole or absent, numbered upwards, written on threads of their own.

A file holds the workflow and the prompt and nothing of time or job, so equal work gives equal bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil
from PIL import Image

from server.engine.memory_tier import Made
from server.graph.pictures import exif_comment, with_texts
from server.messages import OutputFile
from server.paths import is_device
from server.worker.files import Folders, inside
from server.worker.identities import Identities
from server.worker.pixels import count_of, pictures_of

FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')
LONGEST_NAME = 120
"""Bytes of one part of a path, before the number."""
WRITERS = 2
TRASH = ".trash"
"""The folder inside the results folder where the web process keeps deleted ones."""
MEDIA = {"PNG": ("image/png", ".png"), "JPEG": ("image/jpeg", ".jpg"), "WEBP": ("image/webp", ".webp")}


class BadName(ValueError):
    """A name that cannot be a file's."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.input, self.fix = "name", "Use letters, digits and, for a folder, a slash."


@dataclass(frozen=True)
class Origin:
    """What a picture carries so that it can be opened again: JSON texts."""

    workflow: bytes
    prompt: bytes


@dataclass(frozen=True)
class Place:
    """Where a picture goes: `image_00001.png` in a folder."""

    folder: Path
    stem: str
    number: int
    suffix: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.stem}_{self.number:05}{self.suffix}"


class Results:
    """Writes into the results and previews folders."""

    def __init__(self, folders: Folders, identities: Identities) -> None:
        self._folders, self._identities = folders, identities
        self._lock = threading.Lock()
        self._numbers: dict[tuple[Path, str], int] = {}
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="writer")

    def save(self, image: Any, name: str, format: Any, origin: Origin) -> list[tuple[Path, Future[Made]]]:
        """Begin to save every picture of a batch; their paths, and each as it is when it is written."""
        folder, stem = self._place(name)
        kind, options = _format(format)
        media, suffix = MEDIA[kind]
        count = count_of(image)
        first = self._reserve(folder, stem, count)
        pictures = _Once(image)
        begun = []
        for at in range(count):
            place = Place(folder, stem, first + at, suffix)
            encode = _Encode(pictures, at, kind, options, origin)
            begun.append((place.path, self._writers.submit(self._write_result, place, encode, media)))
        return begun

    def show(self, image: Any) -> list[Future[Made]]:
        """Begin to write every picture of a batch into the previews folder."""
        pictures = _Once(image)
        return [
            self._writers.submit(self._write_preview, _Encode(pictures, at, "PNG", {"compress_level": 1}, None))
            for at in range(count_of(image))
        ]

    def intact(self, made: Made) -> bool:
        """Whether a file is still what was written; words always are."""
        if not made["path"]:
            return True
        root = self._folders.results if made["root"] == "results" else self._folders.previews
        path = inside(root, str(made["path"]))
        try:
            return path is not None and self._identities.digest(path, "sha256") == made["sha256"]
        except OSError:
            return False

    def close(self) -> None:
        """Finish what is being written."""
        self._writers.shutdown(wait=True)

    # ------------------------------------------------------------ where

    def _place(self, name: str) -> tuple[Path, str]:
        cleaned = FORBIDDEN.sub("_", name).strip().strip("/")
        parts = [_fitting(part) for part in cleaned.split("/")]
        if not cleaned:
            parts = ["image"]
        if any(not part for part in parts) or name.startswith("/"):
            raise BadName(f"'{name}' is no name inside the results folder.")
        folder = inside(self._folders.results, "/".join(parts[:-1]) or ".")
        if folder is None:
            raise BadName(f"'{name}' leads out of the results folder.")
        folder.mkdir(parents=True, exist_ok=True)
        return folder, parts[-1]

    def _reserve(self, folder: Path, stem: str, count: int) -> int:
        """The first of `count` numbers that no file of this name has."""
        with self._lock:
            last = self._numbers.get((folder, stem))
            if last is None:
                last = max(_last_number(folder, stem), _last_number(self._trash_of(folder), stem))
            self._numbers[folder, stem] = last + count
            return last + 1

    def _trash_of(self, folder: Path) -> Path:
        """Where deleted files of a folder wait: their numbers are not given again, for they may come back."""
        root = self._folders.results.resolve()
        return root / TRASH / folder.relative_to(root)

    # ------------------------------------------------------------ writing, on the writers' threads

    def _write_result(self, place: Place, encode: _Encode, media: str) -> Made:
        data, size = encode()
        while not write_whole(place.path, data, durable=True, replace=False):
            # Another process took the number in the meantime: count on from what is there now.
            with self._lock:
                self._numbers.pop((place.folder, place.stem), None)
            place = dataclasses.replace(place, number=self._reserve(place.folder, place.stem, 1))
        digest = hashlib.sha256(data).hexdigest()
        self._identities.learn(place.path, "sha256", digest)
        name = place.path.relative_to(self._folders.results.resolve()).as_posix()
        return _made(OutputFile("", name, media, "results", *size, digest))

    def _write_preview(self, encode: _Encode) -> Made:
        data, size = encode()
        digest = hashlib.sha256(data).hexdigest()
        path = self._folders.previews / f"{digest[:32]}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data, durable=False)
        self._identities.learn(path, "sha256", digest)
        return _made(OutputFile("", path.name, "image/png", "previews", *size, digest))


class _Once:
    """The pictures of a batch, taken from the device once, by whichever writer is first."""

    def __init__(self, image: Any) -> None:
        self._image = image
        self._lock = threading.Lock()
        self._pictures: list[Image.Image] = []

    def __getitem__(self, at: int) -> Image.Image:
        with self._lock:
            if not self._pictures:
                self._pictures, self._image = pictures_of(self._image), None
            return self._pictures[at]


@dataclass(frozen=True)
class _Encode:
    pictures: _Once
    at: int
    kind: str
    options: dict[str, Any]
    origin: Origin | None

    def __call__(self) -> tuple[bytes, tuple[int, int]]:
        picture = self.pictures[self.at]
        if self.kind == "JPEG":
            picture = picture.convert("RGB")
        comment = exif_comment(self.origin.workflow) if self.origin is not None and self.kind != "PNG" else None
        made = io.BytesIO()
        picture.save(made, self.kind, **self.options, **({} if comment is None else {"exif": comment}))
        data = made.getvalue()
        if self.origin is not None and self.kind == "PNG":
            data = with_texts(data, {"workflow": self.origin.workflow, "prompt": self.origin.prompt})
        return data, picture.size


def write_whole(path: Path, data: bytes, *, durable: bool, replace: bool = True) -> bool:
    """Write a file so that it is never seen half; `durable` also when the power fails right after.

    False where there is a file of this name that may not be replaced.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if replace:
            unfinished.replace(path)
        elif not _place_new(unfinished, path):
            return False
    finally:
        unfinished.unlink(missing_ok=True)
    if durable and os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return True


def _place_new(unfinished: Path, path: Path) -> bool:
    """Give a file its name unless that is taken: by a link, which never replaces, where the disk knows links."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        return False
    except OSError:
        if path.exists():
            return False
        unfinished.replace(path)
    return True


def _fitting(part: str) -> str:
    """A part of a path as every system takes it: not too long in bytes, and no device of Windows."""
    cut = part.strip(" .").encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore").rstrip(" .")
    return f"{cut}_" if is_device(cut) else cut


def _last_number(folder: Path, stem: str) -> int:
    """The highest number in use. What a process left unfinished here goes, now that the folder is read anyway."""
    numbered = re.compile(re.escape(stem) + r"_(\d{5,})\.\w+")
    unfinished = re.compile(r"\." + numbered.pattern + r"\.(\d+)\.part")
    last = 0
    for entry in folder.iterdir() if folder.is_dir() else ():
        if match := numbered.fullmatch(entry.name):
            last = max(last, int(match.group(1)))
        elif (match := unfinished.fullmatch(entry.name)) and not psutil.pid_exists(int(match.group(2))):
            entry.unlink(missing_ok=True)
    return last


def sweep_oldest(folder: Path, limit: int) -> None:
    """Remove the oldest files of a folder until the rest fit in `limit` bytes."""
    files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob("*") if path.is_file())
    surplus = sum(size for _, size, _ in files) - limit
    for _, size, path in files:
        if surplus <= 0:
            return
        path.unlink(missing_ok=True)
        surplus -= size


def words(text: str) -> Made:
    """What a node shows in words."""
    return _made(OutputFile("", "", "text/plain", "previews", text=text))


def output_of(node: str, made: Made) -> OutputFile:
    """The message for something that was made, now or in an earlier job."""
    return msgspec.structs.replace(msgspec.convert(dict(made), OutputFile), node=node)


def _made(output: OutputFile) -> Made:
    plain: dict[str, Any] = msgspec.to_builtins(output)
    return plain


def _format(format: Any) -> tuple[str, dict[str, Any]]:
    """Pillow's name for a format of nodes.types, and its options; PNG where none is said."""
    kind = type(format).__name__.upper() if format is not None else "PNG"
    if kind not in MEDIA:
        raise NotImplementedError(f"pictures cannot be saved as {kind}; use one of {', '.join(MEDIA)}")
    if kind == "PNG":
        return kind, {"compress_level": int(getattr(format, "compression", 4))}
    return kind, {"quality": int(getattr(format, "quality", 90))}
