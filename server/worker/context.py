"""A node's link to its job: progress, previews, files, weights, and the news that the user wants to stop."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nodes.api import Cancelled
from server.engine.memory_tier import Made
from server.messages import PreviewHeader
from server.worker.device import Device
from server.worker.events import Events
from server.worker.memory import NotEnoughMemory, Weights, is_shortage
from server.worker.naming import Names
from server.worker.pixels import size_of
from server.worker.preview import Previews
from server.worker.results import Origin, Results, words

T = TypeVar("T")


class Users:
    """Who uses which recipes now, in the whole process: nodes of two jobs may run at once."""

    def __init__(self) -> None:
        self._recipes: dict[object, list[Any]] = {}

    def used(self) -> list[Any]:
        """Every recipe in use, in the order in which each user asked."""
        return [recipe for each in list(self._recipes.values()) for recipe in list(each)]

    def add(self, user: object, recipe: Any) -> None:
        own = self._recipes.setdefault(user, [])
        if recipe not in own:
            own.append(recipe)

    def leave(self, user: object) -> None:
        self._recipes.pop(user, None)


@dataclass(frozen=True)
class Bench:
    """What the contexts of one job share."""

    job: str
    origin: Origin
    events: Events
    previews: Previews
    results: Results
    device: Callable[[], Device]
    weights: Callable[[], Weights]
    halted: Callable[[], bool]
    users: Users
    names: Names | None = None
    """What a file's name may say of the job."""


class WorkerContext:
    """The `Context` of one node in one job."""

    def __init__(self, node: str, bench: Bench) -> None:
        self._node, self._bench = node, bench
        self._writes: list[Future[Made]] = []
        self._told: list[Future[Made]] = []
        self._sent = 0
        self._step = self._total = 0

    @property
    def device(self) -> str:
        return self._bench.device().kind

    @property
    def dtype(self) -> str:
        return self._bench.device().dtype

    def raise_if_cancelled(self) -> None:
        if self._bench.halted():
            raise Cancelled

    def track(self, steps: Iterable[T], total: int | None = None) -> Iterator[T]:
        self._total = total if total is not None else len(steps) if isinstance(steps, Sized) else 0
        self._step = 0
        self.raise_if_cancelled()
        progress = self._bench.events.progress
        progress(self._node, 0, self._total, None)
        timer = Timer()
        for step in steps:
            self._step += 1
            yield step
            progress(self._node, self._step, self._total, timer.remaining(self._step, self._total))
            self.raise_if_cancelled()

    def preview(self, picture: Callable[[], Any] | Any) -> None:
        header = PreviewHeader(self._bench.job, self._node, "image/jpeg", self._step, self._total)
        self._bench.previews.offer(header, picture)

    def save_image(self, image: Any, name: str, format: Any = None) -> list[Path]:
        names = self._bench.names
        named = name if names is None else names.fill(name, self._node, size_of(image))
        begun = self._bench.results.save(image, named, format, self._bench.origin)
        self._collect(write for _, write in begun)
        return [path for path, _ in begun]

    def file_name(self, pattern: str) -> str:
        names = self._bench.names
        return pattern if names is None else names.fill(pattern, self._node, None)

    def show_image(self, image: Any) -> None:
        self._collect(self._bench.results.show(image))

    def show_text(self, text: str) -> None:
        shown: Future[Made] = Future()
        shown.set_result(words(str(text)))
        self._collect([shown])

    def weights(self, recipe: Any) -> Any:
        self.raise_if_cancelled()
        users = self._bench.users
        users.add(self, recipe)
        return self._bench.weights().get(recipe, users.used())

    def make_room(self, size: int) -> None:
        self._bench.weights().make_room(size, self._bench.users.used())

    # ------------------------------------------------------------ for the engine

    def writes(self) -> list[Future[Made]]:
        """One for each file, which ends when the file is written and told of: so a job ends after its outputs."""
        return self._told

    def close(self) -> None:
        self._bench.users.leave(self)
        error = sys.exception()  # the engine closes a context while it handles what the node raised
        if error is not None and is_shortage(error) and not isinstance(error, NotEnoughMemory):
            told: Any = error
            told.fix = self._bench.weights().after_shortage()
        self._bench.events.flush()

    def _collect(self, writes: Iterable[Future[Made]]) -> None:
        new = list(writes)
        self._told += [Future() for _ in new]
        self._writes += new
        for write in new:
            write.add_done_callback(self._tell)

    def _tell(self, _: Future[Made]) -> None:
        """Tell of what is written, in the order in which it was asked for."""
        ended = []
        with self._bench.events.lock:
            while self._sent < len(self._writes) and self._writes[self._sent].done():
                write = self._writes[self._sent]
                ended.append((write, self._told[self._sent]))
                self._sent += 1
                if not write.cancelled() and write.exception() is None:
                    self._bench.events.made(self._node, write.result())
        for write, told in ended:  # without the lock: the engine goes on from here, under locks of its own
            pass_on(write, told)


def pass_on(write: Future[Made], told: Future[Made]) -> None:
    """End one future as another has ended."""
    if write.cancelled():
        told.cancel()
    elif (error := write.exception()) is not None:
        told.set_exception(error)
    else:
        told.set_result(write.result())


class Timer:
    """Estimates what remains. The first step is left out where there are more: it often loads and compiles."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = self._first = clock()

    def remaining(self, done: int, total: int) -> float | None:
        now = self._clock()
        if done == 1:
            self._first = now
        if total < done or not done:
            return None
        each = (now - self._first) / (done - 1) if done > 1 else now - self._began
        return round(each * (total - done), 3)


class Pace:
    """Estimates what remains of a loop as its last few times went: those that are reused tell nothing of others."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._ends: deque[float] = deque(maxlen=9)

    def remaining(self, done: int, total: int) -> float | None:
        """Seconds; None after the first time, and where nobody knows how many there are. To be asked after each."""
        self._ends.append(self._clock())
        if total < done or len(self._ends) < 2:
            return None
        return round((self._ends[-1] - self._ends[0]) / (len(self._ends) - 1) * (total - done), 3)
