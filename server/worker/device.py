"""Which device a worker computes on, and in what."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """A device as torch names it ("cpu", "cuda", "mps"), the dtype to compute in, its name for people."""

    kind: str
    dtype: str
    name: str
    memory: int = 0
    """Bytes; 0 where it is the computer's own memory."""


class NoSuchDevice(Exception):
    """The device asked for is not there."""


def guess_device(wanted: str) -> Device | None:
    """The device, where that is certain without torch; None where torch has to be asked."""
    if wanted == "cpu" or (wanted == "auto" and _is_cpu_build() and sys.platform != "darwin"):
        return _cpu()
    return None


def find_device(wanted: str) -> Device:
    """The device, asked of torch. Raises NoSuchDevice."""
    import torch

    has_mps = torch.backends.mps.is_available()
    kind = wanted if wanted != "auto" else "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    if kind == "cpu":
        return _cpu()
    if kind == "mps" and has_mps:
        return Device("mps", "float16", "Apple GPU")
    if kind.startswith("cuda") and torch.cuda.is_available():
        found = torch.cuda.get_device_properties(kind if ":" in kind else "cuda:0")
        return Device(kind, "float16", found.name, found.total_memory)
    raise NoSuchDevice(f"There is no device '{wanted}' for this torch. Start with --device auto or --device cpu.")


def _is_cpu_build() -> bool:
    try:
        return importlib.metadata.version("torch").endswith("+cpu")
    except importlib.metadata.PackageNotFoundError:
        return False


def _cpu() -> Device:
    return Device("cpu", "float32", platform.processor() or platform.machine() or "CPU")
