"""What a job says while it runs: state changes in batches, progress at a pace that eyes can follow.

The last state of each node in a batch is the one that is told, so that traffic stays linear in nodes and
a trivial node does not cost three messages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from server.engine.memory_tier import Made
from server.messages import FromWorker, NodeChange, NodesChanged, NodeState, OutputMade, Progress
from server.worker.results import output_of

BATCH = 0.02
"""Seconds a state change may wait for others."""
PROGRESS_PAUSE = 0.05
Later = Callable[[float, Callable[[], None]], object]
"""Runs a function after so many seconds, on some other thread."""


class Events:
    """The events of one job. Safe to use from several threads."""

    def __init__(self, job: str, send: Callable[[FromWorker], None], later: Later) -> None:
        self.lock = threading.RLock()
        self._job, self._send, self._later = job, send, later
        self._changes: dict[str, NodeChange] = {}
        self._scheduled = False
        self._progressed: dict[str, float] = {}

    def changed(self, node: str, state: NodeState, reason: str = "", seconds: float | None = None) -> None:
        """A node's new state."""
        change = NodeChange(node, state, reason, round(seconds, 6) if seconds is not None else None)
        with self.lock:
            # Taken out first: the batch keeps the order in which nodes came to their last state.
            self._changes.pop(node, None)
            self._changes[node] = change
            if not self._scheduled:
                self._scheduled = True
                self._later(BATCH, self.flush)

    def flush(self) -> None:
        """Send what waits."""
        with self.lock:
            self._scheduled = False
            if self._changes:
                changes, self._changes = list(self._changes.values()), {}
                self._send(NodesChanged(self._job, changes))

    def progress(self, node: str, value: int, total: int, remaining: float | None) -> None:
        """How far a node is; told at most 20 times a second, the first and the last always.

        A total of 0 is one that nobody knows.
        """
        now = time.perf_counter()
        told = self._progressed.get(node)
        if told is not None and now - told < PROGRESS_PAUSE and (value < total or not total):
            return
        self._progressed[node] = now
        with self.lock:
            self.flush()
            self._send(Progress(self._job, node, value, total, remaining))

    def made(self, node: str, made: Made) -> None:
        """A file or words of a node, written now or found again."""
        with self.lock:
            self.flush()
            self._send(OutputMade(self._job, output_of(node, made)))
