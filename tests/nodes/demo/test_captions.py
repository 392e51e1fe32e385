"""Captions: they say what the scene shows, in words the vocabulary knows, and one in ten is empty."""

import numpy as np
import torch

from nodes.demo import grammar, tokens
from nodes.demo.captions import caption_of, full_caption
from nodes.demo.pictures import scenes_of
from nodes.demo.reading import rows_of, strewn
from nodes.demo.scenes import COLOURS, HELD_OUT, Scene, Subject

SCENE = Scene("night", "sea", "moon", (Subject("boat", "red", "left"), Subject("house", "white", "right")), seed=0)


def captions(count: int) -> list[str]:
    rng = np.random.default_rng(0)
    return [caption_of(scene, rng) for scene in scenes_of(count, seed=0)]


def test_a_tenth_of_the_captions_is_empty() -> None:
    texts = captions(2500)
    assert 0.085 < sum(not text for text in texts) / len(texts) < 0.115


def test_wording_varies() -> None:
    rng = np.random.default_rng(0)
    assert len({caption_of(SCENE, rng) for _ in range(200)}) > 150


def test_no_training_caption_names_a_held_out_pair() -> None:
    for text in captions(2500):
        for kind, colour in HELD_OUT:
            assert f"{colour} {kind}" not in text


def test_a_caption_names_only_colours_of_its_scene() -> None:
    rng = np.random.default_rng(1)
    of_ground = {"meadow": "green", "snow": "white", "sea": "blue"}  # "in the blue sea" is said of a sea
    for scene in scenes_of(1500, seed=2):
        text = caption_of(scene, rng)
        allowed = {s.colour for s in scene.subjects} | {of_ground.get(scene.ground, "")}
        assert all(colour in allowed for colour in COLOURS if colour in text.replace(",", " ").split())


def test_the_full_caption_says_everything() -> None:
    assert full_caption(SCENE) == ("a red boat on the left and a white house on the right at sea at night, with a moon")


def test_ids_are_clips() -> None:
    ids = tokens.encode(["a photo of a cat"])[0]
    assert ids[:7].tolist() == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert ids.shape == (77,)
    assert set(ids[7:].tolist()) == {49407}


def test_every_word_of_the_grammar_has_a_row_of_its_own() -> None:
    for text in captions(600):
        assert tokens.UNKNOWN_ROW not in tokens.row_of()[tokens.words_of(text)].tolist(), text


def test_words_outside_the_grammar_share_one_row() -> None:
    rows = tokens.row_of()[tokens.words_of("zebra helicopter")]
    assert set(rows.tolist()) == {tokens.UNKNOWN_ROW}


def test_strewn_words_leave_the_captions_own_words_in_order() -> None:
    words = tokens.words_of("a red house at night")
    for seed in range(50):
        mixed = iter(strewn(words, np.random.default_rng(seed)))
        assert all(word in mixed for word in words)


def test_captions_of_a_seed_are_the_same_every_time() -> None:
    scenes = scenes_of(20, seed=0)
    first, second = (rows_of(scenes, np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert int(first.max()) <= len(tokens.known_ids())


def test_the_grammar_has_words_for_every_attribute() -> None:
    assert all(all(choices) for choices in grammar.KIND_WORDS.values())
    assert set(grammar.COLOUR_WORDS) == set(COLOURS)


def test_some_captions_place_a_colour_and_leave_the_kind_open() -> None:
    rng = np.random.default_rng(3)
    said = [caption_of(SCENE, rng) for _ in range(400)]
    assert any("red one" in text and "boat" not in text for text in said)
