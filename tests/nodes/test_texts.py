"""From a text to tokens, weights and chunks, and what weights do to the encoding."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodes.api import BadValue
from nodes.diffusion.emphasis import read_emphasis
from nodes.diffusion.text import TextStack
from nodes.diffusion.tokens import CHUNK, END, START, chunk_text, clip_tokenizer, tokenize
from nodes.diffusion.wording import chosen, has_choice, spells
from nodes.loaders import Checkpoint
from nodes.text import choose_words, encode_text
from tests.nodes.plain import PlainContext


def pieces(text: str) -> list[tuple[str, Any]]:
    return [(piece.text, pytest.approx(piece.weight)) for piece in read_emphasis(text)]


def test_the_tokenizer_is_clips() -> None:
    assert tokenize("a photo of a cat") == [320, 1125, 539, 320, 2368]
    assert clip_tokenizer().get_vocab_size() == 49408


@pytest.mark.parametrize(
    ("text", "same"),
    [("A  Photo\nof a CAT", "a photo of a cat"), ("don't", "don 't"), ("2024", "2 0 2 4")],
)
def test_case_spaces_and_joined_words_are_read_as_clip_reads_them(text: str, same: str) -> None:
    assert tokenize(text) == tokenize(same)


@pytest.mark.parametrize("text", ["日本語 ✨ naïve", "", " ", "\x00"])
def test_any_text_has_tokens_of_the_vocabulary(text: str) -> None:
    assert all(0 <= token < START for token in tokenize(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a fox", [("a fox", 1.0)]),
        ("a (fox)", [("a ", 1.0), ("fox", 1.1)]),
        ("((the)) fox", [("the", 1.21), (" fox", 1.0)]),
        ("(red:1.4) fox", [("red", 1.4), (" fox", 1.0)]),
        ("(a (b:1.3) c:0.5)", [("a ", 0.5), ("b", 1.3), (" c", 0.5)]),
        ("((a:1.2))", [("a", 1.2)]),
        (r"a \(fox\)", [("a (fox)", 1.0)]),
        (r"(a \(b\):1.2)", [("a (b)", 1.2)]),
        ("[snow]", [("[snow]", 1.0)]),
        ("a (fox", [("a ", 1.0), ("(fox", 1.0)]),
        ("a) fox", [("a) fox", 1.0)]),
        ("(time 12:30)", [("time 12", 30.0)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("(a:nan)", [("a:nan", 1.1)]),
        ("()", []),
        ("", []),
    ],
)
def test_brackets_give_words_weight(text: str, expected: list[tuple[str, float]]) -> None:
    assert pieces(text) == expected


def test_brackets_may_nest_deeper_than_python_recurses() -> None:
    depth = 1500
    (piece,) = read_emphasis("(" * depth + "a" + ")" * depth)
    assert piece.text == "a"
    assert piece.weight == pytest.approx(1.1**depth)


def test_a_chunk_is_start_text_and_end_tokens_to_77() -> None:
    (chunk,) = chunk_text("a photo of a cat")
    assert chunk.tokens == (START, 320, 1125, 539, 320, 2368, *[END] * 71)
    assert chunk.weights == (1.0,) * 77


def test_no_text_is_one_empty_chunk() -> None:
    (chunk,) = chunk_text("")
    assert chunk.tokens == (START, *[END] * 76)


def test_75_tokens_fill_a_chunk_and_the_76th_opens_the_next() -> None:
    assert len(chunk_text("cat " * 75)) == 1
    first, second = chunk_text("cat " * 76)
    assert len(first.tokens) == len(second.tokens) == CHUNK
    assert first.tokens[75] == 2368 and first.tokens[76] == END
    assert second.tokens[:3] == (START, 2368, END)


def test_a_short_piece_is_not_cut_by_the_end_of_a_chunk() -> None:
    first, second = chunk_text("cat " * 73 + "(one two three:1.2)")
    assert first.tokens[74:] == (END,) * 3
    assert len([weight for weight in second.weights if weight == 1.2]) == 3


def test_weights_move_a_token_away_from_what_no_text_says(tiny: Checkpoint, ctx: PlainContext) -> None:
    encoder: TextStack = ctx.weights(tiny.text_encoder.recipe)
    plain, empty = encoder.encode("a red fox").embedding, encoder.encode("").embedding
    weighted = encoder.encode("a (red:1.5) fox").embedding
    assert torch.allclose(weighted[0, 2], empty[0, 2] + (plain[0, 2] - empty[0, 2]) * 1.5, atol=1e-5)
    others = [place for place in range(77) if place != 2]
    assert torch.allclose(weighted[0, others], plain[0, others], atol=1e-5)


def test_a_weight_beyond_all_numbers_is_refused(tiny: Checkpoint, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match="a weight in the text is too large"):
        encode_text(tiny.text_encoder, ctx, f"a (fox:{'9' * 60}) in snow")


def test_a_weight_of_one_changes_nothing(tiny: Checkpoint, ctx: PlainContext) -> None:
    encoder: TextStack = ctx.weights(tiny.text_encoder.recipe)
    assert torch.equal(encoder.encode("a (red:1.0) fox").embedding, encoder.encode("a red fox").embedding)


def test_a_long_text_is_encoded_chunk_by_chunk(tiny: Checkpoint, ctx: PlainContext) -> None:
    said = encode_text(tiny.text_encoder, ctx, "cat " * 80).parts[0].embedding
    assert said.shape == (1, 2 * 77, 128)
    assert torch.allclose(said[:, :77], encode_text(tiny.text_encoder, ctx, "cat " * 75).parts[0].embedding, atol=1e-5)
    assert said.dtype == torch.float32 and not said.is_inference()


# ---------------------------------------------------------------- choices


def test_a_choice_takes_one_of_its_words_and_the_seed_says_which() -> None:
    text = "a {red|blue|green} fox"
    drawn = [chosen(text, seed) for seed in range(60)]
    assert set(drawn) == {"a red fox", "a blue fox", "a green fox"}
    assert drawn == [chosen(text, seed) for seed in range(60)]


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("{old |}house", {"old house", "house"}),
        ("{a {small|large} house|a tree}", {"a small house", "a large house", "a tree"}),
        ("{fox}", {"{fox}"}),
        (r"\{a\|b\}", {r"\{a\|b\}"}),
        ("a|b", {"a|b"}),
        ("{a|b", {"{a|b"}),
        ("a|b}", {"a|b}"}),
        ("", {""}),
    ],
)
def test_choices_nest_and_what_is_none_stays(text: str, possible: set[str]) -> None:
    assert {chosen(text, seed) for seed in range(40)} == possible
    assert not any(has_choice(chosen(text, seed)) for seed in range(3))


def test_the_node_shows_what_it_chose(ctx: PlainContext) -> None:
    words = choose_words(ctx, "a {red|blue} fox", seed=7)
    assert words in ("a red fox", "a blue fox") and ctx.texts == [words]


def test_a_text_with_choices_reads_as_those_of_seed_0_and_shows_them(tiny: Checkpoint, ctx: PlainContext) -> None:
    told = "a {red|blue} {fox|owl} by a [{pond|sea}:hill:0.5]"
    words = choose_words(ctx, told, seed=0)
    drawn, plain = (encode_text(tiny.text_encoder, ctx, text).parts for text in (told, words))
    assert ctx.texts == [words, words]
    assert len(drawn) == len(plain) == 2
    assert all(torch.equal(a.embedding, b.embedding) for a, b in zip(drawn, plain, strict=True))


def test_an_escaped_choice_is_none(tiny: Checkpoint, ctx: PlainContext) -> None:
    encode_text(tiny.text_encoder, ctx, r"a \{red\|blue\} fox")
    assert ctx.texts == []


# ---------------------------------------------------------------- changes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a fox", [("a fox", 0, 1)]),
        ("a [fox:wolf:0.5]", [("a fox", 0, 0.5), ("a wolf", 0.5, 1)]),
        ("a[ red:.25] fox", [("a fox", 0, 0.25), ("a red fox", 0.25, 1)]),
        ("a[ red::0.3] fox", [("a red fox", 0, 0.3), ("a fox", 0.3, 1)]),
        ("[a:[b:c:0.8]:0.5]", [("a", 0, 0.5), ("b", 0.5, 0.8), ("c", 0.8, 1)]),
        ("[a:b:0.5] [c:d:0.2]", [("a c", 0, 0.2), ("a d", 0.2, 0.5), ("b d", 0.5, 1)]),
        ("[(a:1.2):(b:1.3):0.5]", [("(a:1.2)", 0, 0.5), ("(b:1.3)", 0.5, 1)]),
        ("[a:b:0]", [("b", 0, 1)]),
        ("[a:b:1]", [("a", 0, 1)]),
        ("[a:a:0.5]", [("a", 0, 1)]),
        ("[snow]", [("[snow]", 0, 1)]),
        ("[a:b:20]", [("[a:b:20]", 0, 1)]),
        ("[a:b:0.5", [("[a:b:0.5", 0, 1)]),
        (r"\[a:b:0.5\]", [("[a:b:0.5]", 0, 1)]),
        ("at 12:30", [("at 12:30", 0, 1)]),
        ("", [("", 0, 1)]),
    ],
)
def test_square_brackets_change_the_text_during_sampling(text: str, expected: list[tuple[str, float, float]]) -> None:
    assert [(spell.text, spell.start, spell.end) for spell in spells(text)] == expected


def test_each_text_of_a_change_is_heard_in_its_share(tiny: Checkpoint, ctx: PlainContext) -> None:
    early, late = encode_text(tiny.text_encoder, ctx, "a [fox:wolf:0.4]").parts
    assert (early.start, early.end, late.start, late.end) == (0, 0.4, 0.4, 1)
    assert torch.equal(early.embedding, encode_text(tiny.text_encoder, ctx, "a fox").parts[0].embedding)
    assert torch.equal(late.embedding, encode_text(tiny.text_encoder, ctx, "a wolf").parts[0].embedding)


def test_too_many_changes_are_refused(tiny: Checkpoint, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match="changes 99 times"):
        encode_text(tiny.text_encoder, ctx, " ".join(f"[a:b:0.{n:02}]" for n in range(1, 100)))


def test_brackets_of_every_kind_may_nest_deep() -> None:
    depth = 3000
    assert chosen("{" * depth + "a" + "|b}" * depth, 0)[-1] in "ab"
    assert spells("[" * depth + "a" + "]" * depth)[0].text == "[" * depth + "a" + "]" * depth
