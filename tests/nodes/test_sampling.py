"""The sampler node: from text and noise to a latent."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.guidance import Guided
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.room import bytes_to_look
from nodes.diffusion.sample import Walk, walk
from nodes.diffusion.told import Told
from nodes.latent import decode_latent, empty_latent, encode_image
from nodes.levels import denoiser_of
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.tiling import tile_model
from nodes.types import Conditioning, Image, Latent, NoiseMask, TextPart
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import write_checkpoint


@pytest.fixture
def texts(tiny: Checkpoint, ctx: PlainContext) -> tuple[Conditioning, Conditioning]:
    return encode_text(tiny.text_encoder, ctx, "a red house"), encode_text(tiny.text_encoder, ctx, "")


def latent_of(tiny: Checkpoint, samples: Tensor) -> Latent:
    return Latent(samples, tiny.model.space)


def near(found: Tensor, wanted: Tensor, tolerance: float = 1e-5) -> bool:
    return float((found - wanted).norm() / wanted.norm()) < tolerance


# ---------------------------------------------------------------- the maths around the sampler


class Counting:
    """A denoiser that says what it was asked; its picture is the text's first number everywhere."""

    levels, text_width, pooled_width, masks_text, device = NoiseLevels.scaled_linear(), 1, 0, False, "cpu"
    beside_channels = longest_edge = 0

    def __init__(self) -> None:
        self.asked: list[tuple[Tensor, float, Told]] = []

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        self.asked.append((x, sigma, told))
        return told.tokens[:, 0, 0][:, None, None, None].expand_as(x)


def text_of(value: float, tokens: int = 77) -> Conditioning:
    return Conditioning((TextPart(torch.full((1, tokens, 1), value)),))


def test_both_texts_go_through_the_model_in_one_forward() -> None:
    model = Counting()
    guided = Guided(model, text_of(2.0), text_of(1.0), 3.0, batch=2)
    assert torch.equal(guided(torch.zeros(2, 4, 1, 1), 5.0), torch.full((2, 4, 1, 1), 1.0 + (2.0 - 1.0) * 3.0))
    assert [len(x) for x, _, _ in model.asked] == [4]


@pytest.mark.parametrize(("negative", "guidance"), [(None, 7.0), (text_of(1.0), 1.0)])
def test_one_text_is_enough_without_a_negative_or_without_guidance(
    negative: Conditioning | None, guidance: float
) -> None:
    model = Counting()
    guided = Guided(model, text_of(2.0), negative, guidance, batch=1)
    assert torch.equal(guided(torch.zeros(1, 4, 1, 1), 5.0), torch.full((1, 4, 1, 1), 2.0))
    assert [len(x) for x, _, _ in model.asked] == [1]


def test_texts_of_different_length_are_repeated_to_one_length() -> None:
    model = Counting()
    Guided(model, text_of(2.0, 3 * 77), text_of(1.0, 2 * 77), 3.0, batch=1)(torch.zeros(1, 4, 1, 1), 5.0)
    assert model.asked[0][2].tokens.shape == (2, 6 * 77, 1)


def first_x(tiny: Checkpoint, samples: Tensor, sigma: float, **plan: Any) -> Tensor:
    """What the model is first shown."""
    model = Counting()
    list(
        walk(
            Guided(model, text_of(0.0), None, 1.0, 1), samples, tiny.model.space, Walk("euler", (sigma, 0.0), 5, **plan)
        )
    )
    return model.asked[0][0]


def test_at_the_largest_sigma_noise_has_the_variance_of_noised_pictures(tiny: Checkpoint) -> None:
    sigma = Counting.levels.largest
    torch.manual_seed(5)
    wanted = torch.randn(1, 4, 2, 2) * math.sqrt(1 + sigma**2)
    assert near(first_x(tiny, torch.zeros(1, 4, 2, 2), sigma), wanted, 1e-6)


