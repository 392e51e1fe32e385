"""What the tests of nodes share."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodes.loaders import Checkpoint, load_checkpoint
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import write_checkpoint

DEMO = Path(__file__).parents[2] / "nodes" / "demo" / "models" / "checkpoints" / "loom-demo.safetensors"


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny.safetensors")


@pytest.fixture(scope="session")
def tiny(tiny_file: Path) -> Checkpoint:
    return load_checkpoint(tiny_file)


@pytest.fixture(scope="session")
def demo() -> Checkpoint:
    """The model that ships: trained weights, where random ones would say nothing."""
    return load_checkpoint(DEMO)


@pytest.fixture(scope="session")
def loaded() -> dict[object, object]:
    """Weights that contexts of several tests share."""
    return {}


@pytest.fixture
def ctx(loaded: dict[object, object]) -> PlainContext:
    return PlainContext(loaded=loaded)
