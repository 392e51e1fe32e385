"""A picture without the words inside it: the pixels' bytes stay as they are, nothing is compressed anew."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from server.graph.pictures import PNG

PNG_WORDS = (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME")
JPEG = b"\xff\xd8"
JPEG_WORDS = (0xE1, 0xED, 0xFE)
"""Exif and XMP, IPTC, comments."""
START_OF_SCAN = 0xDA
WEBP_WORDS = (b"EXIF", b"XMP ")
WEBP_FLAGS = 0x08 | 0x04
"""The bits of VP8X that promise Exif and XMP."""


def without_words(picture: bytes) -> bytes:
    """The PNG, JPEG or WebP without its workflow, prompt and Exif; anything else, or damaged, as it is."""
    try:
        if picture.startswith(PNG):
            return PNG + b"".join(_png(picture))
        if picture.startswith(JPEG):
            return JPEG + b"".join(_jpeg(picture))
        if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
            body = b"".join(_webp(picture))
            return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    except (struct.error, IndexError):
        return picture
    return picture


def _png(picture: bytes) -> Iterator[bytes]:
    at = len(PNG)
    while at < len(picture):
        length, kind = struct.unpack_from(">I4s", picture, at)
        end = at + 12 + length
        if kind not in PNG_WORDS:
            yield picture[at:end]
        at = end


def _jpeg(picture: bytes) -> Iterator[bytes]:
    at = 2
    while picture[at] == 0xFF:
        marker = picture[at + 1]
        if marker == START_OF_SCAN:
            break
        (length,) = struct.unpack_from(">H", picture, at + 2)
        if marker not in JPEG_WORDS:
            yield picture[at : at + 2 + length]
        at += 2 + length
    yield picture[at:]


def _webp(picture: bytes) -> Iterator[bytes]:
    at = 12
    while at + 8 <= len(picture):
        kind, length = struct.unpack_from("<4sI", picture, at)
        end = at + 8 + length + length % 2
        if kind == b"VP8X":
            yield picture[at : at + 8] + bytes([picture[at + 8] & ~WEBP_FLAGS]) + picture[at + 9 : end]
        elif kind not in WEBP_WORDS:
            yield picture[at:end]
        at = end
