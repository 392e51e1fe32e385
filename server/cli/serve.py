"""`loom serve`: the server and the page, until Ctrl+C."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import replace

from server.app import run
from server.cli.options import config_of
from server.cli.words import FAILED, CommandError
from server.config import StartError


def main(options: Namespace) -> int:
    config = replace(config_of(options), open_browser=not options.no_browser and has_desktop())
    try:
        return run(config)
    except StartError as error:
        raise CommandError(error.what, error.fix, FAILED) from error


def has_desktop() -> bool:
    """Whether a browser would have a screen to open on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
