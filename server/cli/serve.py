"""`loom serve`: the server and the page, until Ctrl+C."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from argparse import Namespace
from dataclasses import replace

from server.app import run
from server.cli.options import config_of
from server.cli.words import FAILED, CommandError
from server.config import Config, StartError
from server.home import HomeLock


def main(options: Namespace) -> int:
    config = replace(config_of(options), open_browser=not options.no_browser and has_desktop())
    try:
        if (options.cache_memory, options.cache_disk) != (None, None):
            keep_limits(config, options.cache_memory, options.cache_disk)
        return run(config)
    except StartError as error:
        raise CommandError(error.what, error.fix, FAILED) from error


def keep_limits(config: Config, memory: int | None, disk: int | None) -> None:
    """What is given here holds for later starts as well, as it does when it is set in the page."""
    config.make_folders()
    lock = HomeLock(config)
    lock.take()
    try:
        # By name: the database is not needed to show the page, and only this start opens it so early.
        asyncio.run(importlib.import_module("server.cli.limits").keep(config, memory, disk))
    finally:
        lock.release()


def has_desktop() -> bool:
    """Whether a browser would have a screen to open on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
