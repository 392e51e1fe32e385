"""Nodes that turn words into conditioning, and that tell a model more than words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from nodes.api import BadValue, Context, Number, Title, node
from nodes.diffusion.embedding_files import NoEmbedding, embedding_files, state_of
from nodes.diffusion.wording import Unreadable, chosen, has_choice, spells
from nodes.fields import ConditioningOut, PromptText, SeedNumber
from nodes.sentences import texts as say
from nodes.types import Conditioning, Frame, TextEncoder, TextPart

if TYPE_CHECKING:
    from nodes.diffusion.text import TextStack

LastLayer = Annotated[int, Number(min=-32, max=0, step=1), Title("Last layer (CLIP skip)")]
Size = Annotated[int, Number(min=0, max=16_384, step=8)]
Score = Annotated[float, Number(min=0, max=10, step=0.1)]
Strength = Annotated[float, Number(min=0, max=100, step=0.1)]


def embeddings_named(**constants: Any) -> object:
    """The embeddings that the text names, by content: a file that changed makes another result.

    Of a text that comes through a link the words are not known before the run, so any embedding may be meant.
    """
    return state_of(constants.get("text"))


@node(category="text", fingerprint=embeddings_named)
def encode_text(
    text_encoder: TextEncoder, ctx: Context, text: PromptText = "", last_layer: LastLayer = 0
) -> ConditioningOut:
    """Turn a text into what a model is steered by.

    Args:
        text_encoder: From the same checkpoint as the model.
        text: What the picture should show. (word:1.2) stresses a word, (word:0.8) weakens it; [a:b:0.5] is a for the
            first half of sampling, then b; [a|b] takes turns at each step; {a|b} is one of both, always the same one
            here (Choose words draws by a seed); embedding:name is a file in models/embeddings; a backslash before a
            bracket keeps it a bracket. Long texts are read in parts of 75 tokens.
        last_layer: The layer of CLIP to stop at, counted from the end: -1 is the last, -2 the one before (CLIP
            skip 2). 0 takes what the model was trained with; Flux has none to stop at.

    Returns:
        For the positive or the negative input of a sampler.
    """
    from nodes.diffusion.embeddings import Vocabulary, check_fits
    from nodes.diffusion.header import UnusableFile

    encoder: TextStack = ctx.weights(text_encoder.recipe)
    if last_layer and encoder.layers and not -encoder.layers <= last_layer <= 0:
        raise BadValue(
            "last_layer", say.LAYER(last_layer=last_layer, layers=encoder.layers), say.USE_LAYERS(layers=encoder.layers)
        )
    if has_choice(text):
        text = chosen(text, seed=0)
        ctx.show_text(text)
    parts = []
    try:
        vocabulary = Vocabulary(embedding_files() if "embedding:" in text else {})
        for spell in spells(text):
            words = vocabulary.mark(spell.text)
            check_fits(vocabulary.words, encoder.clips)
            said = encoder.encode(words, last_layer, vocabulary.words)
            parts.append(replace(said, start=spell.start, end=spell.end, turn=spell.turn))
    except (NoEmbedding, Unreadable, UnusableFile) as error:
        raise BadValue("text", error.what, error.fix) from error
    check_finite(parts)
    return Conditioning(tuple(parts))


@node(category="text")
def choose_words(ctx: Context, text: PromptText = "", seed: SeedNumber = 0) -> Annotated[str, Title("Text")]:
    """Choose one of several words wherever a text says {red|blue|green}, by chance.

    Choices may stand in choices: {a {small|large} house|a tree}. Nothing before or after a sign chooses nothing:
    {old |}house. A backslash keeps a sign a sign.

    Args:
        text: The text with its choices.
        seed: The same seed chooses the same words.

    Returns:
        The text that came of it, which the node shows too.
    """
    words = chosen(text, seed)
    ctx.show_text(words)
    return words


@node(category="text")
def set_picture_size(
    conditioning: Conditioning,
    width: Size = 1024,
    height: Size = 1024,
    left: Size = 0,
    top: Size = 0,
    target_width: Size = 1024,
    target_height: Size = 1024,
    aesthetic: Score | None = None,
) -> ConditioningOut:
    """Tell SDXL what picture to imagine: its size before it was cut, where it was cut, and how good it looks.

    Without this node SDXL is told that the picture is whole and as large as the latent. Other models do not listen.

    Args:
        conditioning: The text.
        width: Width of the imagined picture in pixels; small numbers give blurred pictures.
        height: Height of the imagined picture in pixels.
        left: Pixels cut away at the left; more shows subjects that run out of the picture.
        top: Pixels cut away at the top.
        target_width: Width of the picture that is made.
        target_height: Height of the picture that is made.
        aesthetic: How good the picture looks, for the refiner; usual is 6 for the positive text, 2.5 for the negative.

    Returns:
        The text with these sizes.
    """
    frame = Frame(width, height, left, top, target_width, target_height)
    return tell(conditioning, frame=frame, aesthetic=aesthetic)


@node(category="text")
def set_guidance(conditioning: Conditioning, guidance: Strength = 3.5) -> ConditioningOut:
    """Tell a model that learned guidance by heart how strongly to follow the text: Flux.1 dev, LCM.

    Args:
        conditioning: The text.
        guidance: 3.5 is usual for Flux.1 dev, 8.5 for LCM. The sampler's own guidance is then best left at 1.

    Returns:
        The text with this guidance; other models do not listen.
    """
    return tell(conditioning, guidance=guidance)


def check_finite(parts: Sequence[TextPart]) -> None:
    """Refuse, at the input `text`, what came out as numbers that are none."""
    for part in parts:
        if not all(bool(told.isfinite().all()) for told in (part.embedding, part.pooled) if told is not None):
            raise BadValue(
                "text",
                say.ANSWER_NO_NUMBERS(),
                say.USUAL_WEIGHTS(),
            )


def tell(conditioning: Conditioning, **more: Any) -> Conditioning:
    """The same conditioning with more said in every part."""
    return Conditioning(tuple(replace(part, **more) for part in conditioning.parts))
