"""Print the engine's figures, taken with both cache tiers and the device thread at default settings.

    python -m tests.bench.bench_engine

No figure is asserted here: machines differ, and a busy one would fail for nothing.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nodes.api import Cancelled
from server.engine.cache import Cache
from server.engine.catalogue import Library
from server.engine.failures import RunFailed
from server.engine.memory_tier import Made
from server.engine.plan import make_plan
from server.engine.run import Prepared, Run, State
from server.graph.prompt import Link, Prompt, Step
from server.messages import WorkerReady
from server.worker.codecs import ValueCodec, measure
from server.worker.warmup import calm_collector
from tests.toys import TOYS
from tests.worker.speaking import SpokenWorker

MEMORY, DISK = 2 * 2**30, 10 * 2**30


class Silent:
    """A host that counts state changes."""

    def __init__(self) -> None:
        self.changes = 0
        self.on_change: Callable[[str, str], None] = lambda node, state: None
        self.ends_with: type[Exception] | None = None
        self.ending: float | None = None
        """When the run was cancelled, or its node failed."""

    def context(self, planned: Any) -> Any:
        raise NotImplementedError

    def changed(self, node: str, state: State, reason: str = "", seconds: float | None = None) -> None:
        self.changes += 1
        if state == "failed":
            self.ending = time.perf_counter()
        self.on_change(node, state)

    def intact(self, made: Made) -> bool:
        return True

    def listed(self, node: str, made: Made) -> None: ...

    def progress(self, node: str, value: int, total: int) -> None: ...

    def computed(self) -> None: ...


def chain(length: int, *, start: str = "number") -> Prompt:
    """A number, increased again and again, then shown."""
    prompt = {"n0": Step(start, 1, {"value": 1})}
    for at in range(1, length - 1):
        prompt[f"n{at}"] = Step("increase", 1, {"value": Link(f"n{at - 1}", "result")})
    prompt["out"] = Step("show", 1, {"value": Link(f"n{length - 2}", "result")})
    return prompt


def ladder(layers: int) -> Prompt:
    """Layers of two nodes, each reading both of the layer before: 2 to the power of `layers` paths."""
    prompt = {"a0": Step("number", 1, {"value": 1}), "b0": Step("number", 1, {"value": 2})}
    for at in range(1, layers):
        for side, other in ("ab", "ba"):
            below = {"a": Link(f"{side}{at - 1}", "result"), "b": Link(f"{other}{at - 1}", "result")}
            prompt[f"{side}{at}"] = Step("larger", 1, below)
    prompt["out"] = Step("show", 1, {"value": Link(f"a{layers - 1}", "result")})
    return prompt


async def run(
    prompt: Prompt, cache: Cache, host: Silent, device: ThreadPoolExecutor, previous: Any, hook: Any
) -> tuple[list[float], Any]:
    """One whole run: keys, plan, work, record; the moments it began, started to end and was over, and the record."""
    library = Library(TOYS)
    began = time.perf_counter()
    one = Run(lambda: Prepared(make_plan(prompt, library, None), previous), host, cache, device)
    if hook is not None:
        host.on_change = hook(one, host)
    ending: type[Exception] | None = None
    try:
        await one.finish()
    except (RunFailed, Cancelled) as error:
        ending = type(error)
    over = time.perf_counter()
    if ending is not host.ends_with:
        raise SystemExit(f"the run ended with {ending}, not with {host.ends_with}")
    return [began, host.ending or over, over], one.record()


def ended_early(prompt: Prompt, ends_with: type[Exception], hook: Any = None) -> list[float]:
    """Seconds from the failure or the cancelling to the end, and of the whole run with its plan."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as device:
        cache = Cache(MEMORY, DISK, Path(folder), ValueCodec({}), measure)
        host = Silent()
        host.ends_with = ends_with
        (began, ending, over), _ = asyncio.run(run(prompt, cache, host, device, None, hook))
        cache.close()
    return [over - ending, over - began]


def measured(prompt: Prompt, times: int = 2) -> list[float]:
    """The seconds of `times` runs after each other on a fresh cache."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as device:
        cache = Cache(MEMORY, DISK, Path(folder), ValueCodec({}), measure)
        previous = None
        for _ in range(times):
            (began, _, over), record = asyncio.run(run(prompt, cache, Silent(), device, previous, None))
            previous = json.loads(json.dumps(record))
            seconds.append(over - began)
        cache.close()
    return seconds


def say(what: str, seconds: list[float], names: tuple[str, ...], nodes: int = 0) -> None:
    figures = "  ".join(f"{name} {value:7.3f} s" for name, value in zip(names, seconds, strict=True))
    print(f"{what:44} {figures}" + (f"   {seconds[0] / nodes * 1e6:6.1f} µs a node" if nodes else ""), flush=True)


def cancelling(at: str) -> Any:
    """Cancel as soon as this node runs."""

    def hook(run: Run, host: Silent) -> Callable[[str, str], None]:
        def changed(node: str, state: str) -> None:
            if (node, state) == (at, "running"):
                host.ending = time.perf_counter()
                run.cancel()

        return changed

    return hook


BENCH_PACK = '''
from typing import Any
from nodes.api import node

@node(category="bench")
def number(value: int = 0) -> int:
    """A number."""
    return value

@node(category="bench")
def increase(value: int = 0, by: int = 1) -> int:
    """One more."""
    return value + by

@node(category="bench")
def show(value: Any) -> None:
    """An output."""
'''


def through_the_worker(length: int, jobs: int = 200) -> None:
    """The same chain, and many one-node jobs, sent to a real worker process over its pipes."""
    chained = {id: Step(f"bench/{step.type}", 1, step.inputs) for id, step in chain(length).items()}
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "custom_nodes" / "bench.py"
        pack.parent.mkdir()
        pack.write_text(BENCH_PACK)
        with SpokenWorker(Path(folder), warm=True) as worker:
            worker.wait_for(WorkerReady)
            seconds, previous = [], b"null"
            for _ in range(2):
                began = time.perf_counter()
                previous = worker.run(chained, previous=previous).record
                seconds.append(time.perf_counter() - began)
            say(f"chain of {length:,} through a worker process", seconds, ("cold", "cached"), length)
            single = []
            for _ in range(jobs):
                began = time.perf_counter()
                worker.run({"out": Step("bench/show", 1, {"value": 1})})
                single.append(time.perf_counter() - began)
            say("one-node job through a worker process", [statistics.median(single)], ("median",))


def main() -> None:
    calm_collector()  # as the worker does
    both = ("cold", "cached")
    for length in (100, 500, 1_000, 5_000, 10_000, 50_000):
        say(f"chain of {length:,}", measured(chain(length)), both, length)
    say("ladder of 500 layers of two", measured(ladder(500)), both, 1_000)
    parts = ("to the end", "whole run")
    say("failure at the bottom of a chain of 50,000", ended_early(chain(50_000, start="fail"), RunFailed), parts)
    say("cancel at the bottom of a chain of 50,000", ended_early(chain(50_000), Cancelled, cancelling("n0")), parts)
    through_the_worker(5_000)


if __name__ == "__main__":
    main()
