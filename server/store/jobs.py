"""The jobs' rows: queued, running, done, failed, cancelled. Only this module changes a job's state on disk.

Every function here but the readers is one operation of `Database.write`: it happens whole or not at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from server import sentences as say
from server.messages import Failure, JobInfo, JobState, NodeChange
from server.store.statement import Statement
from server.store.tables import durations, job_nodes, job_workflows, jobs, prompts, records

_this = jobs.c.id == bindparam("job")
_known = Statement(select(jobs.c.id).where(jobs.c.key == bindparam("key")))
_new = Statement(insert(jobs), ["id", "key", "document", "title", "state", "created", "attempts", "targets"])
_new_prompt = Statement(insert(prompts), ["job", "body"])
_new_workflow = Statement(insert(job_workflows), ["job", "body"])
_previous = Statement(select(records.c.body).where(records.c.document == bindparam("document")))
_durations = Statement(select(durations.c.body).where(durations.c.document == bindparam("document")))
_start = Statement(
    update(jobs).where(_this).values(state="running", started=bindparam("now"), attempts=jobs.c.attempts + 1)
)
_finish = Statement(
    update(jobs).where(_this).values(state=bindparam("ended"), finished=bindparam("now"), failure=bindparam("why"))
)
_forget_prompt = Statement(delete(prompts).where(prompts.c.job == bindparam("gone")))
_record = upsert(records)
_keep_record = Statement(
    _record.on_conflict_do_update(
        index_elements=["document"], set_={"job": _record.excluded.job, "body": _record.excluded.body}
    ),
    ["document", "job", "body"],
)

_duration = upsert(durations)
_keep_durations = Statement(
    _duration.on_conflict_do_update(index_elements=["document"], set_={"body": _duration.excluded.body}),
    ["document", "body"],
)
_states = upsert(job_nodes)
_keep_nodes = Statement(
    _states.on_conflict_do_update(index_elements=["job"], set_={"body": _states.excluded.body}), ["job", "body"]
)
_place = func.coalesce(jobs.c.place, jobs.c.seq).label("place")

MAX_ATTEMPTS = 2
GAVE_UP = Failure(
    say.ENDED_TWICE(),
    say.LOOK_AT_LOG(),
)


@dataclass(frozen=True)
class Payload:
    """What the worker is given: JSON texts, passed on as they are."""

    prompt: bytes
    workflow: bytes
    targets: list[str] | None = None
    previous: bytes | None = None
    durations: bytes | None = None
    """How long the document's nodes took, for the one who waits; the worker is not told."""

    def after(self, accepted: Accepted) -> Payload:
        """The same, told what the document's jobs before it said."""
        return replace(self, previous=accepted.previous, durations=accepted.durations)

    @property
    def size(self) -> int:
        return len(self.prompt) + len(self.workflow) + len(self.previous or b"") + len(self.durations or b"")


@dataclass(frozen=True)
class NewJob:
    """A job to accept. `key` makes a repeated request the same job."""

    id: str
    document: str
    title: str
    created: float
    payload: Payload
    key: str | None = None


@dataclass(frozen=True)
class Accepted:
    """The job's id (an earlier one's, when its key was known), and what the document's jobs before it left."""

    id: str
    new: bool
    previous: bytes | None = None
    durations: bytes | None = None
    place: float = 0.0


def accept(connection: Connection, job: NewJob) -> Accepted:
    """Add a job at the end of the queue, unless one with its key exists."""
    if job.key is not None:
        known = _known.run(connection, key=job.key).scalar_one_or_none()
        if known is not None:
            return Accepted(known, new=False)
    targets = job.payload.targets
    added = _new.run(
        connection,
        id=job.id,
        key=job.key,
        document=job.document,
        title=job.title,
        state="queued",
        created=job.created,
        attempts=0,
        targets=None if targets is None else msgspec.json.encode(targets),
    )
    _new_prompt.run(connection, job=job.id, body=job.payload.prompt)
    _new_workflow.run(connection, job=job.id, body=job.payload.workflow)
    earlier = previous(connection, job.document)
    took = _durations.run(connection, document=job.document).scalar_one_or_none()
    return Accepted(job.id, True, earlier, took, float(added.lastrowid))


def start(connection: Connection, job: str, now: float) -> None:
    """Note that a worker has the job."""
    _start.run(connection, job=job, now=now)


@dataclass(frozen=True)
class End:
    """How a job ended."""

    state: JobState
    finished: float
    failure: Failure | None = None
    record: bytes | None = None
    nodes: tuple[NodeChange, ...] = ()
    durations: bytes | None = None


