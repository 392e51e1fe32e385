"""`python -m nodes.hub`: one pull, told on stdout as a line of JSON each; see `child.py`, which starts it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

from nodes.hub.client import Hub, HubError
from nodes.hub.names import BadName, read_name
from nodes.hub.pull import Asked, Progress, pull

PAUSE, SILENCE = 0.1, 1.0
"""Seconds between two lines about one file, at least and at most."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m nodes.hub", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--models", type=Path, required=True)
    for option in ("--kind", "--variant", "--endpoint"):
        parser.add_argument(option, default="")
    parser.add_argument("--revision", default="main")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the library warns of each retry; what matters is said at the end
    told = Teller()
    try:
        asked = Asked(read_name(options.name, options.revision), options.models, options.kind, options.variant)
        places = pull(Hub(options.endpoint, os.environ.get("HF_TOKEN", "")), asked, told)
    except (HubError, BadName) as error:
        say({"what": error.what, "fix": error.fix})
        return 1
    except KeyboardInterrupt:
        return 130
    say({"places": places})
    return 0


def say(line: dict[str, object]) -> None:
    # In one piece: two threads speak.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Teller:
    """Passes progress on, not oftener than a reader needs it, and again while nothing arrives."""

    def __init__(self) -> None:
        self._told = 0.0
        self._last: Progress | None = None
        threading.Thread(target=self._repeat, daemon=True).start()

    def __call__(self, progress: Progress) -> None:
        last, self._last = self._last, progress
        fresh = last is None or (progress.file, progress.checking) != (last.file, last.checking)
        if fresh or progress.done >= progress.total or time.monotonic() - self._told > PAUSE:
            self._told = time.monotonic()
            say(asdict(progress))

    def _repeat(self) -> None:
        """Whoever listens may wish to stop, and is only asked when a line comes."""
        while True:
            time.sleep(SILENCE)
            if self._last is not None and time.monotonic() - self._told > SILENCE:
                say(asdict(self._last))


if __name__ == "__main__":
    sys.exit(main())
