"""How many tokens a text is, as its encoders read it: weights in brackets are none, learned words count as text."""

from __future__ import annotations

from nodes.diffusion.tokens import END, chunk_text, t5_tokens
from nodes.diffusion.wording import Unreadable, spells
from server.messages import CountTokens, TokensCounted


def count_tokens(question: CountTokens) -> TokensCounted:
    """The counts for CLIP and T5. Of a text that changes while it is sampled, those of its beginning."""
    try:
        text = spells(question.text)[0].text
    except Unreadable:
        text = question.text  # a choice that is still open
    chunks = chunk_text(text)
    clip = sum(chunk.tokens.index(END) - 1 for chunk in chunks)
    return TokensCounted(question.request, clip, len(chunks), len(t5_tokens(text, 0)[0]) - 1)
