"""GLIGEN: texts in boxes against diffusers, in both layouts of files; where, when and for whom boxes count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from nodes.api import BadValue
from nodes.conditioning import Pixels, Share, set_conditioning_area
from nodes.control import Steered
from nodes.diffusion.control.steering import Nets
from nodes.diffusion.describe import describe
from nodes.diffusion.guidance import Guided
from nodes.diffusion.tiled import TiledDenoiser
from nodes.gligen import load_gligen, put_text_into_box
from nodes.latent import empty_latent
from nodes.levels import denoiser_of
from nodes.loaders import Checkpoint, load_model
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Gligen, Tiles
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.test_control import written
from tests.nodes.test_editing import difference, scheduler
from tests.nodes.tiny import DIFFUSERS, UNET, ldm_unet, models

SIGMA, CELLS, NEAR = 1.7, 16, 1e-5
TOP_LEFT, RIGHT = (0.0, 0.0, 0.5, 0.5), (0.5, 0.25, 1.0, 1.0)


@dataclass
class Kit:
    """diffusers' UNet with GLIGEN in it, and the files of what GLIGEN adds."""

    unet: Any
    diffusers: Path
    single: Path
    whole: Path


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    folder = tmp_path_factory.mktemp("gligen")
    plain, _, _ = models()
    torch.manual_seed(23)
    unet = DIFFUSERS.UNet2DConditionModel(**UNET, attention_type="gated").eval().requires_grad_(False)
    for name, parameter in unet.named_parameters():
        if "alpha" in name or "null" in name:
            parameter.normal_(std=0.8)
    unet.load_state_dict(plain.state_dict(), strict=False)
    added = {name: tensor for name, tensor in unet.state_dict().items() if is_added(name)}
    position = {name: tensor for name, tensor in added.items() if name.startswith("position_net.")}
    single = position | {name: tensor for name, tensor in ldm_unet(unet) if is_added(name)}
    assert len(single) == len(added) > 150
    return Kit(
        unet,
        written(folder / "diffusers.safetensors", added),
        written(folder / "single.safetensors", single),
        written(folder / "whole" / "diffusion_pytorch_model.safetensors", unet.state_dict()),
    )


def is_added(name: str) -> bool:
    return ".fuser." in name or name.startswith("position_net.")


def texts(tiny: Checkpoint, ctx: PlainContext) -> Steered:
    wanted, unwanted = (encode_text(tiny.text_encoder, ctx, text) for text in ("a red house by the sea", "night"))
    return Steered(wanted, unwanted)


def boxed(tiny: Checkpoint, ctx: PlainContext, gligen: Gligen, **options: Any) -> Steered:
    """Two boxes: one in shares, one in pixels of a picture of 128 x 128."""
    given = {"gligen": gligen, "text_encoder": tiny.text_encoder, "ctx": ctx, **options}
    one = put_text_into_box(*texts(tiny, ctx), text="a red house", area=Share(0.0, 0.0, 0.5, 0.5), **given)
    return put_text_into_box(*one, text="the sea", area=Pixels(64, 32, 64, 96), **given)


def noisy() -> Tensor:
    return torch.randn(1, 4, CELLS, CELLS, generator=torch.Generator().manual_seed(6)) * SIGMA


def by_us(tiny: Checkpoint, ctx: PlainContext, said: Steered, sigma: float = SIGMA) -> tuple[Tensor, Tensor]:
    """x0 under the wanted and the unwanted text, both of one forward."""
    guided = Guided(denoiser_of(tiny.model, ctx), said.positive, said.negative, 2.0, 1, both=True)
    combined = guided(noisy(), sigma)
    negative = guided.unconditional
    return negative + (combined - negative) / 2.0, negative


def by_diffusers(kit: Kit, tiny: Checkpoint, ctx: PlainContext, sigma: float = SIGMA) -> list[Tensor]:
    """The same by diffusers' own UNet, told of boxes as its pipeline tells it."""
    said = texts(tiny, ctx)
    clip = ctx.weights(tiny.text_encoder.recipe).clips[0]
    summaries = [clip.encode(text, -1, True)[1] for text in ("a red house", "the sea")]
    places, features, masks = torch.zeros(2, 30, 4), torch.zeros(2, 30, 128), torch.zeros(2, 30)
    places[:, :2], features[:, :2] = torch.tensor([TOP_LEFT, RIGHT]), torch.cat(summaries)
    masks[0, :2] = 1
    kept = scheduler().alphas_cumprod.double()
    step = int((((1 - kept) / kept).sqrt().log() - torch.tensor(sigma).double().log()).abs().argmin())
    words = torch.cat([said.positive.parts[0].embedding, said.negative.parts[0].embedding])
    boxes = {"boxes": places, "positive_embeddings": features, "masks": masks}
    x = noisy()
    noise = kit.unet(
        x.expand(2, -1, -1, -1) / (1 + sigma**2) ** 0.5, step, words, cross_attention_kwargs={"gligen": boxes}
    ).sample
    clean: Tensor = x - noise * sigma
    return [clean[:1], clean[1:]]


