"""Token ids of captions: the ordinary CLIP tokenizer, 77 ids, padded with the end token as SD1.x does.

Training works on small rows: one for each token of the grammar, and row 0 for every other token.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nodes.demo import grammar
from nodes.demo.architecture import TOKENS, VOCABULARY

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

MERGES = Path(__file__).parents[1] / "diffusion" / "data" / "clip_merges.txt.gz"
START, END = 49406, 49407
UNKNOWN_ROW = 0


@functools.cache
def _tokenizer() -> CLIPTokenizer:
    from transformers import CLIPTokenizer

    lines = gzip.decompress(MERGES.read_bytes()).decode("utf-8").split("\n")[1:]
    merges = [(first, second) for first, _, second in (line.partition(" ") for line in lines if line)]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [chr(256 + i) for i in range(256 - len(printable))]
    symbols = [chr(byte) for byte in printable] + others
    words = [*symbols, *(s + "</w>" for s in symbols), *("".join(pair) for pair in merges)]
    vocabulary = {word: i for i, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    assert len(vocabulary) == VOCABULARY
    return CLIPTokenizer(vocab=vocabulary, merges=merges)  # type: ignore[arg-type]  # it takes pairs, its hint says strings


def words_of(text: str) -> list[int]:
    """The ids of the text's words alone, without start, end and padding."""
    ids: list[int] = _tokenizer()(text, add_special_tokens=False)["input_ids"]
    return ids


def padded(words: list[int]) -> list[int]:
    """77 ids: start, at most 75 words, then end tokens."""
    ids = [START, *words[: TOKENS - 2], END]
    return ids + [END] * (TOKENS - len(ids))


def encode(texts: Iterable[str]) -> Tensor:
    """int64 (n, 77)."""
    return torch.tensor([padded(words_of(text)) for text in texts])


@functools.cache
def known_ids() -> tuple[int, ...]:
    """The grammar's token ids in rising order; start and end come last."""
    ids = {i for phrase in grammar.phrases() for i in words_of(phrase)}
    return (*sorted(ids), START, END)


@functools.cache
def row_of() -> Tensor:
    """int64 (49408,): the small row of each token id."""
    rows = torch.full((VOCABULARY,), UNKNOWN_ROW)
    rows[list(known_ids())] = torch.arange(1, len(known_ids()) + 1)
    return rows
