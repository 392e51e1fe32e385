"""The shipped file: small, half precision, in SD1.x's single-file layout, and it draws what it is asked for."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from nodes.demo import judge as judging
from nodes.demo import shipped, tokens
from nodes.demo.architecture import LATENT_SCALE, Sizes, build_vae
from nodes.demo.ldm import TEXT, UNET, VAE
from nodes.demo.pictures import drawn, scenes_of
from nodes.demo.shipped import FILE, Shipped
from nodes.demo.text2image import TextToImage, latents_of
from nodes.demo.vae import as_tensor, decode, moments

TINY = Sizes(vae=(32, 32, 32, 32), unet=(32, 32), unet_layers=1, text_width=64, text_layers=1)


@pytest.fixture(scope="module")
def model() -> Shipped:
    return shipped.read_back()


@pytest.fixture(scope="module")
def judge() -> judging.Judge:
    return judging.read_back()


def test_the_file_is_at_most_48_megabytes() -> None:
    assert FILE.stat().st_size <= 48_000_000


def test_every_tensor_is_half_precision_and_named_as_in_sd_1() -> None:
    with safe_open(FILE, "pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118 -- no mapping
        names = list(file.keys())
        assert file.metadata()["loom.licence"] == "Apache-2.0"
    assert all(name.startswith((UNET, VAE, TEXT)) for name in names)
    assert f"{UNET}input_blocks.0.0.weight" in names
    assert f"{VAE}decoder.up.3.block.0.conv1.weight" in names
    assert f"{TEXT}encoder.layers.0.self_attn.q_proj.weight" in names


def test_the_text_encoder_takes_every_clip_token_and_foreign_words_share_a_vector(model: Shipped) -> None:
    table = model.text.get_input_embeddings().weight
    assert table.shape == (49408, 128)
    zebra, helicopter, house = (tokens.words_of(word)[0] for word in ("zebra", "helicopter", "house"))
    assert torch.equal(table[zebra], table[helicopter])
    assert not torch.equal(table[zebra], table[house])


def test_writing_and_reading_back_keeps_every_number(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vae, trained = build_vae(TINY), TextToImage(TINY)
    shipped.write(vae, trained, tmp_path / "tiny.safetensors")
    back = shipped.read_back(tmp_path / "tiny.safetensors", TINY)
    for before, after in ((vae, back.vae), (trained.unet, back.unet)):
        kept = after.state_dict()
        assert all(torch.equal(value.half().float(), kept[name]) for name, value in before.state_dict().items())
    texts = ["a red house", "a zebra at night"]
    rows = tokens.row_of()[tokens.encode(texts)]
    trained.reader.encoder.half().float()
    with torch.no_grad():
        assert torch.allclose(back.read(texts), trained.eval().reader(rows), atol=1e-5)


def test_latents_have_deviation_1_with_sd_1s_scaling(model: Shipped) -> None:
    pictures = drawn(scenes_of(24, seed=5))
    latents = latents_of(model.vae, pictures.images)
    assert LATENT_SCALE == 0.18215
    assert 0.85 < latents.std().item() < 1.15
    assert abs(latents.mean().item()) < 0.15


def test_the_vae_gives_whole_scenes_back(model: Shipped) -> None:
    pictures = drawn(scenes_of(12, seed=6, held_out=True))
    images = as_tensor(pictures.images)
    with torch.no_grad():
        back = decode(model.vae, moments(model.vae, images)[0]).clamp(-1, 1)
    error = ((back - images) / 2).square().mean(dim=(1, 2, 3))
    assert (-10 * error.log10()).mean().item() >= 28


def test_the_judge_knows_rendered_pictures(judge: judging.Judge) -> None:
    pictures = drawn(scenes_of(60, seed=8) + scenes_of(40, seed=8, held_out=True))
    seen = judge.see(judging.shown(pictures.images))
    right = [found == judging.seen_in(scene) for found, scene in zip(seen, pictures.scenes, strict=True)]
    assert sum(right) >= 99


def test_sampled_pictures_show_what_the_text_says(model: Shipped, judge: judging.Judge) -> None:
    texts = [
        "a red house on the left on a meadow by day, with a sun",
        "a green house in the middle in the snow at night, with stars",  # a pair the training never saw
        "a yellow boat on the right at sea at sunset",
        "a blue tree on the left and a white castle on the right in the desert by day",  # one pair never seen, of two
    ]
    seen = judge.see(model.sample(texts, seeds=[1, 2, 3, 4], steps=12))
    assert [(s.time, s.ground) for s in seen] == [
        ("day", "meadow"), ("night", "snow"), ("sunset", "sea"), ("day", "desert"),
    ]  # fmt: skip
    assert [s.subjects for s in seen] == [
        {"left": ("house", "red")},
        {"middle": ("house", "green")},
        {"right": ("boat", "yellow")},
        {"left": ("tree", "blue"), "right": ("castle", "white")},
    ]


def test_an_unknown_word_harms_nothing(model: Shipped, judge: judging.Judge) -> None:
    seen = judge.see(model.sample(["a zorbly red house flonk in the desert at night"], seeds=[4], steps=12))
    assert (seen[0].time, seen[0].ground) == ("night", "desert")
    assert ("house", "red") in seen[0].subjects.values()


def test_the_same_seed_gives_the_same_picture_alone_and_in_a_batch(model: Shipped) -> None:
    alone = model.sample(["a tree"], seeds=[7], steps=2)
    together = model.sample(["a castle", "a tree"], seeds=[6, 7], steps=2)
    assert torch.allclose(alone[0], together[1], atol=1e-3)
