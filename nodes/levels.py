"""Nodes that say how a model is to be sampled where its file does not: shift, prediction, noise levels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from nodes.api import BadValue, Context, Number, Title, node
from nodes.fields import Pixels
from nodes.sentences import common
from nodes.sentences import sampling as say
from nodes.types import Continuous, Discrete, Model, Shift

if TYPE_CHECKING:
    from nodes.diffusion.denoiser import Denoiser

ModelOut = Annotated[Model, Title("Model")]
Factor = Annotated[float, Number(min=0.01, max=100.0, step=0.01)]
Exponent = Annotated[float, Number(min=-10.0, max=10.0, step=0.01)]
Level = Annotated[float, Number(min=0.0, max=5000.0, step=0.001)]
Meaning = Literal["auto", "eps", "v", "x0", "lcm"]
Terminal = Literal["as trained", "zero", "not zero"]
FEW, MANY = 256, 4096
"""Patches of the pictures that the two shifts by size are for: 256 x 256 and 1024 x 1024 pixels."""
PATCH = 16
"""Pixels along an edge of a patch."""


@node(category="model")
def set_shift(model: Model, shift: Factor = 3.0) -> ModelOut:
    """Let a flow model (SD 3, Flux) spend more or fewer of its steps where there is much noise.

    Args:
        model: The model. SD 3 has a shift of 3 by itself, Flux.1 dev of 3.16, Flux.1 schnell of 1.
        shift: 1 is even; more helps the layout, and larger pictures need more (Esser et al. 2024, equation 23).

    Returns:
        The model with this shift.
    """
    if not (math.isfinite(shift) and shift > 0):
        raise BadValue("shift", say.SHIFT(shift=shift), say.USUAL_SHIFT())
    return replace(model, parametrisation=Shift(shift))


@node(category="model")
def set_shift_by_size(
    model: Model, width: Pixels = 1024, height: Pixels = 1024, base_shift: Exponent = 0.5, max_shift: Exponent = 1.15
) -> ModelOut:
    """Let the shift of a flow model follow the picture's size, as Flux.1 dev was trained (Black Forest Labs 2024).

    Args:
        model: The model.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        base_shift: The exponent of the shift for 256 x 256 pixels.
        max_shift: The exponent for 1024 x 1024 pixels; between and beyond, a straight line over the patches.

    Returns:
        The model with the shift of this size.
    """
    if not (math.isfinite(base_shift) and math.isfinite(max_shift)):
        raise BadValue("max_shift", say.NO_SHIFT(), say.USUAL_SHIFTS())
    patches = (width / PATCH) * (height / PATCH)
    mu = base_shift + (max_shift - base_shift) * (patches - FEW) / (MANY - FEW)
    if not -20 < mu < 20:
        raise BadValue("max_shift", say.EXPONENT(width=width, height=height, mu=mu), say.USUAL_SHIFTS())
    return replace(model, parametrisation=Shift(math.exp(mu)))


@node(category="model")
def set_prediction(model: Model, prediction: Meaning = "auto", terminal_snr: Terminal = "as trained") -> ModelOut:
    """Say what a UNet (SD 1.x, 2.x, XL) was trained to predict, where its file does not tell or a LoRA changed it.

    Args:
        model: The model.
        prediction: Noise (eps), velocity (v), the clean picture (x0, as one-step Lightning), or noise under the
            boundary condition of a latent consistency model (lcm). auto leaves it as the file says.
        terminal_snr: Whether its last training step was noise alone (Lin et al. 2023): zero for models that were
            trained so, most of which predict v.

    Returns:
        The model, sampled so.
    """
    zero = None if terminal_snr == "as trained" else terminal_snr == "zero"
    return replace(model, parametrisation=Discrete(prediction, zero))


@node(category="model")
def set_continuous_levels(
    model: Model,
    prediction: Literal["eps", "v", "edm"] = "v",
    smallest: Level = 0.002,
    largest: Level = 120.0,
    sigma_data: Annotated[float, Number(min=0.01, max=10.0, step=0.01)] = 1.0,
) -> ModelOut:
    """Sample a UNet that was trained on noise of every level, not on steps (Karras et al. 2022), such as CosXL.

    Args:
        model: The model.
        prediction: What it predicts: velocity (v, CosXL), Karras' own mixture (edm, Playground 2.5), noise (eps).
        smallest: Its smallest noise level.
        largest: Its largest one: 120 for CosXL, 80 for Playground 2.5.
        sigma_data: The spread of its clean latents: 1 for CosXL, 0.5 for Playground 2.5.

    Returns:
        The model, sampled so.
    """
    if not 0 < smallest < largest < math.inf:
        raise BadValue("smallest", say.NOT_BETWEEN(smallest=smallest, largest=largest), say.USUAL_EXTREMES())
    if not 0 < sigma_data < math.inf:
        raise BadValue("sigma_data", say.SPREAD(sigma_data=sigma_data), common.USE_1())
    return replace(model, parametrisation=Continuous(prediction, smallest, largest, sigma_data))


def denoiser_of(model: Model, ctx: Context) -> Denoiser:
    """The model's network, sampled as the nodes above say; what steers it is loaded when it is first needed."""
    from nodes.diffusion.control.steering import steerable
    from nodes.diffusion.hypernetwork import CannotReword
    from nodes.diffusion.parametrisation import Unfit, parametrised, with_hypernetworks
    from nodes.diffusion.tiled import TiledDenoiser

    try:
        denoiser = steerable(parametrised(ctx.weights(model.recipe), model.parametrisation), ctx.weights)
        denoiser = with_hypernetworks(denoiser, model.hypernetworks, ctx.weights)
    except (CannotReword, Unfit) as error:
        raise BadValue("model", error.what, error.fix) from error
    return denoiser if model.tiles is None else TiledDenoiser(denoiser, model.tiles, model.space.downscale)
