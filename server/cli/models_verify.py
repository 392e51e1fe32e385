"""`loom models verify`: read files whole, and say which are no longer what they were."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable

from server.cli.words import FAILED, CommandError, nearest, show_size
from server.cli.worker import CommandWorker
from server.config import Config
from server.messages import ModelVerified, VerifyModel
from server.model_paths import kind_named

WORDS = {"same": "unchanged", "new": "read for the first time", "changed": "another file than before",
         "damaged": "DAMAGED", "unreadable": "UNREADABLE"}  # fmt: skip
BAD = ("damaged", "unreadable")


async def verify(config: Config, names: Iterable[str]) -> int:
    """Check every file that is meant; the exit code."""
    files = chosen(config, names)
    bad = 0
    async with CommandWorker(config) as worker:
        for kind, name in files:
            found = config.model_folders.find(kind, name)
            size = show_size(found.stat().st_size) if found is not None and found.is_file() else "gone"
            if sys.stderr.isatty():
                print(f"{kind}/{name} ({size}) …", end="\r", file=sys.stderr, flush=True)
            said = await worker.ask(VerifyModel(uuid.uuid4().hex, kind, name), ModelVerified, None)
            bad += said.state in BAD
            detail = f" ({said.detail})" if said.detail else ""
            print(f"{kind}/{name}: {WORDS[said.state]}{detail}", flush=True)
    words = f"{len(files)} file{'' if len(files) == 1 else 's'}"
    print(f"{words}, {bad} damaged or unreadable" if bad else words)
    return FAILED if bad else 0


def chosen(config: Config, names: Iterable[str]) -> list[tuple[str, str]]:
    """The files that are meant, as kind and name. Raises CommandError for a name that means none."""
    folders = config.model_folders
    every = [(kind, name) for kind in folders.kinds() for name in folders.weights(kind)]
    meant: list[tuple[str, str]] = []
    for word in names:
        first, slash, rest = word.strip("/").partition("/")
        kind = kind_named(first)
        found = [(k, n) for k, n in every if k == kind and (not slash or n == rest or n.startswith(f"{rest}/"))]
        if not found:
            known = [f"{k}/{n}" for k, n in every] if slash else folders.kinds()
            raise CommandError(f"There is no model file models/{word}.", nearest(word, known))
        meant += found
    return list(dict.fromkeys(meant)) if meant else every
