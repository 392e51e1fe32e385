"""Lists on links: a plain input fed by a list makes its node run once for each item.

Lists are zipped; the shorter one repeats its last item; an empty list means zero runs. `Many` marks a
list that is on a link, so that a Python list that is one single value is never taken apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nodes.api import NodeSchema


class Many(list[Any]):
    """Items that travel along one link together."""


class WrongReturn(Exception):
    """A node returned something else than it declared."""


def run_count(values: Mapping[str, Any], listed: Collection[str]) -> int | None:
    """How often a node runs for these inputs; None where no plain input is fed by a list.

    `listed` names the inputs that take a whole list.
    """
    count: int | None = None
    for name, value in values.items():
        if type(value) is Many and name not in listed:
            if not value:
                return 0
            count = max(count or 0, len(value))
    return count


def pick(value: Any, index: int) -> Any:
    """The item of a list for run `index`; a value that is no list is the same in every run."""
    if type(value) is Many:
        return value[min(index, len(value) - 1)]
    return value


def whole(value: Any) -> list[Any]:
    """The value of an input that takes a list."""
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def inputs_for(values: Mapping[str, Any], listed: Collection[str], index: int) -> dict[str, Any]:
    """What one run of a node receives, by input."""
    return {
        name: whole(value) if name in listed else pick(value, index) if type(value) is Many else value
        for name, value in values.items()
    }


def outputs_of(schema: NodeSchema, returned: Any) -> tuple[Any, ...]:
    """What one call returned, in the order of the declared outputs; list outputs become `Many`."""
    outputs = schema.outputs
    if not outputs:
        return ()
    if len(outputs) == 1 and not _is_record(returned, outputs[0].name):
        returned = (returned,)
    elif not isinstance(returned, tuple) or len(returned) != len(outputs):
        names = ", ".join(output.name for output in outputs)
        raise WrongReturn(f"it declares the outputs {names} but returned {_describe(returned)}")
    if not any(output.is_list for output in outputs):
        return tuple(returned)
    return tuple(
        _as_many(output.name, value) if output.is_list else value
        for output, value in zip(outputs, returned, strict=True)
    )


def joined(schema: NodeSchema, runs: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The outputs of all runs of one node: a list for each output; list outputs are strung together."""
    return tuple(
        Many(item for run in runs for item in run[at]) if output.is_list else Many(run[at] for run in runs)
        for at, output in enumerate(schema.outputs)
    )


def _is_record(returned: Any, name: str) -> bool:
    """Whether a NamedTuple of one field was returned, rather than a tuple that is the value itself."""
    return isinstance(returned, tuple) and getattr(returned, "_fields", ()) == (name,)


def _as_many(name: str, value: Any) -> Many:
    if isinstance(value, (list, tuple)):
        return Many(value)
    raise WrongReturn(f"its output '{name}' is a list but it returned {_describe(value)}")


def _describe(value: Any) -> str:
    return f"{len(value)} values" if isinstance(value, tuple) else f"one {type(value).__name__}"