def test_below_it_the_scaled_latent_is_noised_by_sigma(tiny: Checkpoint) -> None:
    samples = torch.rand(1, 4, 2, 2) * 9
    torch.manual_seed(5)
    assert near(first_x(tiny, samples, 3.0), samples * 0.18215 + torch.randn(1, 4, 2, 2) * 3.0, 1e-6)


def test_without_added_noise_the_latent_is_taken_as_it_is(tiny: Checkpoint) -> None:
    samples = torch.rand(1, 4, 2, 2) * 9
    assert near(first_x(tiny, samples, 3.0, add_noise=False), samples * 0.18215, 1e-6)


def test_steps_are_given_in_the_scale_of_the_vae(tiny: Checkpoint) -> None:
    model = Counting()
    *_, last = walk(
        Guided(model, text_of(0.18215), None, 1.0, 1),
        torch.zeros(1, 4, 2, 2),
        tiny.model.space,
        Walk("euler", (3.0, 0.0), 5),
    )
    assert torch.allclose(last.x, torch.ones(1, 4, 2, 2), atol=1e-5)
    assert torch.allclose(last.denoised, torch.ones(1, 4, 2, 2))


# ---------------------------------------------------------------- the node


def test_the_same_seed_gives_the_same_latent_and_another_seed_another(
    tiny: Checkpoint, ctx: PlainContext, texts: Any
) -> None:
    def run(seed: int) -> Tensor:
        return sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, seed=seed, steps=3).samples

    assert torch.equal(run(1), run(1))
    assert not near(run(2), run(1), 0.1)


# One for each way of drawing noise; all names walk the toy in test_samplers.
@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_2m_sde", "uni_pc"])
@pytest.mark.parametrize("schedule", ["normal", "karras"])
def test_the_first_image_of_a_batch_equals_the_single_image(
    tiny: Checkpoint, ctx: PlainContext, texts: Any, sampler: Any, schedule: Any
) -> None:
    options: dict[str, Any] = {"seed": 9, "steps": 3, "sampler": sampler, "schedule": schedule}
    single = sample(tiny.model, texts[0], texts[1], empty_latent(64, 72), ctx, **options).samples
    batch = sample(tiny.model, texts[0], texts[1], empty_latent(64, 72, 3), ctx, **options).samples
    assert batch.shape == (3, 4, 9, 8)
    assert near(batch[:1], single, 1e-4)
    assert not near(batch[1:2], single, 0.1)


@pytest.mark.parametrize("sampler", ["euler", "heun", "ddim"])
def test_two_samplers_in_a_row_do_what_one_does(tiny: Checkpoint, ctx: PlainContext, texts: Any, sampler: Any) -> None:
    options: dict[str, Any] = {"seed": 4, "steps": 6, "sampler": sampler}
    whole = sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, **options)
    first = sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, end_step=3, keep_noise=True, **options)
    both = sample(tiny.model, texts[0], texts[1], first, ctx, start_step=3, add_noise=False, **options)
    assert near(both.samples, whole.samples, 1e-5)


