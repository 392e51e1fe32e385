"""What is said of files that cannot be used as asked."""

from __future__ import annotations

from nodes.api.said import Sentence

LOOKS_LIKE = Sentence("file.looks-like", "{file} looks like {found}. Expected {wanted}.")
A_LORA = Sentence("kind.lora", "a LoRA")
AN_EMBEDDING = Sentence("kind.embedding", "a textual inversion embedding")
A_GLIGEN = Sentence("kind.gligen", "a GLIGEN")
A_CONTROLNET = Sentence("kind.controlnet", "a ControlNet")
AN_SDXL = Sentence("kind.sdxl", "an SDXL checkpoint")
AN_SD2 = Sentence("kind.sd2", "a Stable Diffusion 2.x checkpoint")
AN_SD3 = Sentence("kind.sd3", "a Stable Diffusion 3 model")
A_FLUX = Sentence("kind.flux", "a Flux model")
A_BARE_UNET = Sentence("kind.bare-unet", "a Stable Diffusion UNet without text encoder and VAE")
A_VAE = Sentence("kind.vae", "a VAE")
A_DIFFUSERS_PART = Sentence("kind.diffusers-part", "one part of a model in the diffusers layout")
A_T5 = Sentence("kind.t5", "a T5 text encoder")
A_CLIP = Sentence("kind.clip", "a CLIP text encoder")
AN_UPSCALER = Sentence("kind.upscaler", "an upscaling model")
A_DEPTH_TO_IMAGE = Sentence("kind.depth-to-image", "a depth-to-image model ({channels} input channels)")
UNKNOWN_KIND = Sentence("kind.unknown", "no kind of model known here")
A_TEXT_ENCODER = Sentence("kind.text-encoder", "a text encoder ({kinds})")
AN_IMAGE_ENCODER = Sentence("kind.image-encoder", "an image encoder (CLIP vision)")
AN_IP_ADAPTER = Sentence("kind.ip-adapter", "an IP-Adapter")
A_CONTROL = Sentence("kind.control", "a ControlNet or a T2I-Adapter for Stable Diffusion 1.x, 2.x, XL or 3, or Flux.1")
A_LATENT = Sentence("kind.latent", "a latent")
A_LORA_OR_KIN = Sentence("kind.lora-or-kin", "a LoRA (or LoHa, LoKr, DoRA, or a difference)")
A_CHECKPOINT_OF = Sentence(
    "kind.checkpoint-of", "a checkpoint: denoiser, text encoder and VAE in one file, of a known family ({known})"
)
A_MODEL_OF = Sentence("kind.model-of", "a denoiser, of a known family ({known})")
A_DEPTH_MODEL = Sentence("kind.depth-model", "a depth model")
A_POSE_MODEL = Sentence("kind.pose-model", "a pose model (ViTPose)")
A_SEGMENTATION_MODEL = Sentence("kind.segmentation-model", "a segmentation model")
A_DETECTION_MODEL = Sentence("kind.detection-model", "a detection model")

# ---------------------------------------------------------------- what is wrong

