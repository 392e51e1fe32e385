"""What a picture costs besides sampling: from POST to the saved file, with the demo model through a real server.

    python -m tests.bench.bench_pictures                one at a time, then eight in the queue at once
    python -m tests.bench.bench_pictures --size 256

Sampling is the time of the sampler node, without the time in which the model is loaded: a picture is made first.
In a queue files are written while the next picture is sampled; beside a GPU the decoding overlaps it too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.bench.bench_server import server
from tests.server.talk import Browser, Server

EXAMPLE = Path("workflows/text-to-image.json")
JSON = dict[str, Any]


@dataclass
class Picture:
    """A job: when it was sent and done, and the seconds of its nodes by type."""

    sent: float
    done: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def sampling(self) -> float:
        return self.seconds["sample"]

    @property
    def rest(self) -> float:
        return self.done - self.sent - self.sampling


def document(seed: int, size: int) -> JSON:
    """The example of the first picture, with this seed and size."""
    workflow: JSON = json.loads(EXAMPLE.read_text("utf-8"))
    for node in workflow["nodes"].values():
        if node["type"] == "sample":
            node["inputs"]["seed"] = seed
        if node["type"] == "empty_latent":
            node["inputs"] |= {"width": size, "height": size}
    return workflow


async def send(server: Server, workflow: JSON) -> str:
    status, body = await server.ask("POST", "/api/jobs", json={"workflow": workflow})
    assert status == 202, body
    return str(body["id"])


async def listen(browser: Browser, pictures: dict[str, Picture], types: dict[str, str]) -> None:
    """Read events until every picture is done."""
    while any(not picture.done for picture in pictures.values()):
        frame = await browser.read()
        event = frame["event"] if isinstance(frame, dict) else {}
        if event.get("kind") == "nodeschanged" and event["job"] in pictures:
            for change in event["changes"]:
                if change.get("seconds") is not None:
                    pictures[event["job"]].seconds[types[change["node"]]] = change["seconds"]
        if event.get("kind") == "jobchanged" and event["job"]["id"] in pictures:
            assert event["job"]["state"] not in ("failed", "cancelled"), event
            if event["job"]["state"] == "done":
                pictures[event["job"]["id"]].done = time.perf_counter()


async def measure(size: int, count: int) -> None:
    async with server(stand_in=False) as started, started.browser() as browser:
        types = {id: node["type"] for id, node in document(0, size)["nodes"].items()}

        async def made(seeds: range) -> list[Picture]:
            pictures = {}
            for seed in seeds:
                sent = time.perf_counter()
                pictures[await send(started, document(seed, size))] = Picture(sent)
            await listen(browser, pictures, types)
            return list(pictures.values())

        await made(range(1))
        alone = [(await made(range(seed, seed + 1)))[0] for seed in range(1, count + 1)]
        report(f"{size} x {size}, one at a time", alone)
        queued = await made(range(count + 1, 2 * count + 1))
        whole = queued[-1].done - queued[0].sent
        sampling = sum(picture.sampling for picture in queued)
        each, of_it = whole / count, sampling / count
        print(f"{size} x {size}, {count} in the queue: {each:.3f} s each, sampling {of_it:.3f} s of it")


def report(name: str, pictures: list[Picture]) -> None:
    rest, sampling = (statistics.median(p.rest for p in pictures), statistics.median(p.sampling for p in pictures))
    decoding = statistics.median(p.seconds["decode_latent"] for p in pictures)
    print(f"{name}: sampling {sampling:.3f} s; the rest, POST to saved, {rest:.3f} s, decoding {decoding:.3f} s of it")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=128, help="edge in pixels")
    parser.add_argument("--count", type=int, default=8)
    options = parser.parse_args()
    print(f"processors: {os.cpu_count()}, load: {psutil.getloadavg()[0]:.1f}")
    asyncio.run(measure(options.size, options.count))


if __name__ == "__main__":
    main()
