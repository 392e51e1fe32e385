"""Draws a scene as a 128-pixel picture with the mask of its subjects. The same scene always gives the same bytes."""

from __future__ import annotations

import functools
import math

import numpy as np
from PIL import Image

from nodes.demo import palette
from nodes.demo.palette import RGB, mix, paint_of
from nodes.demo.pen import SCALE, SIZE, Pen
from nodes.demo.scenes import Scene, Subject
from nodes.demo.styles import FLAT, Flat
from nodes.demo.subjects import DRAWERS

CENTRE = {"left": 33.0, "middle": 64.0, "right": 95.0}


def render(scene: Scene, style: Flat = FLAT) -> tuple[np.ndarray, np.ndarray]:
    """The picture as uint8 (128, 128, 3) and the subjects' coverage as uint8 (128, 128), 255 inside."""
    rng = np.random.default_rng(scene.seed)
    horizon = rng.uniform(76, 83)
    canvas = style.sky(scene.time, horizon)
    free = _free_place(scene, rng)
    _sky_objects(canvas, scene, free, horizon, rng, style)
    canvas.alpha_composite(_ground(scene, free, horizon, rng, style))
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for subject in scene.subjects:
        layer = _subject(subject, scene, canvas, rng, style)
        mask = np.maximum(mask, np.asarray(layer.getchannel("A").reduce(SCALE)))
        canvas.alpha_composite(layer)
    return np.asarray(canvas.convert("RGB").reduce(SCALE)), mask


def _free_place(scene: Scene, rng: np.random.Generator) -> float:
    """Where the sun or moon stands: not behind a subject."""
    taken = {s.place for s in scene.subjects}
    if taken == {"middle"}:
        return CENTRE[str(rng.choice(["left", "right"]))] + rng.uniform(-9, 4)
    if len(taken) == 2:
        return CENTRE["middle"] + rng.uniform(-3, 3)
    return CENTRE["right" if taken == {"left"} else "left"] + rng.uniform(-10, 10)


@functools.cache
def _glow(radius: int) -> Image.Image:
    """An alpha channel that fades from the middle to nothing at `radius` picture pixels."""
    r = radius * SCALE
    y, x = np.mgrid[-r:r, -r:r] / r
    fade = np.clip(1 - np.hypot(x, y), 0, 1) ** 2
    return Image.fromarray((fade * 170).astype(np.uint8))


def _shine(canvas: Image.Image, x: float, y: float, radius: int, colour: RGB) -> None:
    corner = (round((x - radius) * SCALE), round((y - radius) * SCALE))
    canvas.paste(colour, corner, _glow(radius))


def _sky_objects(
    canvas: Image.Image, scene: Scene, free: float, horizon: float, rng: np.random.Generator, style: Flat
) -> None:
    pen = Pen()
    if scene.sky == "sun":
        low = scene.time == "sunset"
        y = horizon - rng.uniform(13, 20) if low else rng.uniform(19, 27)
        y -= 12 if low and len(scene.subjects) == 2 else 0  # above the gap between the two
        r = rng.uniform(11, 13) if low else rng.uniform(9.5, 11.5)
        _shine(canvas, free, y, 40 if low else 32, style.halo(palette.SUN[scene.time]))
        pen.ellipse(free, y, r, r, palette.SUN[scene.time])
    elif scene.sky == "moon":
        _moon(pen, canvas, free, style.halo(palette.MOONLIGHT), rng)
    elif scene.sky == "stars":
        _stars(pen, rng)
    elif scene.sky == "clouds":
        _clouds(pen, style.cloud(scene.time), rng)
    canvas.alpha_composite(pen.layer)


def _moon(pen: Pen, canvas: Image.Image, x: float, halo: RGB, rng: np.random.Generator) -> None:
    y, r = rng.uniform(21, 29), rng.uniform(10, 12)
    _shine(canvas, x, y, 28, halo)
    outer = [(x + r * math.cos(a), y + r * math.sin(a)) for a in np.linspace(0.28 * math.pi, 1.72 * math.pi, 40)]
    inner_x, inner_r = x + 0.49 * r, 0.79 * r
    top, bottom = outer[-1], outer[0]
    start = math.atan2(top[1] - y, top[0] - inner_x)
    end = math.atan2(bottom[1] - y, bottom[0] - inner_x)
    sweep = np.linspace(start, end - 2 * math.pi if end > start else end, 30)
    inner = [(inner_x + inner_r * math.cos(a), y + inner_r * math.sin(a)) for a in sweep]
    pen.polygon(outer + inner, palette.MOON)


