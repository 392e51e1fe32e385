"""The colours of the pictures, 8-bit RGB. A subject's colour is hardly tinted, so that it stays nameable at night."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]

SUBJECT: dict[str, RGB] = {
    "red": (222, 56, 56),
    "orange": (247, 140, 38),
    "yellow": (252, 212, 66),
    "green": (64, 168, 84),
    "blue": (58, 124, 222),
    "purple": (146, 84, 196),
    "white": (247, 245, 240),
    "brown": (138, 90, 58),
    "lilac": (204, 166, 218),  # for the learnt word alone: no scene of the training has it
}

TINT = {"day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.95, 0.93), "night": (0.92, 0.92, 0.98)}

# top of the sky, halfway down, at the horizon
SKY: dict[str, tuple[RGB, RGB, RGB]] = {
    "day": ((84, 172, 232), (140, 206, 242), (206, 236, 248)),
    "sunset": ((108, 80, 154), (232, 122, 116), (255, 206, 130)),
    "night": ((18, 22, 60), (36, 44, 98), (72, 84, 148)),
}

# far hills, near ground
GROUND: dict[tuple[str, str], tuple[RGB, RGB]] = {
    ("meadow", "day"): ((150, 206, 126), (116, 184, 92)),
    ("meadow", "sunset"): ((158, 150, 96), (120, 132, 78)),
    ("meadow", "night"): ((46, 88, 96), (34, 68, 78)),
    ("desert", "day"): ((244, 216, 158), (232, 190, 120)),
    ("desert", "sunset"): ((230, 154, 108), (206, 124, 86)),
    ("desert", "night"): ((104, 96, 124), (84, 76, 106)),
    ("snow", "day"): ((214, 228, 244), (236, 243, 251)),
    ("snow", "sunset"): ((226, 190, 208), (242, 214, 218)),
    ("snow", "night"): ((112, 130, 180), (140, 158, 204)),
    ("sea", "day"): ((92, 180, 216), (40, 122, 184)),
    ("sea", "sunset"): ((226, 140, 122), (98, 80, 142)),
    ("sea", "night"): ((46, 70, 130), (22, 38, 86)),
}

CLOUD: dict[str, RGB] = {"day": (255, 255, 255), "sunset": (255, 216, 200), "night": (98, 110, 166)}
SUN: dict[str, RGB] = {"day": (255, 224, 92), "sunset": (255, 226, 138)}
MOON: RGB = (252, 243, 208)
MOONLIGHT: RGB = (196, 204, 244)
WINDOW: dict[str, RGB] = {"day": (214, 238, 250), "sunset": (255, 232, 150), "night": (255, 226, 120)}
WOOD: RGB = (112, 76, 54)
CREAM: RGB = (250, 238, 214)
SAND: dict[str, RGB] = {"day": (240, 212, 154), "sunset": (222, 160, 118), "night": (112, 104, 130)}


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """`share` 0 is a, 1 is b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def tinted(colour: RGB, time: str) -> RGB:
    r, g, b = TINT[time]
    return (round(colour[0] * r), round(colour[1] * g), round(colour[2] * b))


@dataclass(frozen=True)
class Paint:
    """The colours one subject is drawn with."""

    main: RGB
    dark: RGB
    light: RGB
    window: RGB
    wood: RGB
    cream: RGB


def paint_of(colour: str, time: str) -> Paint:
    main = tinted(SUBJECT[colour], time)
    cool = tinted((112, 122, 168) if colour == "white" else (44, 28, 72), time)
    return Paint(
        main=main,
        dark=mix(main, cool, 0.42 if colour == "white" else 0.34),
        light=mix(main, (255, 255, 255), 0.28),
        window=WINDOW[time],
        wood=tinted(WOOD, time),
        cream=tinted(CREAM, time),
    )
