"""Why a worker process ended, in words a person can act on."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from server import sentences as say

WINDOWS_CODES = {
    0xC0000005: say.VIOLATION,
    0xC0000017: say.NO_MEMORY,
    0xC00000FD: say.STACK_OVERFLOW,
    0xC000013A: say.ENDED_OUTSIDE,
    0xC0000374: say.HEAP_CORRUPTION,
    0xC0000409: say.BUFFER_OVERRUN,
}


@dataclass(frozen=True)
class WorkerExit:
    """How a worker ended. `code` is negative for a signal; `log` is the end of what it wrote to stderr."""

    code: int
    what: str
    fix: str
    log: str = ""

    @property
    def sentence(self) -> str:
        """What happened and the last line of the log, as one short text for a status line."""
        last = next((line.strip() for line in reversed(self.log.splitlines()) if line.strip()), "")
        return say.SAID_LAST(what=self.what, line=last[:300]) if last and self.code else self.what


def explain(code: int, log: str = "", reason: str = "") -> WorkerExit:
    """The words for an exit code; `reason` says why this side ended the worker, when it did."""
    what, fix = (reason, say.RUN_AGAIN()) if reason else _words(code, log)
    return WorkerExit(code, what, fix, log)


def _words(code: int, log: str) -> tuple[str, str]:
    unsigned = code & 0xFFFFFFFF
    if "MemoryError" in log[-2000:] or "CUDA out of memory" in log[-2000:]:
        return say.OUT_OF_MEMORY(code=code), say.FREE_MEMORY()
    if unsigned in WINDOWS_CODES:
        return say.CRASHED_AS(how=WINDOWS_CODES[unsigned](), code=f"0x{unsigned:08X}"), say.BLAME_NATIVE()
    if code < 0:
        return _signal_words(-code)
    if code == 0:
        return say.ENDED_BY_ITSELF(), say.TAKE_EXIT_OUT()
    return say.ENDED_WITH(code=code), say.BLAME_NATIVE()


def _signal_words(number: int) -> tuple[str, str]:
    if number == 9:
        return say.KILLED(), say.FREE_MEMORY()
    if number == 15:
        return say.TERMINATED(), say.RUN_AGAIN()
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "unknown"
    return say.CRASHED(number=number, name=name), say.BLAME_NATIVE()
