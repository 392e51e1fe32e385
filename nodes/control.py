"""Nodes through which a picture steers a model: ControlNets and T2I-Adapters, as many as one likes one after another.

They hang on the conditionings: a control is looked at only for the texts that carry it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from nodes.api import BadValue, ModelFile, Number, Title, node
from nodes.fields import ConditioningOut, Fraction
from nodes.loaders import said_in_words
from nodes.mask import fitted
from nodes.sentences import common
from nodes.sentences import control as say
from nodes.sentences import masks as of_masks
from nodes.types import VAE, Conditioning, Control, ControlNet, Image, Mask

if TYPE_CHECKING:
    from torch import Tensor

ControlFile = Annotated[Path, ModelFile("controlnet")]
ControlNetPart = Annotated[ControlNet, Title("ControlNet")]
Strength = Annotated[float, Number(min=0.0, max=10.0, step=0.05)]
Kind = Literal[
    "auto", "lines", "depth", "pose", "soft edge", "normals", "segmentation", "tile", "inpaint", "blur", "grey",
    "low quality",
]  # fmt: skip


@node(category="control")
def load_controlnet(file: ControlFile) -> ControlNetPart:
    """Load a ControlNet or a T2I-Adapter: a network through which a picture steers a model.

    For Stable Diffusion 1.x, 2.x, XL (also unions of several kinds) and 3, and Flux.1; in diffusers' layout, or as
    single files have it (control_model…, XLabs, TencentARC).

    Args:
        file: A file in the folder models/controlnet or models/t2i_adapter.

    Returns:
        It fits models of its family; a sampler says so before it starts when they differ.
    """
    from nodes.diffusion.control.recipes import read_control

    return said_in_words("file", lambda: read_control(file))  # type: ignore[no-any-return]


class Steered(NamedTuple):
    """Both texts, each with the picture that steers.

    Args:
        positive: The wanted text with the control.
        negative: The unwanted text with the same.
    """

    positive: ConditioningOut
    negative: ConditioningOut


@node(category="control")
def apply_control(
    positive: Conditioning,
    negative: Conditioning,
    control: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start: Fraction = 0.0,
    end: Fraction = 1.0,
    kind: Kind = "auto",
    vae: VAE | None = None,
    mask: Mask | None = None,
    stretch_mask: bool = False,
) -> Steered:
    """Let a picture steer what is drawn: by its edges, its depth, a pose, or whatever the ControlNet learned.

    Put several one after another to steer by several pictures; what they add is added up.

    Args:
        positive: What the picture should show.
        negative: What it should not show.
        control: The ControlNet or T2I-Adapter.
        image: What to steer by, as the ControlNet knows it, such as the edges that Canny finds. Where its proportions
            differ from the picture to make, it fills the frame and what stands out is cut off.
        strength: How strongly: 1 as it was trained, 0 not at all.
        start: The share of sampling at which it begins, 0 at the start.
        end: The share at which it ends, 1 at the end. Ending early leaves details to the texts.
        kind: What the picture shows, for a union, which knows several kinds; others do not ask.
        vae: From the checkpoint of the model, for ControlNets of Stable Diffusion 3 and Flux: most look at latents.
        mask: White where to paint, as large as the picture, for ControlNets trained for inpainting.
        stretch_mask: Scale the mask to the picture when their sizes differ.
    """
    seen = mask_for(control, image, mask, stretch_mask)
    put = control_of(control, image, strength, start, end, kind, vae, seen)
    return Steered(carrying(positive, put), carrying(negative, put))


@node(category="control")
def apply_control_to_one(
    conditioning: Conditioning,
    control: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start: Fraction = 0.0,
    end: Fraction = 1.0,
    kind: Kind = "auto",
    vae: VAE | None = None,
    mask: Mask | None = None,
    stretch_mask: bool = False,
) -> ConditioningOut:
    """Let a picture steer the model for one text alone, such as one that is heard in a part of the picture.

    Args:
        conditioning: The text; others are not steered.
        control: The ControlNet or T2I-Adapter.
        image: What to steer by, as the ControlNet knows it. It lies over the whole picture, whatever the text's area.
        strength: How strongly: 1 as it was trained, 0 not at all.
        start: The share of sampling at which it begins, 0 at the start.
        end: The share at which it ends, 1 at the end.
        kind: What the picture shows, for a union, which knows several kinds; others do not ask.
        vae: From the checkpoint of the model, for ControlNets of Stable Diffusion 3 and Flux: most look at latents.
        mask: White where to paint, as large as the picture, for ControlNets trained for inpainting.
        stretch_mask: Scale the mask to the picture when their sizes differ.

    Returns:
        The text with the control.
    """
    seen = mask_for(control, image, mask, stretch_mask)
    return carrying(conditioning, control_of(control, image, strength, start, end, kind, vae, seen))


def carrying(conditioning: Conditioning, control: Control) -> Conditioning:
    """The same conditioning with one more control on every part."""
    return Conditioning(tuple(replace(part, controls=(*part.controls, control)) for part in conditioning.parts))


def control_of(
    net: ControlNet,
    image: Image,
    strength: float,
    start: float,
    end: float,
    kind: Kind,
    vae: VAE | None,
    mask: Tensor | None,
) -> Control:
    """Checks all of it but the mask. Raises BadValue."""
    check_turn(strength, start, end)
    check_vae(net, vae)
    return Control(net, image.pixels, strength, start, end, mask, number_of(net, kind), vae)


def check_turn(strength: float, start: float, end: float, usual: float = 1.0) -> None:
    """How strongly something steers, and between which shares of sampling. Raises BadValue."""
    if not math.isfinite(strength) or strength < 0:
        raise BadValue("strength", common.STRENGTH_IS(strength=strength), say.USUAL_STRENGTH(usual=usual))
    for name, share in (("start", start), ("end", end)):
        if not 0 <= share <= 1:
            raise BadValue(name, say.SHARE_IS(name=name, share=share), say.USE_SHARE())
    if end < start:
        raise BadValue("end", say.ENDS_BEFORE_START(end=end, start=start), common.END_AFTER_START())


def number_of(net: ControlNet, kind: Kind) -> int | None:
    """Which of a union's kinds is meant; None for a net of one kind."""
    if not net.kinds:
        return None
    if kind not in net.kinds:
        known = ", ".join(net.kinds)
        what: str = say.KIND_NOT_SAID() if kind == "auto" else say.KIND_UNKNOWN(kind=kind)
        raise BadValue("kind", what, say.CHOOSE_KIND(known=known))
    return net.kinds.index(kind)


def check_vae(net: ControlNet, vae: VAE | None) -> None:
    if net.looks_at != "latent":
        return
    if vae is None:
        raise BadValue("vae", say.LOOKS_AT_LATENT(net=net.title), say.GIVE_MODELS_VAE())
    from nodes.diffusion.families import family_named

    space = family_named(net.families[0]).space
    if vae.space.channels != space.channels or vae.space.name not in ("", space.name):
        raise BadValue("vae", say.OTHER_VAE(vae=vae.space.title, net=net.title), say.TAKE_VAE_OF(family=space.title))


def mask_for(net: ControlNet, image: Image, mask: Mask | None, stretch: bool) -> Tensor | None:
    """What a ControlNet for inpainting is shown, batch x height x width like the picture. Raises BadValue."""
    if mask is None:
        if net.paints:
            raise BadValue("mask", say.PAINTS_WHITE(net=net.title), say.GIVE_MASK())
        return None
    _, height, width, _ = image.pixels.shape
    values = fitted(mask, (height, width), stretch)
    if not bool((values > 0.5).any()):
        raise BadValue("mask", of_masks.NOTHING_WHITE(), of_masks.PAINT_OR_TAKE_AWAY())
    return values
