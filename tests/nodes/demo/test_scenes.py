"""The drawn scenes: the same scene is the same picture, and held-out pairs stay out of the training."""

import numpy as np

from nodes.demo.palette import SUBJECT
from nodes.demo.pictures import scenes_of
from nodes.demo.render import render
from nodes.demo.scenes import COLOURS, GROUNDS, HELD_OUT, KINDS, PLACES, SKIES_OF_TIME, TIMES, Scene, Subject


def a_scene(kind: str = "house", colour: str = "red", time: str = "day", place: str = "left") -> Scene:
    return Scene(time, "meadow", "none", (Subject(kind, colour, place),), seed=5)


def test_the_same_scene_is_drawn_the_same_to_the_byte() -> None:
    first, second = render(a_scene()), render(a_scene())
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()


def test_a_picture_has_128_pixels_a_side_and_three_channels() -> None:
    image, mask = render(a_scene())
    assert image.shape == (128, 128, 3)
    assert mask.shape == (128, 128)
    assert image.dtype == mask.dtype == np.uint8


def test_held_out_pairs_never_occur_in_training() -> None:
    seen = {(s.kind, s.colour) for scene in scenes_of(4000, seed=0) for s in scene.subjects}
    assert not seen & HELD_OUT
    assert len(seen) == len(KINDS) * len(COLOURS) - len(HELD_OUT)


def test_every_kind_and_every_colour_has_one_held_out_pair() -> None:
    assert sorted(kind for kind, _ in HELD_OUT) == sorted(KINDS)
    assert sorted(colour for _, colour in HELD_OUT) == sorted(COLOURS)


def test_an_evaluated_scene_always_asks_for_a_held_out_pair() -> None:
    assert all((s.subjects[0].kind, s.subjects[0].colour) in HELD_OUT for s in scenes_of(300, 1, held_out=True))


def test_scenes_cover_every_time_ground_and_place_and_no_sky_that_does_not_fit() -> None:
    scenes = scenes_of(500, seed=3)
    assert {s.time for s in scenes} == set(TIMES)
    assert {s.ground for s in scenes} == set(GROUNDS)
    assert {subject.place for s in scenes for subject in s.subjects} == set(PLACES)
    assert all(s.sky in SKIES_OF_TIME[s.time] for s in scenes)


def test_the_subjects_own_colour_covers_most_of_it() -> None:
    for kind in KINDS:
        for colour in COLOURS:
            image, mask = render(a_scene(kind, colour))
            mean = image[mask > 127].mean(axis=0)
            nearest = min(COLOURS, key=lambda c: float(np.abs(np.array(SUBJECT[c]) - mean).sum()))
            near = np.abs(image[mask > 127].astype(int) - SUBJECT[colour]).max(axis=1) < 8
            assert near.mean() > 0.4 or nearest == colour, (kind, colour, near.mean())


def test_a_subject_stands_where_it_is_placed() -> None:
    middles = {}
    for place in PLACES:
        _, mask = render(a_scene(place=place))
        middles[place] = float(np.nonzero(mask > 127)[1].mean())
    assert middles["left"] < 45 < 55 < middles["middle"] < 73 < 83 < middles["right"]


def test_a_subject_at_night_stands_out_from_what_is_behind_it() -> None:
    for colour in COLOURS:
        scene = a_scene(colour=colour, time="night")
        image, mask = render(scene)
        around = image[60:110][mask[60:110] < 10].mean(axis=0)
        assert np.abs(image[mask > 127].mean(axis=0) - around).max() > 25, colour
