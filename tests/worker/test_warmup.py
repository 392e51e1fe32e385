"""The model libraries come in the background, and nobody sees them half."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.worker.warmup import Warmup

gates: dict[str, threading.Event] = {}
SLOW = """
import threading
from tests.worker.test_warmup import gates
gates["begun"].set()
assert gates["go_on"].wait(10)
finished = True
"""


@pytest.fixture(autouse=True)
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A slow library in two parts, and one that has nothing to do with it."""
    gates.update(begun=threading.Event(), go_on=threading.Event())
    for name, text in {
        "slowlib/__init__.py": "",
        "slowlib/first.py": SLOW,
        "slowlib/second.py": "from slowlib.first import finished\n",
        "otherlib.py": "",
        "badlib.py": "raise ImportError('no such shared object')",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("slowlib", "otherlib", "badlib")]:
        del sys.modules[name]


def test_who_needs_a_library_waits_for_it_and_who_does_not_goes_on() -> None:
    warmup = Warmup(["slowlib.first", "slowlib.second"], guarded=["slowlib"])
    ended = threading.Event()
    found: list[bool] = []

    def need() -> None:
        from slowlib.first import finished  # type: ignore[import-not-found]  # written by the fixture

        found.append(finished)

    warmup.start(ended.set)
    assert gates["begun"].wait(10)
    thread = threading.Thread(target=need)
    thread.start()
    import otherlib  # type: ignore[import-not-found]  # noqa: F401  # not guarded: it does not wait

    assert found == []
    gates["go_on"].set()
    thread.join(10)
    assert found == [True]
    assert ended.wait(10)


def test_a_library_that_cannot_be_imported_is_told_and_python_is_as_before() -> None:
    original = builtins.__import__
    warmup = Warmup(["badlib"], guarded=["badlib"])
    ended = threading.Event()
    warmup.start(ended.set)
    assert ended.wait(10)
    assert "no such shared object" in warmup.error
    assert builtins.__import__ is original
