"""How each kind of subject is drawn: `x` its middle, `y` its foot, `s` its size in pixels.

A subject's own colour covers most of it, so that its mean colour names it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nodes.demo.palette import Paint
from nodes.demo.pen import Pen

Drawer = Callable[[Pen, float, float, float, Paint], None]


def house(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    w, h = 0.80 * s, 0.46 * s
    left, right, eaves = x - w / 2, x + w / 2, y - h
    pen.box(x + 0.18 * s, y - 0.90 * s, x + 0.29 * s, y - 0.55 * s, paint.dark)
    pen.box(left, eaves, right, y, paint.main)
    pen.polygon([(left, eaves), (right, eaves), (x, y - 0.60 * s), (x, y - 0.60 * s)], paint.main)
    pen.polygon([(left - 0.09 * s, eaves + 1), (right + 0.09 * s, eaves + 1), (x, y - 0.93 * s)], paint.dark)
    pen.polygon([(x - 0.22 * s, eaves), (x + 0.22 * s, eaves), (x, y - 0.72 * s)], paint.main)
    pen.box(x - 0.085 * s, y - 0.27 * s, x + 0.085 * s, y, paint.wood, 0.04 * s)
    for side in (-1, 1):
        wx = x + side * 0.25 * s
        pen.box(wx - 0.075 * s, y - 0.33 * s, wx + 0.075 * s, y - 0.17 * s, paint.window, 1)
    pen.ellipse(x, y - 0.55 * s, 0.055 * s, 0.055 * s, paint.window)


def tree(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    pen.polygon(
        [(x - 0.09 * s, y), (x + 0.09 * s, y), (x + 0.05 * s, y - 0.5 * s), (x - 0.05 * s, y - 0.5 * s)],
        paint.wood,
    )
    crown = ((-0.21, 0.46, 0.21), (0.21, 0.46, 0.21), (-0.14, 0.68, 0.21), (0.15, 0.68, 0.21), (0.0, 0.79, 0.21))
    for dx, dy, r in crown:
        pen.ellipse(x + dx * s + 0.02 * s, y - dy * s + 0.035 * s, r * s, r * s, paint.dark)
    for dx, dy, r in (*crown, (0.0, 0.55, 0.22)):
        pen.ellipse(x + dx * s, y - dy * s - 0.01 * s, r * s, r * s, paint.main)
    pen.ellipse(x - 0.12 * s, y - 0.80 * s, 0.11 * s, 0.09 * s, paint.light)
    pen.ellipse(x - 0.24 * s, y - 0.54 * s, 0.08 * s, 0.07 * s, paint.light)


def boat(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    pen.line([(x, y - 0.15 * s), (x, y - 0.97 * s)], 0.045 * s, paint.wood)
    pen.polygon([(x + 0.04 * s, y - 0.94 * s), (x + 0.04 * s, y - 0.27 * s), (x + 0.42 * s, y - 0.27 * s)], paint.main)
    pen.polygon([(x - 0.04 * s, y - 0.84 * s), (x - 0.04 * s, y - 0.27 * s), (x - 0.32 * s, y - 0.27 * s)], paint.light)
    hull = [(-0.48, 0.22), (0.50, 0.22), (0.34, 0.0), (-0.34, 0.0)]
    pen.polygon([(x + dx * s, y - dy * s) for dx, dy in hull], paint.main)
    pen.polygon(
        [(x - 0.41 * s, y - 0.10 * s), (x + 0.42 * s, y - 0.10 * s), (x + 0.34 * s, y), (x - 0.34 * s, y)], paint.dark
    )


def castle(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    pen.box(x - 0.36 * s, y - 0.42 * s, x + 0.36 * s, y, paint.main)
    for i in range(4):
        left = x - 0.25 * s + i * 0.14 * s
        pen.box(left, y - 0.49 * s, left + 0.08 * s, y - 0.41 * s, paint.main)
    pen.box(x - 0.15 * s, y - 0.66 * s, x + 0.15 * s, y - 0.3 * s, paint.main)
    pen.polygon([(x - 0.20 * s, y - 0.64 * s), (x + 0.20 * s, y - 0.64 * s), (x, y - 0.97 * s)], paint.dark)
    for side in (-1, 1):
        tx = x + side * 0.35 * s
        pen.box(tx - 0.12 * s, y - 0.58 * s, tx + 0.12 * s, y, paint.main)
        pen.polygon([(tx - 0.16 * s, y - 0.56 * s), (tx + 0.16 * s, y - 0.56 * s), (tx, y - 0.86 * s)], paint.dark)
        pen.box(tx - 0.04 * s, y - 0.43 * s, tx + 0.04 * s, y - 0.30 * s, paint.window, 0.03 * s)
    pen.box(x - 0.045 * s, y - 0.56 * s, x + 0.045 * s, y - 0.42 * s, paint.window, 0.03 * s)
    pen.box(x - 0.09 * s, y - 0.16 * s, x + 0.09 * s, y, paint.wood)
    pen.ellipse(x, y - 0.16 * s, 0.09 * s, 0.09 * s, paint.wood)


def cactus(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    for side, elbow, top in ((-1, 0.36, 0.68), (1, 0.46, 0.80)):
        ax = x + side * 0.30 * s
        colour = paint.main
        pen.box(min(x, ax), y - elbow * s - 0.07 * s, max(x, ax), y - elbow * s + 0.08 * s, colour, 0.05 * s)
        pen.box(ax - 0.08 * s, y - top * s, ax + 0.08 * s, y - elbow * s + 0.08 * s, colour, 0.08 * s)
    pen.box(x - 0.14 * s, y - 0.97 * s, x + 0.14 * s, y, paint.main, 0.14 * s)
    pen.box(x - 0.14 * s, y - 0.1 * s, x + 0.14 * s, y, paint.main)
    pen.box(x + 0.045 * s, y - 0.90 * s, x + 0.085 * s, y - 0.02 * s, paint.dark, 0.02 * s)
    pen.box(x - 0.085 * s, y - 0.90 * s, x - 0.045 * s, y - 0.02 * s, paint.light, 0.02 * s)


def mountain(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    top = y - 0.98 * s
    pen.polygon([(x - 0.66 * s, y), (x, top), (x + 0.66 * s, y)], paint.main)
    pen.polygon([(x, top), (x + 0.66 * s, y), (x + 0.16 * s, y), (x + 0.10 * s, y - 0.4 * s)], paint.dark)
    cap = [(0.0, 0.98), (0.18, 0.71), (0.09, 0.66), (0.03, 0.74), (-0.06, 0.64), (-0.11, 0.72), (-0.18, 0.71)]
    snow = (250, 250, 252) if paint.main[2] < 225 else (206, 218, 240)  # a white mountain's cap is blue ice
    pen.polygon([(x + dx * s, y - dy * s) for dx, dy in cap], snow)


def mushroom(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    pen.box(x - 0.15 * s, y - 0.52 * s, x + 0.15 * s, y, paint.cream, 0.09 * s)
    pen.box(x + 0.05 * s, y - 0.48 * s, x + 0.15 * s, y - 0.02 * s, (206, 186, 166), 0.05 * s)
    pen.ellipse(x, y - 0.44 * s, 0.48 * s, 0.085 * s, paint.dark)
    pen.pie(x, y - 0.44 * s, 0.48 * s, 0.50 * s, 180, 360, paint.main)
    dots = paint.cream if paint.main[2] < 225 else paint.dark
    for dx, dy, r in ((-0.26, 0.60, 0.06), (0.02, 0.74, 0.08), (0.27, 0.57, 0.065), (-0.04, 0.53, 0.05)):
        pen.ellipse(x + dx * s, y - dy * s, r * s, 0.85 * r * s, dots)


def balloon(pen: Pen, x: float, y: float, s: float, paint: Paint) -> None:
    r = 0.37 * s
    cy = y - 0.61 * s
    bottom = y - 0.16 * s
    for side in (-1, 1):
        pen.line([(x + side * 0.13 * s, bottom - 0.02 * s), (x + side * 0.07 * s, y - 0.08 * s)], 0.025 * s, paint.wood)
    angle = math.asin(0.50)
    edge, level = r * math.cos(angle), cy + r * math.sin(angle) + 0.02 * s
    pen.ellipse(x, cy, r, r * 1.05, paint.main)
    pen.polygon([(x - edge, level), (x + edge, level), (x + 0.13 * s, bottom), (x - 0.13 * s, bottom)], paint.main)
    pen.ellipse(x, cy, 0.15 * s, r * 1.05, paint.light)
    pen.polygon(
        [(x - 0.13 * s, level), (x + 0.13 * s, level), (x + 0.05 * s, bottom), (x - 0.05 * s, bottom)], paint.light
    )
    pen.box(x - 0.13 * s, bottom - 0.02 * s, x + 0.13 * s, bottom + 0.02 * s, paint.dark)
    pen.box(x - 0.09 * s, y - 0.10 * s, x + 0.09 * s, y, paint.wood, 0.03 * s)


DRAWERS: dict[str, Drawer] = {
    "house": house,
    "tree": tree,
    "boat": boat,
    "castle": castle,
    "cactus": cactus,
    "mountain": mountain,
    "mushroom": mushroom,
    "balloon": balloon,
}
