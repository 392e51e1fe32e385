"""Small pictures of work in progress. Only the newest is ever made: an older one that still waits is dropped.

The node that offers a picture never waits; drawing, scaling and encoding happen on a thread of this module.
"""

from __future__ import annotations

import io
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from PIL import Image

from server.messages import PreviewHeader
from server.worker.pixels import pictures_of

QUALITY = 80
LARGEST, SMALLEST = 512, 256
"""Pixels along the longer edge; a smaller picture is scaled up, for a latent may be 16 x 16."""
PAUSE = 0.05
"""Seconds between two previews: more than 20 a second nobody sees."""
SHOWN = 4
"""Pictures of a batch that are shown, side by side."""

Send = Callable[[PreviewHeader, bytes], None]


class Previews:
    """The one slot for a preview that waits, and the thread that empties it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._waiting: tuple[PreviewHeader, Any] | None = None
        self._job = ""
        threading.Thread(target=self._work, name="previews", daemon=True).start()

    def offer(self, header: PreviewHeader, picture: Callable[[], Any] | Any) -> None:
        """Show this picture, or what this callable gives, unless a newer one comes before its turn."""
        with self._changed:
            self._waiting = header, picture
            self._changed.notify()

    def forget(self) -> None:
        """Drop the picture that waits: its job has ended."""
        with self._changed:
            self._waiting = None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None)
                waiting, self._waiting = self._waiting, None
            if waiting is not None:
                self._show(*waiting)
                time.sleep(PAUSE)

    def _show(self, header: PreviewHeader, picture: Callable[[], Any] | Any) -> None:
        try:
            self._send(header, encode_preview(picture() if callable(picture) else picture))
        except Exception as error:  # the callable is the node's code; a preview that fails harms nothing
            print(f"worker: a preview could not be made: {error!r}", file=sys.stderr)


def encode_preview(image: Any) -> bytes:
    """A JPEG of the first pictures of a batch."""
    pictures = [picture.convert("RGB") for picture in pictures_of(image)[:SHOWN]]
    made = io.BytesIO()
    fit(side_by_side(pictures)).save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """One picture as it is; more of them in a square, row by row."""
    if len(pictures) == 1:
        return pictures[0]
    columns = math.ceil(math.sqrt(len(pictures)))
    width, height = pictures[0].size
    sheet = Image.new("RGB", (columns * width, math.ceil(len(pictures) / columns) * height))
    for at, picture in enumerate(pictures):
        sheet.paste(picture, (at % columns * width, at // columns * height))
    return sheet


def fit(picture: Image.Image) -> Image.Image:
    """Scaled so that the longer edge has SMALLEST to LARGEST pixels."""
    longest = max(picture.size)
    if SMALLEST <= longest <= LARGEST:
        return picture
    wanted = LARGEST if longest > LARGEST else SMALLEST
    size = tuple(max(1, round(edge * wanted / longest)) for edge in picture.size)
    return picture.resize((size[0], size[1]), Image.Resampling.BICUBIC)
