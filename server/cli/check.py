"""`loom check`: every problem of a workflow at once. Nothing runs."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from rich.console import Console

from server.cli.document import open_workflow
from server.cli.options import config_of
from server.cli.problems import count, show
from server.cli.settings import titles_of
from server.cli.words import INVALID
from server.cli.worker import CommandWorker
from server.graph.catalogue import Catalogue
from server.submit import check


def main(options: Namespace) -> int:
    config = config_of(options)
    workflow = open_workflow(options.workflow)

    async def ask() -> Catalogue:
        async with CommandWorker(config) as worker:
            return await worker.catalogue()

    catalogue = asyncio.run(ask())
    problems = check(workflow, catalogue, config)
    console = Console()
    if problems:
        show(problems, titles_of(workflow, catalogue), console)
    console.print(f"{options.workflow}: {count(problems)}", highlight=False, markup=False, soft_wrap=True)
    return INVALID if any(problem.level == "error" for problem in problems) else 0
