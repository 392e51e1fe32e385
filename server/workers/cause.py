"""Why a worker process ended, in words a person can act on."""

from __future__ import annotations

import signal
from dataclasses import dataclass

WINDOWS_CODES = {
    0xC0000005: "crashed in native code (access violation)",
    0xC0000017: "ran out of memory",
    0xC00000FD: "crashed in native code (stack overflow)",
    0xC000013A: "was ended from outside",
    0xC0000374: "crashed in native code (heap corruption)",
    0xC0000409: "crashed in native code (buffer overrun)",
}
MEMORY_FIX = "Close other programs or make the picture smaller, then run again."
NATIVE_FIX = "A node pack, a driver or a library is to blame; the last lines of the worker's log may name it."
RUN_AGAIN = "The next job runs in a fresh worker; run this one again to try once more."


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
        return f"{self.what} It said last: {last[:300]}" if last and self.code else self.what


def explain(code: int, log: str = "", reason: str = "") -> WorkerExit:
    """The words for an exit code; `reason` says why this side ended the worker, when it did."""
    what, fix = (reason, RUN_AGAIN) if reason else _words(code, log)
    return WorkerExit(code, what, fix, log)


def _words(code: int, log: str) -> tuple[str, str]:
    unsigned = code & 0xFFFFFFFF
    if "MemoryError" in log[-2000:] or "CUDA out of memory" in log[-2000:]:
        return f"The worker ran out of memory (exit code {code}).", MEMORY_FIX
    if unsigned in WINDOWS_CODES:
        return f"The worker {WINDOWS_CODES[unsigned]}, code 0x{unsigned:08X}.", NATIVE_FIX
    if code < 0:
        return _signal_words(-code)
    if code == 0:
        return (
            "The worker ended by itself in the middle of its work (exit code 0).",
            "A node or a pack called sys.exit or os._exit; take that call out or remove the pack.",
        )
    return f"The worker ended with exit code {code}.", NATIVE_FIX


def _signal_words(number: int) -> tuple[str, str]:
    if number == 9:
        return "The worker was killed (signal 9), often because the computer ran out of memory.", MEMORY_FIX
    if number == 15:
        return "The worker was ended from outside (signal 15).", RUN_AGAIN
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "unknown"
    return f"The worker crashed in native code (signal {number}, {name}).", NATIVE_FIX
