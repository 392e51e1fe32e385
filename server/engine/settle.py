"""Wait for files that are being written, without holding up the node that comes next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any


def when_settled(futures: Sequence[Future[Any]], then: Callable[[], None]) -> None:
    """Call `then` once, when every future has ended; at once where there are none."""
    remaining = len(futures)
    lock = threading.Lock()

    def ended(_: Future[Any]) -> None:
        nonlocal remaining
        with lock:
            remaining -= 1
            last = not remaining
        if last:
            then()

    if not futures:
        then()
    for future in futures:
        future.add_done_callback(ended)
