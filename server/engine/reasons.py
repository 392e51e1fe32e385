"""Why a node runs, or why it need not: in the words of what changed since the document's last finished run.

The record of a run is plain data, one short list a node; a later run compares its own with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from server.engine.planned import Planned

FIRST_RUN = "first run"
UNCHANGED = "unchanged"
NEVER_CACHED = "never cached"
SEEN_BEFORE = "seen before"
NOT_KEPT = "no longer in the cache"
FILE_GONE = "its file is gone or changed"
DAMAGED = "its kept result was damaged"
TWIN = "the same as another node"
NOT_NEEDED = "not needed"
KEPT_AFTER = "what comes of it is kept"
LONGEST = 60
"""Characters of a text that a record keeps; a longer one is kept as its digest."""
NAMED = 2
"""Changes named in one reason; the rest are counted."""

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
    if len(changes) > NAMED:
        return f"{', '.join(changes[:NAMED])} and {len(changes) - NAMED} more"
    return ", ".join(changes) or "the node's code or device changed"


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
    changes = []
    if type_digest != planned.type_digest:
        changes.append("the node's code or device changed")
    for name, value in planned.constants.items():
        old, new = constants.get(name), _short(value)
        if name not in constants:
            changes.append(f"{name} is now {_show(new)}" if name in links else f"{name} added")
        elif old != new or type(old) is not type(new):
            changes.append(_change(name, old, new))
        elif name in planned.stamps and stamps.get(name) != planned.stamps[name].digest:
            changes.append(f"file changed: {value}")
    for name, source in planned.links.items():
        title = titles.get(source.node, source.node)
        old = links.get(name)
        if old != [source.node, source.output]:
            changes.append(f"{name} is linked to {title}" if old is None else f"{name} is now linked to {title}")
        elif (_line(before, source.node) or [None])[0] != keys.get(source.node):
            changes.append(f"{name} changed (from {title})")
    gone = [name for name in (*constants, *links) if name not in planned.constants and name not in planned.links]
    changes += [f"{name} removed" for name in gone]
    if fingerprint != _short(planned.fingerprint):
        changes.append("its fingerprint changed")
    return changes


def _change(name: str, old: Any, new: Any) -> str:
    if isinstance(old, dict) or isinstance(new, dict):
        return f"{name} changed"
    return f"{name} changed from {_show(old)} to {_show(new)}"


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "another value"
    if isinstance(value, str):
        return f'"{value}"' if not value or " " in value else value
    if isinstance(value, bool) or value is None:
        return {True: "on", False: "off", None: "nothing"}[value]
    return str(value)


def _short(value: Any) -> Any:
    """A value as a record keeps it: itself, or where it is long the digest of it."""
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, str) and len(value) <= LONGEST:
        return value
    text = value if isinstance(value, str) else repr(value)
    return {"digest": hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()}
