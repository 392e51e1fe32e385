"""How long a text is for the encoders: as they read it, and in the chunks that CLIP makes of it."""

from __future__ import annotations

import pytest

from server.messages import CountTokens, TokensCounted
from server.worker.counting import count_tokens


@pytest.mark.parametrize(
    ("text", "clip", "chunks", "t5"),
    [
        ("", 0, 1, 0),
        ("a red house", 3, 1, 4),
        ("a (red:1.3) house", 3, 1, 4),
        ("[a red house:a dog:0.5]", 3, 1, 4),
        ("{a|b} choice", 6, 1, 7),
        ("word " * 75, 75, 1, 75),
        ("word " * 76, 76, 2, 76),
    ],
)
def test_a_text_is_counted_as_it_is_read(text: str, clip: int, chunks: int, t5: int) -> None:
    assert count_tokens(CountTokens("one", text)) == TokensCounted("one", clip, chunks, t5)
