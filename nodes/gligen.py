"""Nodes that put texts into boxes of the picture (GLIGEN): each thing where its box is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from nodes.api import BadValue, Context, ModelFile, Title, node
from nodes.conditioning import Pixels, Share, area_of
from nodes.control import Steered, check_turn
from nodes.diffusion.embedding_files import NoEmbedding, embedding_files
from nodes.fields import Fraction
from nodes.loaders import said_in_words
from nodes.sentences import control as say
from nodes.sentences import texts as of_texts
from nodes.text import embeddings_named
from nodes.types import BoxText, Conditioning, Gligen, TextEncoder

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.text import TextStack

GligenFile = Annotated[Path, ModelFile("gligen")]


@node(category="control", title="Load GLIGEN")
def load_gligen(file: GligenFile) -> Annotated[Gligen, Title("GLIGEN")]:
    """Load a GLIGEN, through which texts are put into boxes of the picture: for Stable Diffusion 1.x.

    Args:
        file: A .safetensors file in the folder models/gligen: its layers alone, or a UNet of diffusers with them.

    Returns:
        It fits models of its family; a sampler says so before it starts when they differ.
    """
    from nodes.diffusion.control.boxes import read_gligen

    return said_in_words("file", lambda: read_gligen(file))  # type: ignore[no-any-return]


@node(category="control", fingerprint=embeddings_named)
def put_text_into_box(
    positive: Conditioning,
    negative: Conditioning,
    gligen: Gligen,
    text_encoder: TextEncoder,
    ctx: Context,
    text: str = "",
    area: Pixels | Share = Share(),  # noqa: B008  # frozen, so one default serves every call
    start: Fraction = 0.0,
    end: Fraction = 0.3,
) -> Steered:
    """Say what a box of the picture shows. Put several one after another for several boxes.

    Name what is in the boxes in the positive text too; that says how it all belongs together.

    Args:
        positive: What the whole picture should show.
        negative: What it should not show. It is given no boxes, as GLIGEN was trained.
        gligen: The GLIGEN.
        text_encoder: From the same checkpoint as the model.
        text: What is in the box, in a few words.
        area: The box.
        start: The share of sampling at which the box begins to count, 0 at the start.
        end: The share at which it no longer counts. Layout is made early: 0.3 leaves the rest to the model alone,
            1 holds on to the box to the end.
    """
    check_turn(1.0, start, end)
    if not text.strip():
        raise BadValue("text", of_texts.BOX_EMPTY(), of_texts.SAY_WHAT_IS_IN_BOX())
    box = BoxText(gligen, said(gligen, text_encoder, text, ctx), area_of(area), start, end)
    check_room(positive, gligen)
    return Steered(boxing(positive, box), boxing(negative, replace(box, text=None)))


def said(gligen: Gligen, text_encoder: TextEncoder, text: str, ctx: Context) -> Tensor:
    """What the text encoder says of a text as a whole, 1 x width. Raises BadValue."""
    from nodes.diffusion.embeddings import Vocabulary, check_fits
    from nodes.diffusion.header import UnusableFile

    encoder: TextStack = ctx.weights(text_encoder.recipe)
    clip = next((clip for clip in encoder.clips if clip.width == gligen.reads), None)
    if clip is None:
        widths = ", ".join(str(clip.width) for clip in encoder.clips)
        if widths:
            what = say.SUMS_UP_OTHERWISE(widths=widths, gligen=gligen.title, reads=gligen.reads)
        else:
            what = say.SUMS_UP_NOTHING(gligen=gligen.title, reads=gligen.reads)
        raise BadValue(
            "text_encoder",
            what,
            say.ENCODER_FOR_GLIGEN(),
        )
    try:
        vocabulary = Vocabulary(embedding_files() if "embedding:" in text else {})
        words = vocabulary.mark(text)
        check_fits(vocabulary.words, [clip])
        return clip.encode(words, -1, True, vocabulary.words)[1]
    except (NoEmbedding, UnusableFile) as error:
        raise BadValue("text", error.what, error.fix) from error


def check_room(positive: Conditioning, gligen: Gligen) -> None:
    from nodes.diffusion.control.boxes import MOST

    if any(sum(box.net == gligen for box in part.boxes) >= MOST for part in positive.parts):
        raise BadValue("positive", say.MOST_BOXES(most=MOST), say.TAKE_ONE_AWAY())


def boxing(conditioning: Conditioning, box: BoxText) -> Conditioning:
    """The same conditioning with one more box in every part."""
    return Conditioning(tuple(replace(part, boxes=(*part.boxes, box)) for part in conditioning.parts))
