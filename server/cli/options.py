"""From the options of the command line to a Config."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import fields
from typing import Any

from server.config import Config


def config_of(options: Namespace) -> Config:
    """The defaults, with what was given on the command line; folders are made absolute."""
    given: dict[str, Any] = {
        field.name: value for field in fields(Config) if (value := getattr(options, field.name, None)) is not None
    }
    if "home" in given:
        given["home"] = given["home"].expanduser().absolute()
    return Config(**given)
