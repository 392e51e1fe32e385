"""The full-text index of the results: made from their facts, so it can be made anew at any time.

SQLite's FTS5 without a copy of the texts. Where Python's SQLite has no FTS5, results are kept and shown all the
same, and only words cannot be searched for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, text, update
from sqlalchemy.exc import OperationalError

from server.graph.facts import Facts
from server.store.statement import Statement
from server.store.tables import result_facts, result_values, results

COLUMNS = ("texts", "avoided", "title", "models", "seeds", "settings", "name")
"""What a word can be looked for in, in the index's order."""
_names = ", ".join(COLUMNS)
_create = (
    f"CREATE VIRTUAL TABLE result_search USING fts5({_names}, content='', columnsize=0, "
    "tokenize=\"unicode61 remove_diacritics 2\", prefix='1 2 3')"
)
_places = ", ".join("?" for _ in COLUMNS)
_add = f"INSERT INTO result_search(rowid, {_names}) VALUES (?, {_places})"
_remove = f"INSERT INTO result_search(result_search, rowid, {_names}) VALUES ('delete', ?, {_places})"

_facts = Statement(select(result_facts.c.body).where(result_facts.c.result == bindparam("one")))
_new_facts = Statement(insert(result_facts), ["result", "body"])
_new_value = Statement(insert(result_values), ["field", "value", "result"])
_done = Statement(update(results).where(results.c.id == bindparam("one")).values(indexed=1))

_VALUES = text("""
WITH RECURSIVE known(value) AS (
    SELECT min(value) FROM result_values WHERE field = :field
    UNION ALL
    SELECT (SELECT min(value) FROM result_values WHERE field = :field AND value > known.value)
    FROM known WHERE known.value IS NOT NULL
)
SELECT value, (SELECT count(*) FROM result_values WHERE field = :field AND value = known.value) AS number
FROM known WHERE value IS NOT NULL AND instr(lower(value), :part) > 0
ORDER BY number DESC, value LIMIT :most
""")


class Indexed(msgspec.Struct, frozen=True):
    """What is kept of a result: its facts, and the words beside them that are in the index."""

    facts: Facts
    title: str = ""
    name: str = ""


@dataclass(frozen=True)
class Value:
    """A value that results have, and how many."""

    value: str
    count: int


def prepare(connection: Connection) -> bool:
    """Make the index where there is none yet; whether words can be searched for."""
    if exists(connection):
        return True
    try:
        connection.exec_driver_sql(_create)
    except OperationalError:
        return False
    # Everything is to be looked at again: nothing of it is in the new index.
    connection.execute(delete(result_facts))
    connection.execute(delete(result_values))
    connection.execute(update(results).values(indexed=0))
    return True


def exists(connection: Connection) -> bool:
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'result_search'")
    return found.scalar_one_or_none() is not None


def add(connection: Connection, result: int, indexed: Indexed) -> None:
    """Keep what a result was made with, in the place of what was kept before; unless it is gone meanwhile."""
    if not _done.run(connection, one=result).rowcount:
        return
    remove(connection, result)
    _new_facts.run(connection, result=result, body=msgspec.json.encode(indexed))
    for field, value in _values(indexed):
        _new_value.run(connection, field=field, value=value, result=result)
    if exists(connection):
        connection.exec_driver_sql(_add, (result, *_words(indexed)))


def remove(connection: Connection, result: int) -> None:
    """Take a result out of the index. Without a copy of the texts, the index must be told what was in it."""
    known = read(connection, result)
    if known is None:
        return
    if exists(connection):
        connection.exec_driver_sql(_remove, (result, *_words(known)))
    connection.execute(delete(result_values).where(result_values.c.result == result))
    connection.execute(delete(result_facts).where(result_facts.c.result == result))


def read(connection: Connection, result: int) -> Indexed | None:
    """What is known of a result; None while nothing is."""
    body = _facts.run(connection, one=result).scalar_one_or_none()
    return None if body is None else msgspec.json.decode(body, type=Indexed)


def values(connection: Connection, field: str, part: str, limit: int) -> list[Value]:
    """The values of a field that hold `part`, the commonest first. Only "model" and "title" are kept."""
    # From one value to the next in the table's own order: what a value's thousands of results cost is one seek.
    rows = connection.execute(_VALUES, {"field": field, "part": part.lower(), "most": limit})
    return [Value(value, count) for value, count in rows]


def _values(indexed: Indexed) -> list[tuple[str, str]]:
    found = [("model", model[:500]) for model in indexed.facts.models]
    if indexed.title:
        found.append(("title", indexed.title))
    return list(dict.fromkeys(found))


def _words(indexed: Indexed) -> Sequence[str]:
    facts = indexed.facts
    settings = [f"{setting.title} {setting.value}" for setting in facts.settings]
    lists = (facts.texts, facts.avoided, [indexed.title], facts.models, facts.seeds, settings, [indexed.name])
    return ["\n".join(words) for words in lists]
