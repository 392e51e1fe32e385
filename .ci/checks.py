"""Every check of the project, one after another; `python .ci/checks.py [names]` runs all or the named ones.

A check that fails does not hide the ones after it: the summary names them all, and the exit code is 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import chromium

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
WEB = (PYTHON, "web/build.py")
PYTEST = (PYTHON, "-m", "pytest", "-q", "--durations=30", "--durations-min=2")
IN_PARTS = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")
"""A process for each core, up to four (each holds the model libraries); the tests of a file stay together, and files
are taken in the order of tests/conftest.py. Those in a browser have a server and a browser for each process."""
LIMIT = 20 * 60


@dataclass(frozen=True)
class Check:
    """A command that must end with 0, what it looks at, and whether it needs a browser."""

    name: str
    about: str
    command: tuple[str, ...]
    browser: bool = False


CHECKS = (
    Check("ruff", "style of the Python code", (PYTHON, "-m", "ruff", "check", ".")),
    Check("mypy", "types of the Python code", (PYTHON, "-m", "mypy")),
    Check("svelte-check", "types of the page", (*WEB, "check")),
    Check("eslint", "style of the page", (*WEB, "lint")),
    Check("vitest", "tests of the page's core", (*WEB, "test")),
    Check("pytest", "tests of the program", (*PYTEST, *IN_PARTS, "--ignore=tests/browser")),
    Check("browser", "tests in Chromium", (*PYTEST, *IN_PARTS, "tests/browser"), browser=True),
)


def run(check: Check) -> str:
    """The reason why a check failed, or no words."""
    if check.browser:
        missing = chromium.ensure()
        if missing:
            return missing
    try:
        # One thread each: the models of tests are tiny, and processes that share cores only wait for each other.
        alone = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(check.command, cwd=ROOT, env=alone, stdin=subprocess.DEVNULL, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"still running after {LIMIT // 60} minutes, and ended"
    return f"ended with code {done.returncode}" if done.returncode else ""


def main(names: list[str]) -> int:
    unknown = set(names) - {check.name for check in CHECKS}
    if unknown:
        known = ", ".join(check.name for check in CHECKS)
        print(f"No check is named {', '.join(sorted(unknown))}. There are: {known}.", file=sys.stderr)
        return 2
    lines, failed = [], 0
    for check in CHECKS:
        if names and check.name not in names:
            continue
        print(f"\n== {check.name}: {check.about}", flush=True)
        began = time.monotonic()
        reason = run(check)
        failed += bool(reason)
        seconds = time.monotonic() - began
        lines.append(f"{'FAILED' if reason else 'ok':<7}{check.name:<13}{seconds:6.1f} s  {reason}".rstrip())
        if reason:
            print(f"{check.name} {reason}", flush=True)
    print("\n== summary\n" + "\n".join(lines), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
