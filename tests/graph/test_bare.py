"""A picture without its words has the same pixels and nothing to read."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.graph.bare import without_words
from server.graph.pictures import exif_comment, read_texts, with_texts

WORDS = b'{"schema": 1}'


def picture(format: str) -> bytes:
    """A small picture with a workflow inside."""
    made = io.BytesIO()
    more = {} if format == "PNG" else {"exif": exif_comment(WORDS), "quality": 90}
    Image.linear_gradient("L").convert("RGB").save(made, format, **more)
    return with_texts(made.getvalue(), {"workflow": WORDS}) if format == "PNG" else made.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_the_words_are_gone_and_the_pixels_are_the_same(format: str) -> None:
    whole = picture(format)
    bare = without_words(whole)
    assert read_texts(whole) != {}
    assert read_texts(bare) == {}
    with Image.open(io.BytesIO(whole)) as before, Image.open(io.BytesIO(bare)) as after:
        assert before.tobytes() == after.tobytes()
    assert without_words(bare) == bare


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@given(data=st.data())
def test_a_damaged_picture_is_no_error(format: str, data: st.DataObject) -> None:
    whole = picture(format)
    cut = data.draw(st.integers(0, len(whole)))
    without_words(whole[:cut])
    without_words(whole[:20] + data.draw(st.binary(max_size=40)))