def _stars(pen: Pen, rng: np.random.Generator) -> None:
    cells = rng.permutation(24)[:11]  # one star a cell of a 6 x 4 grid, so that no two touch
    for cell in cells:
        x = (cell % 6 + rng.uniform(0.25, 0.75)) * SIZE / 6
        y = 3 + (cell // 6 + rng.uniform(0.25, 0.75)) * 15
        r = rng.uniform(3.0, 4.6)
        tips = [(r if i % 2 == 0 else 0.36 * r, i * math.pi / 4) for i in range(8)]
        pen.polygon([(x + d * math.cos(a), y + d * math.sin(a)) for d, a in tips], palette.MOON)


def _clouds(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for third in rng.permutation(3)[: rng.integers(2, 4)]:
        x = 22 + 42 * third + rng.uniform(-7, 7)
        y = rng.uniform(14, 34)
        s = rng.uniform(0.85, 1.2)
        pen.box(x - 15 * s, y - 1 * s, x + 15 * s, y + 5 * s, colour, 3 * s)
        for dx, dy, r in ((-7.5, -1.0, 5.5), (1.0, -4.0, 7.5), (8.5, -0.5, 5.0)):
            pen.ellipse(x + dx * s, y + dy * s, r * s, r * s, colour)


def _hill(level: float, rise: float, waves: float, phase: float) -> list[tuple[float, float]]:
    xs = np.linspace(-2, SIZE + 2, 45)
    ys = level - rise * np.sin(xs / SIZE * waves * 2 * math.pi + phase)
    return [*zip(xs.tolist(), ys.tolist(), strict=True), (SIZE + 2.0, SIZE + 2.0), (-2.0, SIZE + 2.0)]


def _ground(scene: Scene, free: float, horizon: float, rng: np.random.Generator, style: Flat) -> Image.Image:
    far, near = style.ground(scene.ground, scene.time)
    pen = Pen()
    if scene.ground == "sea":
        _sea(pen, scene, free, horizon, rng, (far, near))
        return pen.layer
    rise, waves = {"meadow": (4.5, 0.9), "desert": (3.5, 1.3), "snow": (5.5, 0.7)}[scene.ground]
    phase = rng.uniform(0, 2 * math.pi, 3)
    middle = mix(far, near, 0.5)
    pen.polygon(_hill(horizon, rise, waves * rng.uniform(0.85, 1.15), phase[0]), far)
    pen.polygon(_hill(horizon + 11, rise * 0.9, waves * rng.uniform(0.7, 1.0), phase[1]), middle)
    pen.polygon(_hill(horizon + 23, rise * 0.6, waves * rng.uniform(0.5, 0.8), phase[2]), near)
    if scene.ground == "meadow":
        petals = ((255, 250, 240), (255, 214, 92), (244, 150, 180))
        for i in rng.permutation(8)[:6]:
            petal = palette.tinted(petals[int(rng.integers(3))], scene.time)
            pen.ellipse(8 + 16 * i + rng.uniform(-5, 5), rng.uniform(horizon + 31, 124), 1.8, 1.6, petal)
    return pen.layer


def _sea(
    pen: Pen, scene: Scene, free: float, horizon: float, rng: np.random.Generator, colours: tuple[RGB, RGB]
) -> None:
    far, near = colours
    bands = 24
    for i in range(bands):
        top = horizon + i * (SIZE - horizon) / bands
        pen.box(-1, top, SIZE + 1, SIZE + 1, mix(far, near, (i / (bands - 1)) ** 0.75))
    glint = mix(far, (255, 255, 255), 0.45)
    if scene.sky in ("sun", "moon"):
        light = palette.SUN[scene.time] if scene.sky == "sun" else palette.MOON
        for i in range(6):
            half = (9.5, 7.5, 8.5, 6, 4.5, 3)[i] * rng.uniform(0.9, 1.1)
            y = horizon + 2.5 + i * 5
            pen.box(free - half, y, free + half, y + 2.4, mix(light, far, 0.2 + 0.08 * i), 1.2)
    for i in range(7):
        x, y = rng.uniform(6, 122), horizon + 9 + i * (SIZE - horizon - 12) / 7 + rng.uniform(-2, 2)
        half = rng.uniform(4.5, 8.5)
        pen.box(x - half, y, x + half, y + 1.8, mix(glint, near, 0.25), 0.9)


def _subject(subject: Subject, scene: Scene, canvas: Image.Image, rng: np.random.Generator, style: Flat) -> Image.Image:
    """The subject's own layer; its shadow or island goes on the canvas at once."""
    alone = len(scene.subjects) == 1
    s = rng.uniform(60, 68) if alone else rng.uniform(48, 54)
    x = CENTRE[subject.place] + rng.uniform(-3.5, 3.5)
    y = rng.uniform(106, 113) if alone else rng.uniform(102, 111)
    if subject.kind == "castle":
        s *= 0.94
    if subject.kind == "balloon":
        y = rng.uniform(72, 80)
    elif subject.kind == "mountain":
        y -= 3
    under = Pen()
    near = style.ground(scene.ground, scene.time)[1]
    if subject.kind == "balloon":
        under.ellipse(x, rng.uniform(110, 116), 0.22 * s, 2.6, mix(near, (20, 20, 60), 0.30))
    elif scene.ground != "sea":
        half = {"mountain": 0.70, "tree": 0.36, "cactus": 0.36, "mushroom": 0.42}.get(subject.kind, 0.52)
        under.ellipse(x + 0.03 * s, y, half * s, 0.075 * s, mix(near, (30, 24, 70), 0.30))
    elif subject.kind != "boat":
        half = 0.74 if subject.kind == "mountain" else 0.60
        under.ellipse(x, y + 2.0, half * s, 0.095 * s, palette.SAND[scene.time])
    canvas.alpha_composite(under.layer)
    pen = Pen()
    DRAWERS[subject.kind](pen, x, y, s, paint_of(subject.colour, scene.time))
    return style.mounted(pen.layer)
