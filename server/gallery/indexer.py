"""Finds out aside what results were made with: the new ones, and those of databases older than the gallery.

A result is listed at once and can be searched for a moment later. What is not done when the server ends is
done after its next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from server.catalogue import CatalogueShelf
from server.graph.catalogue import Catalogue
from server.graph.facts import Facts, facts_of, joined
from server.graph.inputs import Tables
from server.graph.pictures import read_workflow
from server.graph.prompt import from_workflow
from server.graph.reading import WorkflowError
from server.graph.sweep import variants_of
from server.graph.workflow import load
from server.store import search
from server.store.database import Database
from server.store.search import Indexed
from server.store.tables import job_workflows, jobs, outputs, results

log = logging.getLogger(__name__)

AT_ONCE = 32
"""Results that are looked at together."""
BREATH = 0.01
"""Seconds between two such lots, so that whoever asks meanwhile is answered."""
LONG = 3600.0
SWEEP = b'"sweep":'
AGAIN = 5.0
"""Seconds until what the database refused is tried again."""


@dataclass(frozen=True)
class Pending:
    """A result that is not in the index yet. `workflow` is None when its job is not known."""

    result: int
    node: str
    path: str
    job: str
    title: str
    workflow: bytes | None


class Indexer:
    """One task that works while something waits. `told` hears of the results that can be searched for now."""

    def __init__(
        self, database: Database, shelf: CatalogueShelf, told: Callable[[list[int]], None], folder: Path
    ) -> None:
        """`folder`: where the results lie."""
        self._database, self._shelf, self._told, self._folder = database, shelf, told, folder
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._wake.set()
        self._task = asyncio.get_running_loop().create_task(self._work())

    def wake(self) -> None:
        """There is a new result."""
        self._wake.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self._some():
                    await asyncio.sleep(BREATH)
            except DatabaseError as error:
                log.error("The results cannot be indexed now: %s", error.orig)
                asyncio.get_running_loop().call_later(AGAIN, self._wake.set)

    async def _some(self) -> bool:
        """Index a few; whether there were any."""
        catalogue = await self._shelf.wait(LONG)
        waiting = await self._database.read(pending)
        if catalogue is None or not waiting:
            return False
        found = await asyncio.to_thread(look_at, waiting, catalogue, self._folder)
        await self._database.note(partial(keep, found=found))
        self._told([result for result, _ in found])
        return True


def pending(connection: Connection) -> list[Pending]:
    """Results that are not in the index, the newest first: they are looked for first."""
    query = (
        select(results.c.id, outputs.c.node, results.c.path, results.c.job, jobs.c.title, job_workflows.c.body)
        .join_from(results, outputs, outputs.c.id == results.c.output)
        .outerjoin(jobs, jobs.c.id == results.c.job)
        .outerjoin(job_workflows, job_workflows.c.job == results.c.job)
        .where(results.c.indexed == 0)
        .order_by(results.c.id.desc())
        .limit(AT_ONCE)
    )
    return [Pending(id, node, path, job, title or "", body) for id, node, path, job, title, body in
            connection.execute(query)]  # fmt: skip


def look_at(waiting: list[Pending], catalogue: Catalogue, folder: Path) -> list[tuple[int, Indexed]]:
    """What each was made with; those of one job share the reading of its workflow, but for the cells of a sweep."""
    tables = Tables(catalogue.nodes)
    found: list[tuple[int, Indexed]] = []
    for job in dict.fromkeys(each.job for each in waiting):
        same = [each for each in waiting if each.job == job]
        workflow = same[0].workflow
        if workflow is not None and SWEEP in workflow:
            own = {each.result: (each.node, _own(each, folder)) for each in same}
            facts = {id: _facts([node], body, catalogue, tables)[node] for id, (node, body) in own.items()}
        else:
            of_nodes = _facts([each.node for each in same], workflow, catalogue, tables)
            facts = {each.result: of_nodes[each.node] for each in same}
        found += [(each.result, Indexed(facts[each.result], each.title, each.path)) for each in same]
    return found


def _own(pending: Pending, folder: Path) -> bytes | None:
    """The workflow that a file carries: that of its cell, or of the whole sweep for the sheet."""
    try:
        return read_workflow((folder / pending.path).read_bytes()).encode()
    except (OSError, WorkflowError):
        return pending.workflow


def _facts(nodes: list[str], body: bytes | None, catalogue: Catalogue, tables: Tables) -> dict[str, Facts]:
    """The facts of nodes of one workflow. One that cannot be read any more has none."""
    try:
        workflow = load(body or b"")
    except WorkflowError:
        return dict.fromkeys(nodes, Facts())
    prompts = [from_workflow(each, catalogue)[0] for each in (list(variants_of(workflow)) or [workflow])]
    return {node: joined([facts_of(node, prompt, tables) for prompt in prompts]) for node in nodes}


def keep(connection: Connection, found: list[tuple[int, Indexed]]) -> None:
    """Write what was found out."""
    for result, indexed in found:
        search.add(connection, result, indexed)
