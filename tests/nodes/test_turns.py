"""Texts that take turns at each step: `[a|b]`, beside changes, choices and escapes, and who hears what when."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.guidance import Guided
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.told import Told
from nodes.diffusion.wording import Spell, Unreadable, chosen, has_choice, spells
from nodes.loaders import Checkpoint
from nodes.text import encode_text
from nodes.types import Conditioning, TextPart
from tests.nodes.plain import PlainContext


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a [red|blue] fox", [Spell("a red fox", 0, 1, (0, 2)), Spell("a blue fox", 0, 1, (1, 2))]),
        ("[a|b|c]", [Spell("a", 0, 1, (0, 3)), Spell("b", 0, 1, (1, 3)), Spell("c", 0, 1, (2, 3))]),
        ("[old |]house", [Spell("old house", 0, 1, (0, 2)), Spell("house", 0, 1, (1, 2))]),
        ("[a|a]", [Spell("a", 0, 1)]),
        ("[[a|b]:c:0.5]", [Spell("a", 0, 0.5, (0, 2)), Spell("b", 0, 0.5, (1, 2)), Spell("c", 0.5, 1)]),
        ("[a|[b:c:0.5]]", [Spell("a", 0, 0.5, (0, 2)), Spell("b", 0, 0.5, (1, 2)),
                           Spell("a", 0.5, 1, (0, 2)), Spell("c", 0.5, 1, (1, 2))]),
        ("[(a:1.2)|b]", [Spell("(a:1.2)", 0, 1, (0, 2)), Spell("b", 0, 1, (1, 2))]),
        (r"\[a\|b\] [c\|d]", [Spell("[a|b] [c|d]", 0, 1)]),
        ("a | b", [Spell("a | b", 0, 1)]),
        ("[a:b|c:0.5]", [Spell("[a:b|c:0.5]", 0, 1)]),
        ("[a|b", [Spell("[a|b", 0, 1)]),
        ("[(a|b)]", [Spell("[(a|b)]", 0, 1)]),
    ],
)  # fmt: skip
def test_what_a_text_says_at_which_steps(text: str, said: list[Spell]) -> None:
    assert spells(text) == said


def test_turns_of_two_lengths_come_round_together() -> None:
    assert [spell.text for spell in spells("[a|b][c|d|e]")] == ["ac", "bd", "ae", "bc", "ad", "be"]


def test_too_many_texts_are_refused() -> None:
    with pytest.raises(Unreadable, match="takes turns over 210 steps"):
        spells("[a|b][a|b|c][a|b|c|d|e][a|b|c|d|e|f|g]")


def test_a_turn_in_a_choice_is_no_choice() -> None:
    assert not has_choice("[a|b]") and has_choice("{a|[b|c]}")
    assert {chosen("{x|[b|c]}", seed) for seed in range(20)} == {"x", "[b|c]"}


class Listening:
    """A model that gives back what it is told."""

    text_width, pooled_width, masks_text, beside_channels, longest_edge, device = 1, 0, False, 0, 0, "cpu"
    levels = NoiseLevels.scaled_linear()

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        return torch.ones_like(x) * told.tokens.mean((1, 2)).view(-1, 1, 1, 1)


def test_each_noise_level_hears_the_next_and_a_second_look_the_same() -> None:
    parts = tuple(TextPart(torch.full((1, 77, 1), float(n)), turn=(n, 3)) for n in range(3))
    guided = Guided(Listening(), Conditioning(parts), None, 1.0, 1)
    heard = [float(guided(torch.zeros(1, 4, 8, 8), sigma).mean()) for sigma in (9.0, 8.0, 8.0, 7.0, 6.0, 5.0)]
    assert heard == [0, 1, 1, 2, 0, 1]


def test_it_is_encoded_once_for_each_text(tiny: Checkpoint, ctx: PlainContext) -> None:
    said = encode_text(tiny.text_encoder, ctx, "a [red|blue] fox")
    assert [part.turn for part in said.parts] == [(0, 2), (1, 2)]
    for part, text in zip(said.parts, ("a red fox", "a blue fox"), strict=True):
        assert torch.equal(part.embedding, encode_text(tiny.text_encoder, ctx, text).parts[0].embedding)
    with pytest.raises(BadValue, match="takes turns over 210 steps"):
        encode_text(tiny.text_encoder, ctx, "[a|b][a|b|c][a|b|c|d|e][a|b|c|d|e|f|g]")
