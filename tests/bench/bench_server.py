"""What the server costs: from POST to the done event, with the durable commit, and a browser listening.

Run `python -m tests.bench.bench_server`; it prints the figures. The default is the production worker;
`--stand-in` takes the tests' stand-in instead, which leaves the engine out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from server.app import running
from server.config import Config
from tests.server.talk import FAKE, Browser, Server, toy_catalogue, workflow

JOBS = 200
JSON = dict[str, Any]


def one_node(number: int) -> JSON:
    """One trivial output node that is never cached."""
    return numbers_workflow({"out": {"value": number}}, "bench/bench_watch")


def numbers_workflow(values: dict[str, JSON], type: str = "bench/bench_show") -> JSON:
    nodes = {name: {"type": type, "version": 1, "inputs": inputs} for name, inputs in values.items()}
    return {"schema": 1, "id": "bench", "title": "Bench", "nodes": nodes}


def chain(length: int, first: int) -> JSON:
    """A chain of trivial nodes with an output node at its end."""
    nodes: JSON = {"0": {"type": "bench/bench_add", "version": 1, "inputs": {"a": first, "b": 1}}}
    for index in range(1, length - 1):
        link = {"link": [str(index - 1), "result"]}
        nodes[str(index)] = {"type": "bench/bench_add", "version": 1, "inputs": {"a": link, "b": 1}}
    last = {"link": [str(length - 2), "result"]}
    nodes["out"] = {"type": "bench/bench_show", "version": 1, "inputs": {"value": last}}
    return {"schema": 1, "id": f"chain{length}", "title": "Chain", "nodes": nodes}


PACK = '''"""Trivial nodes for measuring."""

from nodes.api import node


@node(title="Add", category="bench")
def bench_add(a: float = 0.0, b: float = 0.0) -> float:
    """Add two numbers."""
    return a + b


@node(title="Show", category="bench", output=True)
def bench_show(value: float = 0.0) -> None:
    """Take a number."""


@node(title="Watch", category="bench", output=True, cache=False)
def bench_watch(value: float = 0.0) -> None:
    """Take a number, every time."""
'''


def worker_of(home: Path) -> list[str]:
    """The command that starts the stand-in for a worker, which knows toys alone."""
    (home / "toys.json").write_bytes(toy_catalogue())
    return [sys.executable, str(FAKE), str(home), str(home / "toys.json")]


@asynccontextmanager
async def server(stand_in: bool) -> AsyncIterator[Server]:
    """A server on a home folder of its own, with its worker ready."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "custom_nodes").mkdir()
        (home / "custom_nodes" / "bench.py").write_text(PACK)
        command = worker_of(home) if stand_in else None
        async with running(Config(home=home, port=0), command=command) as started, aiohttp.ClientSession() as session:
            while started.services.dispatcher.keeper.state.worker != "ready":
                await asyncio.sleep(0.05)
            yield Server(started.url, started.services, session)


async def timed(server: Server, browser: Browser, document: JSON) -> float:
    """Seconds from sending a job to its done event."""
    start = time.perf_counter()
    status, body = await server.ask("POST", "/api/jobs", json={"workflow": document})
    assert status == 202, body
    end = await browser.until_ended(body["id"])
    assert end["state"] == "done", end
    return time.perf_counter() - start


async def sequential(server: Server, browser: Browser, documents: list[JSON]) -> list[float]:
    return [await timed(server, browser, document) for document in documents]


def line(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    print(
        f"{name:<44} median {statistics.median(ordered) * 1e3:7.2f} ms"
        f"   p95 {ordered[int(len(ordered) * 0.95)] * 1e3:7.2f}   worst {ordered[-1] * 1e3:7.2f}",
        flush=True,
    )


async def jobs(stand_in: bool) -> None:
    async with server(stand_in) as started, started.browser() as browser:
        if stand_in:
            line("one-node job, stand-in worker", await sequential(started, browser, [workflow()] * (JOBS + 20)))
            return
        warm = [one_node(-number) for number in range(1, 21)]
        await sequential(started, browser, warm)
        line("one-node job, never cached", await sequential(started, browser, [one_node(n) for n in range(JOBS)]))
        five = chain(5, 1)
        await sequential(started, browser, [five] * 5)
        line("five nodes, all cached", await sequential(started, browser, [five] * JOBS))
        for length in (1000, 5000):
            for name, first in (("cold", 7), ("cached", 7)):
                browser.received = 0
                seconds = await timed(started, browser, chain(length, first))
                what = f"chain of {length}, {name:<28} {seconds * 1e3:10.0f} ms"
                print(f"{what}   {browser.received:>10,} bytes to browser")


def start_time() -> None:
    """Seconds from the start of the process to the answer to GET /, and its memory afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        arguments = ["-m", "server", "serve", "--no-browser", "--home", home, "--port", str(port)]
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not answers(port):
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        time.sleep(3)
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
        print(f"start to GET /: {seconds:.2f} s; memory of the web process: {memory:.0f} MB", flush=True)
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1) as response:
            return bool(response.read())
    except urllib.error.HTTPError:
        return True  # The page that says that the page is not built.
    except OSError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stand-in", action="store_true", help="use the tests' worker, without the engine")
    options = parser.parse_args()
    print(f"processors: {os.cpu_count()}, load: {psutil.getloadavg()[0]:.1f}")
    start_time()
    asyncio.run(jobs(options.stand_in))


if __name__ == "__main__":
    main()
