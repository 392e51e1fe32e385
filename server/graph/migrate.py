"""Documents of older schema versions, brought to the current one, step by step.

Schema 1 is the first: there is nothing to migrate yet, and no step may be written for a version that
never was. A document newer than this program is refused, never guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from server.graph import sentences as say
from server.graph.reading import WorkflowError

SCHEMA = 1
Step = Callable[[dict[str, Any]], dict[str, Any]]
STEPS: Mapping[int, Step] = {}
"""From a version to the next: `STEPS[1]` turns schema 1 into schema 2."""


def migrate(tree: dict[str, Any], steps: Mapping[int, Step] = STEPS, current: int = SCHEMA) -> dict[str, Any]:
    """The document in the current schema. Raises WorkflowError for a version it cannot come from."""
    version = tree.get("schema")
    if isinstance(version, bool) or not isinstance(version, int):
        if version is None:
            raise WorkflowError(say.NO_SCHEMA(), say.ADD_SCHEMA(current=current))
        raise WorkflowError("'schema' must be a whole number.", f'Write "schema": {current}.')
    if version > current:
        raise WorkflowError(say.NEWER_SCHEMA(schema=version, current=current), say.UPDATE_PROGRAM())
    oldest = min(steps, default=current)
    if version < oldest:
        raise WorkflowError(f"There is no schema {version}.", f'Write "schema": {current}.')
    for number in range(version, current):
        tree = {**steps[number](tree), "schema": number + 1}
    return tree
