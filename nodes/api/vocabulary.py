"""The words an author writes in a signature: socket types, widgets, `Lazy`, `Context`.

Everything here is a frozen dataclass or a Protocol, so a misspelt option is a type error in the
author's editor and never a surprise at run time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
C = TypeVar("C", bound=type)

MAX_SEED = 2**64 - 1
"""The largest seed: what a random generator takes."""

# ---------------------------------------------------------------- socket types


Bond = Literal["", "model", "latent"]
"""How values of a type belong to families of models: not at all; to one, as models do; or, as latents do, also to those
whose latents are alike."""


@dataclass(frozen=True)
class SocketType:
    """How a type of link is called and drawn. `shape` is a hint; the page shows ◇ when it is empty."""

    name: str
    colour: str
    shape: str = ""
    family: Bond = ""


def pack_of(module: str | None) -> str:
    """The pack a module belongs to: `a` for `custom_nodes.a` and below, else empty."""
    parts = (module or "").split(".")
    return parts[1] if parts[0] == "custom_nodes" and len(parts) > 1 else ""


def socket(colour: str, *, shape: str = "", family: Bond = "") -> Callable[[C], C]:
    """Make a class usable as a socket type; links of this type are drawn in `colour` (CSS).

    With a `family` its values belong to families of models: what a node is given of them must have one in common.

    The type is named after the class, in a pack `pack/Class`. A subclass with a `@socket` of its own
    is a type of its own that fits wherever the parent does; one without is the same type as its parent.
    """

    def mark(cls: C) -> C:
        pack = pack_of(cls.__module__)
        name = f"{pack}/{cls.__name__}" if pack else cls.__name__
        cls.__socket__ = SocketType(name, colour, shape, family)  # type: ignore[attr-defined]  # the mark itself
        return cls

    return mark


class Lazy(Protocol[T_co]):
    """An input that is computed only if the node calls it: `value = await branch()`."""

    def __call__(self) -> Awaitable[T_co]: ...


# ---------------------------------------------------------------- widgets (metadata for Annotated)


@dataclass(frozen=True)
class Number:
    """A number field. `step` is what one click adds; it does not restrict the value."""

    min: float | None = None
    max: float | None = None
    step: float | None = None


@dataclass(frozen=True)
class Slider(Number):
    """A number between two ends, dragged; needs `min` and `max`."""


@dataclass(frozen=True)
class Text:
    """A text field of so many lines. In a `prompt` the page helps with weights, choices and learned words."""

    lines: int = 1
    prompt: bool = False


@dataclass(frozen=True)
class Seed:
    """A seed, 0 to 2**64 - 1: the page can draw a new one before each run."""


@dataclass(frozen=True)
class Choices:
    """A dropdown. A function is called whenever a catalogue is made, a plain list is taken as it is."""

    of: Callable[[], Sequence[str | int | float]] | Sequence[str | int | float]


@dataclass(frozen=True)
class ModelFile:
    """A model file, picked from this sub-folder of the models folders. Its content joins the cache key."""

    folder: str


@dataclass(frozen=True)
class ImageFile:
    """A picture of the input folder, picked or uploaded. Its content joins the cache key.

    `mask_of` names another ImageFile of the same node: this one is then painted over it, as a mask.
    """

    mask_of: str = ""


@dataclass(frozen=True)
class Title:
    """The label shown for an input, where its name in words would not do: `Title("Guidance (CFG)")`."""

    text: str


Widget = Number | Slider | Text | Seed | Choices | ModelFile | ImageFile

# ---------------------------------------------------------------- what the worker gives a running node


class Cancelled(Exception):
    """The user stopped the run. Nodes let it pass."""


class Context(Protocol):
    """The running node's link to its job; ask for it with a parameter of this type."""

    @property
    def device(self) -> str:
        """Where to compute, as torch names it: "cuda", "mps" or "cpu"."""
        ...

    @property
    def dtype(self) -> str:
        """What to compute in, as torch names it: "float16", "bfloat16" or "float32"."""
        ...

    def track(self, steps: Iterable[T], total: int | None = None) -> Iterator[T]:
        """Iterate, reporting progress and stopping with `Cancelled` when the user asks."""
        ...

    def preview(self, picture: Callable[[], Any] | Any) -> None:
        """Show an intermediate picture on the node: an Image, or float pixels (B, H, W, 3), 0..1.

        Dropped while the last one is still in flight; a callable is then not even called.
        """
        ...

    def save_image(self, image: Any, name: str, format: Any = None) -> list[Path]:
        """Save every picture of the batch into the results folder, with the workflow inside it."""
        ...

    def file_name(self, pattern: str) -> str:
        """A name with %date%, %seed%, %model%, %Node title.input% and the like filled in, as `save_image` does."""
        ...

    def show_image(self, image: Any) -> None:
        """Show a result on the node without saving it among the results."""
        ...

    def show_text(self, text: str) -> None:
        """Show words on the node."""
        ...

    def weights(self, recipe: Any) -> Any:
        """What `recipe.load(device, dtype)` gives, loaded once and kept while memory lasts."""
        ...

    def make_room(self, size: int) -> None:
        """Have so many bytes free to compute in: models that are not in use leave. Raises MemoryError in words."""
        ...

    def raise_if_cancelled(self) -> None:
        """Stop here with `Cancelled` when the user asked; for long work outside `track`."""
        ...
