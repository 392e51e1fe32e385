"""Pulls in a process of its own, and hears how far it is. Whoever stops listening ends it; a later pull goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodes.hub.names import Wanted

PATIENCE = 5.0
"""Seconds the process has to end once it is told to."""
QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1",
         "PYTHONUTF8": "1"}  # fmt: skip
"""Only what the user asked for crosses the network, over plain HTTP, which can be resumed."""
LAST_WORDS = 2000


class PullFailed(Exception):
    """A pull has failed: what happened, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what, self.fix = what, fix


def pulling(
    wanted: Wanted, models: Path, *, kind: str = "", variant: str = "", endpoint: str = "", online: bool = False
) -> Generator[dict[str, Any], None, list[str]]:
    """Yield the fields of each `Progress`; return the files' places below `models`. Raises PullFailed.

    `online` lets it use the network though this process is told not to.
    """
    name = str(wanted)
    # -P: without it the current folder, where a user's files lie, would come first on the module path.
    command = [sys.executable, "-P", "-m", "nodes.hub", name, "--models", str(models), "--revision", wanted.revision]
    for option, value in (("--kind", kind), ("--variant", variant), ("--endpoint", endpoint)):
        command += [option, value] if value else []
    with running(command, environment(online)) as process:
        assert process.stdout is not None
        places: list[str] | None = None
        for text in process.stdout:
            line = read_line(text)
            if "what" in line:
                raise PullFailed(str(line["what"]), str(line.get("fix", "")))
            if "places" in line:
                places = [str(place) for place in line["places"]]
            elif "file" in line:
                yield line
        code = process.wait()
        if places is None:
            said = process.stderr.read()[-LAST_WORDS:].strip() if process.stderr else ""
            raise PullFailed(f"The pull of {name} ended early (exit code {code}). {said}".strip(), "Pull it again.")
    return places


def environment(online: bool) -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent.parent)
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if not (online and name == "HF_HUB_OFFLINE")}
    return {**kept, **QUIET, "PYTHONPATH": paths}


def read_line(text: str) -> dict[str, Any]:
    """A line that was said; what is none of ours is passed over."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


@contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that ends no later than this block."""
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