def test_denoise_decides_how_far_a_latent_is_changed(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    picture = encode_image(tiny.vae, Image(torch.rand(1, 64, 64, 3)), ctx)

    def distance(denoise: float) -> float:
        made = sample(tiny.model, texts[0], texts[1], picture, ctx, steps=4, denoise=denoise)
        return float((made.samples - picture.samples).norm())

    distances = [distance(denoise) for denoise in (0.0, 0.2, 0.6, 1.0)]
    assert distances[0] == 0
    assert all(a < b for a, b in pairwise(distances))


def test_guidance_and_texts_change_the_result(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    positive, negative = texts

    def run(**options: Any) -> Tensor:
        inputs = {"positive": positive, "negative": negative, "guidance": 5.0} | options
        return sample(tiny.model, latent=empty_latent(64, 64), ctx=ctx, steps=2, **inputs).samples

    plain = run(guidance=1.0)
    assert torch.equal(plain, run(negative=None, guidance=5.0))
    assert not torch.equal(plain, run())
    assert not torch.equal(run(), run(negative=encode_text(tiny.text_encoder, ctx, "fog")))


def test_long_texts_meet_short_ones(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    long = encode_text(tiny.text_encoder, ctx, "cat " * 100)
    made = sample(tiny.model, long, texts[1], empty_latent(64, 64), ctx, steps=2)
    assert made.samples.isfinite().all()


class Crowded(PlainContext):
    """A context that has so many bytes to compute in."""

    room = 0

    def make_room(self, size: int) -> None:
        if size > self.room:
            raise MemoryError(f"{size} bytes")


def test_room_for_a_look_is_asked_for_before_the_first_step(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    crowded = Crowded(loaded=ctx.loaded)

    def needs(width: int, guidance: float) -> int:
        with pytest.raises(MemoryError) as caught:
            sample(tiny.model, texts[0], texts[1], empty_latent(width, 64), crowded, steps=1, guidance=guidance)
        assert crowded.steps == 0
        return int(str(caught.value).split()[0])

    # Its levels are 32, 64 and 96 wide, of two layers each; every number has four bytes.
    kept = 32 + 2 * (32 + 64 / 4 + 96 / 16) + (32 / 4 + 64 / 16) + 2 * 32
    assert needs(64, guidance=1.0) == int(kept * 8 * 8) * 4
    assert needs(128, guidance=7.0) == int(kept * 2 * 16 * 8) * 4, "both texts go through the model at once"
    assert bytes_to_look(denoiser_of(tile_model(tiny.model, 128, 32), ctx), 1, 100, 8) == int(kept * 16 * 8) * 4, (
        "a tile"
    )
    crowded.room = needs(64, guidance=1.0)
    assert (
        sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), crowded, steps=1, guidance=1.0)
        .samples.isfinite()
        .all()
    )


def test_every_step_is_counted_and_shown(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    sample(tiny.model, texts[0], texts[1], empty_latent(64, 64, 2), ctx, steps=7)
    assert ctx.steps == 7
    assert len(ctx.previews) == 7
    assert {tuple(picture.shape) for picture in ctx.previews} == {(2, 64, 64, 3)}
    assert len({picture.numpy().tobytes() for picture in ctx.previews}) == 7


def test_what_it_gives_is_plain_float32_on_the_cpu_with_its_space(
    tiny: Checkpoint, ctx: PlainContext, texts: Any
) -> None:
    made = sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, steps=1)
    assert made.space == tiny.model.space
    assert made.samples.dtype == torch.float32 and made.samples.device.type == "cpu"
    assert not made.samples.is_inference() and not made.samples.requires_grad


def test_half_precision_gives_nearly_the_same(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    half = PlainContext(dtype="bfloat16")
    whole = sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, steps=3)
    made = sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), half, steps=3)
    assert made.samples.dtype == torch.float32
    assert near(made.samples, whole.samples, 0.05)
    assert decode_latent(tiny.vae, made, half).pixels.dtype == torch.float32


@pytest.mark.parametrize(("width", "height"), [(8, 8), (24, 8), (72, 88)])
def test_any_multiple_of_8_can_be_sampled_and_decoded(
    tiny: Checkpoint, ctx: PlainContext, texts: Any, width: int, height: int
) -> None:
    made = sample(tiny.model, texts[0], texts[1], empty_latent(width, height), ctx, steps=1)
    assert decode_latent(tiny.vae, made, ctx).pixels.shape == (1, height, width, 3)


# ---------------------------------------------------------------- bad input, told before sampling


