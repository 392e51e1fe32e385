"""Reads `extra_model_paths.yaml`, the file in which ComfyUI's users name further folders of models.

Sections at the top, each a program's folders: `base_path`, `is_default`, and for each kind one path or several,
one a line. What cannot be read is told in words and left out; the rest holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

RENAMED = {"clip": "text_encoders", "unet": "diffusion_models"}
"""Old names of kinds, as folders and nodes of other programs still say them."""
NOT_MODELS = {"custom_nodes", "configs"}
"""Keys of the format that name no weights: packs are only ever taken from the home, and configurations from shapes."""
MOST = 2**20
"""Bytes of such a file."""
LEFT_OUT = "It is left out until that is corrected."


def kind_named(name: str) -> str:
    """A kind by its present name."""
    return RENAMED.get(name, name)


@dataclass(frozen=True)
class Listed:
    """Folders listed for each kind, by its present name. `title` says who listed them."""

    paths: Mapping[str, tuple[Path, ...]]
    title: str = ""

    def folders(self, kind: str) -> Iterator[Path]:
        yield from self.paths.get(kind, ())

    def kinds(self) -> Iterator[str]:
        yield from (kind for kind, folders in self.paths.items() if any(folder.is_dir() for folder in folders))

    def bounds(self) -> Iterator[Path]:
        for folders in self.paths.values():
            yield from folders


@dataclass(frozen=True)
class PathsFile:
    """What a file lists: the sections marked as default, the others, and what is wrong with it."""

    first: tuple[Listed, ...] = ()
    rest: tuple[Listed, ...] = ()
    problems: tuple[str, ...] = ()


def read_model_paths(file: Path | None) -> PathsFile:
    """Read a file; it may be damaged or gone, which is then told."""
    if file is None:
        return PathsFile()
    try:
        stat = file.stat()
    except OSError as error:
        return PathsFile(problems=(f"{file} cannot be read: {error.strerror or error}.",))
    return _read(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _read(file: Path, modified: int, size: int) -> PathsFile:
    """Once for each state of the file: every submitted workflow asks."""
    if size > MOST:
        return PathsFile(problems=(f"{file} is too large for a list of folders. {LEFT_OUT}",))
    try:
        table = parse(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return PathsFile(problems=(f"{file} cannot be read: {error}. {LEFT_OUT}",))
    if table is None:
        return PathsFile()
    if not isinstance(table, dict):
        return PathsFile(problems=(f"{file} is not a list of sections with folders. {LEFT_OUT}",))
    problems: list[str] = []
    first: list[Listed] = []
    rest: list[Listed] = []
    for title, section in table.items():
        if section is None:
            continue
        if not isinstance(section, dict):
            problems.append(f"{file}: '{title}' is not a section with a path for each kind of model. {LEFT_OUT}")
            continue
        listed = read_section(file, str(title), section, problems)
        (first if section.get("is_default") is True else rest).append(listed)
    return PathsFile(tuple(first), tuple(rest), tuple(problems))


def parse(text: str) -> Any:
    """YAML as plain data. Raises ValueError that says where it cannot be read."""
    # Here, for most homes have no such file and the page should not wait for the library.
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def read_section(file: Path, title: str, section: Mapping[Any, Any], problems: list[str]) -> Listed:
    """The folders of one section; what is wrong with it is added to `problems`."""
    base = file.parent
    told = section.get("base_path")
    if isinstance(told, str) and told.strip():
        base = file.parent / expand(told.strip())
        if not base.is_dir():
            problems.append(f"{file}: the base_path of '{title}', {base}, does not exist.")
    elif told is not None:
        problems.append(f"{file}: the base_path of '{title}' is not a path. {LEFT_OUT}")
    paths: dict[str, tuple[Path, ...]] = {}
    for key, value in section.items():
        if key in ("base_path", "is_default", *NOT_MODELS) or value is None:
            continue
        lines = value if isinstance(value, list) else value.splitlines() if isinstance(value, str) else [value]
        if not all(isinstance(line, str) and "\0" not in line for line in lines):
            problems.append(f"{file}: '{key}' of '{title}' is not a path, or several, one a line. {LEFT_OUT}")
            continue
        kind = kind_named(str(key))
        found = (Path(os.path.normpath(base / expand(line.strip()))) for line in lines if line.strip())
        paths[kind] = tuple(dict.fromkeys((*paths.get(kind, ()), *found)))
    return Listed(paths, title)


def expand(path: str) -> Path:
    """A path with `~` and environment variables as the system means them."""
    try:
        return Path(os.path.expandvars(path)).expanduser()
    except RuntimeError:  # a home folder that nobody has
        return Path(os.path.expandvars(path))