def finish(connection: Connection, job: str, document: str, end: End) -> None:
    """Note that the job is over and how its nodes fared, and keep what the document's next job wants to know."""
    failure = None if end.failure is None else msgspec.json.encode(end.failure)
    _finish.run(connection, job=job, ended=end.state, now=end.finished, why=failure)
    _forget_prompt.run(connection, gone=job)
    if end.nodes:
        _keep_nodes.run(connection, job=job, body=zlib.compress(msgspec.json.encode(end.nodes), 1))
    if end.record is not None and document:
        _keep_record.run(connection, document=document, job=job, body=end.record)
    if end.durations is not None and document:
        _keep_durations.run(connection, document=document, body=end.durations)


def requeue(connection: Connection, job: str) -> None:
    """Put a running job back without counting the attempt: it is not to blame for its end."""
    change = update(jobs).where(jobs.c.id == job, jobs.c.state == "running")
    connection.execute(change.values(state="queued", started=None, attempts=jobs.c.attempts - 1))


def recover(connection: Connection, now: float) -> list[JobInfo]:
    """After a start: what was running waits again, or has failed for good. Gives the queue in its order."""
    running = jobs.c.state == "running"
    spent = select(jobs.c.id).where(running, jobs.c.attempts >= MAX_ATTEMPTS)
    for job in list(connection.execute(spent).scalars()):
        finish(connection, job, "", End("failed", now, GAVE_UP))
    connection.execute(update(jobs).where(running).values(state="queued", started=None))
    rows = connection.execute(_listed.where(jobs.c.state == "queued").order_by(_place, jobs.c.seq)).all()
    return [_info(row) for row in rows]


_listed = select(
    jobs.c.id,
    jobs.c.document,
    jobs.c.title,
    jobs.c.state,
    jobs.c.created,
    jobs.c.started,
    jobs.c.finished,
    jobs.c.failure,
    _place,
)


def _info(row: Row[*tuple[Any, ...]]) -> JobInfo:
    failure = msgspec.json.decode(row.failure, type=Failure) if row.failure is not None else None
    return JobInfo(
        row.id,
        row.document,
        row.title,
        row.state,
        row.created,
        started=row.started,
        finished=row.finished,
        failure=failure,
        place=row.place,
    )


def info(connection: Connection, job: str) -> JobInfo | None:
    row = connection.execute(_listed.where(jobs.c.id == job)).one_or_none()
    return None if row is None else _info(row)


def listed(connection: Connection, state: JobState | None, limit: int, before: str | None) -> list[JobInfo]:
    """The newest jobs first; `before` is a job's id, and only older ones are given."""
    query = _listed.order_by(jobs.c.seq.desc()).limit(limit)
    if state is not None:
        query = query.where(jobs.c.state == state)
    if before is not None:
        query = query.where(jobs.c.seq < select(jobs.c.seq).where(jobs.c.id == before).scalar_subquery())
    return [_info(row) for row in connection.execute(query)]


def payload(connection: Connection, job: str, document: str) -> Payload | None:
    """What the worker needs to run a waiting job; None when there is no such job any more."""
    query = (
        select(prompts.c.body, job_workflows.c.body, jobs.c.targets)
        .join_from(prompts, job_workflows, prompts.c.job == job_workflows.c.job)
        .join(jobs, jobs.c.id == prompts.c.job)
        .where(prompts.c.job == job)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    prompt, workflow, targets = row
    wanted = None if targets is None else msgspec.json.decode(targets, type=list[str])
    took = _durations.run(connection, document=document).scalar_one_or_none()
    return Payload(prompt, workflow, wanted, previous(connection, document), took)


def durations_of(connection: Connection, document: str) -> dict[str, float]:
    """Seconds that each node of a document took when it last ran."""
    took = _durations.run(connection, document=document).scalar_one_or_none()
    return {} if took is None else msgspec.json.decode(took, type=dict[str, float])


def workflow(connection: Connection, job: str) -> bytes | None:
    """The workflow a job was made from."""
    return connection.execute(select(job_workflows.c.body).where(job_workflows.c.job == job)).scalar_one_or_none()


def previous(connection: Connection, document: str) -> bytes | None:
    """The record of the last finished job of this document."""
    return _previous.run(connection, document=document).scalar_one_or_none()


def nodes(connection: Connection, job: str) -> dict[str, NodeChange]:
    """How the nodes of an ended job fared; nothing for one that has not ended."""
    query = select(job_nodes.c.body).where(job_nodes.c.job == job)
    body = connection.execute(query).scalar_one_or_none()
    changes = [] if body is None else msgspec.json.decode(zlib.decompress(body), type=list[NodeChange])
    return {change.node: change for change in changes}


def move(connection: Connection, places: Mapping[str, float]) -> None:
    """Give waiting jobs other places in the queue."""
    for job, place in places.items():
        connection.execute(update(jobs).where(jobs.c.id == job).values(place=place))


def cancel(connection: Connection, ids: Sequence[str], now: float) -> None:
    """End waiting jobs."""
    for job in ids:
        finish(connection, job, "", End("cancelled", now))


def count(connection: Connection, state: JobState) -> int:
    return connection.execute(select(func.count()).where(jobs.c.state == state)).scalar_one()
