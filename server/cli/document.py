"""Opens the file named on the command line: a workflow as JSON, or a picture that carries one."""

from __future__ import annotations

from pathlib import Path

from server.cli.words import CommandError
from server.graph.pictures import is_picture, read_workflow
from server.graph.reading import MAX_BYTES, WorkflowError
from server.graph.workflow import Workflow, load

MAX_FILE = max(MAX_BYTES, 512 * 2**20)


def open_workflow(path: Path) -> Workflow:
    """The workflow in a file. Raises CommandError with what is wrong with it."""
    data = read(path)
    try:
        return load(read_workflow(data) if is_picture(data) else data)
    except WorkflowError as error:
        raise CommandError(f"{path}: {error.what}", error.fix) from error


def read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise CommandError(f"{path} is too large for a workflow.", "Name a .json file or a saved picture.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {path}.", "Name a workflow, or a picture with one inside.") from error
    except IsADirectoryError as error:
        raise CommandError(f"{path} is a folder.", "Name a workflow, or a picture with one inside.") from error
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}.", "Name another file.") from error
