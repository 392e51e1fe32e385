"""Which files belong together: the pieces of a large model, and the parts of a diffusers folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nodes.diffusion.header import AGAIN, Header, UnusableFile, WeightsFile
from nodes.diffusion.read import join_headers, read_weights_header
from nodes.repository import FOLDERS, IMAGE_ENCODER, INDEX, NORMALIZER, SCHEDULER
from nodes.sentences import files as say

PIECE = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.safetensors")
BESIDE = {"unet": NORMALIZER}
"""What belongs to the weights of a folder and lies in another."""


def open_sources(path: Path) -> list[Header]:
    """The headers behind a path: one for a file, with its pieces joined; one a part for a diffusers folder.

    A diffusers folder is meant by its own path, by its model_index.json and by any weights below it.
    Raises `UnusableFile`.
    """
    folder = folder_of(path)
    if folder is None:
        return [open_files(pieces_of(path))]
    found = [open_files(weights_of(folder, name)) for name in FOLDERS if (folder / name).is_dir()]
    if not found:
        raise UnusableFile(say.FOLDER_WITHOUT_WEIGHTS(folder=folder.name), AGAIN)
    if holds_weights(folder / IMAGE_ENCODER):
        found.append(open_files(weights_in(folder / IMAGE_ENCODER)))
    said = scheduler_of(folder)
    return [Header(header.files, header.entries, {**header.metadata, **said}) for header in found]


def open_files(paths: list[Path]) -> Header:
    return join_headers(read_weights_header(path) for path in paths)


def open_again(files: tuple[WeightsFile, ...]) -> Header:
    """The header of files that were seen before."""
    return open_files([file.path for file in files])


def folder_of(path: Path) -> Path | None:
    """The diffusers folder that a path means."""
    for folder in (path, path.parent if path.name == INDEX else path.parent.parent):
        if (folder / INDEX).is_file():
            return folder
    return None


def pieces_of(path: Path) -> list[Path]:
    """A file, or all pieces of the model it is one of."""
    found = PIECE.fullmatch(path.name)
    if found is None:
        return [path]
    return [path.with_name(f"{found[1]}-{n:05}-of-{found[3]}.safetensors") for n in range(1, int(found[3]) + 1)]


def weights_of(folder: Path, name: str) -> list[Path]:
    """Those of a part of a diffusers folder, with what lies beside them."""
    beside = folder / BESIDE[name] if name in BESIDE else None
    return weights_in(folder / name) + (weights_in(beside) if beside is not None and holds_weights(beside) else [])


def holds_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))


def weights_in(folder: Path) -> list[Path]:
    """The weights of one part: the pieces an index lists, or the file with the plainest name."""
    for index in sorted(folder.glob("*.safetensors.index*.json"), key=lambda path: (len(path.name), path.name)):
        listed = read_json(index).get("weight_map")
        if isinstance(listed, dict) and listed:
            # Names alone: an index must not lead out of its folder.
            return [folder / name for name in sorted({Path(str(file)).name for file in listed.values()})]
    files = sorted(folder.glob("*.safetensors"), key=lambda path: (path.name.count("."), path.name))
    if not files:
        others = sorted(folder.glob("*.bin"))
        name = f"{folder.parent.name}/{folder.name}"
        if others:
            what = say.FOLDER_PICKLED(folder=name, file=others[0].name)
        else:
            what = say.FOLDER_NO_SAFETENSORS(folder=name)
        raise UnusableFile(what, say.GET_FILES())
    return files[:1]


def scheduler_of(folder: Path) -> dict[str, str]:
    """What the scheduler's configuration says of the model's training, as metadata."""
    config = read_json(folder / SCHEDULER)
    said = {"prediction_type": str(config["prediction_type"])} if "prediction_type" in config else {}
    return said | ({"ztsnr": ""} if config.get("rescale_betas_zero_snr") is True else {})


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty when there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
