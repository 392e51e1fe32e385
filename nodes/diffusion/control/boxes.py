"""GLIGEN (Li et al. 2023, arXiv 2301.07093): texts that a UNet is shown in boxes of the picture.

Each box becomes one token of its text and its place; in each transformer layer a gated attention lets the picture look
at those tokens, between its attention to itself and the one to the text. It is put into the layers for one forward.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nodes.diffusion.control.steering import Nets
from nodes.diffusion.header import SOURCE, Entry, Header, UnusableFile, WeightsFile
from nodes.diffusion.levels import Levels, is_within
from nodes.diffusion.looks import looks_like
from nodes.diffusion.places import CELL, Window
from nodes.diffusion.read import fill_module
from nodes.diffusion.sources import open_again, open_files, pieces_of
from nodes.diffusion.weaken import layers_of_unet
from nodes.sentences import control as say
from nodes.sentences import files as of_files
from nodes.types import Area, BoxText, Gligen, TextPart

MOST = 30
"""Boxes that it was trained with; what is left of them is filled up with tokens of no text at no place."""
HEADS, FLOAT_BYTES = 8, 4
SIDES = {"input": 0, "down": 0, "middle": 1, "mid": 1, "output": 2, "up": 2}
FUSER = re.compile(r"(?:model\.diffusion_model\.)?(\w+?)_blocks?\.(.+\.)?fuser\.(.+)")
POSITION = re.compile(r"(?:model\.diffusion_model\.)?position_net\.(.+)")
TITLES = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x"}
"""By the width of the text that the model reads."""
PICK = of_files.PICK_GLIGEN()


@dataclass(frozen=True)
class Placed:
    """A box as one part of a conditioning sees it."""

    box: BoxText
    place: tuple[float, float, float, float] | None
    """Left, top, right and bottom as shares of what the rows see; None where nothing of the box lies in it."""


@dataclass(frozen=True, eq=False)
class Boxed:
    """The boxes of one part and the rows of a batch that see them, on the model's device."""

    rows: Tensor
    """int64, the numbers of the rows."""
    placed: tuple[Placed, ...]

    def cut(self, top: float, left: float, height: float, width: float) -> Boxed:
        """The same for a piece of what the rows see, given as shares of it."""

        def inside(one: Placed) -> Placed:
            if one.place is None:
                return one
            x0, y0, x1, y1 = one.place
            x0, x1 = ((edge - left) / width for edge in (x0, x1))
            y0, y1 = ((edge - top) / height for edge in (y0, y1))
            return replace(one, place=clipped(x0, y0, x1, y1))

        return replace(self, placed=tuple(map(inside, self.placed)))


@dataclass(frozen=True)
class GligenRecipe:
    """Loads the network of a GLIGEN file."""

    files: tuple[WeightsFile, ...]
    size: int
    """Bytes in float32."""

    @property
    def title(self) -> str:
        """For people."""
        return f"GLIGEN {self.files[0].path.name}"

    def load(self, device: str, dtype: str) -> BoxReader:
        """Raises `UnusableFile`."""
        part = gligen_part(open_again(self.files))
        module = empty_reader(part)
        fill_module(module, part, "GLIGEN", device, dtype)
        return module


class BoxReader(nn.Module):
    """A way from texts and places to tokens, and for each layer of the UNet an attention to them."""

    def __init__(self, position: nn.Module, fusers: Sequence[nn.Module]) -> None:
        """`position`: diffusers' GLIGENTextBoundingboxProjection; `fusers`: its GatedSelfAttentionDense."""
        super().__init__()
        self.position, self.fusers = position, nn.ModuleList(fusers)

    def tokens(self, placed: Sequence[Placed]) -> Tensor:
        """1 x `MOST` x width of the model's texts: one for each box that is there, the others of nothing."""
        like = self.position.null_positive_feature
        assert isinstance(like, Tensor)
        there = [(one.box.text, one.place) for one in placed if one.box.text is not None and one.place is not None]
        places, masks = like.new_zeros(1, MOST, 4), like.new_zeros(1, MOST)
        texts = like.new_zeros(1, MOST, len(like))
        for number, (text, place) in enumerate(there):
            texts[0, number], places[0, number] = text[0].to(like), like.new_tensor(place)
            masks[0, number] = 1
        made: Tensor = self.position(boxes=places, masks=masks, positive_embeddings=texts)
        return made


