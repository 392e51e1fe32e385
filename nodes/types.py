"""The values that travel along links, and the conventions they keep.

Tensors on links live on the CPU; weights never travel, only the recipes that load them. A value that breaks its
convention is refused when it is made (`Malformed`); numbers of another width become float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeAlias

from nodes.api import Slider, socket
from nodes.forms import Malformed, formed
from nodes.sentences import forms as say

if TYPE_CHECKING:
    from torch import Tensor


def keep(value: object, name: str, tensor: Tensor) -> None:
    """Hold a tensor in a frozen value that is being made."""
    object.__setattr__(value, name, tensor)


class Recipe(Protocol):
    """How to load weights: frozen, hashable plain data. `ctx.weights(recipe)` gives what `load` returns."""

    @property
    def size(self) -> int:
        """Bytes the loaded weights take at most."""
        ...

    def load(self, device: str, dtype: str) -> Any:
        """Read the weights to a device ("cpu", "cuda:0" …) in a dtype ("float32", "bfloat16", "float16")."""
        ...


@dataclass(frozen=True)
class LatentSpace:
    """What the numbers of a latent mean: which models read them and how they look as colours."""

    name: str
    """Families that share a space share this name. Empty for a VAE that fits every model of as many channels."""
    title: str
    channels: int
    downscale: int
    """Pixels along an edge for one latent value."""
    scale: float
    shift: float
    """The denoiser works on `(samples - shift) * scale`."""
    preview: Recipe
    """Loads a function from samples to small pictures (see nodes.diffusion.preview)."""

    def fits(self, other: LatentSpace) -> bool:
        """Whether a latent of the one may be read as one of the other."""
        return self.channels == other.channels and (self.name == other.name or not (self.name and other.name))


@socket(colour="#5b9df5")
@dataclass(frozen=True)
class Image:
    pixels: Tensor
    """float32, batch x height x width x RGB, 0..1, sRGB."""

    def __post_init__(self) -> None:
        keep(self, "pixels", formed(self.pixels, say.PICTURE(), "pictures", "height", "width", 3))


@socket(colour="#8bd17c")
@dataclass(frozen=True)
class Mask:
    values: Tensor
    """float32, batch x height x width, 0..1."""

    def __post_init__(self) -> None:
        keep(self, "values", formed(self.values, say.MASK(), "masks", "height", "width"))


@dataclass(frozen=True)
class NoiseMask:
    """Where a sampler may change a latent."""

    values: Tensor
    """float32, 1 or batch x 1 x height x width like the latent: 1 is painted anew, 0 is kept."""
    in_time: bool = False
    """What lies between joins later (differential diffusion) instead of being mixed."""
    original: Tensor | None = None
    """What is kept, shaped like the samples, where those carry noise already; None is the samples themselves."""


@socket(colour="#f277b5", family="latent")
@dataclass(frozen=True)
class Latent:
    samples: Tensor
    """float32, batch x channels x height x width, as the VAE writes and reads them (unscaled)."""
    space: LatentSpace | None = None
    """None for an empty latent: zeros that take the space of the model that samples them."""
    mask: NoiseMask | None = None
    """None lets samplers change all of it."""

    def __post_init__(self) -> None:
        keep(self, "samples", formed(self.samples, say.LATENT(), "latents", "channels", "height", "width"))
        if self.mask is not None:
            _, *cell = self.samples.shape
            formed(self.mask.values, say.LATENT_MASK(), "masks", 1, *cell[1:])
            if self.mask.original is not None:
                formed(self.mask.original, say.LATENT_ORIGINAL(), "latents", *cell)


@dataclass(frozen=True)
class Frame:
    """What SDXL is told of the picture (Podell et al. 2023, section 2.2), in pixels."""

    width: int
    """Of the picture before it was cut or scaled."""
    height: int
    left: int
    """Where it was cut."""
    top: int
    target_width: int
    """Of the picture that is made."""
    target_height: int


@dataclass(frozen=True)
class Beside:
    """A latent that inpainting and editing models see beside the noisy one."""

    samples: Tensor
    """float32, batch x channels x height x width, as the VAE writes them (unscaled)."""
    mask: Tensor | None = None
    """float32, batch x 1 x height x width: 1 where an inpainting model is to paint, 0 where it is to keep."""


@dataclass(frozen=True)
class Area:
    """A rectangle of the picture."""

    left: float
    top: float
    width: float
    height: float
    unit: Literal["pixels", "share"]
    """A share is one of the picture's width or height: 0.5 is half of it."""


