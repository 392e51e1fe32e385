"""Progress on stderr: bars on a terminal, one line a node elsewhere. It listens to a job and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from server.messages import FromWorker, NodeChange, NodesChanged, OutputMade
from server.messages import Progress as NodeProgress

SETTLED = ("done", "cached", "failed", "cancelled", "skipped")


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        return None

    def listen(self, message: FromWorker) -> None:
        """Nothing is shown."""


class Lines(Quiet):
    """One line a node that ran, for logs and pipes."""

    def __init__(self, titles: Mapping[str, str], write: Callable[[str], object]) -> None:
        self._titles = titles
        self._write = write
        self._reused = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._reused:
            self._write(f"{self._reused} reused\n")

    def listen(self, message: FromWorker) -> None:
        if isinstance(message, NodesChanged):
            for change in message.changes:
                self._settle(change)
        elif isinstance(message, OutputMade) and message.output.text:
            self._write(f"{self._titles.get(message.output.node, message.output.node)}: {message.output.text}\n")

    def _settle(self, change: NodeChange) -> None:
        self._reused += change.state == "cached"
        if change.state in ("done", "failed", "cancelled"):
            seconds = "" if change.seconds is None else f" {change.seconds:.2f} s"
            self._write(f"{self._titles.get(change.node, change.node)}: {change.state}{seconds}\n")


class Bars(Quiet):
    """A bar over all nodes, and one for the node that is counting its steps."""

    def __init__(self, titles: Mapping[str, str], console: Console) -> None:
        self._titles = titles
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=console, transient=True,
        )  # fmt: skip
        self._states: dict[str, str] = {}
        self._all = self._bars.add_task("Nodes", total=None)
        self._counting: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bars.stop()

    def listen(self, message: FromWorker) -> None:
        match message:
            case NodesChanged(changes=changes):
                self._states |= {change.node: change.state for change in changes}
                settled = [node for node, state in self._states.items() if state in SETTLED]
                self._bars.update(self._all, total=len(self._states), completed=len(settled))
                for node in self._counting.keys() & settled:
                    self._bars.remove_task(self._counting.pop(node))
            case NodeProgress(node=node, value=value, total=total):
                if node not in self._counting:
                    self._counting[node] = self._bars.add_task(self._titles.get(node, node))
                self._bars.update(self._counting[node], completed=value, total=total)
            case OutputMade(output=output) if output.text:
                self._bars.console.print(f"{self._titles.get(output.node, output.node)}: {output.text}", markup=False)


def progress(titles: Mapping[str, str], quiet: bool) -> Quiet:
    """What suits the terminal that stderr is, if it is one."""
    if quiet:
        return Quiet()
    if sys.stderr.isatty():
        return Bars(titles, Console(stderr=True))
    return Lines(titles, sys.stderr.write)
