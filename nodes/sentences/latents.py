"""What the nodes that make and change latents say."""

from __future__ import annotations

from nodes.api.said import Sentence

NOT_IN_EIGHTS = Sentence("latent.not-in-eights", "The {name} is {pixels}, which 8 does not divide.")
NOT_IN_CELLS = Sentence("latent.not-in-cells", "The {name} is {pixels}, which {cell} does not divide.")
NO_NUMBERS = Sentence("latent.no-numbers", "The latent holds values that are no numbers.")
DECODED_NO_NUMBERS = Sentence("latent.decoded-no-numbers", "The VAE made no numbers (NaN) of the latent.")
OTHER_MODEL = Sentence(
    "latent.other-model",
    "The latent is one of {given} ({given_channels} channels), but the model reads those of {read} "
    "({read_channels} channels).",
)
OTHER_VAE = Sentence(
    "latent.other-vae",
    "The latent is one of {given} ({given_channels} channels), but the VAE reads those of {read} "
    "({read_channels} channels).",
)
FACTOR = Sentence("latent.factor", "A latent cannot be scaled by {factor:g}.")
RECTANGLE_TOO_LARGE = Sentence(
    "latent.rectangle-too-large", "The rectangle ends at {right}, {bottom}; the latent is {width} x {height} pixels."
)
OVERLAY_OUTSIDE = Sentence("latent.overlay-outside", "The overlay lies outside the base.")
PICTURE_TOO_SMALL = Sentence(
    "latent.picture-too-small", "The picture is {width} x {height}, smaller than {cell} x {cell}."
)
TILE = Sentence("latent.tile", "A tile cannot be {tile} pixels wide.")
OVERLAP = Sentence("latent.overlap", "Tiles of {tile} cannot overlap by {overlap} pixels.")
OF_ANOTHER = Sentence("latent.of-another", "It is a latent of {second}, the other one of {first}.")
OTHER_CHANNELS = Sentence("latent.other-channels", "It has {there} channels, the other one {here}.")
OTHER_SIZE = Sentence("latent.other-size", "It is {there} pixels, the other one {here}.")
IS_BATCH = Sentence("latent.is-batch", "It is a batch of {count}.")
WALK_STEPS = Sentence("latent.walk-steps", "A walk cannot have {count} steps.")
NOTHING_TO_JOIN = Sentence("latent.nothing-to-join", "There is no latent to join.")
REPEATED = Sentence("latent.repeated", "A latent cannot be repeated {times} times.")
NAMES_NO_CHANNELS = Sentence("latent.names-no-channels", "{text} does not name channels of a latent that has {count}.")
EMPTY_KEEPS_NOTHING = Sentence("latent.empty-keeps-nothing", "An empty latent has nothing to keep.")

# ---------------------------------------------------------------- what to do

USE_FACTOR = Sentence("fix.use-factor", "Use 0.25 to 8.")
AT_LEAST = Sentence("fix.at-least", "Use at least {least}.")
ENCODE_WITH_MODELS_VAE = Sentence("fix.encode-with-models-vae", "Encode the picture with this model's VAE.")
TAKE_ANOTHER_VAE = Sentence("fix.take-another-vae", "Take another VAE; `loom models verify` tells a damaged file.")
TAKE_ITS_VAE = Sentence("fix.take-its-vae", "Take the VAE from the checkpoint that sampled it.")
SMALLER_OR_EARLIER = Sentence("fix.smaller-or-earlier", "Make it smaller, or begin it earlier.")
SCALE_UP_FIRST = Sentence("fix.scale-up-first", "Scale it up first.")
USE_MULTIPLE_FROM = Sentence("fix.use-multiple-from", "Use a multiple of {cell} from {least}.")
USE_MULTIPLE_TO_HALF = Sentence("fix.use-multiple-to-half", "Use a multiple of {cell} up to half the tile: {most}.")
ENCODE_WITH_OTHER_VAE = Sentence("fix.encode-with-other-vae", "Decode it and encode it with the other's VAE.")
OF_ONE_FAMILY = Sentence("fix.latents-of-one-family", "Take latents of one family.")
SCALE_ONE = Sentence("fix.scale-one-latent", "Use Scale latent on one of them.")
PICK_ONE = Sentence("fix.pick-one-latent", "Pick one of it with Pick latents.")
GIVE_ONE = Sentence("fix.give-one-latent", "Give it at least one latent.")
NAME_CHANNELS = Sentence("fix.name-channels", "Use numbers from 0 to {last}, such as 0, 2.")
ENCODE_OR_NO_MASK = Sentence("fix.encode-or-no-mask", "Encode a picture, or leave the mask out.")