@dataclass(frozen=True)
class Control:
    """A picture that steers a model through a ControlNet or an adapter."""

    net: ControlNet
    pixels: Tensor
    """float32, batch x height x width x RGB, of any size, 0..1."""
    strength: float
    start: float
    """The shares of sampling where it steers, 0 to 1; both ends belong to them."""
    end: float
    mask: Tensor | None = None
    """float32, batch x height x width of any size: 1 where a ControlNet for inpainting is to paint."""
    kind: int | None = None
    """Which of the pictures that a union knows this is."""
    vae: VAE | None = None
    """For a net that looks at latents."""


@dataclass(frozen=True)
class PicturePrompt:
    """A picture that a model attends to beside its text, through an IP-Adapter."""

    adapter: IPAdapter
    tokens: Tensor
    """float32, batch x tokens x width of the model's texts: what the adapter makes of the picture."""
    strength: float
    start: float
    """The shares of sampling where it is seen, 0 to 1; both ends belong to them."""
    end: float


@dataclass(frozen=True)
class BoxText:
    """A text in a box of the picture, which a model sees through a GLIGEN."""

    net: Gligen
    text: Tensor | None
    """float32, 1 x width: what the text encoder says of it as a whole. None is an empty box: it has no text, and
    counts for no more than that the model looks through the GLIGEN at all."""
    area: Area
    start: float
    """The shares of sampling where it counts, 0 to 1; both ends belong to them."""
    end: float


@dataclass(frozen=True)
class TextPart:
    """One text, and what a model is told along with it. None leaves it to what is usual for the model."""

    embedding: Tensor
    """float32, batch x tokens x width: what the text encoder says."""
    pooled: Tensor | None = None
    """float32, batch x width: what it says of the whole text, for models that read that too."""
    mask: Tensor | None = None
    """bool, batch x tokens: False where a token only fills up; None when all are meant."""
    frame: Frame | None = None
    aesthetic: float | None = None
    """How good the picture looks, 0 to 10; the SDXL refiner reads it."""
    guidance: float | None = None
    """For models that learned guidance by heart, such as Flux.1 dev."""
    beside: Beside | None = None
    labels: Tensor | None = None
    """float32, batch x width: what an unCLIP model reads of a picture."""
    strength: float = 1.0
    """The part's share beside the others of its conditioning."""
    area: Area | None = None
    """Where it is heard: the model looks at this rectangle alone. None is the whole picture."""
    region: Tensor | None = None
    """float32, batch x height x width of any size, 0..1: its share at each place of the picture."""
    cut: bool = False
    """Whether the model looks at the rectangle around its region alone."""
    start: float = 0.0
    """The shares of sampling where it is heard, 0 to 1; both ends belong to them."""
    end: float = 1.0
    turn: tuple[int, int] | None = None
    """Which of so many noise levels in a row it is heard at, counted from 0 where a run begins; None is each."""
    controls: tuple[Control, ...] = ()
    """What steers the model beside the text; what they add is added up."""
    pictures: tuple[PicturePrompt, ...] = ()
    """What the model attends to beside the text."""
    boxes: tuple[BoxText, ...] = ()
    """Further texts, each in a box."""

    def __post_init__(self) -> None:
        keep(self, "embedding", formed(self.embedding, say.TEXT(), "texts", "tokens", "width"))
        if self.pooled is not None:
            keep(self, "pooled", formed(self.pooled, say.SUMMARY(), "texts", "width"))
        if not math.isfinite(self.strength):
            raise Malformed(say.NO_STRENGTH(strength=self.strength))


@socket(colour="#f5a35b", family="model")
@dataclass(frozen=True)
class Conditioning:
    parts: tuple[TextPart, ...]
    """At least one. The model predicts for each; the predictions are averaged by the parts' strengths at each place."""

    def __post_init__(self) -> None:
        if not self.parts:
            raise Malformed(say.NO_TEXT())


@dataclass(frozen=True)
class Shift:
    """A flow that spends more of its steps where there is much noise; 1 is even."""

    factor: float


@dataclass(frozen=True)
class Discrete:
    """What a UNet that counts in training steps predicts; "auto" and None leave it as its file says."""

    prediction: Literal["auto", "eps", "v", "x0", "lcm"] = "auto"
    zero_terminal: bool | None = None
    """Whether its last step was noise alone."""


@dataclass(frozen=True)
class Continuous:
    """A UNet that was trained on every noise level between two."""

    prediction: Literal["eps", "v", "edm"]
    smallest: float
    largest: float
    data: float
    """The spread of its clean latents."""


Parametrisation: TypeAlias = Shift | Discrete | Continuous


