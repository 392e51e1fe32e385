"""Whether a model can be steered by what a conditioning carries: families and sizes, told before sampling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from nodes.diffusion.control.boxes import misfit_boxes
from nodes.diffusion.control.steering import is_steerable
from nodes.diffusion.families import family_named
from nodes.sentences import control as say
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
    title = family_named(family).title if family else say.ANOTHER_MODEL()
    fix = say.IP_ADAPTER_OF_FAMILY()
    if has is None:
        return say.READS_NO_PICTURES(adapter=prompt.adapter.title, model=title), fix
    if made_for == has:
        return None
    what = say.PICTURES_OF_OTHER(
        adapter=prompt.adapter.title,
        attentions=len(made_for) - 1,
        width=made_for[0],
        model=title,
        has=len(has) - 1,
        reads=has[0],
    )
    return what, fix


def misfit_net(denoiser: object, net: ControlNet) -> tuple[str, str] | None:
    if not is_steerable(denoiser):
        return say.NOT_STEERABLE(net=net.title), say.NO_CONTROL()
    if denoiser.family and denoiser.family not in net.families:
        title = family_named(denoiser.family).title
        return say.OTHER_FAMILY(net=net.title, model=title), say.CONTROLNET_FOR(model=title)
    pairs = list(zip_longest(net.sizes, denoiser.sizes_steered, fillvalue=0))
    if any(made_for and made_for != has for made_for, has in pairs):
        one, other = ("-".join(str(n) for n in sizes) for sizes in (net.sizes, denoiser.sizes_steered))
        return (
            say.OTHER_SIZES(net=net.title, one=one, other=other),
            say.CONTROLNET_OF_MODEL(),
        )
    return None


def misfit_vae(control: Control) -> tuple[str, str] | None:
    if control.net.looks_at == "latent" and control.vae is None:
        return (
            say.LACKS_VAE(net=control.net.title),
            say.GIVE_CONTROL_VAE(),
        )
    return None
