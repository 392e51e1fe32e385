"""What the nodes that load, change and look at pictures say."""

from __future__ import annotations

from nodes.api.said import Sentence

NO_NUMBERS = Sentence("picture.no-numbers", "The picture holds values that are no numbers.")
SIZE = Sentence("picture.size", "A picture cannot be {width} x {height}.")
FACTOR = Sentence("picture.factor", "A picture of {width} x {height} cannot be scaled by {factor:g}.")
RECTANGLE = Sentence(
    "picture.rectangle", "The rectangle begins at {start} and is {length} long; the picture has {whole} pixels there."
)
DEGREES = Sentence("picture.degrees", "A picture cannot be turned by {degrees}.")
NOTHING_TO_JOIN = Sentence("picture.nothing-to-join", "There is no picture to join.")
REPEATED = Sentence("picture.repeated", "A picture cannot be repeated {times} times.")
NONE_FOR_SHEET = Sentence("picture.none-for-sheet", "There is no picture for the sheet.")
LEAVES_NONE = Sentence("picture.leaves-none", "{megapixels:g} leaves no picture.")
NOT_GROWN = Sentence("picture.not-grown", "The picture would not grow.")
SLOPES = Sentence("picture.slopes", "The slopes are {low:g} and {high:g}.")
SLOPES_REVERSED = Sentence("picture.slopes-reversed", "The high slope {high:g} is below the low one, {low:g}.")
WIDTH = Sentence("picture.width", "The width is {width:g} pixels.")
SHARPNESS = Sentence("picture.sharpness", "The sharpness is {sharpness:g}, the threshold {threshold:g}.")
REDUCTION = Sentence("picture.reduction", "The factor is {factor:g}.")
MODEL_MISSING = Sentence("picture.model-missing", "It needs {model}, and none is picked.")

# ---------------------------------------------------------------- what to do

LONGEST_EDGE = Sentence("fix.longest-edge", "No edge may be longer than {longest} pixels.")
BEGIN_INSIDE = Sentence("fix.begin-inside", "Use 0 to {last}, and a length of at least 1.")
GIVE_ONE = Sentence("fix.give-one-picture", "Give it at least one picture.")
USE_ABOVE_0 = Sentence("fix.use-above-0", "Use a number above 0.")
ADD_PIXELS = Sentence("fix.add-pixels", "Add some pixels at one side.")
USE_TILE_FROM = Sentence("fix.use-tile-from", "Use {least} or more.")
USUAL_SLOPES = Sentence("fix.usual-slopes", "Use numbers from 0 to 4, such as 0.4 and 0.8.")
USE_SLOPES = Sentence("fix.use-slopes", "Use 0.4 and 0.8.")
USE_LINE_WIDTH = Sentence("fix.use-line-width", "Use 0.5 to 8.")
USUAL_SHARPNESS = Sentence("fix.usual-sharpness", "Use 15 and 0.5.")
USUAL_REDUCTION = Sentence("fix.usual-reduction", "Use 1 to 64; 4 is usual.")
PUT_MODEL = Sentence(
    "fix.put-picture-model",
    "Put model.safetensors, config.json and preprocessor_config.json of {example} (or another) into "
    "models/{task}/NAME, then pick it here.",
)
