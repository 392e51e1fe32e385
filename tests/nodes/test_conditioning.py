"""Which text is heard where, when and how much."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.conditioning import (
    Pixels,
    Share,
    average_conditioning,
    combine_conditioning,
    concat_conditioning,
    set_conditioning_area,
    set_conditioning_mask,
    set_conditioning_range,
    set_conditioning_strength,
    zero_out_conditioning,
)
from nodes.diffusion.guidance import Guided
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.places import FEATHER, place_of
from nodes.diffusion.told import Told, lay_out
from nodes.latent import empty_latent
from nodes.loaders import Checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Beside, Conditioning, Mask, TextPart
from tests.nodes.plain import PlainContext

SHAPE = 2, 4, 16, 24
LEVELS = NoiseLevels.scaled_linear()
EARLY, HALF, LATE = LEVELS.at(0.01), LEVELS.at(0.5), LEVELS.at(0.99)


def said(value: float, tokens: int = 2, **more: object) -> Conditioning:
    return Conditioning((TextPart(torch.full((1, tokens, 1), value), **more),))  # type: ignore[arg-type]


class Echo:
    """Sees the first number of each row's text; counts the forwards and the cells it looks at."""

    levels, text_width, pooled_width, masks_text, device = LEVELS, 1, 0, False, "cpu"
    beside_channels = longest_edge = 0

    def __init__(self) -> None:
        self.looks: list[tuple[int, ...]] = []
        self.told: list[Told] = []

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        self.looks.append(tuple(x[:, 0].shape))
        self.told.append(told)
        return told.tokens[:, 0, 0][:, None, None, None].expand_as(x).clone()


def seen(
    positive: Conditioning, sigma: float = HALF, negative: Conditioning | None = None, guidance: float = 1.0
) -> tuple[Tensor, Echo]:
    model = Echo()
    return Guided(model, positive, negative, guidance, batch=2)(torch.zeros(SHAPE), sigma), model


def everywhere(value: float) -> Tensor:
    return torch.full(SHAPE, value)


# ---------------------------------------------------------------- one of several


def test_a_text_combined_with_itself_is_itself() -> None:
    text = said(3.0)
    assert torch.equal(seen(combine_conditioning(text, text))[0], everywhere(3.0))


def test_combined_texts_are_averaged_by_their_strengths() -> None:
    both = combine_conditioning(set_conditioning_strength(said(1.0), 3.0), said(5.0))
    assert torch.equal(seen(both)[0], everywhere(2.0))


@pytest.mark.parametrize(("factor", "number"), [(0.0, 2.0), (1.0, 6.0), (0.25, 3.0)])
def test_an_average_goes_from_the_first_text_to_the_second(factor: float, number: float) -> None:
    first, second = said(2.0, pooled=torch.full((1, 3), 2.0)), said(6.0, pooled=torch.full((1, 3), 6.0))
    (part,) = average_conditioning(first, second, factor).parts
    assert torch.equal(part.embedding, torch.full((1, 2, 1), number))
    assert part.pooled is not None and torch.equal(part.pooled, torch.full((1, 3), number))


def test_at_its_ends_an_average_has_the_length_of_that_text() -> None:
    short, long = said(1.0, 2), said(2.0, 4)
    assert average_conditioning(short, long, 0).parts[0].embedding.shape == (1, 2, 1)
    assert average_conditioning(short, long, 1).parts[0].embedding.shape == (1, 4, 1)
    assert average_conditioning(short, long, 0.5).parts[0].embedding.flatten().tolist() == [1.5, 1.5, 1, 1]


def test_concatenated_texts_are_read_in_one_look() -> None:
    (part,) = concat_conditioning(said(1.0, 2, aesthetic=5.0), said(2.0, 3, aesthetic=9.0)).parts
    assert part.embedding.flatten().tolist() == [1, 1, 2, 2, 2]
    assert part.aesthetic == 5.0


def test_the_masks_of_concatenated_texts_follow_each_other() -> None:
    masked = said(1.0, 2, mask=torch.tensor([[True, False]]))
    (part,) = concat_conditioning(masked, said(2.0, 2)).parts
    assert part.mask is not None and part.mask.tolist() == [[True, False, True, True]]


