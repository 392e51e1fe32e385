"""Every test of the engine begins with toys that have not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import toys
from tests.engine.running import Bench


@pytest.fixture(autouse=True)
def fresh_toys() -> None:
    toys.calls.clear()
    toys.shown.clear()
    toys.meetings.clear()
    toys.stamp["value"] = 1
    toys.running.clear()
    toys.going.clear()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
