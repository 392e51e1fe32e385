"""What is learnt beside the model: stopped and taken up again it ends with the same numbers, and the model stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from nodes.demo import control, inpainting, style, word
from nodes.demo.adapter import Adapter
from nodes.demo.agreement import agreement
from nodes.demo.architecture import Sizes, build_text_encoder, build_unet, build_vae
from nodes.demo.pictures import Pictures, drawn, scenes_of
from nodes.demo.scenes import COLOURS
from nodes.demo.shipped import Shipped
from nodes.demo.styles import POSTER
from nodes.demo.text2image import latents_of
from nodes.demo.training import Plan, Run

TINY = Sizes(vae=(32, 32, 32, 32), unet=(32, 32), unet_layers=1, text_width=64, text_layers=1)
PLAN = Plan(steps=3, batch=2, rate=1e-3, hidden_rate=1e-3, warmup=1, save_every=2)
Learn = Callable[[Shipped, Plan, Path], nn.Module]


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def base() -> Shipped:
    torch.manual_seed(0)
    return Shipped(build_vae(TINY).eval(), build_unet(TINY).eval(), build_text_encoder(TINY).eval())


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return drawn(scenes_of(3, seed=0))


@pytest.fixture(scope="module")
def stages(base: Shipped, pictures: Pictures) -> dict[str, Learn]:
    latents = latents_of(base.vae, pictures.images)
    edges, holes = control.edges_of(pictures.images), inpainting.holes_in(base.vae, pictures.images, 0)
    lilac = drawn(word.in_colour(pictures.scenes, 0))
    return {
        "controlnet": lambda base, plan, file: control.train_control(base, pictures, latents, edges, plan, file),
        "lora": lambda base, plan, file: style.train_style(base, pictures, latents, plan, file),
        "embedding": lambda base, plan, file: word.train_word(base, lilac, latents, plan, file),
        "inpaint": lambda base, plan, file: inpainting.train_inpainting(base, pictures, latents, holes, plan, file),
    }


@pytest.mark.parametrize("name", ["controlnet", "lora", "embedding", "inpaint"])
def test_a_resumed_run_equals_an_uninterrupted_one_and_leaves_the_model_alone(
    name: str, base: Shipped, stages: dict[str, Learn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {key: value.clone() for key, value in base.unet.state_dict().items()}
    learn = stages[name]
    straight = learn(base, PLAN, tmp_path / "straight.pt").state_dict()
    with monkeypatch.context() as patch:
        whole = Run.save

        def save(run: Run) -> None:
            whole(run)
            raise StoppedError

        patch.setattr(Run, "save", save)
        with pytest.raises(StoppedError):
            learn(base, PLAN, tmp_path / "stopped.pt")
    resumed = learn(base, PLAN, tmp_path / "stopped.pt").state_dict()
    assert all(torch.equal(value, resumed[key]) for key, value in straight.items())
    at_first = learn(base, replace(PLAN, steps=0), tmp_path / "none.pt").state_dict()
    assert not all(torch.equal(value, at_first[key]) for key, value in straight.items())
    assert all(torch.equal(value, base.unet.state_dict()[key]) for key, value in before.items())


def test_an_adapter_that_learnt_nothing_changes_nothing_and_a_wider_one_passes_over_what_it_is_shown(
    base: Shipped,
) -> None:
    latents, times, states = torch.randn(1, 4, 16, 16), torch.tensor([500]), torch.randn(1, 77, 64)
    with torch.no_grad():
        plain = base.unet(latents, times, states).sample
        same = Adapter(base.unet, 2).predict(base.unet, latents, times, states)
        shown = torch.cat([latents, torch.randn(1, 5, 16, 16)], dim=1)
        wider = Adapter(base.unet, 2, widened=True).predict(base.unet, shown, times, states)
    assert torch.allclose(same, plain, atol=1e-5) and torch.allclose(wider, plain, atol=1e-5)


def test_files_are_half_precision_and_say_what_they_are_for(base: Shipped, tmp_path: Path) -> None:
    inpainting.write(Adapter(base.unet, 2, widened=True), base, tmp_path / "lora.safetensors")
    word.write(word.Word(base), tmp_path / "word.safetensors")
    control.write(control.build_control(base), tmp_path / "control.safetensors")
    for name in ("lora", "word", "control"):
        assert {tensor.dtype for tensor in load_file(tmp_path / f"{name}.safetensors").values()} == {torch.float16}
    assert load_file(tmp_path / "lora.safetensors")["lora_unet_conv_in.diff"].shape == (32, 9, 3, 3)
    assert load_file(tmp_path / "word.safetensors")["emb_params"].shape == (len(word.MARKS), 64)


def test_edges_are_packed_and_come_back(pictures: Pictures) -> None:
    edges = control.edges_of(pictures.images)
    hint = control.as_hint(edges)
    assert edges.shape == (3, 128, 16) and hint.shape == (3, 3, 128, 128)
    assert set(hint.flatten().tolist()) == {0.0, 1.0}
    assert 0.01 < hint.mean().item() < 0.15


def test_edges_agree_within_the_tolerance_and_not_beyond() -> None:
    asked = torch.zeros(32, 32)
    asked[16, 4:28] = 1
    assert agreement(asked, asked).f1 == 1
    assert agreement(asked, asked.roll(2, 0)).f1 == 1
    assert agreement(asked, asked.roll(3, 0)).f1 == 0
    half = asked.clone()
    half[16, 16:] = 0
    found = agreement(asked, half)
    assert found.precision == 1 and found.recall == pytest.approx(14 / 24)
    assert agreement(asked, torch.zeros(32, 32)).f1 == 0


def test_a_poster_shows_the_same_scene_with_another_sky_and_a_rim() -> None:
    scenes = scenes_of(4, seed=1)
    flat, poster = drawn(scenes), drawn(scenes, style=POSTER)
    assert (np.abs(flat.images.astype(int) - poster.images).mean(axis=(1, 2, 3)) > 20).all()
    assert (poster.masks >= flat.masks).all() and poster.masks.mean() > flat.masks.mean()


def test_the_new_colour_is_in_every_scene_and_its_caption_speaks_of_the_marks() -> None:
    scenes = word.in_colour(scenes_of(20, seed=2), 2)
    assert all(any(s.colour == word.COLOUR for s in scene.subjects) for scene in scenes)
    assert word.COLOUR not in COLOURS
    texts = [word.said(scene, np.random.default_rng(i)) for i, scene in enumerate(scenes)]
    assert not any(word.COLOUR in text for text in texts)
    assert all(" ".join(word.MARKS) in text for text in texts)


def test_the_word_is_learnt_where_its_colour_is() -> None:
    pair = next(scene for scene in scenes_of(40, seed=2) if len(scene.subjects) == 2)
    scenes = word.in_colour([pair], 2)
    masks = np.full((1, 128, 128), 255, np.uint8)
    cells = word.coloured(scenes, masks)[0, 0]
    lilac = next(s for s in scenes[0].subjects if s.colour == word.COLOUR)
    assert cells.shape == (16, 16) and cells.sum() == 128
    assert bool(cells[:, :8].all()) == (lilac.place == "left")


def test_a_hole_is_shown_as_grey_and_told_in_cells(base: Shipped, pictures: Pictures) -> None:
    holes = inpainting.holes_in(base.vae, pictures.images, seed=3)
    assert holes.cells.shape == (3, 1, 16, 16) and holes.seen.shape == (3, 4, 16, 16)
    assert set(holes.cells.flatten().tolist()) <= {0.0, 1.0}
    shares = [inpainting.random_hole(np.random.default_rng(i)).mean() for i in range(200)]
    assert min(shares) > 0 and max(shares) == 1 and 0.1 < np.mean(shares) < 0.6
