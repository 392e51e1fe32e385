"""Why a node runs, or why it need not: in the words of what changed since the document's last finished run.

The record of a run is plain data, one short list a node; a later run compares its own with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from server.engine import sentences as say
from server.engine.planned import Planned

FIRST_RUN = say.FIRST_RUN()
UNCHANGED = say.UNCHANGED()
NEVER_CACHED = say.NEVER_CACHED()
SEEN_BEFORE = say.SEEN_BEFORE()
NOT_KEPT = say.NOT_KEPT()
FILE_GONE = say.FILE_GONE()
DAMAGED = say.DAMAGED()
TWIN = say.TWIN()
NOT_NEEDED = say.NOT_NEEDED()
KEPT_AFTER = say.KEPT_AFTER()
LONGEST = 60
"""Characters of a text that a record keeps; a longer one is kept as its digest."""

Record = dict[str, Any]


def record_of(planned: Planned) -> list[Any]:
    """One node's line of a record: key, type digest, constants, links, contents of files, fingerprint."""
    constants = {name: _short(value) for name, value in planned.constants.items()}
    links = {name: [source.node, source.output] for name, source in planned.links.items()}
    stamps = {name: stamp.digest for name, stamp in planned.stamps.items()}
    return [planned.key, planned.type_digest, constants, links, stamps, _short(planned.fingerprint)]


def why_run(
    planned: Planned, before: Mapping[str, Any] | None, keys: Mapping[str, str], titles: Mapping[str, str]
) -> str:
    """Why a node has to run, given the record `before` of the last run (None: there was none).

    `keys` and `titles` are those of this run's nodes by id.
    """
    if before is None:
        return FIRST_RUN if planned.declared.schema.cached else NEVER_CACHED
    line = _line(before, planned.name)
    if line is None:
        return FIRST_RUN if planned.declared.schema.cached else NEVER_CACHED
    if line[0] == planned.key:
        return ""
    changes = list(_changes(planned, line, before, keys, titles))
    if not planned.declared.schema.cached:
        changes.insert(0, NEVER_CACHED)
    return _joined(changes) if changes else say.CODE_CHANGED()


def _joined(changes: list[str]) -> str:
    """The first two changes, and how many more there are."""
    if len(changes) == 1:
        return changes[0]
    first, second, *more = changes
    return say.AND_MORE(first=first, second=second, count=len(more)) if more else say.TWO(first=first, second=second)


def same_as_before(planned: Planned, before: Mapping[str, Any] | None) -> bool:
    line = _line(before, planned.name) if before is not None else None
    return line is not None and line[0] == planned.key


def _line(before: Mapping[str, Any], node: str) -> list[Any] | None:
    """A node's line of an earlier record; None where there is none that can be read."""
    line = before.get(node)
    whole = isinstance(line, list) and len(line) == 6 and all(isinstance(line[at], dict) for at in (2, 3, 4))
    return line if whole else None


def _changes(
    planned: Planned, line: list[Any], before: Mapping[str, Any], keys: Mapping[str, str], titles: Mapping[str, str]
) -> list[str]:
    _, type_digest, constants, links, stamps, fingerprint = line
    changes: list[str] = []
    if type_digest != planned.type_digest:
        changes.append(say.CODE_CHANGED())
    for name, value in planned.constants.items():
        old, new = constants.get(name), _short(value)
        if name not in constants:
            changes.append(say.NOW(input=name, value=_show(new)) if name in links else say.ADDED(input=name))
        elif old != new or type(old) is not type(new):
            changes.append(_change(name, old, new))
        elif name in planned.stamps and stamps.get(name) != planned.stamps[name].digest:
            changes.append(say.FILE_CHANGED(file=value))
    for name, source in planned.links.items():
        title = titles.get(source.node, source.node)
        old = links.get(name)
        if old != [source.node, source.output]:
            changes.append((say.LINKED if old is None else say.NOW_LINKED)(input=name, node=title))
        elif (_line(before, source.node) or [None])[0] != keys.get(source.node):
            changes.append(say.CHANGED_AT(input=name, node=title))
    gone = [name for name in (*constants, *links) if name not in planned.constants and name not in planned.links]
    changes += [say.REMOVED(input=name) for name in gone]
    if fingerprint != _short(planned.fingerprint):
        changes.append(say.FINGERPRINT_CHANGED())
    return changes


def _change(name: str, old: Any, new: Any) -> str:
    if isinstance(old, dict) or isinstance(new, dict):
        return say.CHANGED(input=name)
    return say.CHANGED_FROM_TO(input=name, old=_show(old), new=_show(new))


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return say.OTHER_VALUE()
    if isinstance(value, str):
        return f'"{value}"' if not value or " " in value else value
    if isinstance(value, bool) or value is None:
        return {True: say.ON, False: say.OFF, None: say.NOTHING}[value]()
    return str(value)


def _short(value: Any) -> Any:
    """A value as a record keeps it: itself, or where it is long the digest of it."""
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, str) and len(value) <= LONGEST:
        return value
    text = value if isinstance(value, str) else repr(value)
    return {"digest": hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()}
