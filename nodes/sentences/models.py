"""What the nodes that load, change, mix and save models say."""

from __future__ import annotations

from nodes.api.said import Sentence

NOT_HERE = Sentence("model.not-here", "{name} is not among the models here, and nothing is fetched unasked.")
NO_CHECKPOINT_IN = Sentence("model.no-checkpoint-in", "{name} holds no checkpoint.")
WEIGHTS_HIDDEN = Sentence("model.weights-hidden", "What loads it ({kind}) does not show its weights.")
ONE_ENCODER_ALONE = Sentence("model.one-encoder-alone", "One text encoder alone has no difference.")
SAME_AS_ORIGINAL = Sentence("model.same-as-original", "It is the same as the original: there is no difference to save.")
NOWHERE_TO_SAVE = Sentence("model.nowhere-to-save", "There is no models folder to save to.")
NAME_LEADS_OUT = Sentence("model.name-leads-out", "'{name}' is no name inside the folder {folder}.")
FAMILIES_DIFFER = Sentence("model.families-differ", "The {first} and the {second} are of different families.")
NO_UNET = Sentence(
    "model.no-unet", "The model is no UNet, and hypernetworks are for those of Stable Diffusion 1.x, 2.x and XL."
)
NO_FLOW = Sentence("model.no-flow", "The model is no flow, so its levels have no shift.")
IS_FLOW = Sentence("model.is-flow", "The model is a flow, which predicts a velocity of its own kind.")
LAYERS_NOT_WEAKENED = Sentence("model.layers-not-weakened", "The model's layers cannot be weakened one by one.")
NO_SUCH_LAYER = Sentence("model.no-such-layer", "Layer {layer} is to be weakened, but the model has {count}.")
NO_MIDDLE_LAYER = Sentence("model.no-middle-layer", "The model has no layer of attention in its middle.")
FIRST_LAYER_AWAY = Sentence(
    "model.first-layer-away", "The model is kept away from the device, where its first layer cannot be widened."
)
IN_8_BITS_AWAY = Sentence(
    "model.in-8-bits-away", "The model is kept in 8 bits away from the device, where a LoRA cannot be added to it."
)
WEIGHTS_APART = Sentence(
    "model.weights-apart",
    "The {first} is {first_family}, and the {other} is {other_family}: their weights do not correspond.",
)
LACKS_WEIGHTS = Sentence(
    "model.lacks-weights", "The {other} lacks {missing} of the {all} weights of the {first} (the first is {example})."
)
WEIGHT_DIFFERS = Sentence("model.weight-differs", "{name} is {theirs} in the {other}, and {ours} in the {first}.")
HYPERNETWORK_MISFIT = Sentence(
    "model.hypernetwork-misfit",
    "{file} is a hypernetwork for a model that reads what is {wide}; this model reads {here}.",
)
WIDE = Sentence("model.wide", "{width} wide")
WIDE_AS = Sentence("model.wide-as", "{width} wide (as {model} does)")
READS = Sentence("model.reads", "texts {reads} wide")
READS_AND_HAS = Sentence("model.reads-and-has", "texts {reads} wide and has layers {layers}")
LORA_TOO_STRONG = Sentence(
    "lora.too-strong", "{name} at a strength of {strength:g} changes {layer} beyond all numbers."
)
LORA_NO_NUMBERS = Sentence(
    "lora.no-numbers", "{name} is damaged: what it holds for {layer} are no numbers (NaN or infinite)."
)
SMALLER_STRENGTH = Sentence("fix.smaller-strength", "Use a smaller strength.")
LORA_INCOMPLETE = Sentence(
    "lora.incomplete", "{file} is incomplete: no layer has all its tensors. {layer} has {count} ({there})."
)
LORA_FOR = Sentence("lora.for", "a LoRA for {family}")
LORA_FOR_OTHERS = Sentence("lora.for-others", "a LoRA for another kind of model")
LORA_DAMAGED = Sentence("lora.damaged", "{file} is damaged: the tensors of {layer} do not fit each other.")
LORA_OTHER_SIZE = Sentence(
    "lora.other-size",
    "{file} is {kind}, and the {part} is {model}: its {layer} is {rows} x {columns}, and the model's "
    "{here_rows} x {here_columns}.",
)
LORA_FITS_NOWHERE = Sentence(
    "lora.fits-nowhere", "{file} is {kind}, and the {part} is {model}: none of its layers fits."
)
LORA_FOR_TEXT_ALONE = Sentence("lora.for-text-alone", "{file} changes text encoders alone.")

# ---------------------------------------------------------------- what to do

FETCH = Sentence("fix.fetch-model", "Type `{command}`, or start Latent Loom with --allow-downloads.")
NAME_REPOSITORY = Sentence("fix.name-repository", "Name a repository in diffusers' layout, or a file.")
USE_LOADERS_HERE = Sentence("fix.use-loaders-here", "Use one of the loaders here.")
LINK_BOTH = Sentence("fix.link-both", "Link both of them, or neither.")
RUN_HERE = Sentence("fix.run-here", "Run it in Latent Loom.")
USE_LETTERS = Sentence("fix.use-letters", "Use letters, digits and, for a folder, a slash.")
LINK_ORIGINAL = Sentence("fix.link-original", "Link the model that the changed one was made from.")
SAVE_TOGETHER = Sentence("fix.save-together", "Save parts that belong together.")
NO_HYPERNETWORK = Sentence("fix.no-hypernetwork", "Take Load hypernetwork away.")
NO_SHIFT = Sentence("fix.no-shift", "Take Set shift away: it is for Stable Diffusion 3 and Flux.")
NO_PREDICTION = Sentence(
    "fix.no-prediction", "Take the node away: what a model predicts can be set for Stable Diffusion 1.x, 2.x and XL."
)
NO_SUCH_GUIDANCE = Sentence("fix.no-such-guidance", "Leave this guidance out.")
NAME_LAYERS = Sentence("fix.name-layers", "Name some, 0 to {last}.")
MORE_MEMORY = Sentence(
    "fix.more-memory", "Start without --memory low or lowest, or save the model with the LoRA as a checkpoint."
)
START_LOW = Sentence("fix.start-low", "Start with --memory low.")
MERGE_ONE_FAMILY = Sentence("fix.merge-one-family", "Merge models of one family.")
MERGE_SAME_BUILD = Sentence("fix.merge-same-build", "Merge models of the same build.")
MERGE_DIFFERENCE = Sentence(
    "fix.merge-difference",
    "Merge models of the same build; of an inpainting model and others only a difference can be added.",
)
HYPERNETWORK_OF_FAMILY = Sentence(
    "fix.hypernetwork-of-family", "Take a hypernetwork that was trained for this model's family."
)
PICK_FOR_MODEL = Sentence("fix.pick-for-model", "Pick a file that was made for this model.")
USE_LOAD_LORA = Sentence("fix.use-load-lora", "Use Load LoRA, at a model strength of your choice.")
