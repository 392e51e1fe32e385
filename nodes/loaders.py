"""Nodes that bring models in. They read headers only: weights are loaded by the node that needs them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from nodes.api import BadValue, Context, ModelFile, Title, node
from nodes.fields import CheckpointFile, VAEPart
from nodes.hub.child import PullFailed, pulling
from nodes.hub.names import BadName, Wanted, read_name
from nodes.hub.places import find_pulled, may_download, models_folder, state_of
from nodes.sentences import models as say
from nodes.types import Model, TextEncoder

ModelPart = Annotated[Model, Title("Model")]
TextPart = Annotated[TextEncoder, Title("Text encoder")]
DenoiserFile = Annotated[Path, ModelFile("diffusion_models")]
TextFile = Annotated[Path, ModelFile("text_encoders")]
VAEFile = Annotated[Path, ModelFile("vae")]
Predicts = Literal["auto", "eps", "v"]
Reader = Literal["auto", "sd1", "sd2", "sdxl", "sdxl_refiner", "sd3", "flux1"]
"""Names of families, written out rather than read from nodes.diffusion, which needs torch; a test compares."""


class Checkpoint(NamedTuple):
    """The three parts of a checkpoint.

    Args:
        model: The denoiser, which turns noise into a picture step by step.
        text_encoder: Turns a text into what the model is steered by.
        vae: Turns pictures into latents and latents into pictures.
    """

    model: Model
    text_encoder: TextEncoder
    vae: VAEPart


@node(category="loaders")
def load_checkpoint(file: CheckpointFile, prediction: Predicts = "auto") -> Checkpoint:
    """Load a diffusion model, its text encoder and its VAE from one file, or from a folder in diffusers' layout.

    Args:
        file: A checkpoint in the folder models/checkpoints, or any weights file of a diffusers folder there.
        prediction: What the model was trained to predict: noise (eps) or velocity (v). Change it when pictures
            of an SD 2.x or fine-tuned model come out as noise or washed out.
    """
    from nodes.diffusion.recipes import read_checkpoint

    return Checkpoint(*said_in_words("file", lambda: read_checkpoint(file, prediction)))


def pulled_state(repo: str = "", revision: str = "main") -> object:
    """What is here of a repository, by content: another pull makes another result. Of one whose name comes through a
    link nothing is known beforehand."""
    try:
        return state_of(read_name(repo, revision))
    except BadName:
        return None


@node(category="loaders", fingerprint=pulled_state)
def load_from_hub(ctx: Context, repo: str, revision: str = "main", prediction: Predicts = "auto") -> Checkpoint:
    """Load a checkpoint by its name on the hub: one that was pulled, or fetched now where downloads are allowed.

    Nothing is fetched unless `loom models pull` was typed, or the program was started with --allow-downloads.

    Args:
        repo: OWNER/NAME of a repository in diffusers' layout, such as stable-diffusion-v1-5/stable-diffusion-v1-5;
            or OWNER/NAME:FILE for one file of a repository.
        revision: A branch, a tag or a commit of the repository.
        prediction: What the model was trained to predict: noise (eps) or velocity (v); most repositories tell.
    """
    from nodes.diffusion.recipes import read_checkpoint

    try:
        wanted = read_name(repo, revision)
    except BadName as error:
        raise BadValue("repo", error.what, error.fix) from error
    path = find_pulled(wanted) or download(ctx, wanted)
    return Checkpoint(*said_in_words("repo", lambda: read_checkpoint(path, prediction)))


def download(ctx: Context, wanted: Wanted) -> Path:
    """Pull it where that is allowed, with progress in percent. Raises BadValue."""
    models = models_folder()
    if models is None or not may_download():
        raise BadValue(
            "repo",
            say.NOT_HERE(name=wanted),
            say.FETCH(command=wanted.command),
        )
    try:
        with closing(percents(ctx, wanted, models)) as steps:
            for _ in ctx.track(steps, 100):
                pass
    except PullFailed as error:
        raise BadValue("repo", error.what, error.fix) from error
    found = find_pulled(wanted)
    if found is None:
        raise BadValue("repo", say.NO_CHECKPOINT_IN(name=wanted), say.NAME_REPOSITORY())
    return found


def percents(ctx: Context, wanted: Wanted, models: Path) -> Generator[None, None, None]:
    """Pull, stopping when the user asks; one step for each percent of the bytes that were missing."""
    done = 0
    with closing(pulling(wanted, models, online=True)) as lines:
        for line in lines:
            ctx.raise_if_cancelled()
            percent = 100 * (line["before"] + line["done"]) // max(line["whole"], 1)
            yield from [None] * (percent - done)
            done = max(done, percent)


@node(category="loaders")
def load_model(file: DenoiserFile, prediction: Predicts = "auto") -> ModelPart:
    """Load a diffusion model alone, as UNets and transformers are often given: .safetensors or .gguf.

    Args:
        file: A file in the folder models/diffusion_models.
        prediction: What the model was trained to predict: noise (eps) or velocity (v); most files tell.

    Returns:
        The denoiser.
    """
    from nodes.diffusion.recipes import read_model

    return said_in_words("file", lambda: read_model(file, prediction))  # type: ignore[no-any-return]


@node(category="loaders")
def load_text_encoders(
    first: TextFile, second: TextFile | None = None, third: TextFile | None = None, reader: Reader = "auto"
) -> TextPart:
    """Load a model's text encoders from files of their own; their order does not matter.

    Args:
        first: A file in the folder models/text_encoders: CLIP-L, CLIP-G, OpenCLIP-H or T5.
        second: Another one. SDXL reads CLIP-L and CLIP-G, Flux reads CLIP-L and T5.
        third: Another one. SD 3 reads CLIP-L, CLIP-G and T5, and does without some of them.
        reader: The model that will read. To be said where files alone cannot tell: CLIP-L and CLIP-G are taken
            to be for SDXL, CLIP-L and T5 for Flux.

    Returns:
        All of them as one.
    """
    from nodes.diffusion.recipes import read_text_encoders

    paths = [path for path in (first, second, third) if path is not None]
    return said_in_words("first", lambda: read_text_encoders(paths, reader))  # type: ignore[no-any-return]


@node(category="loaders")
def load_vae(file: VAEFile) -> VAEPart:
    """Load a VAE alone, in place of the one in a checkpoint.

    Args:
        file: A file in the folder models/vae.

    Returns:
        It fits every model whose latents have as many channels.
    """
    from nodes.diffusion.recipes import read_vae

    return said_in_words("file", lambda: read_vae(file))  # type: ignore[no-any-return]


def said_in_words(input: str, read: Callable[[], Any]) -> Any:
    """What `read` gives; a file that cannot be used is told at the input."""
    from nodes.diffusion.header import UnusableFile

    try:
        return read()
    except UnusableFile as error:
        raise BadValue(input, error.what, error.fix) from error
