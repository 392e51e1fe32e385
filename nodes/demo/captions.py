"""Says a scene in words: wording and order vary, attributes are dropped, one caption in ten is empty.

A caption never names a colour, kind or place the scene does not have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nodes.demo import grammar
from nodes.demo.scenes import Scene, Subject

EMPTY_SHARE = 0.10
KEEP = {"kind": 0.8, "colour": 0.92, "place": 0.75, "time": 0.75, "ground": 0.8, "sky": 0.7, "clear sky": 0.35}


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _noun(rng: np.random.Generator, subject: Subject) -> str:
    """The subject with its colour, such as "a little red house", "a house that is red" or "a red one".

    Texts that name a colour and no kind teach that a colour belongs to a place, whatever stands there.
    """
    kind = _pick(rng, grammar.KIND_WORDS[subject.kind])
    article = _pick(rng, grammar.ARTICLES)
    adjective = _pick(rng, grammar.ADJECTIVES) if rng.random() < 0.12 else ""
    words_of_colour = grammar.COLOUR_WORDS.get(subject.colour, (subject.colour,))
    colour = _pick(rng, words_of_colour) if rng.random() < KEEP["colour"] else ""
    if colour and rng.random() >= KEEP["kind"]:
        kind = "one"
    first = colour or kind
    if article == "a" and (adjective or first)[0] in "aeiou":
        article = "an"
    if colour and rng.random() < 0.06:
        words = [article.replace("an", "a"), adjective, kind, "that is", colour]
    else:
        words = [article, adjective, colour, kind]
    return " ".join(word for word in words if word)


def _placed(rng: np.random.Generator, subject: Subject) -> str:
    noun = _noun(rng, subject)
    if rng.random() >= KEEP["place"]:
        return noun
    place = _pick(rng, grammar.PLACE_WORDS[subject.place])
    return f"{place} {noun}" if rng.random() < 0.15 else f"{noun} {place}"


def _subjects(rng: np.random.Generator, scene: Scene) -> str:
    """The subjects in either order; of two, sometimes one's place told by the other's."""
    order = [scene.subjects[i] for i in rng.permutation(len(scene.subjects))]
    if len(order) == 1:
        return _placed(rng, order[0])
    if rng.random() < 0.2:
        side = "to the left of" if order[0].place == "left" else "to the right of"
        return f"{_noun(rng, order[0])} {side} {_noun(rng, order[1])}"
    joint = "," if rng.random() < 0.15 else f" {_pick(rng, grammar.JOINTS)}"
    return f"{_placed(rng, order[0])}{joint} {_placed(rng, order[1])}"


def caption_of(scene: Scene, rng: np.random.Generator) -> str:
    """A caption of the scene, lower case, a dozen words or so; "" one time in ten."""
    if rng.random() < EMPTY_SHARE:
        return ""
    parts = [_subjects(rng, scene)]
    if rng.random() < KEEP["ground"]:
        parts.append(_pick(rng, grammar.GROUND_WORDS[scene.ground]))
    if rng.random() < KEEP["time"]:
        parts.append(_pick(rng, grammar.TIME_WORDS[scene.time]))
    if rng.random() < KEEP["clear sky" if scene.sky == "none" else "sky"]:
        parts.append(_pick(rng, grammar.SKY_WORDS[scene.sky]))
    if rng.random() < 0.3:
        parts = [parts[i] for i in rng.permutation(len(parts))]
    elif len(parts) > 2 and rng.random() < 0.3:
        parts[1], parts[2] = parts[2], parts[1]
    text = (", " if rng.random() < 0.4 else " ").join(parts)
    if rng.random() < 0.35:
        text = f"{_pick(rng, grammar.OPENINGS)} {text}"
    if rng.random() < 0.15:
        text = f"{text}, {_pick(rng, grammar.CLOSINGS)}"
    return text + ("." if rng.random() < 0.1 else "")


def full_caption(scene: Scene) -> str:
    """The plain caption with every attribute, as the evaluation prompts it."""
    nouns = []
    for subject in scene.subjects:
        article = "an" if subject.colour[0] in "aeiou" else "a"
        nouns.append(f"{article} {subject.colour} {subject.kind} {grammar.PLACE_WORDS[subject.place][0]}")
    ground, time = grammar.GROUND_WORDS[scene.ground][0], grammar.TIME_WORDS[scene.time][0]
    return f"{' and '.join(nouns)} {ground} {time}, {grammar.SKY_WORDS[scene.sky][0]}"
