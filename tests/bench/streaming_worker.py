"""A worker without torch whose every job streams: 30 previews a second and as many steps, for some seconds.

The other nodes of the prompt are told as reused first, as a real run does.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from server.messages import (
    PICTURE_FRAME,
    NodeChange,
    NodesChanged,
    PreviewHeader,
    Progress,
    RunJob,
    pack_frame,
    pack_picture,
)
from tests.server.fake_worker import FakeWorker

A_SECOND = 30
SECONDS = 6
EDGE = 512
SAMPLER = "sampler"
"""The node that streams, where the prompt has it."""


def pictures() -> list[bytes]:
    """One second of JPEGs as a sampler gives them: colours that drift, at the edge of a large preview."""
    made = []
    for step in range(A_SECOND):
        small = Image.new("RGB", (64, 64))
        small.putdata([colour(x, y, step) for y in range(64) for x in range(64)])
        encoded = io.BytesIO()
        small.resize((EDGE, EDGE), Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=80)
        made.append(encoded.getvalue())
    return made


def colour(x: int, y: int, step: int) -> tuple[int, int, int]:
    waves = (math.sin(x / 7 + step / 5), math.sin(y / 5 - step / 6), math.sin((x + y) / 11 + step / 4))
    red, green, blue = (int(128 + 127 * wave) for wave in waves)
    return red, green, blue


class StreamingWorker(FakeWorker):
    def __init__(self, home: Path, catalogue: bytes) -> None:
        super().__init__(home, catalogue)
        self.pictures = pictures()

    def run(self, job: RunJob) -> None:
        prompt: dict[str, Any] = json.loads(bytes(job.prompt))
        node = SAMPLER if SAMPLER in prompt else next(iter(prompt))
        self.send(NodesChanged(job.job, [NodeChange(other, "cached") for other in prompt if other != node]))
        self.send(NodesChanged(job.job, [NodeChange(node, "running", "never cached")]))
        began = time.perf_counter()
        for step in range(SECONDS * A_SECOND):
            self.step(job, node, step)
            time.sleep(max(0.0, began + (step + 1) / A_SECOND - time.perf_counter()))
        self.finish(job, node)

    def step(self, job: RunJob, node: str, step: int) -> None:
        total = SECONDS * A_SECOND
        self.send(Progress(job.job, node, step, total, (total - step) / A_SECOND))
        header = PreviewHeader(job.job, node, "image/jpeg", step, total)
        self.out.write(pack_frame(PICTURE_FRAME, pack_picture(header, self.pictures[step % A_SECOND])))


if __name__ == "__main__":
    StreamingWorker(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()).serve()
    os._exit(0)  # The thread that reads stdin would hold its lock while the interpreter ends.
