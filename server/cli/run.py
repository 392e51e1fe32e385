"""`loom run`: a workflow without a server. stdout holds the saved paths and nothing else."""

from __future__ import annotations

import asyncio
import sys
import uuid
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace

import msgspec
from rich.console import Console

from server.cli.document import open_workflow
from server.cli.options import config_of
from server.cli.problems import count, show
from server.cli.progress import progress
from server.cli.settings import apply, find_node, titles_of
from server.cli.words import CANCELLED, FAILED, INVALID, complain
from server.cli.worker import CommandWorker, Ended
from server.config import Config
from server.graph.catalogue import Catalogue
from server.graph.workflow import Workflow, dump
from server.messages import FromWorker, OutputMade, RunJob
from server.store.jobs import Payload
from server.submit import Prepared, SubmitJob, prepare


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
        titles = {**titles_of(workflow, catalogue), "": "Pictures"}
        prepared = check(workflow, options, catalogue, config)
        if prepared.payload is None:
            show(prepared.problems, titles, Console(stderr=True))
            complain(f"{options.workflow} cannot run: {count(prepared.problems)}.")
            return INVALID
        saved: list[str] = []

        def listen(message: FromWorker) -> None:
            if isinstance(message, OutputMade) and message.output.root == "results":
                saved.append(str(config.results / message.output.path))
            shown.listen(message)

        with progress(titles, options.quiet) as shown:
            ended = await worker.run(job_of(prepared.payload), listen)
    for path in saved:
        print(path)
    return tell(ended, titles)


def check(workflow: Workflow, options: Namespace, catalogue: Catalogue, config: Config) -> Prepared:
    """What the server does with a workflow that it is sent. Raises CommandError for a target that is no node."""
    targets = [find_node(word, workflow.nodes, catalogue) for word in options.targets] if options.targets else None
    return prepare(SubmitJob(msgspec.Raw(dump(workflow)), targets, options.sweep), catalogue, config)


def job_of(payload: Payload) -> RunJob:
    return RunJob(
        job=str(uuid.uuid4()),
        prompt=msgspec.Raw(payload.prompt),
        workflow=msgspec.Raw(payload.workflow),
        targets=payload.targets,
    )


def tell(ended: Ended, titles: Mapping[str, str]) -> int:
    """Say how a job ended, where that is not well; the exit code."""
    if ended.state == "cancelled":
        complain("Cancelled.")
        return CANCELLED
    if ended.failure is None:
        return 0
    failure = ended.failure
    if failure.traceback:
        print(failure.traceback.rstrip(), file=sys.stderr)
    place = f"{titles.get(failure.node, failure.node)} ({failure.node}): " if failure.node else ""
    complain(place + failure.what, failure.fix)
    return FAILED
