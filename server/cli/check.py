"""`loom check`: every problem of a workflow at once. Nothing runs."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from rich.console import Console

from server.cli.document import open_workflow
from server.cli.options import config_of
from server.cli.prepare import Prepared, prepare
from server.cli.problems import count, show
from server.cli.words import INVALID
from server.cli.worker import CommandWorker


def main(options: Namespace) -> int:
    prepared = asyncio.run(look(options))
    console = Console(soft_wrap=False)
    if prepared.problems:
        show(prepared.problems, prepared.titles, console)
    console.print(f"{options.workflow}: {count(prepared.problems)}", highlight=False, markup=False)
    return 0 if prepared.can_run else INVALID


async def look(options: Namespace) -> Prepared:
    config = config_of(options)
    workflow = open_workflow(options.workflow)
    async with CommandWorker(config) as worker:
        return prepare(workflow, await worker.catalogue(), config, None)
