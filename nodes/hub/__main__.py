"""`python -m nodes.hub`: one pull, told on stdout as a line of JSON each; see `child.py`, which starts it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from nodes.hub.client import Hub, HubError
from nodes.hub.names import BadName, read_name
from nodes.hub.pull import Asked, Progress, pull

PAUSE = 0.1
"""Seconds between two lines about one file."""


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
    print(json.dumps(line), flush=True)


class Teller:
    """Passes progress on, not oftener than a reader needs it."""

    def __init__(self) -> None:
        self._last = (0.0, "", False)

    def __call__(self, progress: Progress) -> None:
        now, file, checking = self._last
        fresh = (progress.file, progress.checking) != (file, checking)
        if fresh or progress.done >= progress.total or time.monotonic() - now > PAUSE:
            self._last = (time.monotonic(), progress.file, progress.checking)
            say(asdict(progress))


if __name__ == "__main__":
    sys.exit(main())
