"""`loom models pull`: fetch a model from the hub. stdout holds the models' places and nothing else."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from nodes.hub.child import PullFailed, pulling
from nodes.hub.choose import KINDS
from nodes.hub.names import CHECKPOINTS, BadName, Wanted, read_name
from nodes.repository import INDEX
from server.cli.words import FAILED, CommandError, nearest, show_size
from server.config import Config
from server.model_paths import kind_named

Told = Callable[[dict[str, Any]], None]


def pull(options: Namespace, config: Config) -> int:
    try:
        wanted = read_name(options.name, options.revision)
    except BadName as error:
        raise CommandError(error.what, error.fix) from error
    kind = kind_named(options.kind)
    known = {CHECKPOINTS, *(kind for _, kind in KINDS), *config.model_folders.kinds()}
    if kind and kind not in known:
        raise CommandError(f"There is no kind of model '{kind}'.", nearest(kind, known))
    config.make_folders()
    try:
        places = follow(wanted, config.models, options, kind)
    except PullFailed as error:
        raise CommandError(error.what, error.fix, FAILED) from error
    for place in models_of(places):
        print(config.models / place)
    return 0


def follow(wanted: Wanted, models: Path, options: Namespace, kind: str) -> list[str]:
    """Pull, showing how far it is; the files' places. Raises PullFailed."""
    pulled = pulling(wanted, models, kind=kind, variant=options.variant, endpoint=options.endpoint)
    if options.quiet:
        return heed(pulled, lambda line: None)
    if not sys.stderr.isatty():
        return heed(pulled, Lines())
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        console=Console(stderr=True), transient=True,
    ) as bars:  # fmt: skip
        return heed(pulled, Bars(bars))


def heed(pulled: Any, told: Told) -> list[str]:
    """Hear a pull to its end; Ctrl+C ends it with us."""
    try:
        while True:
            told(next(pulled))
    except StopIteration as end:
        return list(end.value)
    finally:
        pulled.close()


class Lines:
    """One line a file, for logs and pipes."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, line: dict[str, Any]) -> None:
        if line["file"] not in self._told:
            self._told.add(line["file"])
            print(f"{line['file']}: {show_size(line['total'])}", file=sys.stderr, flush=True)


class Bars:
    """A bar for each file."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, line: dict[str, Any]) -> None:
        file = line["file"]
        if file not in self._tasks:
            self._tasks[file] = self._bars.add_task(file)
        words = f"{file}: checking" if line["checking"] else file
        self._bars.update(self._tasks[file], description=words, completed=line["done"], total=line["total"])


def models_of(places: list[str]) -> list[str]:
    """The models that files belong to: a diffusers folder is one."""
    whole = next((place for place in places if place.endswith(f"/{INDEX}")), None)
    return places if whole is None else [whole.removesuffix(f"/{INDEX}")]
