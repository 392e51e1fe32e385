"""What a user writes for something on the hub, and where it lies once it is here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")
"""One half of a repository's name, as the hub allows it."""
REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,254}")
LONGEST = 1000
MAIN = "main"
CHECKPOINTS = "checkpoints"
COMMON = re.compile(r"(diffusion_pytorch_model|model|pytorch_lora_weights|pytorch_model)(\.[\w-]+)?")
"""Stems of files that thousands of repositories have: alone they say nothing."""


class BadName(ValueError):
    """What was written names nothing on the hub: what is wrong, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what, self.fix = what, fix


@dataclass(frozen=True)
class Wanted:
    """A repository, or one file of it."""

    repo: str
    file: str = ""
    revision: str = MAIN

    def __str__(self) -> str:
        return f"{self.repo}:{self.file}" if self.file else self.repo

    @property
    def command(self) -> str:
        """What fetches it, to be typed."""
        return f"loom models pull {self}" + ("" if self.revision == MAIN else f" --revision {self.revision}")

    @property
    def folder(self) -> str:
        """The folder of the whole repository below a kind. Another revision has another."""
        return self.repo if self.revision == MAIN else f"{self.repo}@{self.revision.replace('/', '-')}"

    def place(self, kind: str) -> str:
        """Where the one file lies below the models folder: by its own name, or where that is common in a folder."""
        path = PurePosixPath(self.file)
        if self.revision == MAIN and not COMMON.fullmatch(path.name.removesuffix(path.suffix)):
            return f"{kind}/{path.name}"
        return f"{kind}/{self.folder}/{self.file}"


def read_name(text: str, revision: str = MAIN) -> Wanted:
    """`OWNER/NAME` or `OWNER/NAME:FILE`. Raises BadName."""
    repo, colon, file = text.strip().partition(":")
    owner, _, name = repo.partition("/")
    if not (PART.fullmatch(owner) and PART.fullmatch(name)) or "--" in repo or ".." in repo:
        raise BadName(
            f"'{text[:100]}' is not the name of a repository.",
            "Write OWNER/NAME, such as stable-diffusion-v1-5/stable-diffusion-v1-5, or OWNER/NAME:FILE.",
        )
    if colon and not is_plain(file):
        raise BadName(f"'{file[:100]}' is not the name of a file in a repository.", "Write OWNER/NAME:FOLDER/FILE.")
    if not REVISION.fullmatch(revision) or ".." in revision:
        raise BadName(f"'{revision[:100]}' is not a revision.", "Write a branch, a tag or a commit, such as main.")
    return Wanted(repo, file, revision)


def is_plain(file: str) -> bool:
    """Whether a path in a repository is one that may be made here, on every system."""
    parts = file.split("/")
    if not file or len(file) > LONGEST:
        return False
    return not any(part in ("", ".", "..") or part.endswith((".", " ")) or re.search(r'[\\:*?"<>|\x00-\x1f]', part)
                   for part in parts)  # fmt: skip
