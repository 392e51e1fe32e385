"""A node that puts a hypernetwork before a model's attention."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from nodes.api import BadValue, ModelFile, node
from nodes.loaders import ModelPart, said_in_words
from nodes.lora import Strength
from nodes.sentences import common
from nodes.types import Model

HypernetworkFile = Annotated[Path, ModelFile("hypernetworks")]


@node(category="loaders")
def load_hypernetwork(model: Model, file: HypernetworkFile, strength: Strength = 1.0) -> ModelPart:
    """Add a hypernetwork to a model: small networks, trained for a style or a subject, before its keys and values.

    Add another one behind this one to have both.

    Args:
        model: A model of the family that it was trained for: Stable Diffusion 1.x, 2.x or XL.
        file: A file in the folder models/hypernetworks, .pt or .safetensors.
        strength: How much of it the model gets. 0 is nothing, 1 is what was trained, less than 0 is its opposite.

    Returns:
        The model with the hypernetwork; a sampler says before it starts when it does not fit.
    """
    from nodes.diffusion.hypernetwork import read_hypernetwork

    if not math.isfinite(strength):
        raise BadValue("strength", common.STRENGTH_IS_NONE(strength=strength), common.USE_1())
    recipe = said_in_words("file", lambda: read_hypernetwork(file))
    return replace(model, hypernetworks=(*model.hypernetworks, (recipe, strength))) if strength else model
