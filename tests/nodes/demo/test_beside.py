"""What ships beside the demo model: small, found by its kind, and it does what its page says, through the nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nodes.control import load_controlnet
from nodes.demo import control, inpainting, style, style_judge, word
from nodes.demo import judge as judging
from nodes.demo.agreement import agreement
from nodes.demo.captions import full_caption
from nodes.demo.measures import as_image, hole_over, in_bytes, planes
from nodes.demo.pictures import drawn, scenes_of
from nodes.demo.shipped import FILE
from nodes.demo.studio import STYLED, Studio
from nodes.demo.styles import POSTER
from nodes.types import Mask
from server.model_folders import gather

FILES = (control.FILE, style.FILE, word.FILE, inpainting.FILE)
MOST = 15_000_000
SEED = 31


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(steps=10)  # half of what people take: what is proved here is not how fine the pictures are


@pytest.fixture(scope="module")
def judge() -> judging.Judge:
    return style_judge.read_back()


def test_together_they_are_at_most_15_megabytes() -> None:
    assert sum(file.stat().st_size for file in FILES) <= MOST


def test_a_fresh_home_lists_each_where_it_is_picked(tmp_path: Path) -> None:
    found = gather(tmp_path, [], None, FILE.parents[4])
    for kind, file in (("controlnet", control.FILE), ("loras", style.FILE), ("loras", inpainting.FILE),
                       ("embeddings", word.FILE)):  # fmt: skip
        assert file.name in found.files(kind)


def test_the_controlnet_is_for_the_demo_models_family_and_sizes() -> None:
    net = load_controlnet(control.FILE)
    assert net.families == ("sd1",) and net.sizes == (128, 1, 64, 128, 256)


def test_the_controlnets_pictures_have_the_edges_that_were_asked_for(studio: Studio) -> None:
    pictures = drawn(scenes_of(3, SEED, held_out=True))
    found = []
    for seed, (scene, pixels) in enumerate(zip(pictures.scenes, pictures.images, strict=True)):
        edges = studio.edges(as_image(pixels), control.LOW, control.HIGH)
        made = studio.steered(full_caption(scene), edges, control.FILE, seed)
        again = studio.edges(in_bytes(made), control.LOW, control.HIGH)
        found.append(agreement(edges.pixels[0, ..., 0], again.pixels[0, ..., 0]).f1)
    assert np.mean(found) >= 0.65


def test_the_style_judge_knows_rendered_pictures(judge: judging.Judge) -> None:
    scenes = scenes_of(40, SEED)
    for name, pictures in (("flat", drawn(scenes)), ("poster", drawn(scenes, style=POSTER))):
        seen = style_judge.look(judge, judging.shown(pictures.images))
        assert [one.style for one in seen] == [name] * len(seen)
        right = [one.subjects == judging.seen_in(scene).subjects for one, scene in zip(seen, scenes, strict=True)]
        assert sum(right) >= 36


def test_with_the_lora_it_draws_posters_of_what_is_asked_for_and_without_it_none(
    studio: Studio, judge: judging.Judge
) -> None:
    scenes = [scene for scene in scenes_of(12, SEED) if len(scene.subjects) == 1][:3]
    styled = studio.with_lora(style.FILE)
    seen, plain = [], []
    for seed, scene in enumerate(scenes):
        seen += style_judge.look(judge, planes(studio.drawn(full_caption(scene), seed, styled, STYLED)))
        plain += style_judge.look(judge, planes(studio.drawn(full_caption(scene), seed)))
    assert [one.style for one in plain] == ["flat"] * len(scenes)
    assert [one.style for one in seen].count("poster") >= len(scenes) - 1
    kinds = [{kind for kind, _ in one.subjects.values()} for one in seen]
    assert sum(scene.subjects[0].kind in there for scene, there in zip(scenes, kinds, strict=True)) >= len(scenes) - 1


def test_the_learnt_word_brings_a_colour_that_the_model_has_no_word_for(studio: Studio, judge: judging.Judge) -> None:
    name = f"embedding:{word.FILE.stem}"
    colours = {"learnt": [], "unknown": []}  # type: dict[str, list[str]]
    for seed, kind in enumerate(("mushroom", "cactus", "balloon")):
        for which, said in (("learnt", name), ("unknown", word.COLOUR)):
            image = studio.drawn(f"a {said} {kind} in the middle on a meadow by day", seed)
            shown = style_judge.look(judge, planes(image))[0].subjects
            colours[which].append(shown.get("middle", ("", ""))[1])
    assert colours["learnt"].count(word.COLOUR) >= 2
    assert colours["unknown"].count(word.COLOUR) == 0


def test_painting_with_the_lora_errs_less_than_with_a_mask_alone(studio: Studio) -> None:
    pictures = drawn(scenes_of(3, 780, held_out=True))
    errors: dict[str, list[float]] = {"both": [], "mask": []}
    for seed, (scene, pixels, mask) in enumerate(zip(pictures.scenes, pictures.images, pictures.masks, strict=True)):
        hole = hole_over(scene, mask)
        image, where = as_image(pixels), Mask(torch.from_numpy(hole)[None])
        for name, way in (("both", studio.inpainted), ("mask", studio.masked)):
            made = studio.over(image, way(full_caption(scene), image, where, seed), where)
            off = (made.pixels - image.pixels).abs()[0].mean(-1).numpy()
            errors[name].append(float(off[hole > 0].mean()))
            assert (off[hole == 0] == 0).all()
    assert np.mean(errors["both"]) < 0.92 * np.mean(errors["mask"])