def test_zeros_in_place_of_words_keep_all_else() -> None:
    (part,) = zero_out_conditioning(said(1.0, pooled=torch.ones(1, 3), aesthetic=5.0)).parts
    assert not part.embedding.any() and part.pooled is not None and not part.pooled.any()
    assert part.aesthetic == 5.0


# ---------------------------------------------------------------- where


def test_an_area_is_heard_inside_and_the_other_text_outside() -> None:
    left = set_conditioning_area(said(9.0), Share(0, 0, 0.5, 1.0))
    rest = set_conditioning_strength(said(1.0), 1e-6)
    found, _ = seen(combine_conditioning(left, rest))
    assert torch.allclose(found[..., :12], everywhere(9.0)[..., :12], atol=1e-3)
    assert torch.equal(found[..., 12:], everywhere(1.0)[..., 12:])


def test_pixels_are_cells_of_eight_and_what_stands_out_is_cut_off() -> None:
    (part,) = set_conditioning_area(said(1.0), Pixels(64, 32, 96, 4000)).parts
    window = place_of(part, 16, 24).window
    assert (window.left, window.top, window.width, window.height) == (8, 4, 12, 12)


def test_a_small_area_costs_little() -> None:
    small = set_conditioning_area(said(9.0), Share(0.5, 0.5, 0.25, 0.25))
    _, model = seen(combine_conditioning(said(1.0), small))
    assert model.looks == [(2, 16, 24), (2, 4, 6)]


def test_areas_of_one_size_share_a_forward() -> None:
    left, right = (set_conditioning_area(said(v), Share(v, 0, 0.5, 1)) for v in (0.0, 0.5))
    found, model = seen(combine_conditioning(left, right))
    assert model.looks == [(4, 16, 12)]
    assert torch.equal(found[..., :12], everywhere(0.0)[..., :12])
    assert [window.left for window in model.told[0].windows] == [0, 0, 12, 12]


def test_an_area_is_feathered_at_its_edges_inside_the_picture_only() -> None:
    (part,) = set_conditioning_area(said(1.0), Share(0, 0, 0.5, 1)).parts
    share = place_of(part, 16, 24).share
    assert share is not None
    assert (share[..., :, 0] == 1).all()
    falling = share[0, 0, 0, -FEATHER:]
    assert falling.tolist() == [(step + 1) / FEATHER for step in reversed(range(FEATHER))]


def test_an_area_as_large_as_the_picture_is_no_area() -> None:
    whole = set_conditioning_area(said(3.0), Share(0, 0, 1, 1))
    found, model = seen(combine_conditioning(whole, said(1.0)))
    assert torch.equal(found, everywhere(2.0)) and model.looks == [(4, 16, 24)]


def test_a_mask_of_ones_is_no_mask() -> None:
    masked = set_conditioning_mask(said(3.0), Mask(torch.ones(1, 128, 192)))
    assert torch.equal(seen(masked)[0], everywhere(3.0))
    assert torch.equal(seen(combine_conditioning(masked, said(1.0)))[0], everywhere(2.0))


def test_a_mask_weighs_each_place() -> None:
    values = torch.zeros(1, 128, 192)
    values[:, :, :96] = 1
    left = set_conditioning_mask(said(8.0), Mask(values))
    right = set_conditioning_mask(said(2.0), Mask(1 - values))
    found, _ = seen(combine_conditioning(left, right))
    assert torch.equal(found[..., :11], everywhere(8.0)[..., :11])
    assert torch.equal(found[..., 13:], everywhere(2.0)[..., 13:])


def test_a_batch_of_masks_is_one_for_each_picture() -> None:
    values = torch.stack([torch.ones(128, 192), torch.zeros(128, 192)])
    found, _ = seen(combine_conditioning(set_conditioning_mask(said(3.0), Mask(values)), said(1.0)))
    assert torch.equal(found[0], everywhere(2.0)[0]) and torch.equal(found[1], everywhere(1.0)[1])


