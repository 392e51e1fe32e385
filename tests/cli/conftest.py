"""The command line as a person uses it: real processes, a home of its own, and a small pack in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120
PACK = ROOT / "tests" / "packs" / "bench.py"

Loom = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the pack `bench`."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "custom_nodes").mkdir()
    shutil.copy(PACK, folder / "custom_nodes")
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1", "COLUMNS": "200"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "server", *map(str, arguments)]


@pytest.fixture(scope="session")
def loom(home: Path) -> Loom:
    """`loom(…)` in the home of the tests; gives the exit code and what was said."""

    def call(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(name, *arguments, "--home", home), cwd=ROOT, env=environment(), capture_output=True,
            stdin=subprocess.DEVNULL, encoding="utf-8", timeout=LIMIT, check=False,
        )  # fmt: skip

    return call


def link(node: str, output: str = "result") -> dict[str, list[str]]:
    return {"link": [node, output]}


def painting(**more: dict[str, Any]) -> dict[str, Any]:
    """A workflow that saves one picture of one colour."""
    nodes = {
        "1": {"type": "bench/paint", "inputs": {"red": 200}, "title": "Colour"},
        "2": {"type": "save_image", "inputs": {"image": link("1"), "name": "square"}},
        **more,
    }
    return {"schema": 1, "id": "5f6c0a54-0000-4000-8000-000000000001", "title": "A square", "nodes": nodes}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a workflow (or any text) to a file."""

    def put(content: dict[str, Any] | str, name: str = "workflow.json") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return put
