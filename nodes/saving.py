"""Nodes that write models, LoRAs and latents into the models folder, where the loaders find them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from nodes.api import BadValue, Context, ModelFile, Number, node
from nodes.fields import LatentOut, VAEPart
from nodes.hub.places import models_folder
from nodes.loaders import said_in_words
from nodes.lora import readable
from nodes.sentences import common
from nodes.sentences import models as say
from nodes.types import Latent, Model, TextEncoder

Precision = Literal["float16", "bfloat16", "float32"]
LatentFile = Annotated[Path, ModelFile("latents")]


@node(category="models", output=True)
def save_checkpoint(
    model: Model,
    text_encoder: TextEncoder,
    vae: VAEPart,
    ctx: Context,
    name: str = "checkpoint",
    precision: Precision = "float16",
) -> None:
    """Save a model, with LoRAs and all that was merged into it, as one file in the folder models/checkpoints.

    Args:
        model: The model.
        text_encoder: The text encoder that belongs to it.
        vae: The VAE that belongs to it.
        name: How the file is called; a number is added. A slash makes a folder; %date%,
            %seed%, %model% and %Node title.input% are filled in.
        precision: float16 is half as large as float32 and draws the same but for rounding; bfloat16 is coarser and
            holds larger numbers.
    """
    from nodes.diffusion.checkpoint import write_model

    place = new_file("checkpoints", ctx.file_name(name))
    recipes = readable(model, "model"), readable(text_encoder, "text_encoder"), vae.recipe
    said_in_words("text_encoder", lambda: write_model(place, *recipes, precision, tracked(ctx)))
    tell_written(place, ctx)


@node(category="models", output=True)
def save_lora(
    model: Model,
    original: Model,
    ctx: Context,
    text_encoder: TextEncoder | None = None,
    original_text_encoder: TextEncoder | None = None,
    rank: Annotated[int, Number(min=1, max=1024, step=1)] = 32,
    name: str = "lora",
    precision: Precision = "float16",
) -> None:
    """Save what one model has beyond another as a LoRA, in the folder models/loras.

    It is the best of its rank (by singular values); the node says how much of the difference it holds. Differences of
    biases and norms are left out, for LoRAs hold none.

    Args:
        model: The changed model: trained further, merged, or with LoRAs of its own.
        original: The model that the LoRA will be added to.
        text_encoder: The changed model's text encoder, when that is to be in the LoRA too.
        original_text_encoder: The original's text encoder.
        rank: How much the LoRA can hold: more makes it larger and nearer to the changed model.
        name: How the file is called; a number is added. A slash makes a folder; %date%,
            %seed%, %model% and %Node title.input% are filled in.
        precision: How numbers are stored; float16 is enough for almost every LoRA.
    """
    from nodes.diffusion.patches.extract import Extract, extract, write_lora

    if (text_encoder is None) != (original_text_encoder is None):
        missing = "text_encoder" if text_encoder is None else "original_text_encoder"
        raise BadValue(missing, say.ONE_ENCODER_ALONE(), say.LINK_BOTH())
    pairs: list[tuple[Model | TextEncoder, Model | TextEncoder, str]] = [(model, original, "original")]
    if text_encoder is not None and original_text_encoder is not None:
        pairs.append((text_encoder, original_text_encoder, "original_text_encoder"))
    place, found = new_file("loras", ctx.file_name(name)), Extract()
    sides = [same_build(changed, before, socket) for changed, before, socket in pairs]
    for changed, before, family in sides:
        extract(changed, before, family, rank, tracked(ctx), found)
    if not found.tensors:
        raise BadValue("model", say.SAME_AS_ORIGINAL(), common.LINK_ANOTHER())
    write_lora(place, found, precision, {"modelspec.title": place.stem, "ss_network_dim": str(rank)})
    tell_written(place, ctx, f"{len(found.tensors) // 2} layers; it holds {found.share:.1%} of the difference.")
    if found.left_out:
        ctx.show_text(f"{found.left_out} biases, norms and tables differ too; a LoRA holds none.")


@node(category="latent", output=True)
def save_latent(latent: Latent, ctx: Context, name: str = "latent") -> None:
    """Save a latent, or a batch of them, in the folder models/latents: every number as it is.

    Args:
        latent: What a sampler or Encode image made. A noise mask is not saved with it.
        name: How the file is called; a number is added. A slash makes a folder; %date%,
            %seed%, %model% and %Node title.input% are filled in.
    """
    from nodes.diffusion.latent_files import write_latent

    place = new_file("latents", ctx.file_name(name))
    write_latent(place, latent)
    tell_written(place, ctx)


@node(category="latent")
def load_latent(file: LatentFile) -> LatentOut:
    """Load a latent that Save latent wrote.

    Args:
        file: A file in the folder models/latents.

    Returns:
        The latent, for models and VAEs of the family that it was made by.
    """
    from nodes.diffusion.latent_files import read_latent

    return said_in_words("file", lambda: read_latent(file))  # type: ignore[no-any-return]


def new_file(kind: str, name: str) -> Path:
    """A file of the models folder that is not there yet. Raises BadValue."""
    from nodes.diffusion.write import BadName, free_place

    models = models_folder()
    if models is None:
        raise BadValue("name", say.NOWHERE_TO_SAVE(), say.RUN_HERE())
    try:
        return free_place(models / kind, name)
    except BadName as error:
        raise BadValue("name", error.what, error.fix) from error


def same_build(changed: Model | TextEncoder, original: Model | TextEncoder, socket: str) -> tuple[Any, Any, str]:
    """The weights of both and their family. Raises BadValue where they do not correspond."""
    from nodes.diffusion.patches.merge import CannotMerge, Share, merged
    from nodes.diffusion.patches.tensors import tensors_of

    ours, theirs = readable(changed, "model"), readable(original, socket)
    try:
        merged([(ours, Share.all(1.0)), (theirs, Share.all(0.0))])
    except CannotMerge as error:
        raise BadValue(socket, error.what, say.LINK_ORIGINAL()) from error
    return tensors_of(ours), tensors_of(theirs), ours.family


def tracked(ctx: Context) -> Callable[[Sequence[str]], Any]:
    return lambda names: ctx.track(names)


def tell_written(place: Path, ctx: Context, more: str = "") -> None:
    size = place.stat().st_size / 2**20
    ctx.show_text(f"models/{kind_and_name(place)}, {size:.1f} MiB. {more}".strip())


def kind_and_name(place: Path) -> str:
    models = models_folder()
    return place.relative_to(models).as_posix() if models is not None else place.name