@pytest.mark.parametrize(
    ("options", "place", "words"),
    [
        ({"steps": 0}, "steps", "0 steps cannot be sampled"),
        ({"steps": 10_001}, "steps", "10001 steps cannot be sampled"),
        ({"guidance": math.nan}, "guidance", "nan"),
        ({"guidance": math.inf}, "guidance", "inf"),
        ({"denoise": -0.1}, "denoise", "0 to 1"),
        ({"denoise": math.nan}, "denoise", "0 to 1"),
        ({"start_step": 5, "end_step": 3}, "end_step", "ends before step 3 but starts at step 5"),
        ({"start_step": 5, "end_step": 5}, "end_step", "End after the start"),
        ({"start_step": 20, "steps": 20}, "start_step", "no step is left"),
    ],
)
def test_numbers_that_make_no_sense_are_named(
    tiny: Checkpoint, ctx: PlainContext, texts: Any, options: Any, place: str, words: str
) -> None:
    with pytest.raises(BadValue) as caught:
        sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, **options)
    assert caught.value.input == place
    assert words in str(caught.value)
    assert ctx.steps == 0


def test_a_latent_or_a_text_of_no_numbers_is_refused(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    nothing = latent_of(tiny, torch.full((1, 4, 8, 8), math.nan))
    masked = replace(latent_of(tiny, torch.ones(1, 4, 8, 8)), mask=NoiseMask(torch.full((1, 1, 8, 8), math.nan)))
    silent = Conditioning((replace(texts[0].parts[0], embedding=texts[0].parts[0].embedding * math.nan),))
    cases: list[Any] = [
        ("latent", (*texts, nothing), "The latent holds"),
        ("latent", (*texts, masked), "The mask holds"),
        ("positive", (silent, texts[1], empty_latent(64, 64)), "The text holds"),
    ]
    for input, given, words in cases:
        with pytest.raises(BadValue, match=f"{words} values that are no numbers") as caught:
            sample(tiny.model, given[0], given[1], given[2], ctx)
        assert (caught.value.input, ctx.steps) == (input, 0)


@pytest.mark.parametrize("denoise", [1e-30, 1e-5])
def test_a_part_of_an_endless_schedule_is_refused(
    tiny: Checkpoint, ctx: PlainContext, texts: Any, denoise: float
) -> None:
    with pytest.raises(BadValue, match="the end of a schedule with more than 1,000,000 steps") as caught:
        sample(tiny.model, texts[0], texts[1], empty_latent(64, 64), ctx, steps=20, denoise=denoise)
    assert caught.value.input == "denoise"


def test_a_model_that_sees_no_numbers_is_stopped_at_the_first_step(tmp_path: Path, ctx: PlainContext) -> None:
    bias: dict[str, Any] = {"model.diffusion_model.out.2.bias": torch.full((4,), math.nan)}
    model, text_encoder, _ = load_checkpoint(write_checkpoint(tmp_path / "nan.safetensors", **bias))
    with pytest.raises(BadValue, match=r"saw no numbers .* at the first step"):
        sample(model, encode_text(text_encoder, ctx, "a house"), None, empty_latent(64, 64), ctx, steps=3)
    assert ctx.steps <= 1


def test_a_latent_of_another_family_is_refused_with_both_names(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    other = replace(tiny.model.space, name="other", title="Other Model", channels=16)
    with pytest.raises(BadValue, match=r"Other Model \(16 channels\).*Stable Diffusion 1\.x and 2\.x \(4 channels\)"):
        sample(tiny.model, texts[0], texts[1], Latent(torch.zeros(1, 16, 8, 8), other), ctx)
    with pytest.raises(BadValue, match="The latent is one of Other Model"):
        decode_latent(tiny.vae, Latent(torch.zeros(1, 16, 8, 8), other), ctx)


def test_a_text_of_another_model_is_refused(tiny: Checkpoint, ctx: PlainContext, texts: Any) -> None:
    with pytest.raises(BadValue, match="encoded 768 wide, but the model reads 128") as caught:
        sample(tiny.model, texts[0], Conditioning((TextPart(torch.zeros(1, 77, 768)),)), empty_latent(64, 64), ctx)
    assert caught.value.input == "negative"
