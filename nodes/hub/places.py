"""Where a node finds what was pulled, and whether it may fetch more. The worker says both once, at its start.

They stand in the environment of its process, as `HF_HUB_OFFLINE` does: a fingerprint is asked with no context.
"""

from __future__ import annotations

import os
from pathlib import Path

from nodes.hub.choose import WEIGHTS
from nodes.hub.names import CHECKPOINTS, MAIN, Wanted
from nodes.hub.record import Pulled, read_record
from nodes.repository import INDEX

MODELS, ALLOWED = "LOOM_MODELS", "LOOM_ALLOW_DOWNLOADS"


def settle(models: Path, allowed: bool) -> None:
    """Say it for this process."""
    os.environ[MODELS] = str(models)
    os.environ[ALLOWED] = "1" if allowed else ""


def models_folder() -> Path | None:
    """The home's models folder; None where nobody has said."""
    return Path(os.environ[MODELS]) if os.environ.get(MODELS) else None


def may_download() -> bool:
    return bool(os.environ.get(ALLOWED)) and models_folder() is not None


def find_pulled(wanted: Wanted) -> Path | None:
    """The file or diffusers folder that is here, whole; None when it must be pulled."""
    models = models_folder()
    if models is None:
        return None
    found = entries_of(wanted, models)
    whole = next((name for name in found if name.endswith(f"/{INDEX}")), None)
    if whole is not None:
        folder = whole.removesuffix(INDEX)
        commits = {entry.commit for name, entry in found.items() if name.startswith(folder)}
        # Files of two commits: a pull of a newer one has not come to its end.
        return (models / folder) if len(commits) == 1 else None
    weights = [models / name for name in found if name.endswith(WEIGHTS)]
    if weights and (wanted.file or not any("/" in entry.file for entry in found.values())):
        return weights[0]
    placed = models / CHECKPOINTS / wanted.folder
    return placed if not wanted.file and wanted.revision == MAIN and not found and (placed / INDEX).is_file() else None


def state_of(wanted: Wanted) -> list[tuple[str, str]]:
    """What is here of it, by content: the same as long as the same files would be loaded."""
    models = models_folder()
    if models is None:
        return []
    state = []
    for name, entry in entries_of(wanted, models).items():
        stat = (models / name).stat()
        untouched = (stat.st_size, stat.st_mtime_ns) == (entry.size, entry.modified)
        state.append((entry.file, entry.sha256 if untouched else f"{stat.st_size} {stat.st_mtime_ns}"))
    return sorted(state)


def entries_of(wanted: Wanted, models: Path) -> dict[str, Pulled]:
    """What was pulled of it and is still there, by place."""
    return {
        name: entry
        for name, entry in sorted(read_record(models).items())
        if entry.repo == wanted.repo and wanted.revision in (entry.revision, entry.commit)
        if (not wanted.file or entry.file == wanted.file) and (models / name).is_file()
    }
