"""The workflow inside a picture: text chunks of a PNG, the Exif comment of a JPEG or WebP.

Bytes from a stranger are only ever counted, never trusted: lengths are checked before anything is
copied, compressed text is unpacked up to a limit, and a picture's size is read from its header alone.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping

from PIL import Image

from server.graph.reading import MAX_BYTES, WorkflowError

PNG = b"\x89PNG\r\n\x1a\n"
IHDR_END = len(PNG) + 25
CHUNK = struct.Struct(">I4s")
MAX_TEXT = MAX_BYTES
"""How much text one picture may hold, unpacked: as much as a document."""
MAX_CHUNKS = 100_000
MAX_PIXELS = 256 * 2**20
"""Of a PNG whose texts are read; nothing is decoded, so this only tells a picture from nonsense."""
MAX_DECODED = 89_000_000
"""Pixels of a picture that is to be used: what Pillow decodes without a warning."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
EXIF_IFD, DESCRIPTION, COMMENT = 0x8769, 0x010E, 0x9286
EXIF_TEXTS = {DESCRIPTION: "description", COMMENT: "comment"}
MAX_EXIF = 65_000
"""Bytes that a JPEG has room for in its one Exif segment, and a little less."""


# ---------------------------------------------------------------- writing


def with_texts(png: bytes, texts: Mapping[str, str | bytes]) -> bytes:
    """The PNG with these texts as chunks right behind its header. Raises WorkflowError when it is no PNG."""
    check_png(png)
    chunks = b"".join(text_chunk(key, value) for key, value in texts.items())
    return png[:IHDR_END] + chunks + png[IHDR_END:]


def text_chunk(key: str, value: str | bytes) -> bytes:
    """A tEXt chunk when the text is ASCII, which every reader knows; else iTXt (UTF-8, not compressed)."""
    data = value.encode() if isinstance(value, str) else value
    if data.isascii():
        return chunk(b"tEXt", key.encode("latin-1") + b"\0" + data)
    return chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + data)


def chunk(kind: bytes, data: bytes) -> bytes:
    return CHUNK.pack(len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def exif_comment(text: bytes) -> bytes | None:
    """Exif data with this JSON as its comment, in ASCII; None when it is too long for a JPEG."""
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[COMMENT] = b"ASCII\0\0\0" + (text if text.isascii() else escaped(text.decode()))
    data = exif.tobytes()
    return data if len(data) <= MAX_EXIF else None


def escaped(text: str) -> bytes:
    """JSON in ASCII alone: other characters stand only in its strings, where an escape means the same."""
    units = text.encode("utf-16-be")
    pairs = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in pairs).encode("ascii")


# ---------------------------------------------------------------- reading


def read_texts(picture: bytes) -> dict[str, str]:
    """The texts inside a picture by name; of two with one name the first. Raises WorkflowError.

    Of a PNG its text chunks; of a JPEG or WebP the Exif description and comment, as `description` and
    `comment`. A picture without texts gives an empty dict.
    """
    if picture.startswith(PNG):
        return read_png_texts(picture)
    measure(picture)
    return read_exif_texts(picture)


def read_png_texts(png: bytes) -> dict[str, str]:
    check_png(png)
    texts: dict[str, str] = {}
    room = MAX_TEXT
    for kind, data in chunks(png):
        found = read_text(kind, data, room)
        if found is None:
            continue
        key, text = found
        room -= len(text)
        if room < 0:
            raise too_much_text()
        texts.setdefault(key, text)
    return texts