def test_the_model_looks_at_the_rectangle_around_a_mask_when_asked() -> None:
    values = torch.zeros(1, 128, 192)
    values[:, 32:64, 64:160] = 1
    cut = set_conditioning_mask(said(3.0), Mask(values), cut=True)
    found, model = seen(combine_conditioning(said(1.0), cut))
    assert model.looks[1] == (2, 8, 12)
    assert torch.equal(found[..., 4:8, 8:20], everywhere(2.0)[..., 4:8, 8:20])
    assert torch.equal(found[..., :4, :], everywhere(1.0)[..., :4, :])


def test_what_a_part_sees_beside_the_noise_is_cut_with_it() -> None:
    picture = torch.arange(16 * 24, dtype=torch.float32).view(1, 1, 16, 24)
    shown = said(1.0, beside=Beside(picture, picture / 2))
    _, model = seen(combine_conditioning(shown, set_conditioning_area(shown, Share(0.5, 0.5, 0.5, 0.5))))
    told = model.told[1]
    assert told.beside is not None and torch.equal(told.beside[:1], picture[..., 8:, 12:])
    assert told.mask_beside is not None and torch.equal(told.mask_beside[:1], picture[..., 8:, 12:] / 2)


def test_sdxl_is_told_the_size_of_the_whole_picture_in_an_area() -> None:
    (part,) = set_conditioning_area(said(1.0), Share(0, 0, 0.5, 0.5)).parts
    told = lay_out([((part,), 6.0)], SHAPE, False, "cpu", [place_of(part, 16, 24).window])
    assert told.frame is not None and told.frame[0].tolist() == [128, 192, 0, 0, 128, 192, 6]


def test_where_the_positive_text_says_nothing_the_negative_one_is_followed_without_guidance() -> None:
    left = set_conditioning_area(said(9.0), Share(0, 0, 0.5, 1))
    found, _ = seen(left, negative=said(1.0), guidance=2.0)
    assert torch.equal(found[..., 0], everywhere(17.0)[..., 0])
    assert torch.equal(found[..., 12:], everywhere(1.0)[..., 12:])


def test_where_nothing_is_said_the_model_looks_without_a_text() -> None:
    left = set_conditioning_area(said(9.0), Share(0, 0, 0.5, 1))
    found, model = seen(left)
    assert torch.equal(found[..., :12], everywhere(9.0)[..., :12])
    assert not found[..., 12:].any() and model.looks == [(2, 16, 12), (2, 16, 24)]


# ---------------------------------------------------------------- when


def test_a_text_is_asked_only_in_its_range() -> None:
    early = set_conditioning_range(said(9.0), 0.0, 0.4)
    both = combine_conditioning(said(1.0), early)
    assert seen(both, EARLY)[1].looks == [(4, 16, 24)]
    found, model = seen(both, LATE)
    assert model.looks == [(2, 16, 24)] and torch.equal(found, everywhere(1.0))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.7, 0.99])
def test_ranges_that_meet_are_no_ranges(share: float) -> None:
    text = said(4.0)
    split = combine_conditioning(set_conditioning_range(text, 0, 0.5), set_conditioning_range(text, 0.5, 1))
    found, model = seen(split, LEVELS.at(share))
    assert torch.equal(found, everywhere(4.0))
    assert share == 0.5 or model.looks == [(2, 16, 24)]


def test_two_ranges_leave_what_both_allow() -> None:
    (part,) = set_conditioning_range(set_conditioning_range(said(1.0), 0.2, 0.8), 0.5, 1.0).parts
    assert (part.start, part.end) == (0.5, 0.8)


def test_when_the_negative_text_says_nothing_there_is_no_guidance() -> None:
    early = set_conditioning_range(said(1.0), 0.0, 0.4)
    assert torch.equal(seen(said(5.0), EARLY, early, 2.0)[0], everywhere(9.0))
    found, model = seen(said(5.0), LATE, early, 2.0)
    assert torch.equal(found, everywhere(5.0)) and model.looks == [(2, 16, 24)]


def test_a_strength_of_nothing_is_not_asked() -> None:
    _, model = seen(combine_conditioning(said(1.0), set_conditioning_strength(said(9.0), 0.0)))
    assert model.looks == [(2, 16, 24)]


# ---------------------------------------------------------------- a real model


