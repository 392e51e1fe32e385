"""What lies beside a model file, and what its training left in it: a picture, the words that call it, its base.

Other programs leave a picture and a JSON file of the model's own name beside it; so that nobody has to enter again
what is there, both are read. Nothing of it is needed, and whatever cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

PICTURES = (".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp", ".png", ".jpg", ".jpeg", ".webp")
NOTES = (".json", ".civitai.info", ".metadata.json")
"""Ends of files in which AUTOMATIC1111's program and helpers of it note words and base of a model."""
LARGEST = 2**20
MOST_WORDS, LONGEST_WORD = 8, 100
USUAL = 0.9
"""A tag on this share of the pictures of a training is one that calls what was learned."""
BASES = (
    ("sdxl_refiner", r"xl.*refiner"),
    ("sdxl", r"xl|pony|illustrious|noob"),
    ("sd3", r"stable-diffusion-v?3|sd[ _-]?v?3"),
    ("flux1", r"flux"),
    ("sd2", r"stable-diffusion-v?2|sd[ _-]?v?2"),
    ("sd1", r"stable-diffusion-v?1|sd[ _-]?v?1"),
)
"""Families, and what programs call them; the first that is found in a name counts."""


@dataclass(frozen=True)
class Beside:
    """`preview` is the picture's file name; `triggers` the words that call what was learned; `base` a family's name."""

    preview: str = ""
    triggers: tuple[str, ...] = ()
    base: str = ""


def look_beside(path: Path, metadata: Mapping[str, str]) -> Beside:
    """What is known of the model file or folder at `path`, whose header holds `metadata`. Never raises."""
    notes = [*noted(path)]
    told = [text for note in notes for text in bases_noted(note)]
    said = [*told, metadata.get("modelspec.architecture", ""), metadata.get("ss_base_model_version", "")]
    words = [word for note in notes for word in words_noted(note)] or words_trained(metadata)
    picture = next((found for end in PICTURES if (found := path.with_name(stem_of(path) + end)).is_file()), None)
    base = next((family for text in said if (family := family_named(text))), "")
    return Beside(picture.name if picture else "", tuple(dict.fromkeys(words))[:MOST_WORDS], base)


def stem_of(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def family_named(text: str) -> str:
    """The family that a program means by a name; empty when it is none of ours."""
    return next((family for family, pattern in BASES if re.search(pattern, text.lower())), "")


def noted(path: Path) -> Iterator[Mapping[str, Any]]:
    """The JSON objects that lie beside a model under its name."""
    for end in NOTES:
        place = path.with_name(stem_of(path) + end)
        try:
            if place.is_file() and place.stat().st_size <= LARGEST:
                read = msgspec.json.decode(place.read_bytes())
                if isinstance(read, dict):
                    yield read
        except (OSError, ValueError, RecursionError):
            continue


def bases_noted(note: Mapping[str, Any]) -> Iterator[str]:
    civitai = note.get("civitai")
    for holder in (note, civitai if isinstance(civitai, dict) else {}):
        for key in ("sd version", "baseModel", "base_model"):
            if isinstance(holder.get(key), str):
                yield holder[key]


def words_noted(note: Mapping[str, Any]) -> Iterator[str]:
    text = note.get("activation text")
    if isinstance(text, str):
        yield from split_words(text)
    civitai = note.get("civitai")
    for holder in (note, civitai if isinstance(civitai, dict) else {}):
        listed = holder.get("trainedWords")
        for word in listed if isinstance(listed, list) else ():
            if isinstance(word, str):
                yield from split_words(word)


def words_trained(metadata: Mapping[str, str]) -> list[str]:
    """The trigger phrase a file names, else the tags that nearly all pictures of its training had."""
    phrase = metadata.get("modelspec.trigger_phrase", "")
    if phrase.strip():
        return [*split_words(phrase)]
    try:
        folders = msgspec.json.decode(metadata.get("ss_tag_frequency", "{}"), type=dict[str, dict[str, float]])
    except (ValueError, RecursionError):
        return []
    counts = [(count, tag) for tags in folders.values() for tag, count in tags.items()]
    most = max((count for count, _ in counts), default=0)
    usual = sorted((-count, tag) for count, tag in counts if most > 1 and count >= USUAL * most)
    return [word for _, tag in usual for word in split_words(tag)][:MOST_WORDS]


def split_words(text: str) -> Iterator[str]:
    """The phrases of a list with commas, without what would not fit a line."""
    for part in text.split(","):
        word = " ".join(part.split())
        if word:
            yield word[:LONGEST_WORD]
