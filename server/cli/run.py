"""`loom run`: a workflow without a server. stdout holds the saved paths and nothing else."""

from __future__ import annotations

import asyncio
import sys
import uuid
from argparse import Namespace
from dataclasses import replace

import msgspec
from rich.console import Console

from server.cli.document import open_workflow
from server.cli.options import config_of
from server.cli.prepare import Prepared, prepare
from server.cli.problems import count, show
from server.cli.progress import progress
from server.cli.settings import apply
from server.cli.words import CANCELLED, FAILED, INVALID, complain
from server.cli.worker import CommandWorker, Ended
from server.config import Config
from server.graph.steps import encode
from server.graph.workflow import Workflow, dump
from server.messages import FromWorker, OutputMade, RunJob


def main(options: Namespace) -> int:
    config = config_of(options)
    if options.out is not None:
        config = replace(config, results_folder=options.out.expanduser().absolute())
    return asyncio.run(carry_out(options, config))


async def carry_out(options: Namespace, config: Config) -> int:
    # The file is read first: a mistake in its name is answered before a worker has started.
    workflow = open_workflow(options.workflow)
    async with CommandWorker(config) as worker:
        catalogue = await worker.catalogue()
        workflow = apply(workflow, options.settings, catalogue)
        prepared = prepare(workflow, catalogue, config, options.targets)
        if not prepared.can_run:
            show(prepared.problems, prepared.titles, Console(stderr=True))
            complain(f"{options.workflow} cannot run: {count(prepared.problems)}.")
            return INVALID
        saved: list[str] = []

        def listen(message: FromWorker) -> None:
            if isinstance(message, OutputMade) and message.output.root == "results":
                saved.append(str(config.results / message.output.path))
            shown.listen(message)

        with progress(prepared.titles, options.quiet) as shown:
            ended = await worker.run(job_of(workflow, prepared), listen)
    for path in saved:
        print(path)
    return tell(ended, prepared)


def job_of(workflow: Workflow, prepared: Prepared) -> RunJob:
    return RunJob(
        job=str(uuid.uuid4()),
        prompt=msgspec.Raw(encode(prepared.prompt)),
        workflow=msgspec.Raw(dump(workflow)),
        targets=prepared.targets,
    )


def tell(ended: Ended, prepared: Prepared) -> int:
    """Say how a job ended, where that is not well; the exit code."""
    if ended.state == "cancelled":
        complain("Cancelled.")
        return CANCELLED
    if ended.failure is None:
        return 0
    failure = ended.failure
    if failure.traceback:
        print(failure.traceback.rstrip(), file=sys.stderr)
    place = f"{prepared.titles.get(failure.node, failure.node)} ({failure.node}): " if failure.node else ""
    complain(place + failure.what, failure.fix)
    return FAILED
