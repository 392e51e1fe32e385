"""Tensors out of files of any kind. Pickles are read by torch's reader of tensors alone, which runs nothing."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.header import UnusableFile, read_header
from nodes.diffusion.read import read_there
from nodes.sentences import files as say

TROUBLE = (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError,
           OSError, OverflowError, zipfile.BadZipFile)  # fmt: skip
"""What torch raises for files that are damaged, or that hold more than tensors."""
SAFETENSORS = (".safetensors", ".sft")


def read_safely(path: Path, largest: int) -> Mapping[Any, Any]:
    """What a file holds by name: a safetensors file, or a pickle of tensors, numbers and texts alone.

    A single tensor is named "". `largest`: bytes that may be packed in it. Raises `UnusableFile`.
    """
    if path.suffix.lower() in SAFETENSORS:
        header = read_header(path)
        return {name: read_there(entry) for name, entry in header.entries.items()}
    try:
        check_packed(path, largest)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch thinks of strange files is no news to users
            held = torch.load(path, map_location="cpu", weights_only=True)
    except TROUBLE:
        raise UnusableFile(
            say.NO_TENSORS_INSIDE(file=path.name),
            say.GET_AS_SAFETENSORS(),
        ) from None
    if isinstance(held, Tensor):
        return {"": held}
    return held if isinstance(held, Mapping) else {}


def check_packed(path: Path, largest: int) -> None:
    """Raises OverflowError for an archive that holds far more than its size tells."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > largest:
                raise OverflowError