# ---------------------------------------------------------------- files


def read_gligen(path: Path) -> Gligen:
    """Describe a GLIGEN file, reading its header only: its parts alone, or a whole UNet that holds them.

    Raises `UnusableFile`.
    """
    part = gligen_part(open_files(pieces_of(path)))
    empty_reader(part)
    text = part.shape("fusers.0.linear.weight", 2)[1]
    size = FLOAT_BYTES * sum(entry.count for entry in part.entries.values())
    return Gligen(
        GligenRecipe(part.files, size),
        title=f"a GLIGEN for {TITLES.get(text, f'models that read texts {text} wide')}",
        reads=part.shape("position.null_positive_feature", 1)[0],
        sizes=(text, *widths_of(part)),
    )


def gligen_part(header: Header) -> Header:
    """What GLIGEN adds to a UNet, named as `BoxReader` names it: layers are counted as the picture passes them.

    Files name them as diffusers does (`down_blocks.0.attentions…`) or as the first release did
    (`input_blocks.1.1…`); in both, numbers say the order. Raises `UnusableFile`.
    """
    places: dict[tuple[int, ...], dict[str, Entry]] = {}
    entries: dict[str, Entry] = {}
    for name, entry in header.entries.items():
        position, fuser = POSITION.fullmatch(name), FUSER.fullmatch(name)
        if position:
            entries[f"position.{position[1]}"] = entry
        elif fuser and fuser[1] in SIDES:
            numbers = map(int, re.findall(r"\d+", fuser[2] or ""))
            places.setdefault((SIDES[fuser[1]], *numbers), {})[fuser[3]] = entry
    if not places or not entries:
        raise UnusableFile(
            of_files.LOOKS_LIKE(file=header.name, found=looks_like(header), wanted=of_files.A_GLIGEN()), PICK
        )
    if "position.null_positive_feature" not in entries:
        what = of_files.GLIGEN_OF_OTHERS(file=header.name)
        raise UnusableFile(what, PICK)
    for number, place in enumerate(sorted(places)):
        entries |= {f"fusers.{number}.{leaf}": entry for leaf, entry in places[place].items()}
    return header.with_entries(entries)


def widths_of(part: Header) -> tuple[int, ...]:
    """Of the UNet's layers, in the order in which a picture passes them."""
    return tuple(part.shape(f"fusers.{number}.norm1.weight", 1)[0] for number in range(part.numbers("fusers.")))


