"""Sizes as people write and read them."""

from __future__ import annotations

import pytest

from server.cli.words import read_size, show_size


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("512", 512), ("800MB", 800 * 2**20), ("20 GiB", 20 * 2**30), ("1.5g", 3 * 2**29), ("2k", 2048)],
)
def test_a_size_may_be_written_in_the_usual_ways(text: str, count: int) -> None:
    assert read_size(text) == count


@pytest.mark.parametrize("text", ["", "much", "-1GB", "1GB2", "1e9", "٣GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        read_size(text)


@pytest.mark.parametrize(("count", "text"), [(0, "0 bytes"), (2048, "2.0 KB"), (3 * 2**29, "1.5 GB")])
def test_a_size_is_shown_in_the_unit_that_fits(count: int, text: str) -> None:
    assert show_size(count) == text
