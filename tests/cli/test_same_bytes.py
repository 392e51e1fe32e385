"""A workflow gives the same bytes from the terminal and from the server, whichever of them computed it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.cli.conftest import Loom, painting
from tests.cli.test_serve_and_cache import serving

LIMIT = 120.0


def run_on_server(url: str, workflow: dict[str, Any]) -> str:
    """The path of the one file that the job saved, as the server names it."""
    body = json.dumps({"workflow": workflow}).encode()
    with urlopen(Request(f"{url}/api/jobs", body, {"Content-Type": "application/json"})) as answer:
        job = json.load(answer)["id"]
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        with urlopen(f"{url}/api/jobs/{job}") as answer:
            said = json.load(answer)
        if said["state"] in ("done", "failed", "cancelled"):
            assert said["state"] == "done", said
            return str(said["outputs"][0]["name"])
        time.sleep(0.1)
    raise AssertionError(f"the job did not end in {LIMIT:.0f} s")


def test_the_terminal_and_the_server_save_the_same_bytes(
    loom: Loom, write: Callable[..., Path], home: Path, tmp_path: Path
) -> None:
    workflow = painting(**{"1": {"type": "bench/paint", "inputs": {"red": 61, "edge": 24}}})
    done = loom("run", write(workflow), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    with serving(home) as url:
        name = run_on_server(url, workflow)
    assert Path(done.stdout.strip()).read_bytes() == (home / "results" / name).read_bytes()
