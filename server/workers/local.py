"""A worker as a process of this computer: start, frames both ways, end. It knows no jobs.

All callbacks run on the event loop, in the order of the worker's frames; `on_exit` comes last, once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from server import sentences as say
from server.config import PACKAGE_ROOT, Config
from server.messages import (
    JSON_FRAME,
    FromWorker,
    PreviewHeader,
    Shutdown,
    ToWorker,
    pack_frame,
    unpack_picture,
)
from server.workers.cause import WorkerExit, explain
from server.workers.frames import FrameError, FrameReader

LOG_LIMIT = 16_000
"""Bytes of stderr kept to explain a death."""
DRAIN = 0.5
"""Seconds to wait for the last frames after the process ended (a grandchild may hold the pipe open)."""

_decoder = msgspec.json.Decoder(FromWorker)


def worker_command(config: Config) -> list[str]:
    """The command that starts the real worker."""
    # -P: without it the current folder, where a user's files lie, would come first on the module path.
    module = [sys.executable, "-P", "-m", "server.worker"]
    results = ["--results", str(config.results_folder)] if config.results_folder else []
    models = [word for folder in config.extra_models for word in ("--models", str(folder))]
    listed = ["--model-paths", str(config.model_paths)] if config.model_paths else []
    memory = ["--memory", config.memory] if config.memory != "auto" else []
    allowed = ["--allow-downloads"] if config.allow_downloads else []
    device = ["--device", config.device, *memory]
    return [*module, "--home", str(config.home), *device, *results, *models, *listed, *allowed]


class WorkerProcess:
    """One worker process. `await start()`, then `send`; it ends by `stop`, by `kill` or by itself."""

    def __init__(
        self,
        config: Config,
        on_message: Callable[[FromWorker], None],
        on_picture: Callable[[PreviewHeader, bytes], None],
        on_exit: Callable[[WorkerExit], None],
        *,
        on_log: Callable[[str], None] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._config = config
        self._command = list(command or worker_command(config))
        self._on_message = on_message
        self._on_picture = on_picture
        self._on_exit = on_exit
        self._on_log = on_log
        self._transport: asyncio.SubprocessTransport | None = None
        self._frames = FrameReader()
        self._log: deque[bytes] = deque()
        self._log_size = 0
        self._reason = ""
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._transport.get_pid() if self._transport is not None else None

    @property
    def alive(self) -> bool:
        """Whether the process was started and `on_exit` has not been called."""
        return self._transport is not None and not self._ended.is_set()

    @property
    def log(self) -> str:
        """The end of what the worker wrote to stderr."""
        return b"".join(self._log).decode("utf-8", "replace")

    async def start(self) -> None:
        """Start the process. Raises OSError when the command cannot be started at all."""
        environment = dict(os.environ)
        paths = [str(PACKAGE_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
        environment |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
        self._transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Pipes(self),
            *self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._config.home,
            env=environment,
            # A group of its own: Ctrl+C is for this process alone, and `kill` reaches the worker's children.
            start_new_session=os.name == "posix",
        )

    def send(self, message: ToWorker) -> None:
        """Send a message; to a worker that has ended this does nothing, for its end is told by `on_exit`."""
        if self.alive and self._transport is not None:
            stdin = self._transport.get_pipe_transport(0)
            if isinstance(stdin, asyncio.WriteTransport) and not stdin.is_closing():
                stdin.write(pack_frame(JSON_FRAME, msgspec.json.encode(message)))

    async def stop(self, timeout: float = 5.0) -> None:
        """Ask the worker to end, wait `timeout` seconds, then kill it. Returns when it is gone."""
        if not self.alive:
            return
        self.send(Shutdown())
        if self._transport is not None:
            stdin = self._transport.get_pipe_transport(0)
            if stdin is not None:
                stdin.close()
        try:
            await asyncio.wait_for(self._ended.wait(), timeout)
        except TimeoutError:
            self.kill(say.END_UNHEARD())
            await self._ended.wait()

    def kill(self, reason: str = "") -> None:
        """End the worker and its children at once; `reason` becomes the cause that `on_exit` is told."""
        if not self.alive or self._transport is None:
            return
        self._reason = self._reason or reason
        try:
            if os.name == "posix":
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
            else:
                self._transport.kill()
        except ProcessLookupError:
            pass  # It ended by itself a moment ago; `on_exit` is on its way.

    def received(self, chunk: bytes) -> None:
        """Take a chunk of the worker's frames; a stream that is damaged ends the worker."""
        try:
            for kind, payload in self._frames.feed(chunk):
                if kind == JSON_FRAME:
                    self._on_message(_decoder.decode(payload))
                else:
                    self._on_picture(*unpack_picture(payload))
        except (FrameError, struct.error, ValueError) as error:
            self.kill(say.NO_MESSAGE(why=error))

    def logged(self, chunk: bytes) -> None:
        """Keep the end of stderr and hand it on."""
        self._log.append(chunk)
        self._log_size += len(chunk)
        while self._log_size - len(self._log[0]) >= LOG_LIMIT:
            self._log_size -= len(self._log.popleft())
        if self._on_log is not None:
            self._on_log(chunk.decode("utf-8", "replace"))

    def ended(self) -> None:
        """Tell, once, that the process is gone and no frame will come any more."""
        if self._ended.is_set() or self._transport is None:
            return
        self._ended.set()
        code = self._transport.get_returncode()
        self._transport.close()
        self._on_exit(explain(code if code is not None else 0, self.log[-LOG_LIMIT:], self._reason))


class _Pipes(asyncio.SubprocessProtocol):
    """Passes what asyncio sees of the process on to its WorkerProcess."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self._exited = False
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._worker.received(data)
        else:
            self._worker.logged(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if self._exited and not self._open:
            self._worker.ended()

    def process_exited(self) -> None:
        self._exited = True
        if self._open:
            asyncio.get_running_loop().call_later(DRAIN, self._worker.ended)
        else:
            self._worker.ended()
