"""What a scene is: the attributes a picture shows and its caption names. Only these words are the grammar.

The held-out (kind, colour) pairs never come out of `draw_scene` unless a caller names them, so that
the evaluation measures composition and not memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TIMES = ("day", "sunset", "night")
GROUNDS = ("meadow", "desert", "snow", "sea")
KINDS = ("house", "tree", "boat", "castle", "cactus", "mountain", "mushroom", "balloon")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "brown")
PLACES = ("left", "middle", "right")
SKIES = ("sun", "moon", "stars", "clouds", "none")

SKIES_OF_TIME = {
    "day": ("sun", "clouds", "none"),
    "sunset": ("sun", "moon", "clouds", "none"),
    "night": ("moon", "stars", "clouds", "none"),
}

HELD_OUT = frozenset(
    {
        ("house", "green"),
        ("tree", "blue"),
        ("boat", "purple"),
        ("castle", "orange"),
        ("cactus", "red"),
        ("mountain", "yellow"),
        ("mushroom", "brown"),
        ("balloon", "white"),
    }
)

PAIRS_IN_TRAINING = tuple((k, c) for k in KINDS for c in COLOURS if (k, c) not in HELD_OUT)
PAIRS_HELD_OUT = tuple(sorted(HELD_OUT))


@dataclass(frozen=True)
class Subject:
    kind: str
    colour: str
    place: str


@dataclass(frozen=True)
class Scene:
    """One or two subjects under a sky; `seed` decides everything the caption does not say."""

    time: str
    ground: str
    sky: str
    subjects: tuple[Subject, ...]
    seed: int


def draw_scene(rng: np.random.Generator, held_out: bool = False, pair_share: float = 0.35) -> Scene:
    """A random scene: two subjects (left and right) in `pair_share` of them, else one in any place.

    With `held_out` the first subject is one of the held-out pairs, otherwise no subject is.
    """
    time = str(rng.choice(TIMES))
    ground = str(rng.choice(GROUNDS))
    sky = str(rng.choice(SKIES_OF_TIME[time]))
    first = PAIRS_HELD_OUT if held_out else PAIRS_IN_TRAINING
    if rng.random() < pair_share:
        places = [str(p) for p in rng.permutation(["left", "right"])]
        choices = [first[rng.integers(len(first))], PAIRS_IN_TRAINING[rng.integers(len(PAIRS_IN_TRAINING))]]
        while choices[1][0] == choices[0][0]:  # two houses would make "the house" ambiguous
            choices[1] = PAIRS_IN_TRAINING[rng.integers(len(PAIRS_IN_TRAINING))]
    else:
        places = [str(rng.choice(PLACES))]
        choices = [first[rng.integers(len(first))]]
    subjects = tuple(Subject(k, c, p) for (k, c), p in zip(choices, places, strict=True))
    return Scene(time, ground, sky, subjects, int(rng.integers(2**31)))
