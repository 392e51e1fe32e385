"""What is said of values that a node gives and that are not as their type says."""

from __future__ import annotations

from nodes.api.said import Sentence

PICTURE = Sentence("form.picture", "a picture")
MASK = Sentence("form.mask", "a mask")
LATENT = Sentence("form.latent", "a latent")
LATENT_MASK = Sentence("form.latent-mask", "the mask of this latent")
LATENT_ORIGINAL = Sentence("form.latent-original", "what this latent keeps")
TEXT = Sentence("form.text", "an encoded text")
SUMMARY = Sentence("form.summary", "the summary of a text")
SEEN = Sentence("form.seen", "what CLIP sees in a picture")
LEVELS = Sentence("form.levels", "noise levels")

# ---------------------------------------------------------------- what is wrong

OTHER_SIZES = Sentence("form.other-sizes", "It gave {what} of {found}; it has to be {wanted}, each at least 1.")
OTHER_KIND = Sentence("form.other-kind", "It gave {what} as {found}; it has to be numbers of PyTorch, float32.")
NO_TEXT = Sentence("form.no-text", "It gave a conditioning without any text.")
NO_STRENGTH = Sentence("form.no-strength", "It gave a text with a strength of {strength}.")
NO_NUMBERS = Sentence("form.no-numbers", "It gave {what} that are no numbers (NaN or infinite).")

# ---------------------------------------------------------------- what to do

TELL_AUTHOR = Sentence("fix.tell-author", "That is a mistake in the node: tell its author, or use another one.")
