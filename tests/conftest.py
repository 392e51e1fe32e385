"""What all tests share: the same examples in every run, and no test that waits for the network."""

from __future__ import annotations

import hypothesis
import pytest

# Generated examples are the same in every run, so a failure is a failure of the change and not of the day. The long
# forms (`--hypothesis-profile=search`) look for new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("suite")

LONG = (
    "browser/test_access.py", "browser/test_killed.py", "browser/test_monkey.py", "cli/", "nodes/demo/",
    "server/test_sweep.py", "server/test_real_worker.py", "worker/test_process.py",
)  # fmt: skip
"""Files of few tests that take long. They begin first, so that no process is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(f"tests/{place}" in item.path.as_posix() for place in LONG))
