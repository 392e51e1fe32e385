"""Models that enlarge pictures (ESRGAN, SwinIR, DAT and their kin), known and built by spandrel.

spandrel is an optional extra, for it needs torchvision, and a torchvision that does not fit torch makes diffusers and
transformers fail as a whole. So it is imported when an upscaler is loaded, and not before.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.header import UnusableFile, WeightsFile
from nodes.diffusion.tiles import Canvas, Tiling, Watch, cut
from nodes.sentences import files as say

MISSING = say.INSTALL_SPANDREL()
ANOTHER = say.PICK_UPSCALER()


class Upscaler:
    """Enlarges pictures by a whole factor, tile by tile."""

    def __init__(self, network: Any, scale: int, device: str, dtype: str) -> None:
        """`network`: takes and gives batch x RGB x height x width, 0..1."""
        self.network, self.scale, self.device, self.dtype = network, scale, device, getattr(torch, dtype)

    def enlarge(self, pixels: Tensor, tiling: Tiling, watch: Watch = iter) -> Tensor:
        """float32 on the CPU, batch x height x width x RGB, 0..1; `tiling` in pixels of what comes in."""
        planes, factor = pixels.permute(0, 3, 1, 2), self.scale
        height, width = planes.shape[2:]
        canvas = Canvas((len(planes), 3, height * factor, width * factor), tiling.times(factor))
        for tile in watch(cut(height, width, tiling)):
            with torch.inference_mode():
                piece = self.network(tile.of(planes).to(self.device, self.dtype))
            canvas.add(tile.times(factor), piece)
        return canvas.whole().permute(0, 2, 3, 1).clamp(0, 1).contiguous()


@dataclass(frozen=True)
class UpscalerRecipe:
    """Loads an `Upscaler`."""

    file: WeightsFile

    @property
    def title(self) -> str:
        return f"upscaler {self.file.path.name}"

    @property
    def size(self) -> int:
        """The file's, twice: it may hold 16-bit numbers."""
        return self.file.size * 2

    def load(self, device: str, dtype: str) -> Upscaler:
        """Raises `UnusableFile`."""
        path = self.file.path
        weights, spandrel = read_weights(path), import_spandrel()
        try:
            found = spandrel.ModelLoader().load_from_state_dict(weights)
        except Exception as error:  # spandrel's own errors can be named only where it is installed
            raise UnusableFile(say.NO_UPSCALER(file=path.name, error=error), ANOTHER) from error
        channels = found.input_channels, found.output_channels
        if channels != (3, 3):
            raise UnusableFile(say.UPSCALER_CHANNELS(file=path.name, taken=channels[0], given=channels[1]), ANOTHER)
        # Narrow floats are for networks that say they bear them.
        fits = {"float16": found.supports_half, "bfloat16": found.supports_bfloat16}.get(dtype, True)
        chosen = dtype if fits else "float32"
        network = found.model.eval().requires_grad_(False).to(device, getattr(torch, chosen))
        return Upscaler(network, int(found.scale), device, chosen)


def recipe_of(path: Path) -> UpscalerRecipe:
    """Raises `UnusableFile` when there is no such file."""
    try:
        stat = path.stat()
    except OSError:
        raise UnusableFile(say.GONE(file=path), say.PUT_BACK()) from None
    return UpscalerRecipe(WeightsFile(path, stat.st_size, stat.st_mtime_ns))


def read_weights(path: Path) -> dict[str, Any]:
    """Tensors by name. A pickled file is read by torch's reader of tensors alone, which runs nothing."""
    try:
        if path.suffix.lower() in (".safetensors", ".sft"):
            from safetensors.torch import load_file

            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise UnusableFile(say.NO_WEIGHTS(file=path.name, error=error), ANOTHER) from error
    except Exception as error:
        # safetensors' error is no subclass of the usual ones.
        if type(error).__name__ != "SafetensorError":
            raise
        raise UnusableFile(say.NO_WEIGHTS(file=path.name, error=error), ANOTHER) from error
    if not isinstance(found, dict):
        raise UnusableFile(say.NO_WEIGHTS_BY_NAME(file=path.name), ANOTHER)
    return found


def import_spandrel() -> Any:
    try:
        return import_module("spandrel")
    except Exception as error:  # a torchvision that does not fit torch fails with errors of any kind
        missing = isinstance(error, ModuleNotFoundError) and error.name == "spandrel"
        what: str = say.SPANDREL_MISSING() if missing else say.SPANDREL_BROKEN(error=error)
        raise UnusableFile(what, MISSING) from error
