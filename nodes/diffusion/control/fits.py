"""Whether a model can be steered by what a conditioning carries: families and sizes, told before sampling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from nodes.diffusion.control.boxes import misfit_boxes
from nodes.diffusion.control.steering import is_steerable
from nodes.diffusion.families import family_named
from nodes.types import Control, ControlNet, PicturePrompt, TextPart


def misfit_controls(denoiser: object, parts: Sequence[TextPart]) -> tuple[str, str] | None:
    """Why a model cannot be steered by the controls of these parts, and what to do; None when it can."""
    controls = {id(control): control for part in parts for control in part.controls if control.strength}
    for control in controls.values():
        found = misfit_net(denoiser, control.net) or misfit_vae(control)
        if found is not None:
            return found
    pictures = [prompt for part in parts for prompt in part.pictures if prompt.strength]
    found = next((found for one in pictures if (found := misfit_picture(denoiser, one)) is not None), None)
    return found or misfit_boxes(denoiser, [box for part in parts for box in part.boxes])


def misfit_picture(denoiser: object, prompt: PicturePrompt) -> tuple[str, str] | None:
    made_for, has = prompt.adapter.sizes, getattr(denoiser, "sizes_prompted", None)
    family = getattr(denoiser, "family", "")
    title = family_named(family).title if family else "another one"
    fix = "Take an IP-Adapter for the model's family."
    if has is None:
        return f"The text carries {prompt.adapter.title}, but the model is {title}, which reads none.", fix
    if made_for == has:
        return None
    wanted = f"{prompt.adapter.title} ({len(made_for) - 1} attentions to texts {made_for[0]} wide)"
    return f"The text carries {wanted}, but the model is {title} ({len(has) - 1} to texts {has[0]} wide).", fix


def misfit_net(denoiser: object, net: ControlNet) -> tuple[str, str] | None:
    if not is_steerable(denoiser):
        return f"The model cannot be steered, but the text carries {net.title}.", "Take Apply control away."
    if denoiser.family and denoiser.family not in net.families:
        title = family_named(denoiser.family).title
        return f"The text carries {net.title}, but the model is {title}.", f"Take a ControlNet for {title}."
    pairs = list(zip_longest(net.sizes, denoiser.sizes_steered, fillvalue=0))
    if any(made_for and made_for != has for made_for, has in pairs):
        one, other = ("-".join(str(n) for n in sizes) for sizes in (net.sizes, denoiser.sizes_steered))
        return (
            f"The text carries {net.title}, made for a model of sizes {one}; this model's are {other}.",
            "Take a ControlNet that was trained for this model.",
        )
    return None


def misfit_vae(control: Control) -> tuple[str, str] | None:
    if control.net.looks_at == "latent" and control.vae is None:
        return (
            f"The text carries {control.net.title}, which looks at the picture as a latent.",
            "Give Apply control the VAE of the model.",
        )
    return None
