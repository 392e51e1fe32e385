"""Names of files as patterns: `%date%/%model%-%seed%` becomes `2026-11-21/sdxl-42`.

What stands between two percent signs is replaced where it is known, and left as it is where it is not. A value never
makes a folder: what no file's name may hold becomes `_`. What a picture was made with is told by `graph.facts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import msgspec

from nodes.api import NodeSchema
from server.graph.facts import Facts, constants, facts_of
from server.graph.inputs import Tables
from server.graph.prompt import Prompt, decode

FIELD = re.compile(r"%([^%:\n]+)(?::([^%\n]*))?%")
UNFIT = re.compile(r'[<>:"/|?*\\%\x00-\x1f]+')
LONGEST = 60
"""Characters of one value, where no other number is asked for."""
DATE, TIME = "yyyy-MM-dd", "HH-mm-ss"
PARTS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%H", "mm": "%M", "ss": "%S"}
PART = re.compile("|".join(PARTS))


@dataclass(frozen=True)
class Names:
    """What the patterns of one job may name. `workflow` and `prompt` are JSON texts."""

    workflow: bytes
    prompt: bytes
    find: Callable[[str], NodeSchema | None]
    """The schema of a node type."""
    now: Callable[[], datetime]

    def fill(self, pattern: str, node: str, size: tuple[int, int] | None) -> str:
        """The name that a pattern gives for what `node` saves: of a picture, `size` is its width and height."""
        if "%" not in pattern:
            return pattern
        return FIELD.sub(lambda match: self._value(match, node, size), pattern)

    def _value(self, match: re.Match[str], node: str, size: tuple[int, int] | None) -> str:
        name, form = match.group(1), match.group(2) or ""
        if name in ("date", "time"):
            return safe(moment(self.now(), form or (DATE if name == "date" else TIME)))
        found = self._known(name, node, size)
        if found is None:
            return match.group(0)
        return safe(found, int(form) if form.isdecimal() and len(form) < 5 else LONGEST) or "_"

    def _known(self, name: str, node: str, size: tuple[int, int] | None) -> str | None:
        if name in ("width", "height"):
            return None if size is None else str(size[name == "height"])
        if name == "title":
            return self._title
        if name in ("seed", "model", "text", "sampler"):
            return first(name, facts_of(node, self._steps, self._tables))
        title, dot, widget = name.rpartition(".")
        return self._widget(title, widget) if dot else None

    def _widget(self, title: str, widget: str) -> str | None:
        """The value of a widget of the first node with this title (or id)."""
        for id, step in self._steps.items():
            table = self._tables.get(step.type)
            if table is None or title not in (id, step.title, table.schema.title):
                continue
            for found, value in constants(step, table):
                if widget in (found.name, found.title):
                    kind = (found.widget or {}).get("kind")
                    return stem(value) if kind in ("model_file", "image_file") else str(value)
        return None

    @cached_property
    def _steps(self) -> Prompt:
        return decode(self.prompt)

    @cached_property
    def _tables(self) -> Tables:
        schemas = {step.type: self.find(step.type) for step in self._steps.values()}
        return Tables({type: schema for type, schema in schemas.items() if schema is not None})

    @cached_property
    def _title(self) -> str:
        document: Mapping[str, Any] = msgspec.json.decode(self.workflow)
        return str(document.get("title", ""))


def first(name: str, facts: Facts) -> str:
    """The first of a result's facts of a kind; empty where it has none."""
    if name == "sampler":
        return next((setting.value for setting in facts.settings if setting.title.lower() == "sampler"), "")
    values = {"seed": facts.seeds, "model": [stem(model) for model in facts.models], "text": facts.texts}[name]
    return values[0] if values else ""


def stem(file: Any) -> str:
    """A model file's name without its folder and its ending."""
    return PurePosixPath(str(file)).stem


def moment(now: datetime, form: str) -> str:
    """A moment written as `yyyy-MM-dd` or the like; what is no part of that form stays."""
    return PART.sub(lambda match: now.strftime(PARTS[match.group(0)]), form)


def safe(value: str, longest: int = LONGEST) -> str:
    """A value as a part of a file's name: one line, nothing that any system minds, not too long."""
    line = " ".join(UNFIT.sub("_", value.replace("\n", " ")).split())
    return line[:longest].strip(" ._")
