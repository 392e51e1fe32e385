"""Convolutions that keep their weights in the order in which oneDNN reads them, on a CPU in float32.

A plain convolution reorders its weights at every call. Where channels are many and places few, as in the middle of a
UNet, that takes longer than the sum itself. Which order is best depends on the picture's size, so weights are ordered
anew when the size changes; reading those of another size would cost more than ordering plain ones.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

MOST_PLACES = 8192
"""Batch x height x width: two pictures of 512 x 512. For more, the order of the weights no longer counts."""
FEWEST_WEIGHTS = 256 * 256
"""In x out channels; for fewer, the same."""


class PackedConv(nn.Module):
    """Stands in for a convolution. What it gives depends on its input alone, never on what it was given before."""

    def __init__(self, plain: nn.Conv2d) -> None:
        super().__init__()
        assert isinstance(plain.padding, tuple)
        self.stride, self.padding, self.dilation = plain.stride, plain.padding, plain.dilation
        self.weight: Tensor | None = plain.weight
        self.bias = plain.bias
        self.packed: Tensor | None = None
        self.shape: torch.Size | None = None
        """Of the input that the weights are packed for."""

    def forward(self, x: Tensor) -> Tensor:
        """`x`: float32, batch x channels x height x width."""
        if len(x) * x.shape[2] * x.shape[3] > MOST_PLACES:
            return functional.conv2d(x, self.unpack(), self.bias, self.stride, self.padding, self.dilation)
        if self.packed is None or self.shape != x.shape:
            self.pack(x.shape)
        made: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.packed, self.bias, self.padding, self.stride, self.dilation, 1, "none", [], ""
        )
        return made

    def pack(self, shape: torch.Size) -> None:
        """Order the weights for an input of this shape. The plain ones leave: memory never holds the model twice."""
        plain = self.unpack().detach().to_mkldnn()
        self.weight = None
        reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight  # of which the library's hints know less
        self.packed = reorder(plain, self.padding, self.stride, self.dilation, 1, list(shape))
        self.shape = shape

    def unpack(self) -> Tensor:
        """The weights as they were, out x in x height x width; to be changed in place, if at all."""
        if self.weight is None:
            assert self.packed is not None
            self.weight, self.packed = nn.Parameter(self.packed.to_dense(), requires_grad=False), None
        return self.weight


def pack_convolutions(module: nn.Module) -> None:
    """Replace every convolution of a module that gains by it, where this computer can."""
    if not can_pack():
        return
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and gains(child):
                setattr(parent, name, PackedConv(child))


def gains(conv: nn.Conv2d) -> bool:
    """Whether packing pays; 1 x 1 convolutions are plain products of matrices, which are fast as they are."""
    if conv.kernel_size == (1, 1) or conv.groups != 1 or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
        return False
    many = conv.in_channels * conv.out_channels >= FEWEST_WEIGHTS
    return many and conv.weight.dtype == torch.float32 and conv.weight.device.type == "cpu"


@cache
def can_pack() -> bool:
    """Whether oneDNN is there, with the two calls that packing needs, and they give what they should."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    conv = nn.Conv2d(16, 16, 3, padding=1).requires_grad_(False)
    x = torch.linspace(-1, 1, 16 * 64).view(1, 16, 8, 8)
    with torch.inference_mode():
        wanted = conv(x)
        try:
            return torch.allclose(PackedConv(conv)(x), wanted, atol=1e-5)
        except (AttributeError, RuntimeError):
            return False