def chunks(png: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks of a PNG up to its end, or to where the file breaks off."""
    view, at = memoryview(png), len(PNG)
    for _ in range(MAX_CHUNKS):
        if at + CHUNK.size > len(view):
            return
        length, kind = CHUNK.unpack_from(view, at)
        start = at + CHUNK.size
        if kind == b"IEND" or start + length > len(view):
            return
        yield kind, view[start : start + length]
        at = start + length + 4
    raise WorkflowError("The picture has too many parts to be one.", "Open another file.")


def read_text(kind: bytes, data: memoryview, room: int) -> tuple[str, str] | None:
    """Key and text of a text chunk; None for any other chunk and for a damaged one."""
    if kind not in (b"tEXt", b"zTXt", b"iTXt"):
        return None
    if len(data) > room:
        raise too_much_text()
    key, _, rest = bytes(data).partition(b"\0")
    name = key.decode("latin-1")
    if kind == b"tEXt":
        # The standard says Latin-1; many programs write UTF-8 all the same.
        return name, decode_either(rest)
    if kind == b"zTXt":
        unpacked = unpack(rest[1:], room)
        return None if unpacked is None else (name, decode_either(unpacked))
    if len(rest) < 2:
        return None
    compressed = rest[0] == 1
    parts = rest[2:].split(b"\0", 2)
    if len(parts) < 3:
        return None
    text = unpack(parts[2], room) if compressed else parts[2]
    return None if text is None else (name, text.decode("utf-8", "replace"))


def unpack(data: bytes, room: int) -> bytes | None:
    """Decompress at most `room` bytes; None when damaged. Raises WorkflowError for more."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(data, room + 1)
    except zlib.error:
        return None
    if len(text) > room:
        raise too_much_text()
    return text


def decode_either(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_exif_texts(picture: bytes) -> dict[str, str]:
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
            exif = opened.getexif()
            values = {**exif, **exif.get_ifd(EXIF_IFD)}
    except (OSError, ValueError, SyntaxError, struct.error, KeyError, TypeError, OverflowError):
        return {}  # damaged Exif is no Exif
    texts = {}
    for tag, name in EXIF_TEXTS.items():
        value = values.get(tag)
        if isinstance(value, bytes):
            value = decode_comment(value)
        if isinstance(value, str) and value:
            texts[name] = value
    return texts


def decode_comment(value: bytes) -> str:
    """An Exif user comment: eight bytes name its character set."""
    head, text = value[:8], value[8:]
    if head == b"UNICODE\0":
        return text.decode("utf-16-le" if text[1:2] == b"\0" else "utf-16-be", "replace")
    return decode_either(text if head in (b"ASCII\0\0\0", b"\0" * 8) else value).strip("\0")


def is_picture(data: bytes) -> bool:
    """Whether bytes begin like a picture of a kind that can carry a workflow."""
    return data.startswith((PNG, b"\xff\xd8\xff", b"GIF8")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read_workflow(picture: bytes) -> str:
    """The document inside a picture, as text for `workflow.load`. Raises WorkflowError when there is none.

    Where there is none of ours, the text of another program, so that `load` can say which one it was.
    """
    texts = read_texts(picture)
    if texts.get("workflow"):
        return texts["workflow"]
    for name in ("parameters", "prompt", "comment", "description"):
        text = texts.get(name, "")
        if "Steps: " in text or text.lstrip().startswith("{"):
            return text
    fix = "Open one saved by Latent Loom; a program that changes pictures often removes the workflow."
    raise WorkflowError("There is no workflow in this picture.", fix)


# ---------------------------------------------------------------- size


def measure(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture, from its header. Raises WorkflowError for what is none or too large."""
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
            width, height = opened.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels(MAX_DECODED) from None
    except (OSError, ValueError, SyntaxError, struct.error, KeyError, TypeError, OverflowError):
        # Pillow says "not mine" and "damaged" in all of these ways, by format.
        raise WorkflowError("This is not a picture that can be read.", "Use PNG, JPEG or WebP.") from None
    if width * height > MAX_DECODED:
        raise too_many_pixels(MAX_DECODED)
    return width, height


def check_png(png: bytes) -> None:
    if len(png) < IHDR_END or not png.startswith(PNG) or png[12:16] != b"IHDR":
        raise WorkflowError("The file is no PNG, or its beginning is damaged.", "Use another copy of it.")
    width, height = struct.unpack_from(">II", png, 16)
    if not width or not height:
        raise WorkflowError("The PNG says that it has no pixels.", "Use another copy of it.")
    if width * height > MAX_PIXELS:
        raise too_many_pixels(MAX_PIXELS)


def too_much_text() -> WorkflowError:
    return WorkflowError(f"The texts in the picture exceed {MAX_TEXT // 2**20} MB.", "Open another file.", 413)


def too_many_pixels(limit: int) -> WorkflowError:
    what = f"The picture has more than {limit // 1_000_000} million pixels."
    return WorkflowError(what, "Make it smaller first.", 413)
