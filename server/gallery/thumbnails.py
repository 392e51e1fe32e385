"""Small pictures of results: made on threads of their own when first asked for, and kept in the cache folder.

A thumbnail is named after the file's path, size and time, so another file under the same name gets another one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps

SIZE = 256
"""Pixels along the longest edge."""
QUALITY = 82
MAKERS = 2
MOST = 2**30
"""Bytes of thumbnails that are kept."""
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, TypeError, KeyError, MemoryError)
"""The ways in which Pillow's readers say "damaged"."""


class NoThumbnail(Exception):
    """The file is no picture that can be shown small."""


class Thumbnails:
    """The thumbnails in `folder`; pictures of more than `max_pixels` get none."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        self._folder, self._max_pixels = folder, max_pixels
        self._makers = ThreadPoolExecutor(MAKERS, "thumbnail")
        self._making: dict[str, asyncio.Future[Path]] = {}

    async def of(self, picture: Path) -> Path:
        """The file of a picture's thumbnail, a WebP. Raises FileNotFoundError or NoThumbnail."""
        key = key_of(picture)
        target = self._folder / key[:2] / f"{key}.webp"
        if target.exists():
            return target
        making = self._making.get(key)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._makers, make, picture, target, self._max_pixels)
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(making)

    async def sweep(self) -> None:
        """Let the oldest go where there are too many."""
        await asyncio.get_running_loop().run_in_executor(self._makers, sweep, self._folder, MOST)

    def close(self) -> None:
        self._makers.shutdown(cancel_futures=True)


def key_of(picture: Path) -> str:
    """What tells one content of a file from another. Raises FileNotFoundError."""
    seen = picture.stat()
    text = f"{picture}\0{seen.st_size}\0{seen.st_mtime_ns}\0{SIZE}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def make(picture: Path, target: Path, max_pixels: int) -> Path:
    """Write the thumbnail of a picture to `target`, whole or not at all. Raises NoThumbnail."""
    try:
        with Image.open(picture) as opened:
            if opened.width * opened.height > max_pixels:
                raise NoThumbnail(f"It has more than {max_pixels // 10**6} million pixels.")
            opened.draft("RGB", (2 * SIZE, 2 * SIZE))  # a JPEG is decoded no larger than needed
            small = ImageOps.exif_transpose(opened)
            small.thumbnail((SIZE, SIZE), reducing_gap=2.0)
            small = small.convert("RGBA" if "A" in small.mode or "transparency" in small.info else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *UNREADABLE) as error:
        raise NoThumbnail(f"It cannot be read as a picture ({str(error)[:100]}).") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        small.save(part, "WEBP", quality=QUALITY, method=2)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def sweep(folder: Path, limit: int) -> None:
    """Remove the oldest thumbnails until the rest fit in `limit` bytes."""
    seen = [(path, path.stat()) for path in folder.glob("*/*.webp")]
    surplus = sum(found.st_size for _, found in seen) - limit
    for path, found in sorted(seen, key=lambda each: each[1].st_mtime):
        if surplus <= 0:
            return
        path.unlink(missing_ok=True)
        surplus -= found.st_size
