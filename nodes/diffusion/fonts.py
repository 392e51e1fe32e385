"""The letters of a label: Pillow's own font where it has them all, else fonts of this computer, else their numbers.

No box ever stands for a letter: what no font here can draw is written as its code point, <732B>, which tells labels
apart and can be looked up.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

SUFFIXES = (".ttf", ".otf", ".ttc")
MISSING = "\U0010ffff"
"""No font has it: what a font draws for it, it draws for whatever it lacks."""
PROBE = 16
"""Pixels of the letters that fonts are tried with."""
PLAIN = ("regular", "sans", "book")
FANCY = ("italic", "oblique", "bold", "black", "light", "thin", "mono", "condensed", "narrow", "serif")
LEFT, RIGHT = "<", ">"

Font = ImageFont.FreeTypeFont
Colour = int | tuple[int, int, int]


@dataclass
class Letters:
    """Text of one size in whatever scripts. `folders`: where fonts lie beside Pillow's own."""

    size: int
    folders: Sequence[Path] = ()
    _loaded: dict[Path, Font] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = ImageFont.load_default(self.size)
        assert isinstance(own, Font)
        self._own = own

    def getlength(self, text: str) -> float:
        """Pixels that a line takes."""
        return sum(font.getlength(run) for run, font in self._runs(text))

    def draw(
        self, canvas: ImageDraw.ImageDraw, place: tuple[float, float], text: str, colour: Colour, anchor: str = "la"
    ) -> None:
        """Write a line. `anchor` is Pillow's: "l", "m" or "r" of the line, then "a" (its top) or "d" (its bottom)."""
        if self._font_of(text) is self._own:
            canvas.text(place, text, colour, self._own, anchor)
            return
        x, y = place
        x -= {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * self.getlength(text)
        ascent, descent = self._own.getmetrics()
        baseline = y + ascent if anchor[1] == "a" else y - descent
        for run, font in self._runs(text):
            canvas.text((x, baseline), run, colour, font, "ls")
            x += font.getlength(run)

    def _runs(self, text: str) -> Iterator[tuple[str, Font]]:
        """The line in parts of one font each: as one part where a font has all of it, for the sake of its order."""
        whole = self._font_of(text)
        if whole is not None:
            yield text, whole
            return
        for path, run in self._parts(text):
            if path is None:
                yield LEFT + " ".join(f"{ord(letter):04X}" for letter in run) + RIGHT, self._own
            else:
                yield run, self._load(path)

    def _parts(self, text: str) -> list[tuple[Path | None, str]]:
        """Letters that follow each other in one font; what joins a letter, or stands between two, goes with it."""
        parts: list[tuple[Path | None, str]] = []
        for letter in text:
            path = font_with(letter, tuple(self.folders))
            if parts and (parts[-1][0] == path or (not is_drawn(letter) and not letter.isspace())):
                parts[-1] = (parts[-1][0], parts[-1][1] + letter)
            else:
                parts.append((path, letter))
        return parts

    def _font_of(self, text: str) -> Font | None:
        path = font_with(text, tuple(self.folders))
        return None if path is None else self._load(path)

    def _load(self, path: Path) -> Font:
        if path == OWN:
            return self._own
        if path not in self._loaded:
            self._loaded[path] = ImageFont.truetype(path, self.size)
        return self._loaded[path]


OWN = Path()
"""Stands for Pillow's own font."""


@cache
def font_with(text: str, folders: tuple[Path, ...]) -> Path | None:
    """The first font that has every letter of a text; None where none has."""
    letters = frozenset(letter for letter in text if is_drawn(letter))
    return next((path for path in (OWN, *fonts_in(folders)) if letters <= drawn_by(path, letters)), None)


def is_drawn(letter: str) -> bool:
    """Not so spaces, marks that join others, and what only steers the text."""
    return unicodedata.category(letter)[0] not in "ZCM" or unicodedata.category(letter) in ("Cn", "Co")


@cache
def drawn_by(path: Path, letters: frozenset[str]) -> frozenset[str]:
    """Those letters that a font has."""
    try:
        font = ImageFont.load_default(PROBE) if path == OWN else ImageFont.truetype(path, PROBE)
        lacking = shape(font, MISSING)
        return frozenset(letter for letter in letters if shape(font, letter) not in (lacking, b""))
    except OSError:  # a font that cannot be read, or a bitmap font without this size
        return frozenset()


def shape(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, letter: str) -> bytes:
    mask = font.getmask(letter)
    return bytes(mask) + repr(mask.size).encode() if mask.size[0] * mask.size[1] else b""


@cache
def fonts_in(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """The fonts of these folders, upright and plain ones first."""
    found = {path for folder in folders if folder.is_dir() for path in folder.rglob("*")}
    fonts = (path for path in found if path.suffix.lower() in SUFFIXES)
    return tuple(sorted(fonts, key=lambda path: (fanciness(path.stem.lower()), path.name.lower(), path)))


def fanciness(name: str) -> int:
    """How far a font is from a plain one, by its name."""
    plain = "sans" if "sansserif" in name or "sans-serif" in name else name
    return sum(word in plain for word in FANCY) * 2 - any(word in plain for word in PLAIN)


def folders_of_fonts(platform: str = sys.platform) -> tuple[Path, ...]:
    """Where fonts lie on this computer."""
    home = Path.home()
    if platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        return Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local / "Microsoft" / "Windows" / "Fonts"
    if platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return *(Path(one) / "fonts" for one in shared.split(":") if one), own / "fonts", home / ".fonts"
