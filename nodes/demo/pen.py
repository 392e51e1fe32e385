"""Anti-aliased drawing: shapes are drawn four times too large and averaged down. Lengths are picture pixels."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from nodes.demo.palette import RGB

SIZE = 128
SCALE = 4

Point = tuple[float, float]


class Pen:
    """Draws filled shapes on one transparent layer, in coordinates of the finished picture."""

    def __init__(self) -> None:
        self.layer = Image.new("RGBA", (SIZE * SCALE, SIZE * SCALE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.layer)

    def polygon(self, points: Sequence[Point], colour: RGB, alpha: int = 255) -> None:
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=(*colour, alpha))

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: RGB, alpha: int = 255) -> None:
        box = ((x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE)
        self._draw.ellipse(box, fill=(*colour, alpha))

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: RGB, radius: float = 0.0) -> None:
        corners = (x0 * SCALE, y0 * SCALE, x1 * SCALE, y1 * SCALE)
        self._draw.rounded_rectangle(corners, radius * SCALE, fill=(*colour, 255))

    def pie(self, x: float, y: float, rx: float, ry: float, start: float, end: float, colour: RGB) -> None:
        """A sector from `start` to `end` degrees, clockwise from the right."""
        box = ((x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE)
        self._draw.pieslice(box, start, end, fill=(*colour, 255))

    def line(self, points: Sequence[Point], width: float, colour: RGB, alpha: int = 255) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill=(*colour, alpha), width=round(width * SCALE), joint="curve")
