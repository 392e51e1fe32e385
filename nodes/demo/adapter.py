"""Low-rank changes of a UNet's weights (LoRA, Hu et al., 2021; of convolutions, Yeh et al., 2023), learnt and written.

The UNet is never changed itself: its forward is called with other weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nodes.demo.architecture import Unet

LEFT_OUT = ("time_emb", "conv_in.", "conv_out.", "conv_shortcut.")
START = "lora_unet_"
FIRST = "conv_in.weight"
PAINTING = 9
"""Input channels of a model that paints: the noisy latent, a mask, and what it leaves of the picture."""


class Adapter(nn.Module):
    """Two factors for each layer, whose product is zero at first.

    With `widened` also the whole change of the first layer, which then reads 9 channels in place of 4.
    """

    def __init__(self, unet: Unet, rank: int, widened: bool = False) -> None:
        super().__init__()
        self.names = [n for n, p in unet.named_parameters() if p.ndim >= 2 and not any(part in n for part in LEFT_OUT)]
        self.up, self.down = nn.ParameterDict(), nn.ParameterDict()
        weights = dict(unet.named_parameters())
        for name in self.names:
            rows, inner = weights[name].flatten(1).shape
            most = min(rank, rows, inner)
            self.up[stem(name)] = nn.Parameter(torch.zeros(rows, most))
            self.down[stem(name)] = nn.Parameter(nn.init.orthogonal_(torch.empty(most, inner)))
        shape = weights[FIRST].shape
        self.conv_in = nn.Parameter(torch.zeros(shape[0], PAINTING, *shape[2:])) if widened else None

    def weights(self, unet: Unet) -> dict[str, Tensor]:
        """The changed weights by the UNet's names."""
        plain = dict(unet.named_parameters())
        made = {n: plain[n] + (self.up[stem(n)] @ self.down[stem(n)]).view_as(plain[n]) for n in self.names}
        if self.conv_in is not None:
            first = plain[FIRST]
            more = first.new_zeros(first.shape[0], PAINTING - first.shape[1], *first.shape[2:])
            made[FIRST] = torch.cat([first, more], dim=1) + self.conv_in
        return made

    def predict(self, unet: Unet, seen: Tensor, times: Tensor, states: Tensor) -> Tensor:
        """The noise that the changed UNet finds."""
        found: Any = torch.func.functional_call(unet, self.weights(unet), (seen, times, states), {"return_dict": False})
        noise: Tensor = found[0]
        return noise

    def tensors(self, unet: Unet) -> dict[str, Tensor]:
        """As kohya names them, fp16; alpha is the rank, so that a strength of 1 is what was learnt."""
        plain = dict(unet.named_parameters())
        made: dict[str, Tensor] = {}
        for name in self.names:
            up, down, shape = self.up[stem(name)], self.down[stem(name)], plain[name].shape
            start, window = START + stem(name), [1] * (len(shape) - 2)
            made[f"{start}.lora_up.weight"] = up.view(*up.shape, *window)
            made[f"{start}.lora_down.weight"] = down.view(len(down), *shape[1:])
            made[f"{start}.alpha"] = torch.tensor(float(len(down)))
        if self.conv_in is not None:
            made[f"{START}conv_in.diff"] = self.conv_in
        return {name: tensor.detach().half().contiguous().cpu() for name, tensor in sorted(made.items())}


def stem(name: str) -> str:
    return name.removesuffix(".weight").replace(".", "_")