GONE = Sentence("file.gone", "{file} is gone.")
UNREADABLE = Sentence("file.unreadable", "{file} cannot be read.")
UNREADABLE_BECAUSE = Sentence("file.unreadable-because", "{file} cannot be read: {why}.")
SENSELESS_HEADER = Sentence("file.senseless-header", "{file} is damaged: its header makes no sense ({why}).")
NO_SAFETENSORS = Sentence("file.no-safetensors", "{file} is not a safetensors file.")
NEVER_BEGAN = Sentence("file.never-began", "{file} is empty: its download never began.")
PICKLED = Sentence(
    "file.pickled",
    "{file} is a pickled PyTorch file. Such a file can run any program when it is opened, so it never is.",
)
IS_GGUF = Sentence("file.is-gguf", "{file} is a GGUF file; a .safetensors file was expected.")
WEB_PAGE = Sentence("file.web-page", "{file} is a web page, saved in place of the model (often a login page).")
LFS_POINTER = Sentence("file.lfs-pointer", "{file} is a Git LFS pointer, not the model itself.")
TOO_SHORT = Sentence("file.too-short", "{file} is too short to be a model.")
CUT_SHORT = Sentence(
    "file.cut-short", "{file} is cut short: {have:,} of {need:,} bytes are there. Its download stopped early."
)
DAMAGED = Sentence("file.damaged", "{file} is damaged or not a safetensors file: {what}.")
HEADER_UNREADABLE = Sentence("damage.header-unreadable", "its header cannot be read")
HEADER_NO_TABLE = Sentence("damage.header-no-table", "its header is not a table")
ENTRY_SENSELESS = Sentence("damage.entry-senseless", "the entry of {name} makes no sense")
ENTRY_IMPOSSIBLE = Sentence("damage.entry-impossible", "the entry of {name} has impossible numbers")
ENTRY_SIZE = Sentence("damage.entry-size", "{name} does not have the size its shape needs")
OVERLAPS = Sentence("damage.overlaps", "its tensors overlap or leave gaps")
BYTES_FOLLOW = Sentence("damage.bytes-follow", "{count:,} bytes follow the last tensor")
GGUF_DAMAGED = Sentence("file.gguf-damaged", "{file} is a damaged GGUF file: {error}.")
GGUF_TYPE = Sentence(
    "file.gguf-type", "{file}: {name} is stored in a type of GGUF that is not read here (number {kind})."
)
NO_TENSORS = Sentence("file.no-tensors", "{file} holds no tensors.")
LISTED_TWICE = Sentence("file.listed-twice", "{file} lists {name} twice, so what it holds is not certain.")
INCOMPLETE = Sentence("file.incomplete", "{file} is incomplete: {name} is missing.")
IMPOSSIBLE_SHAPE = Sentence("file.impossible-shape", "{file} is damaged: {name} has an impossible shape.")
TENSORS_MISSING = Sentence(
    "file.tensors-missing",
    "{file} is incomplete: {missing} of the {all} tensors of its {part} are missing (the first is {first}).",
)
TENSOR_SIZE = Sentence(
    "file.tensor-size",
    "{file}: {name} in its {part} is of another size than the rest of the model needs: the file mixes "
    "parts of different models.",
)
TENSOR_FORMAT = Sentence(
    "file.tensor-format", "{file}: {name} is stored as {format}, which is no format of weights here."
)
HELD_BY_BOTH = Sentence("file.held-by-both", "{file} holds {name}, as does {other}.")
WENT_AWAY = Sentence("file.went-away", "{file} went away or changed while it was read.")
NOT_AS_IT_WAS = Sentence("file.not-as-it-was", "{file} is not the file it was.")
HAS_BECOME = Sentence("file.has-become", "{file} is not the file it was: it has become {found}.")
NO_IMAGE_ENCODER_NOW = Sentence(
    "file.no-image-encoder-now", "{file} is not the file it was: it holds no image encoder."
)
NO_TEXT_ENCODER = Sentence("file.no-text-encoder", "{file} holds no text encoder for {family}.")
LACKS_TEXT_ENCODER = Sentence("file.lacks-text-encoder", "{file} is {family} but has no text encoder ({missing}).")
LACKS_VAE = Sentence("file.lacks-vae", "{file} is {family} but has no VAE.")
READ_TOGETHER_BY_NONE = Sentence("file.read-together-by-none", "No model reads {held} together.")
OTHER_TEXT_ENCODERS = Sentence("file.other-text-encoders", "{family} reads {wanted}, and the files hold {held}.")
BOTH_HOLD = Sentence("file.both-hold", "{first} and {second} both hold {part}.")
LATENT_CHANNELS = Sentence(
    "file.latent-channels", "{file} has latents of {channels} channels, which no known model reads."
)
FOLDER_WITHOUT_WEIGHTS = Sentence("file.folder-without-weights", "{folder} is a diffusers folder without weights.")
FOLDER_NO_SAFETENSORS = Sentence("file.folder-no-safetensors", "{folder} holds no .safetensors file.")
FOLDER_PICKLED = Sentence(
    "file.folder-pickled", "{folder} holds no .safetensors file, only {file}, which is pickled and never opened."
)
NOT_FINITE = Sentence("file.not-finite", "{file} holds numbers that are not finite.")
NUMBERS_THAT_ARE_NONE = Sentence("file.numbers-that-are-none", "{file} holds numbers that are none.")
LATENT_UNKNOWN = Sentence(
    "file.latent-unknown", "{file} is a latent of '{family}' in {channels} channels, which is unknown here."
)
EMBEDDING_TOO_LARGE = Sentence("file.embedding-too-large", "{file} is too large for an embedding.")
NO_EMBEDDING = Sentence(
    "file.no-embedding",
    "{file} is no embedding: it holds {count} tensors where there should be one, or clip_l and clip_g.",
)
EMBEDDING_SHAPE = Sentence(
    "file.embedding-shape", "{file} is no embedding: its tensor is {shape}, not vectors x width."
)
NO_HYPERNETWORK = Sentence(
    "file.no-hypernetwork", "{file} is no hypernetwork: it holds no networks by the width of what they read."
)
HYPERNETWORK_DAMAGED = Sentence("file.hypernetwork-damaged", "{file} is damaged, or no hypernetwork: {error}.")
HYPERNETWORK_ACTIVATION = Sentence(
    "file.hypernetwork-activation", "{file} is a hypernetwork with the activation {activation}."
)
NO_TENSORS_INSIDE = Sentence(
    "file.no-tensors-inside",
    "{file} cannot be read as tensors: it is damaged, or it holds a program that would run when opened.",
)
CONTROL_OF_OTHER_KIND = Sentence("file.control-of-other-kind", "{file} is {kind}; such files are not read yet.")
A_CONTROL_LORA = Sentence("kind.control-lora", "a Control-LoRA, which borrows the layers of its model")
A_LLLITE = Sentence("kind.lllite", "a ControlNet-LLLite, which changes a model's attention")
A_CONTROL_DIFFERENCE = Sentence("kind.control-difference", "the difference between a ControlNet and its model")
FACE_ADAPTER = Sentence(
    "file.face-adapter", "{file} is an IP-Adapter that reads the identity of a face, which takes another model."
)
UNKNOWN_ADAPTER = Sentence("file.unknown-adapter", "{file} is an IP-Adapter of a kind that is not known.")
GLIGEN_OF_OTHERS = Sentence(
    "file.gligen-of-others",
    "{file} is a GLIGEN that puts something else than texts into boxes (pictures, points, maps).",
)
GLIGEN_SIZES = Sentence("file.gligen-sizes", "{file} is a GLIGEN of sizes that make no sense.")
CONTROL_CHANNELS = Sentence(
    "file.control-channels", "{file} looks at {channels} channels, {width} wide; known are 16 and 17."
)
ADAPTER_VALUES = Sentence("file.adapter-values", "{file} is a T2I-Adapter that reads {values} values at a place.")
FLUX_CHANNELS = Sentence(
    "file.flux-channels",
    "{file} is a Flux model that takes {channels} channels: a variant that fills or is controlled, which "
    "is not read yet.",
)
SD3_SIZES = Sentence(
    "file.sd3-sizes",
    "{file} takes {channels} channels in patches of {patch}, {width} wide; {family} takes 16 in patches "
    "of {patches}, in heads of {heads}.",
)
TEXT_WIDTH = Sentence("file.text-width", "{file} has a text model {width} wide; it should have heads of {heads}.")
IMAGE_ENCODER_SIZES = Sentence(
    "file.image-encoder-sizes", "{file}: its image encoder is {width} wide with {places} places."
)
LAYER_WIDTHS = Sentence(
    "file.layer-widths", "{file} has layers {widths} wide; models of its kind have groups of {group}."
)
VAE_WIDTHS = Sentence("file.vae-widths", "{file} has a VAE of layers {widths} wide; it should have groups of {groups}.")
NO_UPSCALER = Sentence("file.no-upscaler", "{file} is no upscaler that spandrel knows: {error}")
UPSCALER_CHANNELS = Sentence("file.upscaler-channels", "{file} takes {taken} and gives {given} channels, not RGB.")
NO_WEIGHTS = Sentence("file.no-weights", "{file} cannot be read as weights: {error}")
NO_WEIGHTS_BY_NAME = Sentence("file.no-weights-by-name", "{file} holds no weights by name.")
SPANDREL_MISSING = Sentence("file.spandrel-missing", "Upscalers are read by spandrel, which is not installed.")
SPANDREL_BROKEN = Sentence(
    "file.spandrel-broken", "Upscalers are read by spandrel, which cannot be imported ({error})."
)
CANNOT_LOAD_AS = Sentence("file.cannot-load-as", "{file} cannot be loaded as {kind}: {why}")
WITHOUT_CONFIG = Sentence("file.without-config", "{file} lies without its config.json in {folder}.")
NO_WEIGHTS_FILE = Sentence("file.no-weights-file", "{file} is pickled, or no weights file.")
KNOWS_NO_PEOPLE = Sentence("file.knows-no-people", "The detection model knows no people.")
NO_COLOUR_LIST = Sentence("file.no-colour-list", "{file} cannot be read as a list of colours.")
TOO_FEW_COLOURS = Sentence("file.too-few-colours", "{file} does not hold {count} colours.")
NO_PICTURE = Sentence("file.no-picture", "{file} is not a picture.")
PICTURE_DAMAGED = Sentence("file.picture-damaged", "{file} is damaged: {error}.")
TOO_MANY_PIXELS = Sentence("file.too-many-pixels", "{file} has {size} pixels; {most} million is the most.")
FAR_TOO_MANY = Sentence("file.far-too-many", "far too many")
MASK_OTHER_SIZE = Sentence("file.mask-other-size", "The mask is {columns} x {rows}, the picture {width} x {height}.")