def empty_reader(part: Header) -> BoxReader:
    """Without weights, on the meta device."""
    embeddings, attention = (import_module(f"diffusers.models.{name}") for name in ("embeddings", "attention"))
    text = part.shape("fusers.0.linear.weight", 2)[1]
    waves = part.shape("position.null_position_feature", 1)[0] // 8  # a sine and a cosine of four edges
    reads, widths = part.shape("position.null_positive_feature", 1)[0], widths_of(part)
    if not text or not waves or not all(width and width % HEADS == 0 for width in widths):
        raise UnusableFile(of_files.GLIGEN_SIZES(file=part.name), SOURCE)
    with torch.device("meta"):
        position = embeddings.GLIGENTextBoundingboxProjection(reads, text, fourier_freqs=waves)
        fusers = [attention.GatedSelfAttentionDense(width, text, HEADS, width // HEADS) for width in widths]
        return BoxReader(position, fusers)


# ---------------------------------------------------------------- a forward


def lay_boxes(
    parts: Sequence[TextPart], looks: Sequence[Window], shape: Sequence[int], device: str
) -> tuple[Boxed, ...]:
    """The boxes of parts that follow one another in a batch, each part repeated over the batch of `shape`.

    `looks` says what of the latent (of `shape`) each part sees.
    """
    batch, _, height, width = shape
    return tuple(
        Boxed(
            (torch.arange(batch) + number * batch).to(device),
            tuple(Placed(box, place_in(look, box.area, height, width)) for box in part.boxes),
        )
        for number, (part, look) in enumerate(zip(parts, looks, strict=True))
        if part.boxes
    )


def place_in(look: Window, area: Area, height: int, width: int) -> tuple[float, float, float, float] | None:
    """An area of a latent as shares of a window of it; None where nothing of it lies there."""
    across, down = (width, height) if area.unit == "share" else (1 / CELL, 1 / CELL)
    left, top = area.left * across - look.left, area.top * down - look.top
    right, bottom = left + area.width * across, top + area.height * down
    return clipped(left / look.width, top / look.height, right / look.width, bottom / look.height)


def clipped(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float] | None:
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in (x0, y0, x1, y1))
    return (left, top, right, bottom) if left < right and top < bottom else None


@contextmanager
def seeing_boxes(
    unet: Any, boxed: Sequence[Boxed], nets: Nets, sigma: float, levels: Levels
) -> Iterator[dict[str, Any]]:
    """Put what looks at boxes into the UNet's layers until the block ends; gives what its forward takes for it.

    diffusers' layers look for a `fuser` when they are told of boxes. It is set beside their modules, not among them,
    so that whoever walks through the model's weights never meets it.
    """
    with torch.inference_mode():
        turns = list(turns_of(boxed, nets, sigma, levels))
    if not turns:
        yield {}
        return
    layers = layers_of_unet(unet).all
    try:
        vars(unet)["position_net"] = lambda objs: objs
        for number, layer in enumerate(layers):
            vars(layer)["fuser"] = fuser_of(turns, number)
        yield {"cross_attention_kwargs": {"gligen": {"objs": turns}}}
    finally:
        for module in (unet, *layers):
            vars(module).pop("position_net", None)
            vars(module).pop("fuser", None)


def turns_of(
    boxed: Sequence[Boxed], nets: Nets, sigma: float, levels: Levels
) -> Iterator[tuple[BoxReader, Tensor, Tensor]]:
    """Each network with the rows that see boxes through it at this noise level, and their tokens."""
    found: dict[Gligen, list[tuple[Tensor, list[Placed]]]] = {}
    for one in boxed:
        now = [placed for placed in one.placed if is_within(sigma, levels, placed.box.start, placed.box.end)]
        for net in dict.fromkeys(placed.box.net for placed in now):
            found.setdefault(net, []).append((one.rows, [placed for placed in now if placed.box.net == net]))
    for net, groups in found.items():
        reader: BoxReader = nets.net(net.recipe)
        tokens = [reader.tokens(placed).expand(len(rows), -1, -1) for rows, placed in groups]
        yield reader, torch.cat([rows for rows, _ in groups]), torch.cat(tokens)


def fuser_of(turns: Sequence[tuple[BoxReader, Tensor, Tensor]], number: int) -> Any:
    """What stands in a layer as its `fuser`: rows without boxes leave it as they came."""

    def fuse(hidden: Tensor, objs: object) -> Tensor:
        for reader, rows, tokens in turns:
            looked: Tensor = reader.fusers[number](hidden[rows], tokens.to(hidden.dtype))
            hidden = hidden.index_copy(0, rows, looked.to(hidden.dtype))
        return hidden

    return fuse


def misfit_boxes(denoiser: object, boxes: Sequence[BoxText]) -> tuple[str, str] | None:
    """Why a model cannot be shown these boxes, and what to do; None when it can."""
    has = getattr(denoiser, "sizes_boxed", None)
    for net in dict.fromkeys(box.net for box in boxes):
        if has is None:
            return say.SHOWN_NO_BOXES(net=net.title), say.NO_BOXES()
        if net.sizes != has:
            what = say.BOXES_OF_OTHER(
                net=net.title, layers=len(net.sizes) - 1, width=net.sizes[0], has=len(has) - 1, reads=has[0]
            )
            return what, say.GLIGEN_OF_FAMILY()
    return None
