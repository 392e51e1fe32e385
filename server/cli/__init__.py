"""The command line. This module reads the arguments and hands over; each command imports only what it needs.

Exit codes: 0 done, 1 failed, 2 the command or the workflow is not valid, 130 cancelled.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from server.cli.parser import parser
from server.cli.words import CommandError, complain

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    # By name, so that `loom serve` answers before the libraries of the other commands could be imported.
    command = importlib.import_module(f"server.cli.{options.command}")
    try:
        code = int(command.main(options))
        sys.stdout.flush()
    except CommandError as error:
        complain(error.what, error.fix)
        return error.code
    except KeyboardInterrupt:
        print("\nCancelled.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (`| head`) is gone; without this Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
