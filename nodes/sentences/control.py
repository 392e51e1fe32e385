"""What the nodes that steer by pictures and boxes say: ControlNet, IP-Adapter, GLIGEN, unCLIP."""

from __future__ import annotations

from nodes.api.said import Sentence

NOISE_IS = Sentence("control.noise-is", "The noise is {noise:g}.")
SHARE_IS = Sentence("control.share-is", "The {name} is at {share:g} of sampling.")
ENDS_BEFORE_START = Sentence(
    "control.ends-before-start", "It ends at {end:g} of sampling, before it starts at {start:g}."
)
KIND_NOT_SAID = Sentence(
    "control.kind-not-said", "This union knows several kinds of pictures, and the kind was not said."
)
KIND_UNKNOWN = Sentence(
    "control.kind-unknown",
    "This union knows several kinds of pictures, and the kind is {kind}, which it does not know.",
)
LOOKS_AT_LATENT = Sentence("control.looks-at-latent", "It is {net}, which looks at the picture as a latent.")
OTHER_VAE = Sentence("control.other-vae", "The VAE is one of {vae}, but it is {net}.")
PAINTS_WHITE = Sentence("control.paints-white", "It is {net} that paints where a mask is white.")
NOT_BY_CLIP = Sentence("control.not-by-clip", "The model was not made to be steered by what CLIP sees.")
SEEN_NUMBERS = Sentence("control.seen-numbers", "The image encoder sees {seen} numbers, but the model reads {read}.")
SEEN_BY_ADAPTER = Sentence(
    "control.seen-by-adapter", "The image encoder gives {given} numbers, but {adapter} reads {read}."
)
SUMS_UP_NOTHING = Sentence(
    "control.sums-up-nothing", "It does not sum a text up in numbers, and {gligen} reads {reads}."
)
SUMS_UP_OTHERWISE = Sentence(
    "control.sums-up-otherwise", "It sums a text up in {widths} numbers, but {gligen} reads {reads}."
)
MOST_BOXES = Sentence("control.most-boxes", "It has {most} boxes already, the most a GLIGEN knows.")
ANOTHER_MODEL = Sentence("control.another-model", "another one")
READS_NO_PICTURES = Sentence(
    "control.reads-no-pictures", "The text carries {adapter}, but the model is {model}, which reads none."
)
PICTURES_OF_OTHER = Sentence(
    "control.pictures-of-other",
    "The text carries {adapter} ({attentions} attentions to texts {width} wide), but the model is {model}"
    " ({has} to texts {reads} wide).",
)
NOT_STEERABLE = Sentence("control.not-steerable", "The model cannot be steered, but the text carries {net}.")
OTHER_FAMILY = Sentence("control.other-family", "The text carries {net}, but the model is {model}.")
OTHER_SIZES = Sentence(
    "control.other-sizes", "The text carries {net}, made for a model of sizes {one}; this model's are {other}."
)
LACKS_VAE = Sentence("control.lacks-vae", "The text carries {net}, which looks at the picture as a latent.")
SHOWN_NO_BOXES = Sentence(
    "control.shown-no-boxes", "The text carries boxes of {net}, which this model cannot be shown."
)
BOXES_OF_OTHER = Sentence(
    "control.boxes-of-other",
    "The text carries boxes of {net} ({layers} layers, texts {width} wide), but the model has {has} "
    "layers and reads {reads}.",
)

# ---------------------------------------------------------------- what to do

USUAL_STRENGTH = Sentence("fix.usual-control-strength", "Use 0 to 10; {usual:g} is usual.")
USE_SHARE = Sentence("fix.use-share-of-sampling", "Use a share from 0 to 1.")
CHOOSE_KIND = Sentence("fix.choose-kind", "Choose of {known}.")
GIVE_MODELS_VAE = Sentence("fix.give-models-vae", "Give it the model's VAE.")
TAKE_VAE_OF = Sentence("fix.take-vae-of", "Take the VAE of {family}.")
GIVE_MASK = Sentence("fix.give-mask", "Give it a mask.")
USE_UNCLIP = Sentence("fix.use-unclip", "Use an unCLIP checkpoint.")
TAKE_IMAGE_ENCODER = Sentence("fix.take-image-encoder", "Take the image encoder of the model's checkpoint.")
TAKE_TRAINED_ENCODER = Sentence(
    "fix.take-trained-encoder",
    "Take the encoder that the adapter was trained with: ViT-H gives 1024 (plain) or 1280 (plus).",
)
ENCODER_FOR_GLIGEN = Sentence("fix.encoder-for-gligen", "Take the text encoder of a model that the GLIGEN is for.")
TAKE_ONE_AWAY = Sentence("fix.take-one-away", "Take one away.")
IP_ADAPTER_OF_FAMILY = Sentence("fix.ip-adapter-of-family", "Take an IP-Adapter for the model's family.")
NO_CONTROL = Sentence("fix.no-control", "Take Apply control away.")
CONTROLNET_FOR = Sentence("fix.controlnet-for", "Take a ControlNet for {model}.")
CONTROLNET_OF_MODEL = Sentence("fix.controlnet-of-model", "Take a ControlNet that was trained for this model.")
GIVE_CONTROL_VAE = Sentence("fix.give-control-vae", "Give Apply control the VAE of the model.")
NO_BOXES = Sentence("fix.no-boxes", "Take them away.")
GLIGEN_OF_FAMILY = Sentence("fix.gligen-of-family", "Take a GLIGEN for the model's family.")
