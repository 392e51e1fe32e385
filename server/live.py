"""The state of a job that runs or ran lately, as a browser that loads the page in the middle needs it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from msgspec.structs import replace

from server.messages import JobInfo, NodeChange, NodesChanged, NodeState, Progress

KEPT = 16
"""Jobs whose node states are remembered after their end."""
UNFINISHED: frozenset[NodeState] = frozenset({"waiting", "running"})


@dataclass
class LiveJob:
    """One job with the newest state of each of its nodes."""

    info: JobInfo
    nodes: dict[str, NodeChange] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    cancelling: bool = False
    durations: dict[str, float] = field(default_factory=dict)
    """Seconds each node of the document took when it last ran, in this job or before."""
    previous: bytes | None = None
    """The record of the document's last job that was done."""

    def told(self, message: NodesChanged) -> NodesChanged:
        """The message with what is known of the time that nodes will take."""
        return NodesChanged(message.job, [self._timed(change) for change in message.changes])

    def _timed(self, change: NodeChange) -> NodeChange:
        if change.state in UNFINISHED:
            return replace(change, expected=self.durations.get(change.node))
        if change.state == "done" and change.seconds is not None:
            self.durations[change.node] = round(change.seconds, 3)
        return change

    def change(self, message: NodesChanged) -> list[str]:
        """Take in changes; gives the nodes that have ended."""
        ended = []
        for change in message.changes:
            earlier = self.nodes.get(change.node)
            # The reason is told once, with the first change; a later change without one keeps it.
            if earlier is not None and earlier.reason and not change.reason:
                change = replace(change, reason=earlier.reason, reason_phrase=earlier.reason_phrase)
            self.nodes[change.node] = change
            if change.state not in UNFINISHED:
                self.progress.pop(change.node, None)
                ended.append(change.node)
        return ended

    def abandon(self, running: NodeState) -> list[NodeChange]:
        """End every node that has not ended: the worker is gone and says no more."""
        states: dict[NodeState, NodeState] = {"running": running, "waiting": "skipped"}
        return [
            NodeChange(node, states[change.state], change.reason, reason_phrase=change.reason_phrase)
            for node, change in self.nodes.items()
            if change.state in UNFINISHED
        ]

    @property
    def running(self) -> list[str]:
        return [node for node, change in self.nodes.items() if change.state == "running"]


class LiveJobs:
    """The jobs of lately by id, the oldest forgotten first."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, LiveJob] = OrderedDict()

    def add(self, job: LiveJob) -> None:
        self._jobs[job.info.id] = job
        while len(self._jobs) > KEPT:
            self._jobs.popitem(last=False)

    def get(self, job: str) -> LiveJob | None:
        return self._jobs.get(job)