@dataclass(frozen=True)
class Tiles:
    """A model that looks at one overlapping tile after the other; pixels along an edge."""

    size: int
    overlap: int


@socket(colour="#b39ddb", family="model")
@dataclass(frozen=True)
class Model:
    recipe: Recipe
    """Loads a `nodes.diffusion.denoiser.Denoiser`."""
    space: LatentSpace
    guidance: tuple[Any, ...] = ()
    """Methods beyond plain guidance that samplers honour, each a `nodes.diffusion.guidance.Method`."""
    parametrisation: Parametrisation | None = None
    """How it is sampled; None is as its file says."""
    tiles: Tiles | None = None
    """None looks at the whole latent at once."""
    hypernetworks: tuple[tuple[Recipe, float], ...] = ()
    """What stands before its keys and values, each a recipe of a `nodes.diffusion.hypernetwork.Hypernetwork` and a
    strength."""


@socket(colour="#f2cf5b", family="model")
@dataclass(frozen=True)
class TextEncoder:
    recipe: Recipe
    """Loads a `nodes.diffusion.text.TextStack`."""


@socket(colour="#9ccc65")
@dataclass(frozen=True)
class ClipVision:
    recipe: Recipe
    """Loads a `nodes.diffusion.clip_vision.ImageReader`."""


@socket(colour="#c5e1a5")
@dataclass(frozen=True)
class ImageEmbedding:
    """What CLIP sees in a picture."""

    summary: Tensor
    """float32, batch x width: the picture as a whole."""
    states: Tensor
    """float32, batch x tokens x width: the layer before the last."""

    def __post_init__(self) -> None:
        keep(self, "summary", formed(self.summary, say.SEEN(), "pictures", "width"))
        keep(self, "states", formed(self.states, say.SEEN(), "pictures", "tokens", "width"))


@socket(colour="#ef7d6b", family="latent")
@dataclass(frozen=True)
class VAE:
    recipe: Recipe
    """Loads a `nodes.diffusion.vae.Autoencoder`."""
    space: LatentSpace


@socket(colour="#56b8a8", family="model")
@dataclass(frozen=True)
class ControlNet:
    """A network beside a model, through which a picture steers it: a ControlNet or a T2I-Adapter."""

    recipe: Recipe
    """Loads a `nodes.diffusion.control.steering.Net`."""
    title: str
    """For people: what it is and for which family."""
    families: tuple[str, ...]
    """Names of the families of models that it fits."""
    sizes: tuple[int, ...]
    """Those of its model that it was made for, as the model's `Steerable.sizes_steered` says them."""
    kinds: tuple[str, ...] = ()
    """The pictures that a union knows; empty for a net of one kind."""
    looks_at: Literal["picture", "latent"] = "picture"
    paints: bool = False
    """Whether it cannot do without a mask."""


@socket(colour="#4fa3a5", family="model")
@dataclass(frozen=True)
class IPAdapter:
    """What lets a model attend to a picture."""

    recipe: Recipe
    """Loads a `nodes.diffusion.control.pictures.PictureReader`."""
    title: str
    """For people: what it is and for which models."""
    sizes: tuple[int, ...]
    """Of its model: width of the text, then of each attention to it."""
    reads: Literal["summary", "states"]
    """What of CLIP's look at a picture it reads: the whole, or the layer before the last."""
    seen: int
    """Width of that."""


@socket(colour="#6fb8c9", family="model")
@dataclass(frozen=True)
class Gligen:
    """What lets a model see texts in boxes."""

    recipe: Recipe
    """Loads a `nodes.diffusion.control.boxes.BoxReader`."""
    title: str
    """For people: what it is and for which models."""
    reads: int
    """Width of the summary of a text that it reads."""
    sizes: tuple[int, ...]
    """Of its model: width of the text, then of each layer, as the picture passes them."""


@dataclass(frozen=True)
class PNG:
    """Without loss, with the workflow inside.

    Args:
        compression: 0 writes fastest, 9 makes the smallest file; the picture is the same.
    """

    compression: Annotated[int, Slider(min=0, max=9, step=1)] = 4


@dataclass(frozen=True)
class JPEG:
    """Small files that every program opens, with slight loss.

    Args:
        quality: 100 is best and largest.
    """

    quality: Annotated[int, Slider(min=1, max=100, step=1)] = 90


@dataclass(frozen=True)
class WebP:
    """Smaller files than JPEG at equal quality.

    Args:
        quality: 100 is best and largest.
    """

    quality: Annotated[int, Slider(min=1, max=100, step=1)] = 90
