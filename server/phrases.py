"""How a sentence travels: beside its English text goes a `Phrase`, from which a page can say it in its language."""

from __future__ import annotations

import msgspec

from nodes.api.said import Said


class Phrase(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which sentence a text is, and what stands in its places. Who does not know the code shows the text."""

    code: str
    values: dict[str, str | int | Phrase] = {}

    def __hash__(self) -> int:
        return hash(self.code)  # what stands in the places is a dict


def phrase_of(text: Said) -> Phrase:
    """What is sent along with a sentence."""
    values = {name: phrase_of(value) if isinstance(value, Said) else value for name, value in text.values.items()}
    return Phrase(text.code, values)


def tell(record: msgspec.Struct, text: str, phrase: str) -> None:
    """For `__post_init__`: if the field `text` holds a `Said`, the field `phrase` says which, and the text is plain."""
    held = getattr(record, text)
    if isinstance(held, Said):
        msgspec.structs.force_setattr(record, text, str(held))
        msgspec.structs.force_setattr(record, phrase, phrase_of(held))
