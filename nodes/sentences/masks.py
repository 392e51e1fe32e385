"""What the nodes that make and use masks say."""

from __future__ import annotations

from nodes.api.said import Sentence

SIZE = Sentence("mask.size", "A mask cannot be {width} x {height}.")
NO_COLOUR = Sentence("mask.no-colour", "{text} is no colour.")
SOFT_EDGE = Sentence("mask.soft-edge", "An edge cannot be softened over {pixels:g} pixels.")
NO_NUMBERS = Sentence("mask.no-numbers", "The mask holds values that are no numbers.")
NUMBERS_THAT_ARE_NONE = Sentence("mask.numbers-that-are-none", "The mask holds numbers that are none.")
OTHER_SIZE = Sentence("mask.other-size", "The mask is {columns} x {rows}, the {of} {width} x {height}.")
BLACK = Sentence("mask.black", "The mask is black everywhere, so nothing would change.")
BLACK_FOR_TEXT = Sentence("mask.black-for-text", "The mask is black everywhere, so the text would be heard nowhere.")
NOTHING_WHITE = Sentence("mask.nothing-white", "The mask is empty: nothing of it is white.")
OUT_OF_PICTURE = Sentence(
    "mask.out-of-picture",
    "Nothing of the mask is left in the latent of {picture}, where a cell is {cell} x {cell} pixels.",
)
THE_PICTURE = Sentence("mask.the-picture", "picture")
THE_OVERLAY = Sentence("mask.the-overlay", "overlay")
THE_FIRST = Sentence("mask.the-first", "first mask")

# ---------------------------------------------------------------- what to do

WRITE_COLOUR = Sentence("fix.write-colour", "Write it as #rrggbb, such as #00ff00 for green.")
USE_0_TO_512 = Sentence("fix.use-0-to-512", "Use 0 to 512.")
STRETCH = Sentence("fix.stretch-mask", "Turn on 'stretch mask', or use Scale mask.")
PAINT_WHITE = Sentence("fix.paint-white", "Paint white what is to change.")
PAINT_SOME_WHITE = Sentence("fix.paint-some-white", "Paint some white.")
PAINT_OR_TAKE_AWAY = Sentence("fix.paint-or-take-away", "Paint where to paint, or take it away.")
PAINT_LARGER = Sentence("fix.paint-larger", "Paint a larger mask, or one inside the area.")
MAKE_ANEW = Sentence("fix.make-anew", "Make it anew.")
