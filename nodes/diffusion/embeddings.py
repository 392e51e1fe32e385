"""Textual inversion (Gal et al. 2022, arXiv 2208.01618): words that were learned, and the files they come in.

A learned word is one or more vectors that stand where a token's embedding would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from nodes.diffusion.clip import TITLES, ClipEncoder, ClipKind
from nodes.diffusion.embedding_files import ESCAPE, NAME, find_embedding
from nodes.diffusion.header import SOURCE, UnusableFile
from nodes.diffusion.pickles import read_safely
from nodes.sentences import files as say
from nodes.sentences import texts as of_texts

LARGEST = 64 * 2**20
"""Bytes of a file, and of what is packed in it: embeddings take some kilobytes."""
MOST = 75
"""Vectors of one word: as many tokens as a chunk of text has."""
KINDS: dict[str, ClipKind] = {"clip_l": "clip_l", "clip_g": "clip_g", "clip_h": "clip_h"}
FIRST_MARK = 0xE100
"""Where the characters begin that stand for learned words in a text (private use, as in emphasis.py)."""
MARKS = 0xF8FF - FIRST_MARK


@dataclass(frozen=True, eq=False)
class Learned:
    """The vectors of one word, by the text model they are for; under None those whose width tells the model."""

    name: str
    vectors: Mapping[ClipKind | None, Tensor]
    """float32, vectors x width."""

    def for_clip(self, clip: ClipEncoder) -> Tensor | None:
        """What a text model reads of it; None when it is for others."""
        found = self.vectors.get(clip.kind, self.vectors.get(None))
        return found if found is not None and found.shape[1] == clip.width else None


@dataclass
class Vocabulary:
    """Learned words of several texts, each read once."""

    files: Mapping[str, Path]
    words: dict[str, Learned] = field(default_factory=dict)
    """By the character that stands for the word in a text."""
    marks: dict[Path, str] = field(default_factory=dict)

    def mark(self, text: str) -> str:
        """The text with one character for each learned word. Raises `NoEmbedding` and `UnusableFile`."""
        return NAME.sub(lambda found: self.stand_in(ESCAPE.sub(r"\1", found[1])), text)

    def stand_in(self, name: str) -> str:
        path, rest = find_embedding(name, self.files)
        if path not in self.marks:
            if len(self.marks) == MARKS:
                raise UnusableFile(of_texts.TOO_MANY_EMBEDDINGS(most=MARKS), of_texts.NAME_FEWER())
            self.marks[path] = chr(FIRST_MARK + len(self.marks))
            self.words[self.marks[path]] = Learned(name, read_vectors(path))
        return self.marks[path] + rest


def check_fits(words: Mapping[str, Learned], clips: Sequence[ClipEncoder]) -> None:
    """Raises `UnusableFile` for a learned word that none of the text models can read."""
    for word in words.values():
        if not any(word.for_clip(clip) is not None for clip in clips):
            held = ", ".join(
                f"{vectors.shape[1]} wide" + (f" for {TITLES[kind]}" if kind else "")
                for kind, vectors in word.vectors.items()
            )
            reads = ", ".join(f"{TITLES[clip.kind]}, {clip.width} wide" for clip in clips) or "no CLIP at all"
            raise UnusableFile(
                of_texts.EMBEDDING_WIDTH(name=word.name, held=held, reads=reads),
                of_texts.EMBEDDING_OF_FAMILY(),
            )


def read_vectors(path: Path) -> dict[ClipKind | None, Tensor]:
    """The vectors of a file, float32, vectors x width. Raises `UnusableFile`."""
    if path.stat().st_size > LARGEST:
        raise UnusableFile(say.EMBEDDING_TOO_LARGE(file=path.name), say.EMBEDDINGS_FOLDER())
    held = read_safely(path, LARGEST)
    inner = held.get("string_to_param")
    if isinstance(inner, Mapping):  # AUTOMATIC1111's and the first authors' layout
        held = inner
    tensors = {str(name): tensor for name, tensor in held.items() if isinstance(tensor, Tensor)}
    by_kind = {kind: tensors[name] for name, kind in KINDS.items() if name in tensors}
    if by_kind:
        return {kind: checked(path, tensor) for kind, tensor in by_kind.items()}
    if len(tensors) != 1:
        raise UnusableFile(
            say.NO_EMBEDDING(file=path.name, count=len(tensors)),
            say.PICK_ANOTHER_FILE(),
        )
    return {None: checked(path, next(iter(tensors.values())))}


def checked(path: Path, tensor: Tensor) -> Tensor:
    rows = tensor[None] if tensor.ndim == 1 else tensor
    if rows.ndim != 2 or not 1 <= len(rows) <= MOST or not 1 <= rows.shape[1] <= LARGEST // 4 // MOST:
        shape = " x ".join(str(length) for length in tensor.shape)
        raise UnusableFile(say.EMBEDDING_SHAPE(file=path.name, shape=shape), say.PICK_ANOTHER())
    vectors = rows.detach().to("cpu", torch.float32)
    if not bool(vectors.isfinite().all()):
        raise UnusableFile(say.NUMBERS_THAT_ARE_NONE(file=path.name), SOURCE)
    return vectors
