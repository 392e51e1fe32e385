"""The store: what is accepted is on the disk, and an end in the middle loses nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from server.config import StartError
from server.messages import Failure, OutputFile
from server.store import database as database_module
from server.store import jobs, outputs, settings, workflows
from server.store.database import Database
from server.store.jobs import End, NewJob, Payload
from server.store.outputs import NewOutput
from server.store.settings import CacheLimits
from server.store.tables import HEAD
from server.store.workflows import RevisionError, Save, Stored


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "loom.sqlite")
    await database.open()
    yield database
    await database.close()


def job(name: str, document: str = "doc", key: str | None = None) -> NewJob:
    return NewJob(name, document, "A title", 1.0, Payload(b"{}", b'{"schema":1}', ["9"]), key)


async def accept(database: Database, new: NewJob) -> jobs.Accepted:
    return await database.write(lambda c: jobs.accept(c, new))


async def reopened(database: Database, path: Path) -> list[str]:
    """Read the file as another process would after this one was killed: nothing is closed first."""
    other = Database(path)
    await other.open()
    waiting = [info.id for info in await other.write(lambda c: jobs.recover(c, 9.0))]
    await other.close()
    return waiting


async def test_an_accepted_job_is_on_the_disk(database: Database, tmp_path: Path) -> None:
    await accept(database, job("a"))
    await accept(database, job("b"))
    assert await reopened(database, tmp_path / "loom.sqlite") == ["a", "b"]


async def test_the_running_job_is_run_again_first(database: Database, tmp_path: Path) -> None:
    for name in "abc":
        await accept(database, job(name))
    await database.write(lambda c: jobs.finish(c, "a", "doc", End("done", 2.0)))
    await database.write(lambda c: jobs.start(c, "b", 3.0))
    assert await reopened(database, tmp_path / "loom.sqlite") == ["b", "c"]


async def test_a_job_that_ran_when_the_server_ended_twice_fails(database: Database, tmp_path: Path) -> None:
    await accept(database, job("a"))
    for expected in (["a"], []):
        await database.write(lambda c: jobs.start(c, "a", 3.0))
        assert await reopened(database, tmp_path / "loom.sqlite") == expected
    info = await database.read(lambda c: jobs.info(c, "a"))
    assert info is not None
    assert (info.state, info.failure) == ("failed", jobs.GAVE_UP)


async def test_a_job_put_back_in_good_order_has_not_been_tried(database: Database, tmp_path: Path) -> None:
    await accept(database, job("a"))
    for _ in range(5):
        await database.write(lambda c: jobs.start(c, "a", 3.0))
        await database.write(lambda c: jobs.requeue(c, "a"))
        assert await reopened(database, tmp_path / "loom.sqlite") == ["a"]


async def test_the_same_key_is_the_same_job(database: Database) -> None:
    answers = await asyncio.gather(*(accept(database, job(f"job{i}", key="once")) for i in range(50)))
    assert {answer.id for answer in answers} == {"job0"}
    assert [answer.new for answer in answers].count(True) == 1
    assert await database.read(lambda c: jobs.count(c, "queued")) == 1


async def test_the_payload_holds_the_record_of_the_documents_last_job(database: Database) -> None:
    await accept(database, job("a"))
    await database.write(lambda c: jobs.finish(c, "a", "doc", End("done", 2.0, record=b"[1]")))
    await accept(database, job("b"))
    await accept(database, job("other", document="else"))
    same = await database.read(lambda c: jobs.payload(c, "b", "doc"))
    other = await database.read(lambda c: jobs.payload(c, "other", "else"))
    assert same == Payload(b"{}", b'{"schema":1}', ["9"], b"[1]")
    assert other is not None
    assert other.previous is None


async def test_what_an_ended_job_ran_is_let_go_but_its_workflow_stays(database: Database) -> None:
    await accept(database, job("a"))
    await database.write(lambda c: jobs.finish(c, "a", "doc", End("failed", 2.0, Failure("x", "y", "7"))))
    assert await database.read(lambda c: jobs.payload(c, "a", "doc")) is None
    assert await database.read(lambda c: jobs.workflow(c, "a")) == b'{"schema":1}'
    info = await database.read(lambda c: jobs.info(c, "a"))
    assert info is not None
    assert info.failure == Failure("x", "y", "7")


async def test_jobs_are_listed_newest_first_a_page_at_a_time(database: Database) -> None:
    for name in "abcde":
        await accept(database, job(name))
    first = await database.read(lambda c: jobs.listed(c, "queued", 2, None))
    rest = await database.read(lambda c: jobs.listed(c, None, 9, first[-1].id))
    assert [info.id for info in first + rest] == list("edcba")


async def test_an_operation_that_fails_harms_no_other_in_its_commit(database: Database) -> None:
    def broken(connection: Connection) -> None:
        jobs.accept(connection, job("half"))
        raise ZeroDivisionError

    good = [accept(database, job(f"good{i}")) for i in range(3)]
    results = await asyncio.gather(good[0], database.write(broken), *good[1:], return_exceptions=True)
    assert isinstance(results[1], ZeroDivisionError)
    waiting = await database.read(lambda c: [info.id for info in jobs.listed(c, None, 9, None)])
    assert sorted(waiting) == ["good0", "good1", "good2"]


async def test_what_may_wait_is_written_without_a_push(database: Database) -> None:
    await accept(database, job("a"))
    await database.later(lambda c: jobs.start(c, "a", 3.0))
    info = await database.read(lambda c: jobs.info(c, "a"))
    assert info is not None
    assert info.state == "running"


async def test_a_note_is_there_for_another_process_at_once(database: Database, tmp_path: Path) -> None:
    await accept(database, job("a"))
    await database.note(lambda c: jobs.finish(c, "a", "doc", End("done", 2.0)))
    assert await reopened(database, tmp_path / "loom.sqlite") == []


async def test_only_what_is_accepted_waits_for_the_disk(database: Database) -> None:
    def synchronous(connection: Connection) -> int:
        return int(connection.execute(text("PRAGMA synchronous")).scalar_one())

    assert await database.note(synchronous) == 1
    assert await database.write(synchronous) == 2
    both = await asyncio.gather(database.later(synchronous), database.write(synchronous))
    assert list(both) == [2, 2]


async def test_what_may_wait_is_written_before_the_file_is_closed(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    await database.open()
    await accept(database, job("a"))
    kept = database.later(lambda c: jobs.start(c, "a", 3.0))
    await database.close()
    assert kept.done()


async def test_outputs_get_growing_ids_and_addresses(database: Database) -> None:
    picture = OutputFile("9", "sub folder/ä_00001.png", "image/png", width=8, height=4, sha256="00")
    words = OutputFile("5", "", "text/plain", "previews", text="5")
    first = await database.write(lambda c: outputs.add(c, NewOutput("a", picture, 1.0)))
    await database.write(lambda c: outputs.add(c, NewOutput("a", words, 2.0)))
    assert first.url == "/api/files/results/sub%20folder/%C3%A4_00001.png"
    assert first.name == "ä_00001.png"
    both = await database.read(lambda c: outputs.of_job(c, "a"))
    assert both[0] == first
    assert (both[1].text, both[1].url, both[1].id > first.id) == ("5", "", True)
    assert await database.read(lambda c: list(outputs.listed(c, 10, None))) == [first]
    assert await database.read(lambda c: list(outputs.listed(c, 10, first.id))) == []


async def test_a_save_over_an_old_revision_is_refused_with_theirs(database: Database) -> None:
    assert await database.write(lambda c: workflows.save(c, Save("w", "t", b"1", None, 1.0))) == 1
    assert await database.write(lambda c: workflows.save(c, Save("w", "t", b"2", 1, 2.0))) == 2
    with pytest.raises(RevisionError) as refused:
        await database.write(lambda c: workflows.save(c, Save("w", "t", b"mine", 1, 3.0)))
    assert refused.value.stored == Stored(2, b"2")
    assert await database.read(lambda c: workflows.read(c, "w", 1)) == Stored(1, b"1")


async def test_the_same_save_twice_is_one(database: Database) -> None:
    for _ in range(2):
        assert await database.write(lambda c: workflows.save(c, Save("w", "t", b"1", None, 1.0))) == 1


async def test_a_removed_workflow_is_gone_with_its_history(database: Database) -> None:
    await database.write(lambda c: workflows.save(c, Save("w", "t", b"1", None, 1.0)))
    assert await database.write(lambda c: workflows.remove(c, "w"))
    assert not await database.write(lambda c: workflows.remove(c, "w"))
    assert await database.read(workflows.listed) == []
    assert await database.read(lambda c: workflows.read(c, "w")) is None


async def test_old_revisions_are_thinned_and_named_ones_stay(database: Database) -> None:
    for number in range(48):
        new = Save("w", "Title", b'{"n":%d}' % number, number or None, 600.0 * number)
        await database.write(partial(workflows.save, new=new))
        if number == 2:
            assert await database.write(lambda c: workflows.name_revision(c, "w", 3, "Third"))
    lines = await database.read(lambda c: workflows.listed_revisions(c, "w"))
    assert {line.revision for line in lines} > {3, *range(29, 49)}
    await database.write(lambda c: workflows.thin(c, "w", 1e9))
    lines = await database.read(lambda c: workflows.listed_revisions(c, "w"))
    assert [line.revision for line in lines] == [*range(48, 28, -1), 3]


async def test_chosen_limits_outlive_the_program(database: Database) -> None:
    assert await database.read(settings.cache_limits) is None
    for limits in (CacheLimits(1, 2), CacheLimits(3, 4)):
        await database.write(partial(settings.keep_cache_limits, limits=limits))
    assert await database.read(settings.cache_limits) == CacheLimits(3, 4)


async def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "loom.sqlite"
    path.write_bytes(b"this is not a database, it is a poem" * 100)
    with pytest.raises(StartError, match="cannot be used"):
        await Database(path).open()


async def test_a_database_of_a_newer_version_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "loom.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    with pytest.raises(StartError, match="another version"):
        await Database(path).open()


def test_the_migrations_make_the_tables_that_the_program_defines(tmp_path: Path) -> None:
    def shape(path: Path) -> dict[str, object]:
        seen = inspect(create_engine(f"sqlite:///{path}"))
        return {
            table: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table)],
                seen.get_pk_constraint(table)["constrained_columns"],
                sorted((str(i["name"]), i["column_names"]) for i in seen.get_indexes(table)),
                [u["column_names"] for u in seen.get_unique_constraints(table)],
            )
            for table in seen.get_table_names()
        }

    for name, migrate in (("whole", False), ("migrated", True)):
        engine = create_engine(f"sqlite:///{tmp_path / name}")
        if migrate:
            database_module._migrate(engine, tmp_path)
        else:
            with engine.begin() as connection:
                assert database_module._version(connection) == HEAD
        with engine.begin() as connection:
            stamped = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            assert stamped == HEAD
        engine.dispose()
    assert shape(tmp_path / "whole") == shape(tmp_path / "migrated")