# ---------------------------------------------------------------- what to do

PUT_BACK = Sentence("fix.put-back", "Put it back, or pick another file.")
PUT_PICTURE_BACK = Sentence("fix.put-picture-back", "Put it back, or pick another picture.")
PUT_BACK_AND_RUN = Sentence("fix.put-back-and-run", "Put it back and run again.")
MAY_OPEN = Sentence("fix.may-open", "Check that it is a file you may open.")
DOWNLOAD_AGAIN = Sentence("fix.download-again", "Download it again.")
DOWNLOAD_OR_PICK = Sentence("fix.download-or-pick", "Download it again, or pick another file.")
PICK_CHECKPOINT = Sentence("fix.pick-checkpoint", "Pick a .safetensors checkpoint.")
FIRST_SOURCE = Sentence("fix.first-source", "Get the file from its first source.")
GET_SAFETENSORS = Sentence(
    "fix.get-safetensors", "Get the same model as .safetensors, or convert it with a tool you trust."
)
LFS_PULL = Sentence("fix.lfs-pull", "Run `git lfs pull`, or download it.")
GET_AS = Sentence("fix.get-as", "Get the model as one of {kinds}.")
PICK_ANOTHER_FILE = Sentence("fix.pick-another-file", "Pick another file.")
PICK_ANOTHER = Sentence("fix.pick-another", "Pick another.")
PICK_AGAIN = Sentence("fix.pick-again", "Pick it again.")
LOAD_PARTS = Sentence(
    "fix.load-parts", "Use Load model, Load text encoders and Load VAE for parts that come in files of their own."
)
SAY_OR_LEAVE_OUT = Sentence("fix.say-or-leave-out", "Say which model it is for, or leave one out.")
ADD_MISSING = Sentence("fix.add-missing", "Add what is missing.")
LEAVE_ONE_OUT = Sentence("fix.leave-one-out", "Leave one of them out.")
GET_FILES = Sentence("fix.get-safetensors-files", "Get the model's .safetensors files.")
GET_AS_SAFETENSORS = Sentence("fix.get-as-safetensors", "Get the same file as .safetensors.")
MAKE_LATENT_AGAIN = Sentence("fix.make-latent-again", "Make the latent again.")
EMBEDDINGS_FOLDER = Sentence("fix.embeddings-folder", "Embeddings lie in models/embeddings alone.")
PICK_HYPERNETWORK = Sentence("fix.pick-hypernetwork", "Pick a file of models/hypernetworks.")
PICK_IMAGE_ENCODER = Sentence("fix.pick-image-encoder", "Pick a file of models/clip_vision, or an unCLIP checkpoint.")
PICK_GLIGEN = Sentence("fix.pick-gligen", "Pick a GLIGEN file for boxes of text.")
PICK_UPSCALER = Sentence("fix.pick-upscaler", "Pick another file of models/upscale_models.")
INSTALL_SPANDREL = Sentence(
    "fix.install-spandrel",
    "Install it with: pip install 'latent-loom[upscale]'. It brings torchvision, which must fit your torch.",
)
WHOLE_CONTROLNET = Sentence("fix.whole-controlnet", "Take a whole ControlNet.")
PLAIN_ADAPTER = Sentence("fix.plain-adapter", "Take a plain, a plus or a full-face one.")
USE_FLUX_DEV = Sentence("fix.use-flux-dev", "Use Flux.1 dev or schnell.")
OF_THAT_KIND = Sentence("fix.of-that-kind", "Get a model of that kind, in transformers' layout.")
PUT_CONFIG = Sentence(
    "fix.put-config", "Put the model's config.json and preprocessor_config.json into a folder with it."
)
GET_MODEL_FILE = Sentence("fix.get-model-file", "Get the model's model.safetensors.")
TAKE_COCO = Sentence("fix.take-coco", "Take one trained on COCO, such as RT-DETR.")
WRITE_COLOURS = Sentence("fix.write-colours", "Write [[120, 120, 120], …].")
PICK_PICTURE = Sentence("fix.pick-picture", "Pick a PNG, JPEG, WebP or similar file.")
GET_PICTURE_AGAIN = Sentence("fix.get-picture-again", "Get the picture again, or pick another.")
SCALE_ELSEWHERE = Sentence("fix.scale-elsewhere", "Scale it down in another program.")
PAINT_ANEW = Sentence("fix.paint-anew", "Paint the mask anew, or take it away.")
