"""Names that come from outside, turned into paths that stay inside a folder. No other module joins such names.

A name that is fine on one system and dangerous on another is refused on both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

DEVICES = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$", re.IGNORECASE)
MAX_NAME = 255
MAX_PATH = 1024


class PathError(Exception):
    """The name leads out of its folder, or is no name at all."""


def inside(root: Path, name: str, also: Sequence[Path] = ()) -> Path:
    """The path of `name` (forward slashes) under `root`, links followed; it need not exist. Raises PathError.

    `also` are other folders, without links in their own paths, in which a link below `root` may end.
    """
    parts = name.split("/")
    if not name or len(name) > MAX_PATH or not all(is_name(part) for part in parts):
        raise PathError(f"{name[:100]!r} is not the name of a file in this folder.")
    base = root.resolve()
    try:
        path = base.joinpath(*parts).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or what the system cannot name
        raise PathError(f"{name[:100]!r} cannot be resolved.") from error
    if not any(path.is_relative_to(folder) for folder in (base, *also)):
        raise PathError(f"{name[:100]!r} leads out of its folder.")
    return path


def is_name(part: str) -> bool:
    """Whether one part of a path names an entry of its folder, on every system."""
    if part in ("", ".", "..") or len(part.encode("utf-8", "surrogatepass")) > MAX_NAME:
        return False
    if any(char in '\\:*?"<>|' or unicodedata.category(char) in ("Cc", "Cs") for char in part):
        return False
    return not part.endswith((".", " ")) and not is_device(part)


def is_device(part: str) -> bool:
    """Whether Windows takes the name for a device, whatever its extension."""
    return DEVICES.match(part.split(".")[0].rstrip(" ")) is not None


def safe_stem(name: str, fallback: str = "picture") -> str:
    """A file name's stem with nothing in it that any system minds; `fallback` when nothing is left."""
    stem = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).stem
    words = re.sub(r"[^\w.-]+", "_", stem).strip("._- ")[:80].strip("._- ")
    return fallback if not words or is_device(words) else words
