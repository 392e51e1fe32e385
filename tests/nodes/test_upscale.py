"""Enlarging pictures with models: in tiles, and clear words where spandrel or a file is not there."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from nodes.api import BadValue
from nodes.types import Image
from nodes.upscale import load_upscaler, upscale_image
from tests.nodes.plain import PlainContext


class Enlarging(torch.nn.Module):
    """Twice as large, by interpolation."""

    def forward(self, planes: Tensor) -> Tensor:
        return functional.interpolate(planes, scale_factor=2, mode="bilinear", align_corners=False)


def pretend(monkeypatch: pytest.MonkeyPatch, channels: int = 3) -> None:
    """A spandrel that knows one network."""

    class Loader:
        def load_from_state_dict(self, weights: dict[str, Tensor]) -> Any:
            if "known" not in weights:
                raise ValueError("unsupported architecture")
            return SimpleNamespace(model=Enlarging(), scale=2, input_channels=channels, output_channels=channels,
                                   supports_half=False, supports_bfloat16=True)  # fmt: skip

    module = ModuleType("spandrel")
    module.ModelLoader = Loader  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spandrel", module)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_file({"known": torch.zeros(1)}, str(tmp_path / "twice.safetensors"))
    return tmp_path / "twice.safetensors"


def test_a_picture_is_enlarged_in_tiles_without_seams(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    image = Image(torch.rand(2, 100, 150, 3))
    made = upscale_image(load_upscaler(file), image, PlainContext(), tile=64).pixels
    wanted = Enlarging()(image.pixels.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert torch.allclose(made, wanted, atol=1e-5)


def test_pickled_weights_are_read_and_code_in_them_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    torch.save({"known": torch.zeros(1)}, tmp_path / "old.pth")
    image = Image(torch.rand(1, 8, 8, 3))
    assert upscale_image(load_upscaler(tmp_path / "old.pth"), image, PlainContext()).pixels.shape == (1, 16, 16, 3)
    torch.save({"known": Enlarging()}, tmp_path / "code.pth")
    with pytest.raises(BadValue, match="cannot be read as weights"):
        upscale_image(load_upscaler(tmp_path / "code.pth"), image, PlainContext())


def test_files_and_networks_that_do_not_serve_are_explained(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image(torch.rand(1, 8, 8, 3))
    with pytest.raises(BadValue, match="is gone"):
        load_upscaler(tmp_path / "none.pth")
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(BadValue, match="spandrel") as caught:
        upscale_image(load_upscaler(file), image, PlainContext())
    assert "latent-loom[upscale]" in caught.value.fix
    pretend(monkeypatch, channels=1)
    with pytest.raises(BadValue, match="takes 1 and gives 1 channels"):
        upscale_image(load_upscaler(file), image, PlainContext())
    save_file({"other": torch.zeros(1)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(BadValue, match="no upscaler that spandrel knows"):
        upscale_image(load_upscaler(tmp_path / "other.safetensors"), image, PlainContext())
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    with pytest.raises(BadValue, match="cannot be read"):
        upscale_image(load_upscaler(tmp_path / "broken.safetensors"), image, PlainContext())


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("spandrel", "torchvision")),
    reason="spandrel and torchvision are not installed: the extra 'upscale' brings them",
)
def test_spandrel_builds_a_real_network(tmp_path: Path) -> None:
    """A compact Real-ESRGAN of two layers, as its authors name the tensors."""
    weights = {"body.0.weight": torch.randn(8, 3, 3, 3) * 0.1, "body.0.bias": torch.zeros(8),
               "body.1.weight": torch.full((8,), 0.2), "body.2.weight": torch.randn(12, 8, 3, 3) * 0.1,
               "body.2.bias": torch.zeros(12)}  # fmt: skip
    save_file(weights, str(tmp_path / "compact.safetensors"))
    image = Image(torch.rand(1, 20, 30, 3))
    made = upscale_image(load_upscaler(tmp_path / "compact.safetensors"), image, PlainContext()).pixels
    assert made.shape == (1, 40, 60, 3) and made.isfinite().all()
