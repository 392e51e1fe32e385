"""Cuts the byte stream from a worker into frames. A chunk may hold many frames or a part of one."""

from __future__ import annotations

from collections.abc import Iterator

from server.messages import FRAME

MAX_FRAME = 512 * 2**20
"""More than any honest frame; a longer one means that the stream is damaged."""


class FrameError(Exception):
    """The stream is no longer a sequence of frames; nothing after this point can be trusted."""


class FrameReader:
    """Keeps what is not yet a whole frame between two chunks."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the (kind, payload) of every frame that `chunk` completes.

        Raises FrameError on a damaged stream.
        """
        buffer = self._buffer
        buffer += chunk
        start = 0
        try:
            while len(buffer) - start >= FRAME.size:
                length, kind = FRAME.unpack_from(buffer, start)
                if length > MAX_FRAME:
                    raise FrameError(f"a frame of {length} bytes was announced")
                end = start + FRAME.size + length
                if len(buffer) < end:
                    break
                payload = bytes(memoryview(buffer)[start + FRAME.size : end])
                start = end
                yield kind, payload
        finally:
            del buffer[:start]
