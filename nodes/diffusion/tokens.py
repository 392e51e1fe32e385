"""The tokenizers of CLIP and T5, from data shipped with the package, and the chunks of 75 tokens that CLIP reads."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from nodes.diffusion.emphasis import read_emphasis

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

START, END = 49406, 49407
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
CHUNK = 77
T5_END, T5_PADDING = 1, 0
STAND_IN = 0
"""The token where a vector of a learned word goes: any but the end token, by which the text's end is found."""
NOTHING: Mapping[str, Any] = {}
Token: TypeAlias = "int | Tensor"
KEEP_TOGETHER = 8
"""A piece of fewer tokens is not cut by the end of a chunk but moved to the next (the peers' rule)."""


@dataclass(frozen=True)
class Chunk:
    """77 tokens: the start token, at most 75 of text, the end token, padding. One weight for each."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]
    vectors: Mapping[int, Tensor] = field(default_factory=dict)
    """By place, what stands there for the token's embedding: a vector of a learned word."""


@lru_cache(maxsize=1)
def clip_tokenizer() -> Tokenizer:
    """Byte-pair encoding as OpenAI's CLIP does it (Radford et al. 2021)."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    packed = files("nodes.diffusion").joinpath("data/clip_merges.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()[1:]
    merges = [(first, second) for first, second in (line.split() for line in lines if line)]
    letters = [chr(code) for code in byte_letters()]
    names = [*letters, *(letter + "</w>" for letter in letters), *(a + b for a, b in merges)]
    vocabulary = {name: number for number, name in enumerate([*names, "<|startoftext|>", "<|endoftext|>"])}
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>", unk_token="<|endoftext|>")
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return tokenizer


def byte_letters() -> list[int]:
    """The character that stands for each byte, in the vocabulary's order: printable bytes first, as themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return printable + [256 + place for place in range(256 - len(printable))]


def tokenize(text: str) -> list[int]:
    """Token ids of plain text, without start and end."""
    return list(clip_tokenizer().encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=1)
def t5_tokenizer() -> Tokenizer:
    """The sentence pieces of T5 (Raffel et al. 2020)."""
    from tokenizers import Tokenizer

    packed = files("nodes.diffusion").joinpath("data/t5_tokenizer.json.gz").read_bytes()
    tokenizer = Tokenizer.from_str(gzip.decompress(packed).decode("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def t5_tokens(text: str, least: int) -> tuple[list[int], list[float]]:
    """Read emphasis: tokens and their weights, an end token, and padding up to `least` of them."""
    tokens: list[tuple[int, float]] = []
    for piece in read_emphasis(text):
        found = t5_tokenizer().encode(piece.text, add_special_tokens=False).ids
        tokens += [(token, piece.weight) for token in found]
    tokens.append((T5_END, 1.0))
    tokens += [(T5_PADDING, 1.0)] * (least - len(tokens))
    return [token for token, _ in tokens], [weight for _, weight in tokens]


def chunk_text(text: str, padding: int = END, learned: Mapping[str, Tensor | None] = NOTHING) -> list[Chunk]:
    """Read emphasis and cut the text into chunks; at least one, which may be empty.

    `learned` says which characters stand for learned words: vectors x width, None for one that is left out.
    """
    pieces = [
        [(token, piece.weight) for token in found]
        for piece in read_emphasis(text)
        for found in read_words(piece.text, learned)
    ]
    chunks: list[list[tuple[Token, float]]] = [[]]
    for piece in pieces:
        breakable, rest = len(piece) >= KEEP_TOGETHER, piece
        while rest:
            room = CHUNK - 2 - len(chunks[-1])
            if len(rest) <= room:
                chunks[-1] += rest
                break
            if breakable:
                chunks[-1] += rest[:room]
                rest = rest[room:]
            chunks.append([])
    return [close_chunk(chunk, padding) for chunk in chunks]


def read_words(text: str, learned: Mapping[str, Tensor | None]) -> Iterator[list[Token]]:
    """The tokens of plain text and the vectors of learned words, each word a piece of its own."""
    if not learned:
        yield list(tokenize(text))
        return
    for words in re.split(f"([{re.escape(''.join(learned))}])", text):
        vectors = learned.get(words)
        if vectors is not None:
            yield list(vectors)
        elif words not in learned:
            yield list(tokenize(words))


def without(text: str, learned: Mapping[str, object]) -> str:
    """The text for a model that has no vectors of learned words."""
    return text.translate(dict.fromkeys(map(ord, learned), " ")) if learned else text


def close_chunk(content: Sequence[tuple[Token, float]], padding: int = END) -> Chunk:
    rest = [(padding, 1.0)] * (CHUNK - 2 - len(content))
    tokens, weights = zip((START, 1.0), *content, (END, 1.0), *rest, strict=True)
    vectors = {place: token for place, token in enumerate(tokens) if not isinstance(token, int)}
    return Chunk(tuple(token if isinstance(token, int) else STAND_IN for token in tokens), weights, vectors)
