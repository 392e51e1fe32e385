"""A real worker process for a test: messages in, messages out, over its pipes."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from server.graph.prompt import Prompt, encode
from server.messages import (
    FRAME,
    JSON_FRAME,
    FromWorker,
    JobCancelled,
    JobFailed,
    JobFinished,
    NodeChange,
    NodesChanged,
    OutputFile,
    OutputMade,
    PreviewHeader,
    RunJob,
    ToWorker,
    pack_frame,
    unpack_picture,
)

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0
"""Seconds to wait for a message or an end before a test fails: machines can be very busy."""
M = TypeVar("M")
PACK = '''
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
import time

import numpy as np

from nodes.api import Context, ModelFile, node, socket

print("packs may print")
TALLY = Path(__file__).parents[1] / "tally.txt"


def count(name: str) -> None:
    with TALLY.open("a") as file:
        file.write(name + "\\n")


@socket(colour="#888888")
@dataclass(frozen=True)
class Grey:
    level: int
    size: int


@node(category="toys")
def number(value: int = 0) -> int:
    """A number."""
    count("number")
    return value


@node(category="toys")
def paint(level: int = 0, size: int = 8) -> Grey:
    """A picture of one grey."""
    count("paint")
    return Grey(level, size)


@node(category="toys")
def save(image: Grey, ctx: Context, name: str = "toy") -> None:
    """Save it."""
    count("save")
    ctx.save_image(np.full((1, image.size, image.size, 3), (image.level + 0.5) / 255, dtype=np.float32), name)


@node(category="toys")
def tell(value: int, ctx: Context) -> None:
    """Say a number."""
    count("tell")
    ctx.show_text(str(value))


@node(category="toys")
def linger(ctx: Context, seconds: float = 60.0, value: int = 0) -> int:
    """Take long, with a preview at each step."""
    count("linger")
    print("noise on stdout")
    for step in ctx.track(range(int(seconds * 100))):
        ctx.preview(lambda level=step: np.full((1, 4, 4, 3), level % 10 / 10, dtype=np.float32))
        time.sleep(0.01)
    return value


@node(category="toys")
def break_down(value: int = 0) -> int:
    """Raise."""
    raise ValueError("it broke")


@node(category="toys")
def end_process(value: int = 0) -> int:
    """Ask for the end of the program."""
    raise SystemExit(9)


@node(category="toys")
def read(file: Annotated[Path, ModelFile("toys")]) -> str:
    """Read a file."""
    count("read")
    return file.read_text()


@node(category="toys")
def tell_text(text: str, ctx: Context) -> None:
    """Say a text."""
    ctx.show_text(text)
'''


def make_home(folder: Path) -> Path:
    """A home folder with the pack `toys`."""
    packs = folder / "home" / "custom_nodes"
    packs.mkdir(parents=True)
    (packs / "toys.py").write_text(PACK)
    return folder / "home"


class Ended(Exception):
    """The worker's pipe has ended."""


class SpokenWorker:
    """`with SpokenWorker(home) as worker`: started, spoken to, and gone at the end."""

    def __init__(self, home: Path, *, warm: bool = False) -> None:
        self.home = home
        self.command = [sys.executable, "-m", "server.worker", "--home", str(home), "--device", "cpu"]
        self.command += [] if warm else ["--no-warm-up"]
        self.pictures: list[tuple[PreviewHeader, bytes]] = []
        self.errors: list[str] = []
        self._said: queue.Queue[FromWorker | None] = queue.Queue()

    def __enter__(self) -> Self:
        pipes = subprocess.PIPE
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdin=pipes, stdout=pipes, stderr=pipes)
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None and self.process.stderr is not None
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
        for thread in self._threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def send(self, message: ToWorker) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(pack_frame(JSON_FRAME, msgspec.json.encode(message)))
        self.process.stdin.flush()

    def wait_for(self, kind: type[M], until: Callable[[M], bool] = lambda said: True) -> M:
        """The next message of a kind; those before it are dropped. Raises Ended."""
        said: M = self.hear(kind, until)[-1]
        return said

    def hear(self, kind: type[M], until: Callable[[M], bool] = lambda said: True) -> list[Any]:
        """Everything up to and with the next message of a kind. Raises Ended."""
        heard: list[Any] = []
        deadline = time.monotonic() + PATIENCE
        while True:
            said = self._said.get(timeout=max(0.01, deadline - time.monotonic()))
            if said is None:
                raise Ended("".join(self.errors))
            heard.append(said)
            if isinstance(said, kind) and until(said):
                return heard

    def start(
        self, prompt: Prompt, job: str = "job", previous: bytes = b"null", targets: list[str] | None = None
    ) -> None:
        record = msgspec.Raw(previous)
        self.send(RunJob(job, msgspec.Raw(encode(prompt)), msgspec.Raw(b'{"schema":1}'), targets, record))

    def run(
        self, prompt: Prompt, job: str = "job", previous: bytes = b"null", targets: list[str] | None = None
    ) -> Story:
        """Run a job to its end."""
        self.start(prompt, job, previous, targets)
        heard: list[Any] = []
        while not (heard and isinstance(heard[-1], (JobFinished, JobFailed, JobCancelled))):
            heard += self.hear(object)
        return Story(heard)

    def _read(self) -> None:
        pipe = self.process.stdout
        assert pipe is not None
        decoder = msgspec.json.Decoder(FromWorker)
        while len(head := pipe.read(FRAME.size)) == FRAME.size:
            length, kind = FRAME.unpack(head)
            payload = pipe.read(length)
            if kind == JSON_FRAME:
                self._said.put(decoder.decode(payload))
            else:
                self.pictures.append(unpack_picture(payload))
        self._said.put(None)

    def _read_errors(self) -> None:
        pipe = self.process.stderr
        assert pipe is not None
        self.errors += [line.decode(errors="replace") for line in pipe]


class Story:
    """What a worker said about one job."""

    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard
        self.ending = heard[-1]

    @property
    def states(self) -> Mapping[str, str]:
        """The last state of each node."""
        return {node: change.state for node, change in self.changes.items()}

    @property
    def reasons(self) -> Mapping[str, str]:
        return {node: change.reason for node, change in self.changes.items()}

    @property
    def changes(self) -> Mapping[str, NodeChange]:
        batches = [said.changes for said in self.heard if isinstance(said, NodesChanged)]
        return {change.node: change for batch in batches for change in batch}

    @property
    def outputs(self) -> list[OutputFile]:
        return [said.output for said in self.heard if isinstance(said, OutputMade)]

    @property
    def record(self) -> bytes:
        assert isinstance(self.ending, JobFinished), self.ending
        return bytes(self.ending.record)
