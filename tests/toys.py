"""Toy nodes: real nodes over plain numbers and text, for tests that need an engine and no torch.

`calls` counts what ran, so that a test can say what did not.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from nodes.api import Cancelled, Context, Lazy, ModelFile, Node, Number, node

T = TypeVar("T")

calls: Counter[str] = Counter()
"""How often each toy ran, by its id. A test that looks at it clears it first."""


class Sums(NamedTuple):
    total: int
    negated: int


@node(category="toys")
def number(value: int = 0) -> int:
    """A number."""
    calls["number"] += 1
    return value


@node(category="toys")
def add(a: int = 0, b: int = 0) -> Sums:
    """Add two numbers."""
    calls["add"] += 1
    return Sums(a + b, -(a + b))


@node(category="toys")
def increase(value: int = 0, by: int = 1) -> int:
    """One more: the trivial node of long chains."""
    return value + by


@node(category="toys")
def larger(a: int, b: int, bonus: int = 0) -> int:
    """The larger of two numbers."""
    return max(a, b) + bonus


@node(category="toys")
def halve(value: float) -> float:
    """Half of a number; takes whole numbers too."""
    calls["halve"] += 1
    return value / 2


@node(category="toys")
def join(*texts: str, between: str = " ") -> str:
    """Join texts."""
    calls["join"] += 1
    return between.join(texts)


@node(category="toys")
def spell(value: int) -> str:
    """A number in digits."""
    calls["spell"] += 1
    return str(value)


@node(category="toys")
def count_to(last: int = 3) -> list[int]:
    """The numbers from 1 to `last`, as a list."""
    calls["count_to"] += 1
    return list(range(1, last + 1))


@node(category="toys")
def total(values: list[int]) -> int:
    """The sum of a list."""
    calls["total"] += 1
    return sum(values)


@node(category="toys")
async def choose(first: bool, a: Lazy[T], b: Lazy[T]) -> T:
    """One of two; the other is never computed."""
    calls["choose"] += 1
    return await a() if first else await b()


@node(category="toys")
async def meet(name: str = "", others: int = 2, after: int = 0) -> int:
    """Wait until as many of these run at once: only siblings that overlap ever end."""
    calls["meet"] += 1
    meeting = meetings.setdefault(name, asyncio.Barrier(others))
    await asyncio.wait_for(meeting.wait(), 5)
    return after


meetings: dict[str, asyncio.Barrier] = {}


@node(category="toys", cache=False)
def draw() -> int:
    """A number that is another one every time."""
    calls["draw"] += 1
    return calls["draw"]


@node(category="toys")
def fail(value: int = 0, message: str = "no") -> int:
    """Raise."""
    calls["fail"] += 1
    raise ValueError(message)


@node(category="toys")
def refuse(value: int = 0, above: int = 0) -> int:
    """A number, unless it is too large."""
    if value > above:
        raise ValueError(f"{value} is too large")
    return value


@node(category="toys")
def leave(value: int = 0) -> int:
    """Ask the whole program to end."""
    raise SystemExit(3)


@node(category="toys")
def starve(value: int = 0) -> int:
    """Ask for more memory than there is."""
    raise MemoryError("Unable to allocate 7.28 TiB for an array")


@node(category="toys")
def read_file(file: Annotated[Path, ModelFile("toys")]) -> str:
    """The text of a file."""
    calls["read_file"] += 1
    return file.read_text()


stamp = {"value": 1}


def weather_today(place: str) -> int:
    if place == "nowhere":
        raise SystemExit("there is no weather")
    return stamp["value"]


@node(category="toys", fingerprint=weather_today)
def weather(place: str = "here") -> str:
    """Something whose own fingerprint says when it changes."""
    calls["weather"] += 1
    return f"{place} {stamp['value']}"


@node(category="toys")
def count_slowly(ctx: Context, steps: Annotated[int, Number(min=0)] = 100, value: int = 0) -> int:
    """Count with progress until done or cancelled."""
    calls["count_slowly"] += 1
    for _ in ctx.track(range(steps)):
        running.set()
        going.wait(0.01)
    return steps + value


running, going = threading.Event(), threading.Event()


@node(category="toys")
def stop_here(value: int = 0) -> int:
    """End the run as a cancelled one."""
    raise Cancelled


@node(category="toys")
def show(value: Any) -> None:
    """An output that keeps no file."""
    calls["show"] += 1
    shown.append(value)


@node(category="toys", cache=False)
def watch(value: Any) -> None:
    """An output that runs every time."""
    calls["watch"] += 1
    shown.append(value)


shown: list[Any] = []


@node(category="toys", finishes=True)
def save(ctx: Context, value: Any = 0, name: str = "toy") -> None:
    """An output that keeps a file."""
    calls["save"] += 1
    ctx.save_image(value, name)


@node(category="toys", finishes=True)
def develop(ctx: Context, value: int) -> int:
    """Finish something that was computed, when the test lets it."""
    calls["develop"] += 1
    while not developing.wait(0.01):
        ctx.raise_if_cancelled()
    return value


developing = threading.Event()
"""Set while `develop` may end."""
developing.set()


TOYS: dict[str, Node[..., Any]] = {each.schema.id: each for each in list(globals().values()) if isinstance(each, Node)}
"""Every toy by its id."""
