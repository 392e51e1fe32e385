"""Which browser the tests drive."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def chromium() -> Path:
    """The browser to drive: the one that .ci/chromium.py finds. Without one the tests fail, and say so."""
    spec = importlib.util.spec_from_file_location("chromium", ROOT / ".ci" / "chromium.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.find()
    if found is None:
        pytest.fail(f"The browser test {module.MISSING}", pytrace=False)
    return Path(found)