def test_areas_masks_and_ranges_are_sampled(tiny: Checkpoint, ctx: PlainContext) -> None:
    sky, ground, whole = (encode_text(tiny.text_encoder, ctx, text) for text in ("a sky", "a meadow", ""))
    values = torch.zeros(1, 64, 96)
    values[:, 32:] = 1
    above = set_conditioning_area(sky, Pixels(0, 0, 96, 32))
    below = set_conditioning_range(set_conditioning_mask(ground, Mask(values), cut=True), 0.0, 0.6)
    text = combine_conditioning(whole, above, below)
    latent = sample(tiny.model, text, whole, empty_latent(96, 64), ctx, steps=2)
    plain = sample(tiny.model, whole, whole, empty_latent(96, 64), ctx, steps=2)
    assert latent.samples.shape == (1, 4, 8, 12) and latent.samples.isfinite().all()
    assert not torch.equal(latent.samples, plain.samples)


# ---------------------------------------------------------------- what is refused

NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "input", "words"),
    [
        (lambda t: combine_conditioning(), "conditionings", "no text to combine"),
        (lambda t: combine_conditioning(t, wide()), "conditionings", "1 wide, another 5"),
        (lambda t: concat_conditioning(t, wide()), "second", "1 wide, another 5"),
        (lambda t: average_conditioning(t, wide(), 0.5), "second", "1 wide, another 5"),
        (lambda t: average_conditioning(t, t, NAN), "factor", "nan"),
        (lambda t: concat_conditioning(combine_conditioning(t, t), three(t)), "second", "3 parts, the first has 2"),
        (lambda t: set_conditioning_strength(t, NAN), "strength", "nan"),
        (lambda t: set_conditioning_strength(t, -1.0), "strength", "-1"),
        (lambda t: set_conditioning_area(t, Share(), NAN), "strength", "nan"),
        (lambda t: set_conditioning_area(t, Share(NAN, 0, 1, 1)), "area.left", "nan"),
        (lambda t: set_conditioning_area(t, Share(0, 0, 0, 1)), "area.width", "nowhere"),
        (lambda t: set_conditioning_area(t, Share(1.0, 0, 0.5, 1)), "area.left", "begins at 1"),
        (lambda t: set_conditioning_mask(t, Mask(torch.zeros(1, 8, 8))), "mask", "black everywhere"),
        (lambda t: set_conditioning_mask(t, Mask(torch.full((1, 8, 8), NAN))), "mask", "numbers that are none"),
        (lambda t: set_conditioning_range(t, 0.5, 0.5), "end", "ends at 0.5 but starts at 0.5"),
        (lambda t: set_conditioning_range(t, NAN, 1.0), "start", "nan"),
        (lambda t: set_conditioning_range(set_conditioning_range(t, 0, 0.3), 0.4, 1), "start", "0-0.3 of sampling"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    call: Callable[[Conditioning], object], input: str, words: str
) -> None:
    with pytest.raises(BadValue, match=words) as refused:
        call(said(1.0))
    assert refused.value.input == input


def wide() -> Conditioning:
    return Conditioning((TextPart(torch.zeros(1, 2, 5)),))


def three(text: Conditioning) -> Conditioning:
    return combine_conditioning(text, text, text)


def test_an_area_outside_the_picture_is_refused_before_sampling(tiny: Checkpoint, ctx: PlainContext) -> None:
    text = encode_text(tiny.text_encoder, ctx, "a sky")
    outside = set_conditioning_area(text, Pixels(512, 0, 64, 64))
    with pytest.raises(BadValue, match="begins 512 from the left and 0 from the top; the picture is 64 x 64") as found:
        sample(tiny.model, text, combine_conditioning(text, outside), empty_latent(64, 64), ctx)
    assert found.value.input == "negative"


def test_a_mask_too_small_for_a_cell_is_refused_before_sampling(tiny: Checkpoint, ctx: PlainContext) -> None:
    values = torch.zeros(1, 64, 64)
    values[0, 0, 0] = 1
    dot = set_conditioning_mask(encode_text(tiny.text_encoder, ctx, "a sky"), Mask(values))
    with pytest.raises(BadValue, match="Nothing of the mask is left in the latent of 64 x 64"):
        sample(tiny.model, dot, None, empty_latent(64, 64), ctx)
