"""The worker's end of the pipe: frames in on one thread, frames out on another.

Nobody who sends ever waits for the reader at the other end. Messages keep their order and none is lost;
of pictures only the newest of a node waits.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from server.messages import (
    FRAME,
    JSON_FRAME,
    PICTURE_FRAME,
    FromWorker,
    PreviewHeader,
    ToWorker,
    pack_frame,
    pack_picture,
)


def claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the standard streams for frames; what packs print goes to stderr from now on."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        for pipe in (incoming, outgoing):
            msvcrt.setmode(pipe, os.O_BINARY)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def read_frames(pipe: BinaryIO, heard: Callable[[ToWorker], None], ended: Callable[[], None]) -> None:
    """Pass every message on until the pipe ends; run it on a thread of its own."""
    decoder = msgspec.json.Decoder(ToWorker)
    try:
        while len(head := pipe.read(FRAME.size)) == FRAME.size:
            length, kind = FRAME.unpack(head)
            payload = pipe.read(length)
            if len(payload) < length:
                break
            if kind == JSON_FRAME:
                heard(decoder.decode(payload))
    except (OSError, msgspec.DecodeError) as error:
        print(f"worker: the pipe is damaged: {error}", file=sys.stderr)
    ended()


class Outgoing:
    """Frames on their way out. Safe to use from several threads."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._changed = threading.Condition()
        self._frames: deque[bytes] = deque()
        self._pictures: dict[tuple[str, str], bytes] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._write, name="pipe out", daemon=True)
        self._thread.start()

    def send(self, message: FromWorker) -> None:
        frame = pack_frame(JSON_FRAME, msgspec.json.encode(message))
        with self._changed:
            self._frames.append(frame)
            self._changed.notify()

    def picture(self, header: PreviewHeader, picture: bytes) -> None:
        """Send a preview after the messages before it, unless a newer one of its node takes its place."""
        with self._changed:
            self._pictures[header.job, header.node] = pack_frame(PICTURE_FRAME, pack_picture(header, picture))
            self._changed.notify()

    def forget_pictures(self, job: str) -> None:
        """Drop the previews of a job that has ended."""
        with self._changed:
            for key in [key for key in self._pictures if key[0] == job]:
                del self._pictures[key]

    def close(self) -> None:
        """Write what waits, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout=5)

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._frames or self._pictures or self._closing)
                frames = [*self._frames, *self._pictures.values()]
                self._frames.clear()
                self._pictures.clear()
                if not frames:
                    return
            try:
                self._pipe.write(b"".join(frames))
                self._pipe.flush()
            except OSError:
                return  # the other process is gone; the end of the incoming pipe ends this one
