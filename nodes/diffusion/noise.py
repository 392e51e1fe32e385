"""Where noise comes from: always the CPU in float32, so that a seed means the same picture on every device.

The first image of a batch has the noise of the single image of the same seed, at the start and in every step.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Noise:
    """The random numbers of one run of a sampler.

    The batch starts from one draw of the whole shape, as in the peers. Each image then has a stream of its own:
    the first goes on after its starting noise, image i as a single image of seed + i would.
    """

    def __init__(self, seed: int, shape: torch.Size, device: str) -> None:
        self.device = device
        whole = torch.randn(shape, generator=generator_of(seed))
        self.streams = [generator_of(seed + i) for i in range(shape[0])]
        self.single = shape[1:]
        firsts = [torch.randn((1, *self.single), generator=stream) for stream in self.streams]
        # The same numbers as in `whole`, but for shapes whose size is no multiple of torch's block of 16.
        self.start = torch.cat([firsts[0], whole[1:]])

    def fresh(self) -> Tensor:
        """The next noise of every image, batch x channels x height x width, on the device."""
        draws = [torch.randn((1, *self.single), generator=stream) for stream in self.streams]
        return torch.cat(draws).to(self.device)


def generator_of(seed: int) -> torch.Generator:
    # Seeds of 64 bits without a sign; one more than the largest begins again at 0.
    return torch.Generator().manual_seed(seed % 2**64)
