"""What the page is measured before: a whole server in a thread, one node type, and sheets of many nodes."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nodes.api import Input, NodeSchema, Output
from server.app import running
from server.config import Config
from server.graph.catalogue import PLAIN_TYPES, Catalogue, to_json, with_revision
from tests.bench.streaming_worker import SAMPLER

WORKER = Path(__file__).with_name("streaming_worker.py")
STEP = (300, 340)
"""From one node to the next, in the canvas's own units."""
GAP = 20
A_THOUSAND = 1000


def catalogue() -> bytes:
    """The design's measured node: three linked inputs, two outputs, a number, a choice and a text of several lines."""
    linked = tuple(
        Input(name, "int", name.title(), "Linked.", None, required=False) for name in ("first", "second", "third")
    )
    widgets = (
        Input("steps", "int", "Steps", "A number.", 20, required=False, widget={"kind": "number"}),
        Input("choice", "str", "Choice", "A choice.", "euler", required=False,
              widget={"kind": "choices", "options": ["euler", "heun"]}),
        Input("text", "str", "Text", "A text.", "", required=False, widget={"kind": "text", "lines": 4}),
    )  # fmt: skip
    outputs = (Output("result", "int"), Output("other", "int"))
    schema = NodeSchema("bench", "Bench", "bench", "Costs what a node costs.", 1, linked + widgets, outputs, True)
    return to_json(with_revision(Catalogue("", PLAIN_TYPES, {"bench": schema})))


@dataclass(frozen=True)
class Sheet:
    """A workflow of so many nodes in rows, each linked with up to three before it."""

    count: int

    @property
    def columns(self) -> int:
        """About as wide as high; a thousand nodes of a larger one are whole rows."""
        return 100 if self.count > A_THOUSAND else max(1, math.ceil(math.sqrt(self.count)))

    def place(self, index: int) -> tuple[int, int]:
        return index % self.columns * STEP[0], index // self.columns * STEP[1]

    @property
    def thousand(self) -> tuple[tuple[int, int], tuple[int, int], int]:
        """Two corners around a thousand nodes in the middle, or around all, and how many they are."""
        taken = min(A_THOUSAND, self.count)
        rows = math.ceil(taken / self.columns)
        first = (math.ceil(self.count / self.columns) - rows) // 2
        left, right = -GAP, self.columns * STEP[0] - GAP
        return (left, first * STEP[1] - GAP), (right, (first + rows) * STEP[1] - GAP), taken

    def id(self, index: int) -> str:
        """One in the middle is what streams."""
        middle = self.count // self.columns // 2 * self.columns + self.columns // 2
        return SAMPLER if index == middle else f"n{index}"

    def write(self, folder: Path) -> Path:
        nodes = {}
        for index in range(self.count):
            before = {"first": index - 1, "second": index - 2, "third": index - self.columns}
            links = {name: {"link": [self.id(at), "result"]} for name, at in before.items() if at >= 0}
            inputs = {**links, "text": f"a house on a hill, number {index}"}
            nodes[self.id(index)] = {"type": "bench", "version": 1, "inputs": inputs, "position": self.place(index)}
        path = folder / f"{self.count}.json"
        head = {"schema": 1, "id": str(uuid.uuid4()), "title": f"{self.count} nodes"}
        path.write_text(json.dumps({**head, "nodes": nodes}), encoding="utf-8")
        return path


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a server in a thread of its own. Raises RuntimeError when it does not start."""
    (home / "bench.json").write_bytes(catalogue())
    command = [sys.executable, str(WORKER), str(home), str(home / "bench.json")]
    address: list[str] = []
    up, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        async with running(Config(home=home, port=0), command=command) as server:
            while server.services.dispatcher.keeper.state.worker != "ready":
                await asyncio.sleep(0.05)
            address.append(server.url)
            up.set()
            while not stop.is_set():
                await asyncio.sleep(0.1)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not up.wait(120):
        raise RuntimeError("The server did not start within two minutes.")
    try:
        yield address[0]
    finally:
        stop.set()
        thread.join(60)
