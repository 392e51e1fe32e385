"""Nodes that add what was trained beside a model to it: LoRAs and their kin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

from nodes.api import BadValue, Context, ModelFile, Slider, Title, node
from nodes.loaders import ModelPart, TextPart, said_in_words
from nodes.sentences import common
from nodes.sentences import models as say
from nodes.types import Model, TextEncoder

if TYPE_CHECKING:
    from nodes.diffusion.header import Header
    from nodes.diffusion.patches.files import Fit

Part = TypeVar("Part", Model, TextEncoder)
LoraFile = Annotated[Path, ModelFile("loras")]
Strength = Annotated[float, Slider(min=-2.0, max=2.0, step=0.05)]


class Changed(NamedTuple):
    """A model and its text encoder.

    Args:
        model: The model with the LoRA.
        text_encoder: The text encoder with the LoRA.
    """

    model: ModelPart
    text_encoder: TextPart


@node(category="loaders")
def load_lora(
    model: Model,
    text_encoder: TextEncoder,
    file: LoraFile,
    ctx: Context,
    strength: Annotated[Strength, Title("Strength (model)")] = 1.0,
    text_strength: Annotated[Strength, Title("Strength (text)")] = 1.0,
) -> Changed:
    """Add a LoRA to a model and its text encoder: a style, a subject or a skill that was trained beside them.

    LoHa, LoKr, DoRA and plain differences are read as well, in the spellings of kohya, diffusers and peft. Add
    another one behind this one to have both. The model's file is not read again.

    Args:
        model: The model that the LoRA was trained for.
        text_encoder: The model's text encoder; many LoRAs leave it as it is.
        file: A file in the folder models/loras.
        strength: How much of it the model gets. 0 is nothing, 1 is what was trained, less than 0 is its opposite.
        text_strength: How much of it the text encoder gets.
    """
    lora = opened(file)
    for_model = fitted(model, "model", lora, strength, "strength")
    for_text = fitted(text_encoder, "text_encoder", lora, text_strength, "text_strength")
    if not for_model.changes and (for_model.unknown or not for_text.changes):
        raise misfit(model, lora)
    tell_unknown((*for_model.unknown, *for_text.unknown), lora, ctx)
    return Changed(added(model, for_model, lora, strength), added(text_encoder, for_text, lora, text_strength))


@node(category="loaders")
def load_lora_for_model(model: Model, file: LoraFile, ctx: Context, strength: Strength = 1.0) -> ModelPart:
    """Add a LoRA to a model alone; its text encoder stays as it is.

    Args:
        model: The model that the LoRA was trained for.
        file: A file in the folder models/loras.
        strength: How much of it the model gets. 0 is nothing, 1 is what was trained, less than 0 is its opposite.

    Returns:
        The model with the LoRA.
    """
    lora = opened(file)
    found = fitted(model, "model", lora, strength, "strength")
    if not found.changes:
        raise misfit(model, lora)
    tell_unknown(found.unknown, lora, ctx)
    return added(model, found, lora, strength)


def opened(file: Path) -> Header:
    """The header of a LoRA. Raises BadValue for any other file."""
    from nodes.diffusion.patches.files import open_lora

    header: Header = said_in_words("file", lambda: open_lora(file))
    return header


def added(value: Part, found: Fit, lora: Header, strength: float) -> Part:
    """The value with what of a LoRA fits it."""
    from nodes.diffusion.patches.recipe import patched

    return replace(value, recipe=patched(value.recipe, lora, strength)) if found.changes else value


def misfit(model: Model, lora: Header) -> BadValue:
    from nodes.diffusion.patches.files import describe_misfit

    return BadValue("file", *describe_misfit(lora, readable(model, "model")))


def fitted(value: Model | TextEncoder, socket: str, lora: Header, strength: float, input: str) -> Fit:
    """What of the file fits. Raises BadValue."""
    from nodes.diffusion.patches.files import fit

    if not math.isfinite(strength):
        raise BadValue(input, common.STRENGTH_IS_NONE(strength=strength), common.USE_1_OR_LESS())
    recipe = readable(value, socket)
    found: Fit = said_in_words("file", lambda: fit(lora.file, recipe))
    return found


def readable(value: Model | TextEncoder, socket: str) -> Any:
    """The recipe of a value. Raises BadValue where a pack made one whose weights are not to be seen."""
    from nodes.diffusion.patches.tensors import is_readable

    if not is_readable(value.recipe):
        kind = type(value.recipe).__name__
        raise BadValue(socket, say.WEIGHTS_HIDDEN(kind=kind), say.USE_LOADERS_HERE())
    return value.recipe


def tell_unknown(unknown: Sequence[str], lora: Header, ctx: Context) -> None:
    from nodes.diffusion.patches.files import names_told

    if unknown:
        layers = "1 layer fits" if len(unknown) == 1 else f"{len(unknown)} layers fit"
        ctx.show_text(f"{lora.name}: {layers} nothing here: {names_told(unknown)}.")