@pytest.mark.parametrize("layout", ["diffusers", "single", "whole"])
def test_boxes_are_seen_as_in_diffusers(kit: Kit, tiny: Checkpoint, ctx: PlainContext, layout: str) -> None:
    gligen = load_gligen(getattr(kit, layout))
    found = by_us(tiny, ctx, boxed(tiny, ctx, gligen, end=1.0))
    plain = by_us(tiny, ctx, texts(tiny, ctx))
    for ours, theirs, without in zip(found, by_diffusers(kit, tiny, ctx), plain, strict=True):
        assert difference(ours, theirs) < NEAR
        assert difference(ours, without) > 0.01


def test_the_model_itself_is_as_before(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    before = by_us(tiny, ctx, texts(tiny, ctx))
    by_us(tiny, ctx, boxed(tiny, ctx, load_gligen(kit.single), end=1.0))
    unet = ctx.weights(tiny.model.recipe).unet
    assert not any("fuser" in vars(module) or "position_net" in vars(module) for module in unet.modules())
    assert all(torch.equal(a, b) for a, b in zip(before, by_us(tiny, ctx, texts(tiny, ctx)), strict=True))


def test_boxes_count_within_their_shares_of_sampling(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    gligen = load_gligen(kit.single)
    plain = by_us(tiny, ctx, texts(tiny, ctx))
    over = by_us(tiny, ctx, boxed(tiny, ctx, gligen, end=0.3))  # this noise level is in the second half
    assert torch.equal(over[0], plain[0]) and torch.equal(over[1], plain[1])
    late = by_us(tiny, ctx, boxed(tiny, ctx, gligen, start=0.3, end=1.0))
    assert difference(late[0], plain[0]) > 0.01


def test_a_text_without_boxes_beside_others_is_not_touched(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    plain = texts(tiny, ctx)
    found = by_us(tiny, ctx, Steered(boxed(tiny, ctx, load_gligen(kit.single), end=1.0).positive, plain.negative))
    assert difference(found[1], by_us(tiny, ctx, plain)[1]) < NEAR


def test_a_part_of_the_picture_sees_what_of_a_box_lies_in_it(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    """The left half of the picture is a picture of its own, whose upper half is the box."""
    gligen = load_gligen(kit.single)
    put = partial(put_text_into_box, gligen=gligen, text_encoder=tiny.text_encoder, ctx=ctx, text="the sea", end=1.0)
    plain = texts(tiny, ctx).positive
    half = set_conditioning_area(plain, Share(0.0, 0.0, 0.5, 1.0))
    whole_box, half_box = (Share(0.0, 0.0, width, 0.5) for width in (1.0, 0.5))
    for area, told in ((whole_box, half), (half_box, half)):
        seen = Guided(denoiser_of(tiny.model, ctx), put(told, told, area=area).positive, None, 1.0, 1)
        whole = Guided(denoiser_of(tiny.model, ctx), put(plain, plain, area=whole_box).positive, None, 1.0, 1)
        x = noisy()
        assert difference(seen(x, SIGMA)[..., :8], whole(x[..., :8], SIGMA)) < NEAR


def test_tiles_see_what_of_a_box_lies_in_them(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    """Boxes of the left and the right half, in tiles that are those halves, are two pictures with a box each."""
    gligen = load_gligen(kit.single)
    tiled = TiledDenoiser(denoiser_of(tiny.model, ctx), Tiles(128, 0), 8)
    said = texts(tiny, ctx).positive
    put = partial(put_text_into_box, gligen=gligen, text_encoder=tiny.text_encoder, ctx=ctx, end=1.0)
    left, right = Share(0.0, 0.0, 0.5, 1.0), Share(0.5, 0.0, 0.5, 1.0)
    both = put(put(said, said, text="a red house", area=left).positive, said, text="the sea", area=right).positive
    x = torch.randn(1, 4, 16, 32)
    found = Guided(tiled, both, None, 1.0, 1)(x, SIGMA)
    for text, piece in (("a red house", slice(0, 16)), ("the sea", slice(16, 32))):
        alone = put(said, said, text=text, area=Share(0.0, 0.0, 1.0, 1.0)).positive
        whole = Guided(denoiser_of(tiny.model, ctx), alone, None, 1.0, 1)
        assert difference(found[..., piece], whole(x[..., piece], SIGMA)) < NEAR


def test_it_samples(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    said = boxed(tiny, ctx, load_gligen(kit.single))
    made = sample(tiny.model, *said, empty_latent(64, 64), ctx, steps=3).samples
    plain = sample(tiny.model, *texts(tiny, ctx), empty_latent(64, 64), ctx, steps=3).samples
    assert bool(made.isfinite().all()) and difference(made, plain) > 1e-4


# ---------------------------------------------------------------- what is refused


def test_a_model_of_another_build_is_refused_before_sampling(
    kit: Kit, tiny: Checkpoint, ctx: PlainContext, tmp_path: Path
) -> None:
    unet = small.unet(use_linear_projection=False, attention_head_dim=8, cross_attention_dim=128)
    other = load_model(written(tmp_path / "other.safetensors", small.below(small.DENOISER, ldm_unet(unet))))
    with pytest.raises(BadValue, match=r"a GLIGEN for models .* \(\d+ layers, .* but the model has \d+ layers"):
        sample(other, *boxed(tiny, ctx, load_gligen(kit.single)), empty_latent(64, 64), ctx, steps=1)
    assert ctx.steps == 0


@pytest.mark.parametrize(
    ("options", "input"),
    [({"text": "  "}, "text"), ({"start": 0.8, "end": 0.2}, "end"), ({"area": Share(width=0.0)}, "area.width"),
     ({"text": "embedding:none-of-this-name"}, "text")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_at_its_input(
    kit: Kit, tiny: Checkpoint, ctx: PlainContext, options: dict[str, Any], input: str
) -> None:
    gligen, said = load_gligen(kit.single), texts(tiny, ctx)
    with pytest.raises(BadValue) as caught:
        put_text_into_box(*said, gligen, tiny.text_encoder, ctx, **{"text": "a sea"} | options)
    assert caught.value.input == input


def test_a_box_too_many_is_refused(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    gligen, said = load_gligen(kit.single), texts(tiny, ctx)
    for _ in range(30):
        said = put_text_into_box(*said, gligen, tiny.text_encoder, ctx, "a sea")
    with pytest.raises(BadValue, match="30 boxes already"):
        put_text_into_box(*said, gligen, tiny.text_encoder, ctx, "a sea")


BROKEN: dict[str, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {
    "Expected a GLIGEN": lambda tensors: {"lora_unet_x.lora_up.weight": torch.zeros(1, 1)},
    "something else than texts": lambda tensors: {
        name.replace("linears.", "linears_text.").replace("null_positive", "null_text"): tensor
        for name, tensor in tensors.items()
    },
    "fusers.2.norm1.weight is missing": lambda tensors: {
        name: tensor for name, tensor in tensors.items() if not name.startswith("input_blocks.4") or "norm1" not in name
    },
}  # fmt: skip


@pytest.mark.parametrize("words", BROKEN)
def test_files_that_are_no_such_gligen_are_refused_in_words(kit: Kit, tmp_path: Path, words: str) -> None:
    path = written(tmp_path / "broken.safetensors", BROKEN[words](load_file(kit.single)))
    with pytest.raises(BadValue, match=words):
        load_gligen(path)
    assert describe(path, "gligen").problem


def test_a_list_of_models_tells_what_it_is(kit: Kit) -> None:
    found = describe(kit.single, "gligen")
    assert found.what.startswith("a GLIGEN for") and not found.problem


def test_an_encoder_that_sums_up_in_other_numbers_is_refused(kit: Kit, tiny: Checkpoint, ctx: PlainContext) -> None:
    gligen = replace(load_gligen(kit.single), reads=768)
    with pytest.raises(BadValue, match=r"in 128 numbers, but .* reads 768"):
        put_text_into_box(*texts(tiny, ctx), gligen, tiny.text_encoder, ctx, "a sea")


def test_nets_are_loaded_once(kit: Kit, ctx: PlainContext) -> None:
    gligen = load_gligen(kit.single)
    nets = Nets(ctx.weights)
    assert nets.net(gligen.recipe) is nets.net(load_gligen(kit.single).recipe)
