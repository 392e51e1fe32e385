"""What a node's context tells of its job: progress at a pace, changes in batches, weights once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from nodes.api import Cancelled
from server.messages import NodesChanged, OutputMade, PreviewHeader, Progress
from server.worker.context import Bench, Pace, Timer, Users, WorkerContext
from server.worker.device import Device, guess_device
from server.worker.events import Events
from server.worker.memory import Weights
from server.worker.preview import Previews
from server.worker.results import Origin, words

CPU = Device("cpu", "float32", "CPU")


@dataclass
class Desk:
    """Events of one job, with a clock that runs when the test says so."""

    sent: list[Any] = field(default_factory=list)
    later: list[Callable[[], None]] = field(default_factory=list)

    def events(self) -> Events:
        return Events("j", self.sent.append, lambda wait, act: self.later.append(act))

    def context(self, halted: Callable[[], bool] = lambda: False) -> WorkerContext:
        results: Any = None
        previews: Any = None
        weights = Weights(CPU)
        origin, users = Origin(b"{}", b"{}"), Users()
        bench = Bench("j", origin, self.events(), previews, results, lambda: CPU, lambda: weights, halted, users)
        return WorkerContext("n", bench)


def test_changes_wait_for_each_other_and_only_the_last_of_a_node_is_told() -> None:
    desk = Desk()
    events = desk.events()
    for node in "ab":
        events.changed(node, "waiting", "first run")
        events.changed(node, "running", "first run")
    events.changed("a", "done", "first run", 0.5)
    assert (len(desk.later), desk.sent) == (1, [])
    desk.later[0]()
    (message,) = desk.sent
    assert isinstance(message, NodesChanged)
    assert [(change.node, change.state) for change in message.changes] == [("b", "running"), ("a", "done")]


def test_a_write_has_ended_when_it_was_told_and_not_before() -> None:
    """Else a job could end before its last output is told."""
    desk = Desk()
    context = desk.context()
    write: Any = Future()
    context._collect([write])
    (told,) = context.writes()
    events = context._bench.events
    with events.lock:  # as if another node were telling something
        thread = threading.Thread(target=write.set_result, args=[words("done")])
        thread.start()
        while not write.done():
            time.sleep(0.001)
        assert not told.done()
        assert not any(isinstance(said, OutputMade) for said in desk.sent)
    thread.join()
    assert told.result() == write.result()
    assert any(isinstance(said, OutputMade) for said in desk.sent)


def test_progress_comes_after_the_changes_before_it_first_and_last_always() -> None:
    desk = Desk()
    context = desk.context()
    assert list(context.track(range(1000))) == list(range(1000))
    told = [message for message in desk.sent if isinstance(message, Progress)]
    assert (told[0].value, told[-1].value, told[-1].total) == (0, 1000, 1000)
    assert len(told) < 20


def test_words_are_told_at_once() -> None:
    desk = Desk()
    desk.context().show_text("three")
    (message,) = desk.sent
    assert isinstance(message, OutputMade)
    assert (message.output.node, message.output.text, message.output.media_type) == ("n", "three", "text/plain")


def test_a_cancelled_job_stops_its_nodes_at_the_next_look() -> None:
    desk = Desk()
    halted = False
    context = desk.context(lambda: halted)
    with pytest.raises(Cancelled):
        for at in context.track(range(10)):
            halted = at == 3
    assert at == 3
    for look in (context.raise_if_cancelled, lambda: context.weights(None), lambda: next(context.track([1]))):
        with pytest.raises(Cancelled):
            look()


def test_what_remains_is_estimated_without_the_first_step() -> None:
    now = 0.0
    timer = Timer(lambda: now)
    now = 8.0
    assert timer.remaining(1, 11) == 80.0
    now = 10.0
    assert timer.remaining(2, 11) == 18.0


def test_what_remains_of_a_loop_is_estimated_by_its_last_times() -> None:
    """A hundred that are reused at once say nothing of those that are computed after them."""
    now = 0.0
    pace = Pace(lambda: now)
    assert pace.remaining(1, 200) is None
    for done in range(2, 101):
        left = pace.remaining(done, 200)
    assert left == 0.0
    for done in range(101, 110):
        now += 2.0
        left = pace.remaining(done, 200)
    assert left == 182.0
    assert pace.remaining(110, 0) is None


def test_an_unknown_total_has_no_estimate() -> None:
    assert Timer().remaining(3, 0) is None


@dataclass(frozen=True)
class ToyRecipe:
    name: str
    size: int = 40

    def load(self, device: str, dtype: str) -> list[str]:
        loads.append(self.name)
        if self.name == "huge" and len(loads) == 2:
            raise MemoryError
        return [self.name, device, dtype]


loads: list[str] = []


def test_weights_are_loaded_once_and_the_least_recently_used_leave() -> None:
    loads.clear()
    weights = Weights(CPU, budget=100)
    a = weights.get(ToyRecipe("a"))
    assert a == ["a", "cpu", "float32"]
    weights.get(ToyRecipe("b"))
    assert weights.get(ToyRecipe("a")) is a
    weights.get(ToyRecipe("c"))
    assert weights.get(ToyRecipe("a")) is a
    weights.get(ToyRecipe("b"))
    assert loads == ["a", "b", "c", "b"]


def test_when_memory_is_short_everything_else_leaves_and_it_is_tried_again() -> None:
    loads.clear()
    weights = Weights(CPU)
    weights.get(ToyRecipe("a"))
    assert weights.get(ToyRecipe("huge"))[0] == "huge"
    assert loads == ["a", "huge", "huge"]


def test_of_previews_that_come_too_fast_only_the_newest_is_made() -> None:
    made: list[int] = []
    sent: list[PreviewHeader] = []
    first, arrived = threading.Event(), threading.Event()

    def picture(step: int) -> Callable[[], Any]:
        def make() -> Any:
            made.append(step)
            first.wait(5)
            return np.zeros((1, 8, 8, 3))

        return make

    def send(header: PreviewHeader, data: bytes) -> None:
        sent.append(header)
        if header.step == 9:
            arrived.set()

    previews = Previews(send)
    previews.offer(PreviewHeader("j", "n", "image/jpeg", 0), picture(0))
    while not made:
        time.sleep(0.001)
    for step in range(1, 10):
        previews.offer(PreviewHeader("j", "n", "image/jpeg", step), picture(step))
    first.set()
    assert arrived.wait(5)
    assert made == [0, 9]


def test_the_cpu_is_known_without_asking_torch() -> None:
    device = guess_device("cpu")
    assert device is not None
    assert (device.kind, device.dtype) == ("cpu", "float32")
    assert guess_device("cuda") is None
