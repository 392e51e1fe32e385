"""What a denoiser is told: conditionings of several parts and lengths laid out as one batch."""

from __future__ import annotations

import torch
from torch import Tensor

from nodes.diffusion.guidance import Guided, misfit
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.told import Told, lay_out
from nodes.types import Beside, Conditioning, Frame, TextPart
from server.worker.classes import Classes
from server.worker.codecs import ValueCodec

SHAPE = 2, 4, 8, 16


def part(value: float, tokens: int = 77, **more: object) -> TextPart:
    return TextPart(torch.full((1, tokens, 1), value), **more)  # type: ignore[arg-type]


class Echo:
    """Predicts the first number of each row's text."""

    levels, text_width, pooled_width, masks_text, device = NoiseLevels.scaled_linear(), 1, 0, False, "cpu"
    beside_channels = longest_edge = 0

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        return told.tokens[:, 0, 0][:, None, None, None].expand_as(x)


def test_shorter_texts_are_repeated_where_only_the_picture_looks_at_them() -> None:
    told = lay_out([([part(1.0, 2)], 6.0), ([part(2.0, 3)], 2.5)], SHAPE, masks=False, device="cpu")
    assert told.tokens.shape == (4, 6, 1)
    assert told.mask is None


def test_shorter_texts_are_filled_and_masked_where_text_looks_at_text() -> None:
    told = lay_out([([part(1.0, 2)], 6.0), ([part(2.0, 3)], 2.5)], SHAPE, masks=True, device="cpu")
    assert told.tokens[:, :, 0].tolist() == [[1, 1, 0]] * 2 + [[2, 2, 2]] * 2
    assert told.mask is not None
    assert told.mask.tolist() == [[True, True, False]] * 2 + [[True] * 3] * 2


def test_equal_lengths_need_no_mask() -> None:
    assert lay_out([([part(1.0)], 6.0), ([part(2.0)], 2.5)], SHAPE, masks=True, device="cpu").mask is None


def test_a_part_without_a_frame_stands_for_a_whole_picture_of_the_latents_size() -> None:
    framed = part(1.0, frame=Frame(10, 20, 30, 40, 50, 60), aesthetic=9.0)
    told = lay_out([([part(1.0)], 6.0), ([part(1.0), framed], 2.5)], SHAPE, masks=False, device="cpu")
    assert told.frame is not None
    whole = [64.0, 128.0, 0.0, 0.0, 64.0, 128.0]
    assert told.frame[::2].tolist() == [[*whole, 6.0], [*whole, 2.5], [20, 10, 40, 30, 60, 50, 9]]


def test_what_only_some_parts_say_is_nothing_for_the_others() -> None:
    told = lay_out([([part(1.0, pooled=torch.ones(1, 3), guidance=3.0), part(1.0)], 6.0)], SHAPE, False, "cpu")
    assert told.pooled is not None and told.guidance is not None
    assert told.pooled.tolist() == [[1, 1, 1]] * 2 + [[0, 0, 0]] * 2
    assert told.guidance[:2].tolist() == [3.0, 3.0] and bool(told.guidance[2:].isnan().all())


def test_parts_are_averaged_by_their_strengths() -> None:
    text = Conditioning((part(1.0, strength=3.0), part(5.0, strength=1.0)))
    assert torch.equal(Guided(Echo(), text, None, 7.0, batch=2)(torch.zeros(SHAPE), 1.0), torch.full(SHAPE, 2.0))
    against = Guided(Echo(), text, Conditioning((part(0.0),)), 2.0, batch=2)
    assert torch.equal(against(torch.zeros(SHAPE), 1.0), torch.full(SHAPE, 4.0))


def test_a_text_that_does_not_fit_is_told_in_numbers() -> None:
    model = Echo()
    assert misfit(model, Conditioning((part(1.0),))) == ""
    assert "encoded 9 wide, but the model reads 1" in misfit(model, Conditioning((TextPart(torch.zeros(1, 77, 9)),)))
    model.pooled_width = 5
    assert "summary is 0 wide, but the model reads 5" in misfit(model, Conditioning((part(1.0),)))


def test_a_conditioning_survives_on_disk_whole() -> None:
    said = part(
        1.5,
        pooled=torch.rand(1, 3),
        mask=torch.ones(1, 77, dtype=torch.bool),
        frame=Frame(1, 2, 3, 4, 5, 6),
        aesthetic=6.5,
        guidance=3.5,
        beside=Beside(torch.rand(1, 4, 8, 8), torch.ones(1, 1, 8, 8)),
        strength=0.5,
    )
    codec = ValueCodec(Classes())
    data = codec.encode((Conditioning((said, part(2.0))),))
    assert data is not None
    (back,) = codec.decode(data)
    assert isinstance(back, Conditioning) and len(back.parts) == 2
    first = back.parts[0]
    assert (first.frame, first.aesthetic, first.guidance, first.strength) == (said.frame, 6.5, 3.5, 0.5)
    pairs = [(first.embedding, said.embedding), (first.pooled, said.pooled), (first.mask, said.mask)]
    assert first.beside is not None and said.beside is not None
    pairs += [(first.beside.samples, said.beside.samples), (first.beside.mask, said.beside.mask)]
    assert all(a is not None and b is not None and torch.equal(a, b) for a, b in pairs)
    assert back.parts[1].pooled is None
