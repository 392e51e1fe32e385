"""A home folder with a pack of toys in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worker.speaking import make_home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder whose custom_nodes hold the pack `toys`."""
    return make_home(tmp_path)


@pytest.fixture
def ran(home: Path) -> Callable[[], list[str]]:
    """The toys that ran since the last question, across processes."""
    tally = home / "tally.txt"

    def take() -> list[str]:
        names = tally.read_text().split() if tally.exists() else []
        tally.unlink(missing_ok=True)
        return names

    return take
