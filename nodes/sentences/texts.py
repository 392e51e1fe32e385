"""What the nodes that encode, combine and place texts say."""

from __future__ import annotations

from nodes.api.said import Sentence

NOTHING_TO_COMBINE = Sentence("text.nothing-to-combine", "There is no text to combine.")
HEARD_ALREADY = Sentence("text.heard-already", "The text is heard at {ranges} of sampling already, so nothing is left.")
AREA_NEGATIVE = Sentence("text.area-negative", "The area's {name} is {value:g}.")
AREA_NOWHERE = Sentence("text.area-nowhere", "An area of {name} 0 is nowhere.")
AREA_BEYOND = Sentence("text.area-beyond", "The area begins at {start:g} of the picture and takes {length:g} of it.")
AREA_OUTSIDE = Sentence(
    "text.area-outside", "The area begins {left:g} from the left and {top:g} from the top; the picture is {picture}."
)
PARTS_DIFFER = Sentence("text.parts-differ", "It has {there} parts, the first has {here}.")
WIDTHS_DIFFER = Sentence(
    "text.widths-differ",
    "One text was encoded {here} wide, another {there}: they come from text encoders of different models.",
)
OTHER_WIDTH = Sentence("text.other-width", "The text was encoded {width} wide, but the model reads {read}.")
OTHER_SUMMARY = Sentence("text.other-summary", "The text's summary is {width} wide, but the model reads {read}.")
OTHER_LABELS = Sentence(
    "text.other-labels", "The text shows what CLIP sees in a picture ({width} numbers), but the model reads {read}."
)
NO_LABELS = Sentence(
    "text.no-labels", "The text shows what CLIP sees in a picture ({width} numbers), but the model reads none of it."
)
SHOWS_PICTURE = Sentence(
    "text.shows-picture",
    "This text shows a picture, but the model looks at the noise alone (4 input channels, or a transformer).",
)
EDITOR_SEES_NONE = Sentence(
    "text.editor-sees-none", "The model edits a picture (8 input channels), but this text shows it none."
)
PAINTER_SEES_NONE = Sentence(
    "text.painter-sees-none", "The model paints into a picture (9 input channels), but this text shows it none."
)
EDITOR_READS_NO_MASK = Sentence(
    "text.editor-reads-no-mask",
    "The model edits a picture (8 input channels) and reads no mask, but this text has one.",
)
SHOWN_OTHER_SIZE = Sentence("text.shown-other-size", "The picture it is shown is {shown}, the one to make {made}.")
LAYER = Sentence("text.layer", "Layer {last_layer} of {layers} is asked for.")
NO_NUMBERS = Sentence("text.no-numbers", "The text holds values that are no numbers.")
ANSWER_NO_NUMBERS = Sentence(
    "text.answer-no-numbers",
    "The text encoder's answer holds numbers that are none: a weight in the text is too large, or the "
    "encoder's file is damaged.",
)

# ---------------------------------------------------------------- what to do

CHOOSE_OVERLAP = Sentence("fix.choose-overlap", "Choose ranges that overlap.")
MAKE_LARGER = Sentence("fix.make-larger", "Make it larger.")
USE_SHARES = Sentence("fix.use-shares", "Use shares from 0 to 1, and begin before 1.")
COMBINE_AFTER = Sentence("fix.combine-after", "Combine texts after this node.")
USUAL_STRENGTH = Sentence("fix.usual-text-strength", "Use a number from 0 on; 1 is usual.")
ENCODE_BOTH = Sentence("fix.encode-both", "Encode both with the text encoder of one checkpoint.")
TAKE_MODELS_ENCODER = Sentence("fix.take-models-encoder", "Take the text encoder from the model's checkpoint.")
MOVE_AREA = Sentence("fix.move-area", "Move the area into the picture.")
GIVE_PLAIN_TEXT = Sentence("fix.give-plain-text", "Give it the plain text, or take an inpainting or an editing model.")
SHOW_PICTURE = Sentence("fix.show-picture", "Show it the picture with {node}, between the texts and the sampler.")
USE_NODE = Sentence("fix.use-node", "Use {node}.")
SAMPLE_ITS_LATENT = Sentence("fix.sample-its-latent", "Sample the latent that {node} gives.")
USE_LAYERS = Sentence("fix.use-layers", "Use -{layers} to 0.")
USUAL_WEIGHTS = Sentence(
    "fix.usual-weights", "Use weights near 1, such as (fox:1.3); without any, load the text encoder from another file."
)
NO_EMBEDDING = Sentence("text.no-embedding", "The text names embedding:{name}, which is not in models/embeddings.")
TOO_MANY_EMBEDDINGS = Sentence("text.too-many-embeddings", "The text names more than {most} embeddings.")
EMBEDDING_WIDTH = Sentence(
    "text.embedding-width", "embedding:{name} holds vectors {held}, but this text encoder reads with {reads}."
)
CHANGES = Sentence(
    "text.changes", "The text changes {changes} times while it is sampled, so it stands for {count} texts."
)
CHANGES_IN_TURNS = Sentence(
    "text.changes-in-turns",
    "The text changes {changes} times and takes turns over {period} steps while it is sampled, so it "
    "stands for {count} texts.",
)
BOX_EMPTY = Sentence("text.box-empty", "The text is empty, so nothing would be in the box.")
DID_YOU_MEAN_EMBEDDING = Sentence("fix.did-you-mean-embedding", "Did you mean embedding:{name}?")
PUT_EMBEDDING = Sentence("fix.put-embedding", "Put its file there, or write another name.")
NAME_FEWER = Sentence("fix.name-fewer", "Name fewer.")
EMBEDDING_OF_FAMILY = Sentence("fix.embedding-of-family", "Take an embedding that was made for this model's family.")
USE_AT_MOST = Sentence("fix.use-at-most", "Use at most {most}.")
SAY_WHAT_IS_IN_BOX = Sentence("fix.say-what-is-in-box", "Say what is in the box.")
