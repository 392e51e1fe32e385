"""Pictures that are uploaded: checked by content, named by content, stored whole or not at all.

Nothing of the name that came with a picture is trusted but its letters.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from server import sentences as say
from server.answers import ApiError
from server.paths import safe_stem

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}
DECODED = 16_000_000
"""Pixels up to which a picture is decoded to see whether it is whole; a larger one only has its header read."""
FIX = "Upload a PNG, JPEG, WebP, GIF, BMP or TIFF picture."


@dataclass(frozen=True)
class Measured:
    """What a picture file says of itself."""

    format: str
    width: int
    height: int


def measure(path: Path, max_pixels: int) -> Measured:
    """Read a picture's format and size. Raises ApiError when it is none, or too large to be opened safely."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=list(SUFFIXES)) as picture:
                found = Measured(picture.format or "", *picture.size)
                _refuse_bomb(found, max_pixels)
                if found.width * found.height <= DECODED:
                    picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _bomb(max_pixels) from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, TypeError, KeyError, MemoryError) as error:
        # Pillow's readers say "damaged" in all these ways.
        raise ApiError(400, say.NO_PICTURE(why=str(error)[:150]), say.UPLOAD_PICTURE()) from None
    return found


def _refuse_bomb(found: Measured, max_pixels: int) -> None:
    if found.width * found.height > max_pixels:
        raise _bomb(max_pixels)


def _bomb(max_pixels: int) -> ApiError:
    return ApiError(413, say.TOO_MANY_PIXELS(count=max_pixels // 10**6), say.SMALLER_FIRST())


def store(part: Path, original: str, folder: Path, max_pixels: int) -> tuple[str, Measured]:
    """Check the file `part` and move it into `folder`, under a name that its content makes unique.

    Raises ApiError when it is no picture. The same picture under the same name is stored once.
    """
    found = measure(part, max_pixels)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = f"{safe_stem(original)}-{digest[:12]}{SUFFIXES[found.format]}"
    part.replace(folder / name)
    return name, found
