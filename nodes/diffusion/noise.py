"""Where noise comes from: always the CPU in float32, so that a seed means the same picture on every device.

The first image of a batch has the noise of the single image of the same seed, at the start and in every step.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Noise:
    """The random numbers of one run of a sampler.

    The batch starts from one draw of the whole shape. Noise for later steps comes from a stream for each image,
    which begins at the seed again (seed + i for image i): the peer's rule, checked against its pictures.
    """

    def __init__(self, seed: int, shape: torch.Size, device: str) -> None:
        self.device = device
        self.single = (1, *shape[1:])
        # The first draw is the start of the whole one, but for shapes whose size is no multiple of torch's 16.
        first = torch.randn(self.single, generator=generator_of(seed))
        self.start = torch.cat([first, torch.randn(shape, generator=generator_of(seed))[1:]])
        self.streams = [generator_of(seed + i) for i in range(shape[0])]

    def fresh(self) -> Tensor:
        """The next noise of every image, batch x channels x height x width, on the device."""
        return torch.cat([torch.randn(self.single, generator=stream) for stream in self.streams]).to(self.device)


def generator_of(seed: int) -> torch.Generator:
    # Seeds of 64 bits without a sign; one more than the largest begins again at 0.
    return torch.Generator().manual_seed(seed % 2**64)
