"""Small nodes that between them use every kind of input, and their catalogue."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from nodes.api import ImageFile, Lazy, ModelFile, Number, Seed, Slider, Text, node, socket
from server.graph.catalogue import from_nodes


@socket(colour="#64b5f6")
class Image: ...


@socket(colour="#81c784")
class Mask: ...


@socket(colour="#90caf9")
class Photo(Image): ...


T = TypeVar("T")
Picture = TypeVar("Picture", Image, Mask)


class Split(NamedTuple):
    image: Image
    mask: Mask


@dataclass(frozen=True)
class PNG:
    compress: Annotated[int, Slider(0, 9)] = 4


@dataclass(frozen=True)
class JPEG:
    quality: Annotated[int, Slider(1, 100)]
    watermark: Image | None = None


@node(category="test")
def make(width: Annotated[int, Number(8, 4096)] = 64, seed: Annotated[int, Seed()] = 0) -> Image:
    return Image()


@node(category="test")
def shoot() -> Photo:
    return Photo()


@node(category="test")
def count() -> int:
    return 1


@node(category="test")
def measure() -> float:
    return 0.5


@node(category="test")
def anything() -> Any:
    return None


@node(category="test")
def either() -> Image | Mask:
    return Mask()


@node(category="test")
def load(file: Annotated[Path, ModelFile("checkpoints")]) -> Split:
    return Split(Image(), Mask())


@node(category="test")
def picture(file: Annotated[Path, ImageFile()]) -> Image:
    return Image()


@node(category="test", version=2)
def blend(
    base: Image,
    overlay: Image,
    mask: Mask | None = None,
    factor: Annotated[float, Slider(0, 1)] = 0.5,
    mode: Literal["normal", "multiply"] = "normal",
    times: Literal[1, 2] = 1,
    text: Annotated[str, Text(3)] = "",
    invert: bool = False,
) -> Image:
    return base


@node(category="test")
def join(*images: Image, gap: int = 0) -> Image:
    return images[0]


@node(category="test")
async def choose(first: bool, a: Lazy[T], b: Lazy[T]) -> T:
    return await a()


@node(category="test")
def flip(value: Picture) -> Picture:
    return value


@node(category="test")
def blur(image: Image, mask: Mask | None = None, radius: float = 1.0) -> Image:
    return image


@node(category="test")
def save(image: Image, name: str = "image", format: PNG | JPEG = PNG()) -> None: ...


@node(category="test")
def show(value: Any) -> None: ...


@node(category="test")
def cover(value: Image | Mask) -> None: ...


NODES = (
    make, shoot, count, measure, anything, either, load, picture, blend, join, choose, flip, blur, save, show, cover,
)  # fmt: skip
CATALOGUE = from_nodes(NODES)


def link(node: str, output: str = "result") -> dict[str, Any]:
    """A link as the document writes it."""
    return {"link": [node, output]}


def document(nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document with these nodes."""
    return {"schema": 1, "nodes": nodes, **more}
