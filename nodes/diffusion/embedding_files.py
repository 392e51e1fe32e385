"""Which embeddings a text names, and where they lie: `embedding:name`, a file in models/embeddings.

A name is looked up among the files that are there; it never becomes part of a path. The worker says once, at its
start, which folders count. They stand in the environment of its process: a fingerprint is asked with no context.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from nodes.diffusion.explained import Explained
from nodes.sentences import texts as say

FOLDERS = "LOOM_EMBEDDINGS"
ENDS = (".safetensors", ".sft", ".pt", ".bin", ".pth")
"""Of two files whose names differ in their ends alone, the earlier of these is meant."""
NAME = re.compile(r"""embedding:((?:\\.|[^\s\\,;:()\[\]{}|"<>])+)""")
ESCAPE = re.compile(r"\\(.)")


class NoEmbedding(Explained, ValueError):
    """A text names an embedding that is not there; `fix` says what to do."""


def settle_embeddings(folders: Iterable[Path]) -> None:
    """Say for this process where embeddings lie; of files of one name the first counts."""
    os.environ[FOLDERS] = "\n".join(str(folder) for folder in folders)


def embedding_files() -> dict[str, Path]:
    """Every embedding by its name, with forward slashes; first with the end of its file, then without."""
    roots = [Path(folder).resolve() for folder in os.environ.get(FOLDERS, "").split("\n") if folder]
    found: dict[str, Path] = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            end = path.resolve()
            # A link that leads out of the folders is not followed.
            if path.suffix.lower() in ENDS and end.is_file() and any(end.is_relative_to(folder) for folder in roots):
                found.setdefault(path.relative_to(root).as_posix(), end)
    for name in sorted(found, key=lambda name: ENDS.index(Path(name).suffix.lower())):
        found.setdefault(name.removesuffix(Path(name).suffix), found[name])
    return found


def names_in(text: str) -> list[str]:
    """What follows `embedding:` in a text, in order; a backslash keeps a sign that would end the name."""
    return [ESCAPE.sub(r"\1", name) for name in NAME.findall(text)]


def find_embedding(name: str, files: Mapping[str, Path]) -> tuple[Path, str]:
    """The file of this name, and the full stops behind it that were no part of it. Raises `NoEmbedding`."""
    bare = name.rstrip(".!?")
    for known in dict.fromkeys((name, bare)):
        if known in files:
            return files[known], name[len(known) :]
    near = get_close_matches(name, files, 1)
    raise NoEmbedding(
        say.NO_EMBEDDING(name=name[:100]),
        say.DID_YOU_MEAN_EMBEDDING(name=near[0]) if near else say.PUT_EMBEDDING(),
    )


def state_of(text: str | None) -> list[tuple[str, str]]:
    """The embeddings that a text can mean, by content; None is a text that is not known before the run."""
    if text is not None and "embedding:" not in text:
        return []
    files = embedding_files()
    if text is None:
        return [(name, content_of(path)) for name, path in sorted(files.items())]
    state = []
    for name in names_in(text):
        try:
            state.append((name, content_of(find_embedding(name, files)[0])))
        except NoEmbedding:
            state.append((name, ""))
    return state


def content_of(path: Path) -> str:
    """A hash of what a file holds, worked out once as long as it is left alone; empty when it cannot be read."""
    try:
        stat = path.stat()
        return hash_of(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=4096)
def hash_of(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
