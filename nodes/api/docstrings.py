"""Help texts, read from Google-style docstrings, so that an author writes them once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEADING = re.compile(r"^([A-Z][A-Za-z]*):[ \t]*$", re.MULTILINE)
ENTRY = re.compile(r"^ {2,4}\*{0,2}(\w+)(?: \([^)\n]*\))?: (.+(?:\n {5,}.+)*)", re.MULTILINE)
INPUT_HEADINGS = ("Args", "Arguments", "Attributes", "Parameters")


@dataclass(frozen=True)
class Help:
    """`text` for the node, one for each input and output, `result` for a single output."""

    text: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    result: str = ""


def read_help(doc: str) -> Help:
    """Take a dedented docstring apart. Sections it does not know (Raises, Notes) are left out."""
    head, *rest = HEADING.split(doc)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    inputs: dict[str, str] = {}
    for heading in INPUT_HEADINGS:
        inputs |= read_entries(sections.get(heading, ""))
    returns = sections.get("Returns", "")
    return Help(head.strip(), inputs, read_entries(returns), one_line(returns))


def read_entries(section: str) -> dict[str, str]:
    """`name: text` lines, each with the deeper lines that continue it."""
    return {name: one_line(text) for name, text in ENTRY.findall(section)}


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
