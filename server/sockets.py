"""The connected browsers and the numbered events they get.

Every browser gets every event once and in order, or is told to fetch everything anew; what waits for a
slow one is bounded, and no browser slows another. Only the newest preview of a node waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from server.messages import Event, PreviewHeader, Resync, ToBrowser, pack_picture

_encoder = msgspec.json.Encoder()
PreviewKey = tuple[str, str]
"""Job and node."""


@dataclass(frozen=True)
class SocketLimits:
    """How much is kept for browsers that come back, and how much for one that reads too slowly."""

    kept_events: int = 20_000
    kept_bytes: int = 16 * 2**20
    waiting_events: int = 10_000
    waiting_bytes: int = 8 * 2**20
    previews: int = 64
    grace: float = 2.0
    """Seconds a browser that fell behind has to take its Resync before its connection is cut."""


class Client:
    """One browser: what still has to be sent to it, and the task that sends."""

    def __init__(self, socket: web.WebSocketResponse, limits: SocketLimits, cut: Callable[[], object]) -> None:
        self._socket = socket
        self._cut = cut
        self._limits = limits
        self._texts: deque[bytes] = deque()
        self._bytes = 0
        self._previews: dict[PreviewKey, bytes] = {}
        self._news = asyncio.Event()
        self.behind = False
        """Whether it read too slowly; it gets nothing more but its Resync and the end."""

    def text(self, data: bytes) -> None:
        """Send an event after those that wait."""
        if self.behind:
            return
        self._texts.append(data)
        self._bytes += len(data)
        self._news.set()

    @property
    def overflows(self) -> bool:
        return len(self._texts) > self._limits.waiting_events or self._bytes > self._limits.waiting_bytes

    def preview(self, key: PreviewKey, data: bytes) -> None:
        """Send a picture when nothing else waits; it takes the place of an older one of its node."""
        if not self.behind and (key in self._previews or len(self._previews) < self._limits.previews):
            self._previews[key] = data
            self._news.set()

    def fall_behind(self, resync: bytes) -> None:
        """Drop what waits, send `resync` if it can still be sent, then end the connection."""
        self._previews.clear()
        self._texts.clear()
        self._texts.append(resync)
        self._bytes = len(resync)
        self.behind = True
        self._news.set()
        asyncio.get_running_loop().call_later(self._limits.grace, self._cut)

    async def end(self) -> None:
        """Close the connection: the server stops."""
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def write(self) -> None:
        """Send until the connection ends; the body of the client's one sending task."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await self._write_waiting()
                if self.behind:
                    await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
                    return
        except ConnectionError:
            return  # The browser is gone; its reading side notices too and takes it off the list.

    async def _write_waiting(self) -> None:
        while self._texts or self._previews:
            if self._texts:
                data = self._texts.popleft()
                self._bytes -= len(data)
                await self._socket.send_frame(data, WSMsgType.TEXT)
            else:
                key = next(iter(self._previews))
                await self._socket.send_frame(self._previews.pop(key), WSMsgType.BINARY)


@dataclass
class EventLog:
    """The newest events with their numbers, for browsers that come back."""

    limits: SocketLimits
    seq: int = 0
    _kept: deque[bytes] = field(default_factory=deque)
    _bytes: int = 0

    def add(self, message: ToBrowser) -> bytes:
        """Number and keep a message; gives the event as it is sent."""
        self.seq += 1
        data = _encoder.encode(Event(self.seq, message))
        self._kept.append(data)
        self._bytes += len(data)
        while len(self._kept) > self.limits.kept_events or self._bytes > self.limits.kept_bytes:
            self._bytes -= len(self._kept.popleft())
        return data

    def since(self, after: int) -> list[bytes] | None:
        """The events numbered above `after`; None when some of them are no longer kept, or never were."""
        missing = self.seq - after
        if missing < 0 or missing > len(self._kept):
            return None
        return list(islice(self._kept, len(self._kept) - missing, None))

    def unnumbered(self, message: ToBrowser) -> bytes:
        """A message for one browser alone, under the newest number."""
        return _encoder.encode(Event(self.seq, message))


class Hub:
    """All connected browsers. `epoch` names this run of the server: numbers mean nothing in another."""

    def __init__(self, epoch: str, limits: SocketLimits | None = None) -> None:
        self.epoch = epoch
        self._limits = limits or SocketLimits()
        self._log = EventLog(self._limits)
        self._clients: set[Client] = set()
        self._previews: dict[PreviewKey, bytes] = {}

    @property
    def seq(self) -> int:
        """The number of the newest event."""
        return self._log.seq

    @property
    def clients(self) -> int:
        """How many browsers are connected."""
        return len(self._clients)

    def publish(self, message: ToBrowser) -> None:
        """Send an event to every browser, and keep it for those that come back."""
        data = self._log.add(message)
        for client in self._clients:
            client.text(data)
            if client.overflows:
                client.fall_behind(self._log.unnumbered(Resync()))

    def show(self, header: PreviewHeader, picture: bytes) -> None:
        """Send a preview to every browser; the newest of each node is kept while the node runs."""
        key, data = (header.job, header.node), pack_picture(header, picture)
        self._previews[key] = data
        for client in self._clients:
            client.preview(key, data)

    def forget_previews(self, job: str, node: str | None = None) -> None:
        """A node, or all nodes of a job, have ended: their previews are of no more use."""
        if node is not None:
            self._previews.pop((job, node), None)
        else:
            self._previews = {key: data for key, data in self._previews.items() if key[0] != job}

    async def attend(
        self,
        socket: web.WebSocketResponse,
        hello: ToBrowser,
        after: int | None,
        cut: Callable[[], object],
    ) -> None:
        """Serve one browser until it leaves. `after` is the last event of this epoch it has seen, if any.

        `cut` ends the connection without a word to the browser.
        """
        client = Client(socket, self._limits, cut)
        client.text(self._log.unnumbered(hello))
        missed = self._log.since(after) if after is not None else []
        for data in [self._log.unnumbered(Resync())] if missed is None else missed:
            client.text(data)
        for key, preview in self._previews.items():
            client.preview(key, preview)
        self._clients.add(client)
        sending = asyncio.create_task(client.write())
        try:
            async for _ in socket:
                pass  # A browser has nothing to say here; its requests come over HTTP.
        finally:
            self._clients.discard(client)
            sending.cancel()

    async def close(self) -> None:
        """End all connections: the server stops."""
        await asyncio.gather(*(client.end() for client in list(self._clients)))
