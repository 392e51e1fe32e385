"""Files over HTTP: pictures uploaded, and what is stored served as what it is and nothing else."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path, PurePosixPath

import msgspec
from aiohttp import BodyPartReader, web

from server import sentences as say
from server.answers import ApiError, answer
from server.gallery.thumbnails import NoThumbnail
from server.paths import inside
from server.routes.bodies import PATIENCE, too_large
from server.routes.table import Api, Binary
from server.services import Services
from server.uploads import store

api = Api()

INLINE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".avif": "image/avif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
}
"""What a browser may show in place. SVG, HTML and PDF can hold scripts: they and all others are downloads."""
SANDBOX = "default-src 'none'; sandbox"
FIELD = "file"
WHOLE = 200
STORED = Binary()


class Uploaded(msgspec.Struct, frozen=True):
    """The picture's name in the input folder, and its size in pixels."""

    name: str
    width: int
    height: int


class Version(msgspec.Struct, frozen=True):
    v: str = ""


@api.route(
    "POST",
    "/api/files/input",
    "Upload a picture",
    body=Binary("multipart/form-data", FIELD),
    answers={200: Uploaded},
    errors=(400, 413, 415),
)
async def upload(request: web.Request, services: Services) -> web.Response:
    limits = services.config.limits
    if request.content_type != "multipart/form-data":
        raise ApiError(415, "A picture is sent as a form.", f"Use multipart/form-data with a field {FIELD!r}.")
    if (request.content_length or 0) > limits.max_upload + 2**16:
        raise too_large(limits.max_upload)
    folder = services.config.input
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        original = await _receive(request, part, limits.max_upload)
        name, found = await asyncio.to_thread(store, part, original, folder, limits.max_pixels)
    finally:
        part.unlink(missing_ok=True)
    services.dispatcher.look_again()
    return answer(Uploaded(name, found.width, found.height))


async def _receive(request: web.Request, target: Path, limit: int) -> str:
    """Write the form's file to `target` as it arrives; gives the name it came with."""
    try:
        async with asyncio.timeout(PATIENCE):
            form = await request.multipart()
            while (field := await form.next()) is not None:
                if isinstance(field, BodyPartReader) and field.name == FIELD:
                    await _copy(field, target, limit)
                    return field.filename or ""
    except (ValueError, AssertionError, EOFError) as error:  # aiohttp's words for a form that is damaged
        raise ApiError(400, f"The form cannot be read ({str(error)[:100]}).", "Send it again.") from None
    raise ApiError(400, f"The form has no field {FIELD!r}.", "Send the picture in a field of this name.")


async def _copy(field: BodyPartReader, target: Path, limit: int) -> None:
    size = 0
    with target.open("wb") as file:
        while chunk := await field.read_chunk(2**16):
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            file.write(chunk)


def serve(root: Path, name: str) -> web.FileResponse:
    """A stored file. Raises PathError for a name that leads out of `root`, ApiError when there is none."""
    path = inside(root, name)
    if not path.is_file():
        raise no_file(name)
    return answer_file(path)


def no_file(name: str) -> ApiError:
    return ApiError(404, say.NO_FILE(file=repr(name[:100])), say.MOVED_OR_DELETED())


def answer_file(path: Path) -> web.FileResponse:
    media_type = INLINE.get(PurePosixPath(path.name).suffix.lower())
    headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": SANDBOX}
    if media_type is None:
        headers["Content-Disposition"] = "attachment"
    response = web.FileResponse(path, headers=headers)
    response.content_type = media_type or "application/octet-stream"
    return response


@api.route("GET", "/api/files/input/{path:.+}", "An uploaded picture", answers={WHOLE: STORED}, errors=(400, 404))
async def input_file(request: web.Request, services: Services) -> web.StreamResponse:
    return serve(services.config.input, request.match_info["path"])


@api.route("GET", "/api/files/results/{path:.+}", "A saved result", answers={WHOLE: STORED}, errors=(400, 404))
async def result_file(request: web.Request, services: Services) -> web.StreamResponse:
    return serve(services.config.results, request.match_info["path"])


@api.route(
    "GET",
    "/api/files/thumbnails/{path:.+}",
    "A small picture of a saved result; with `v`, which names its content, it may be kept for good",
    query=Version,
    answers={WHOLE: Binary("image/webp")},
    errors=(400, 404),
)
async def thumbnail(request: web.Request, services: Services) -> web.StreamResponse:
    name = request.match_info["path"]
    path = inside(services.config.results, name)
    try:
        small = await services.gallery.thumbnails.of(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise ApiError(404, say.NO_FILE(file=repr(name[:100])), say.MOVED_OR_DELETED()) from None
    except NoThumbnail as error:
        raise ApiError(404, f"There is no small picture of {name[:100]!r}. {error}", "Open the file itself.") from None
    lasting = "private, max-age=31536000, immutable" if request.query.get("v") else "private, no-cache"
    response = web.FileResponse(small, headers={"Cache-Control": lasting, "Content-Security-Policy": SANDBOX})
    response.content_type = "image/webp"
    return response


@api.route(
    "GET", "/api/files/previews/{path:.+}", "A picture shown on a node", answers={WHOLE: STORED}, errors=(400, 404)
)
async def preview_file(request: web.Request, services: Services) -> web.StreamResponse:
    return serve(services.config.previews, request.match_info["path"])


@api.route(
    "GET",
    "/api/files/models/{kind}/{path:.+}",
    "The picture beside a model",
    answers={WHOLE: STORED},
    errors=(400, 404),
)
async def model_picture(request: web.Request, services: Services) -> web.StreamResponse:
    kind, name = request.match_info["kind"], request.match_info["path"]
    # Weights are not for downloading, whoever asks.
    shown = INLINE.get(PurePosixPath(name).suffix.lower(), "").startswith("image/")
    path = await asyncio.to_thread(services.config.model_folders.find, kind, name) if shown else None
    if path is None or not path.is_file():
        raise no_file(name)
    return answer_file(path)
