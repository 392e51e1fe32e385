"""Run prompts of toys in a test: a host that writes down what happens, and files that are plain files."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nodes.api import Cancelled, Input
from server.engine.cache import Cache
from server.engine.catalogue import Library
from server.engine.failures import RunFailed
from server.engine.memory_tier import Made
from server.engine.plan import Planned, Stamp, make_plan
from server.engine.run import Prepared, Run, State
from server.graph.prompt import Link, Prompt, Step
from tests.toys import TOYS

T = TypeVar("T")
MEBIBYTE = 2**20


def step(type: str, **inputs: Any) -> Step:
    """A step of a prompt; double underscores in names stand for the dot of `texts.0`."""
    return Step(type, 1, {name.replace("__", "."): value for name, value in inputs.items()})


def link(node: str, output: str = "result") -> Link:
    return Link(node, output)


class ToyContext:
    """A context whose pictures are values, kept as text files."""

    device, dtype = "cpu", "float32"

    def __init__(self, log: Log) -> None:
        self._log = log
        self._made: list[Future[Made]] = []

    def track(self, steps: Iterable[T], total: int | None = None) -> Iterator[T]:
        for each in steps:
            self.raise_if_cancelled()
            yield each

    def preview(self, picture: Callable[[], Any] | Any) -> None: ...

    def save_image(self, image: Any, name: str, format: Any = None) -> list[Path]:
        future: Future[Made] = Future()
        self._made.append(future)
        if self._log.full_disk:
            future.set_exception(OSError(28, "No space left on device"))
            return []
        path = self._log.folder / name

        def write() -> None:
            if self._log.pen is not None:
                self._log.pen.wait(60)
            path.write_text(str(image))
            future.set_result({"path": name, "text": str(image)})

        if self._log.pen is None:
            write()
        else:
            threading.Thread(target=write).start()
        return [path]

    def file_name(self, pattern: str) -> str:
        return pattern

    def show_image(self, image: Any) -> None: ...

    def show_text(self, text: str) -> None:
        future: Future[Made] = Future()
        future.set_result({"path": "", "text": text})
        self._made.append(future)

    def weights(self, recipe: Any) -> Any:
        return recipe.load(self.device, self.dtype)

    def make_room(self, size: int) -> None: ...

    def raise_if_cancelled(self) -> None:
        if self._log.run is not None and self._log.run.halted.is_set():
            raise Cancelled

    def writes(self) -> list[Future[Made]]:
        return self._made

    def close(self) -> None: ...


@dataclass
class Log:
    """The host of one run: every state change, what was listed again, and how it ended."""

    folder: Path = Path()
    full_disk: bool = False
    pen: threading.Event | None = None
    """Files are written when this is set; None: at once."""
    lines: list[str] = field(default_factory=list)
    """Like "run a", "done a", "cached b": in the order in which they happened, without the waiting."""
    states: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    progressed: list[tuple[str, int, int]] = field(default_factory=list)
    listed_again: list[str] = field(default_factory=list)
    failure: RunFailed | None = None
    cancelled: bool = False
    record: dict[str, Any] = field(default_factory=dict)
    run: Run | None = None
    on_change: Callable[[str, State], None] = lambda node, state: None
    on_progress: Callable[[int], None] = lambda value: None
    loaded: list[int] = field(default_factory=list)

    def context(self, planned: Planned) -> ToyContext:
        return ToyContext(self)

    def progress(self, node: str, value: int, total: int) -> None:
        self.progressed.append((node, value, total))
        self.on_progress(value)

    def computed(self) -> None:
        self.lines.append("computed")

    def changed(self, node: str, state: State, reason: str = "", seconds: float | None = None) -> None:
        self.states[node], self.reasons[node] = state, reason
        if state != "waiting":
            self.lines.append(f"{'run' if state == 'running' else state} {node}")
        self.on_change(node, state)

    def intact(self, made: Made) -> bool:
        path = self.folder / str(made["path"])
        return not made["path"] or (path.is_file() and path.read_text() == made["text"])

    def listed(self, node: str, made: Made) -> None:
        self.listed_again.append(f"{node}: {made['text']}")

    def stamp(self, input: Input, name: str, node: str) -> Stamp:
        path = self.folder / name
        if not path.is_file():
            raise OSError(2, f"{name} is gone")
        return Stamp(path, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def ran(self) -> list[str]:
        """The nodes that ran, in order."""
        return [line.removeprefix("run ") for line in self.lines if line.startswith("run ")]


class Bench:
    """A cache that several runs share, and a device thread if they are given one."""

    device: Executor | None = None

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        self.folder = folder
        self.cache = cache or Cache(64 * MEBIBYTE)
        self.library = Library(TOYS)

    async def run(
        self,
        prompt: Prompt,
        targets: list[str] | None = None,
        previous: dict[str, Any] | None = None,
        *,
        log: Log | None = None,
    ) -> Log:
        """Run a prompt to its end, however it ends."""
        log = log or Log()
        log.folder = self.folder
        with ThreadPoolExecutor(1) as device, ThreadPoolExecutor(1) as finishing:
            prepared = partial(self.prepare, prompt, targets, log, previous)
            run = log.run = Run(prepared, log, self.cache, self.device or device, lambda: finishing)
            try:
                await run.finish()
            except RunFailed as failed:
                log.failure = failed
            except Cancelled:
                log.cancelled = True
            log.record = run.record()
        return log

    def prepare(self, prompt: Prompt, targets: list[str] | None, log: Log, previous: Any) -> Prepared:
        return Prepared(self.plan(prompt, targets, log), previous)

    def plan(self, prompt: Prompt, targets: list[str] | None, log: Log) -> list[Planned]:
        return make_plan(prompt, self.library, log, targets)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so; a test that waits in vain fails by its own time limit."""
    while not condition():
        await asyncio.sleep(0.001)
