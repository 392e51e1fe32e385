"""A scene's attributes as class numbers: what the judge reads from a picture and the text encoder from a caption."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.demo.scenes import COLOURS, GROUNDS, KINDS, PLACES, SKIES, TIMES, Scene

NOTHING = len(KINDS)  # the label of a place without a subject
IGNORED = -100

# time, ground, sky, then kind and colour at each place
HEADS = (len(TIMES), len(GROUNDS), len(SKIES), *(len(KINDS) + 1, len(COLOURS)) * len(PLACES))


def labels_of(scenes: Sequence[Scene]) -> Tensor:
    """int64 (n, heads); the colour of an empty place is ignored."""
    rows = []
    for scene in scenes:
        row = [TIMES.index(scene.time), GROUNDS.index(scene.ground), SKIES.index(scene.sky)]
        by_place = {s.place: s for s in scene.subjects}
        for place in PLACES:
            subject = by_place.get(place)
            row += [KINDS.index(subject.kind), COLOURS.index(subject.colour)] if subject else [NOTHING, IGNORED]
        rows.append(row)
    return torch.tensor(rows)
