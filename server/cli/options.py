"""From the options of the command line to a Config."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import fields
from pathlib import Path
from typing import Any

from server.cli.words import CommandError, complain
from server.config import Config


def config_of(options: Namespace) -> Config:
    """The defaults, with what was given on the command line; folders are made absolute.

    What is wrong with the folders of models is told on stderr. Raises CommandError for a list that is not there.
    """
    given: dict[str, Any] = {
        field.name: value for field in fields(Config) if (value := getattr(options, field.name, None)) is not None
    }
    if "home" in given:
        given["home"] = absolute(given["home"])
    given["extra_models"] = tuple(absolute(folder) for folder in given.get("extra_models", ()))
    if "model_paths" in given:
        given["model_paths"] = absolute(given["model_paths"])
        if not given["model_paths"].is_file():
            raise CommandError(f"There is no file {given['model_paths']}.", "Name a list like ComfyUI's.")
    config = Config(**given)
    for problem in config.model_folders.problems:
        complain(problem)
    return config


def absolute(path: Path) -> Path:
    return path.expanduser().absolute()
