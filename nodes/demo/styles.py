"""The drawing styles: the flat colours that the demo model learnt, and the poster that its LoRA learns.

A style draws the same scene at the same places; what differs is the sky and its clouds, the ground's colours and the
subjects' rims.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from PIL import Image, ImageFilter

from nodes.demo import palette
from nodes.demo.palette import RGB
from nodes.demo.pen import SCALE, SIZE, Pen

WIDE = SIZE * SCALE


class Flat:
    """Soft skies and the ground's own colours."""

    name = ""
    """Of files that keep what was drawn in it."""

    def sky(self, time: str, horizon: float) -> Image.Image:
        """The whole canvas before anything stands on it; `horizon` in picture pixels from the top."""
        column = _gradient(palette.SKY[time], round(horizon * SCALE))
        return Image.fromarray(np.repeat(column[:, None], WIDE, axis=1)).convert("RGBA")

    def ground(self, ground: str, time: str) -> tuple[RGB, RGB]:
        """Far hills and near ground."""
        return palette.GROUND[ground, time]

    def cloud(self, time: str) -> RGB:
        return palette.CLOUD[time]

    def halo(self, colour: RGB) -> RGB:
        """Of a sun or a moon whose own halo has this colour."""
        return colour

    def mounted(self, layer: Image.Image) -> Image.Image:
        """A subject's own layer, ready to be put down."""
        return layer


class Poster(Flat):
    """A travel poster: three inks, rays of light over the horizon, and subjects cut out of white card.

    The frozen VAE decides what can be a style: it carries areas of colour well, and no thin lines.
    """

    name = "poster-"

    def sky(self, time: str, horizon: float) -> Image.Image:
        pen = Pen()
        pen.box(0, 0, SIZE, SIZE, RAYS[0])
        wedge = math.pi / RAY_COUNT
        for i in range(0, RAY_COUNT, 2):
            tips = [
                (SIZE / 2 + 2 * SIZE * math.cos(a), horizon - 2 * SIZE * math.sin(a))
                for a in (i * wedge, (i + 1) * wedge)
            ]
            pen.polygon([(SIZE / 2, horizon), *tips], RAYS[1])
        return pen.layer

    def ground(self, ground: str, time: str) -> tuple[RGB, RGB]:
        return HILLS

    def cloud(self, time: str) -> RGB:
        return CARD

    def halo(self, colour: RGB) -> RGB:
        return RAYS[1]

    def mounted(self, layer: Image.Image) -> Image.Image:
        spread = layer.getchannel("A").filter(ImageFilter.GaussianBlur(0.75 * RIM * SCALE))
        card = Image.new("RGBA", layer.size, (0, 0, 0, 0))
        card.paste((*CARD, 255), mask=spread.point(lambda share: 255 if share > 28 else 0))
        card.alpha_composite(layer)
        return card


RAYS: tuple[RGB, RGB] = ((250, 178, 100), (255, 218, 150))
RAY_COUNT = 9
HILLS: tuple[RGB, RGB] = ((232, 112, 110), (100, 72, 150))
CARD: RGB = (255, 252, 246)
RIM = 3.0  # pixels

FLAT, POSTER = Flat(), Poster()


@functools.cache
def _gradient(stops: tuple[RGB, RGB, RGB], height: int) -> np.ndarray:
    """A column of colours, uint8 (WIDE, 3): three stops down to `height`, then the last one."""
    at = np.arange(WIDE)
    ramp = [np.interp(at, [0, 0.5 * height, height], [s[c] for s in stops]) for c in range(3)]
    return np.stack(ramp, axis=-1).round().astype(np.uint8)
