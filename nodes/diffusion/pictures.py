"""Reads picture files into pixels, and refuses what would not fit into memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nodes.diffusion.explained import Explained
from nodes.sentences import files as say
from nodes.types import Image, Mask

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LARGEST = 100_000_000
"""Pixels of a picture at most: a small file can claim to hold far more than memory."""


class UnusablePicture(Explained, ValueError):
    """A file that is no picture, or one too large; `fix` says what to do."""


def read_picture(path: Path) -> tuple[Image, Mask]:
    """The first frame of a picture file, turned upright, and where it is see-through. Raises `UnusablePicture`."""
    import PIL.Image
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with PIL.Image.open(path) as opened:
            refuse_too_large(path, opened)
            picture = ImageOps.exif_transpose(opened)
            return pixels_of(picture), transparency_of(picture)
    except FileNotFoundError:
        raise UnusablePicture(say.GONE(file=path), say.PUT_PICTURE_BACK()) from None
    except UnidentifiedImageError:
        raise UnusablePicture(say.NO_PICTURE(file=path.name), say.PICK_PICTURE()) from None
    except PIL.Image.DecompressionBombError:
        raise too_large(path, say.FAR_TOO_MANY()) from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, UnusablePicture):
            raise
        raise UnusablePicture(say.PICTURE_DAMAGED(file=path.name, error=error), say.GET_PICTURE_AGAIN()) from None


def read_mask(path: Path, over: Image) -> Mask:
    """A mask that was painted over a picture, from a grey file of its size. Raises `UnusablePicture`."""
    painted = read_picture(path)[0].pixels.amax(-1)  # exact for grey, where a mean would round
    (rows, columns), (height, width) = painted.shape[1:], over.pixels.shape[1:3]
    if (rows, columns) != (height, width):
        what = say.MASK_OTHER_SIZE(columns=columns, rows=rows, width=width, height=height)
        raise UnusablePicture(what, say.PAINT_ANEW())
    return Mask(painted)


def refuse_too_large(path: Path, picture: Picture) -> None:
    width, height = picture.size
    if width * height > LARGEST:
        raise too_large(path, f"{width:,} x {height:,}")


def too_large(path: Path, size: str) -> UnusablePicture:
    return UnusablePicture(
        say.TOO_MANY_PIXELS(file=path.name, size=size, most=LARGEST // 1000000),
        say.SCALE_ELSEWHERE(),
    )


def pixels_of(picture: Picture) -> Image:
    import numpy as np
    import torch

    if picture.mode.startswith(("I", "F")):  # 16-bit grey, or more
        grey = np.asarray(picture, dtype=np.float32) / (65535 if picture.mode.startswith("I") else 1)
        array = np.repeat(grey.clip(0, 1)[..., None], 3, axis=-1)
    else:
        array = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255
    return Image(torch.from_numpy(array.copy())[None])


def transparency_of(picture: Picture) -> Mask:
    import numpy as np
    import torch

    if not picture.has_transparency_data:
        return Mask(torch.zeros(1, picture.height, picture.width))
    alpha = np.asarray(picture.convert("RGBA").getchannel("A"), dtype=np.float32) / 255
    return Mask(1 - torch.from_numpy(alpha.copy())[None])
