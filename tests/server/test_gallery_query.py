"""What is typed into the gallery's search field, and what it asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.gallery.query import BadSearch, Clock, Search, read

NOON = 1_763_726_400.0
"""21 November 2025, 12:00 UTC."""
UTC = Clock(NOON)
DAY = 86_400.0
TODAY = NOON - DAY / 2


def test_words_are_beginnings_and_phrases_are_whole() -> None:
    assert read('red "at night"', UTC).words == ('-avoided : "red" *', '-avoided : "at night"')


def test_a_minus_says_what_must_not_be_there() -> None:
    assert read("-snow -model:sdxl", UTC).without == ('-avoided : "snow" *', 'models : "sdxl" *')


def test_fields_look_in_one_place() -> None:
    found = read('model:"sd xl" seed:42 negative:blurry sampler:euler title:house', UTC)
    assert found.words == (
        'models : "sd xl" *', 'seeds : "42"', 'avoided : "blurry" *', 'settings : "euler" *', 'title : "house" *',
    )  # fmt: skip


def test_a_field_that_is_none_is_part_of_the_words() -> None:
    assert read("style:anime", UTC).words == ('-avoided : "style:anime" *',)


def test_a_field_without_a_value_yet_asks_for_nothing() -> None:
    assert read("model: after: is:", UTC) == Search()


def test_states_kinds_and_documents() -> None:
    assert read("is:starred kind:image document:abc", UTC) == Search(starred=True, kind="image", document="abc")
    assert read("-is:starred is:trash", UTC) == Search(starred=False, trashed=True)


def test_days_begin_where_the_reader_is() -> None:
    assert read("after:2025-11-21", UTC).since == TODAY
    assert read("after:2025-11-21", Clock(NOON, 60)).since == TODAY - 3600
    assert read("before:today", Clock(NOON, -13 * 60)).until == TODAY - DAY + 13 * 3600


def test_days_months_years_and_words_for_days() -> None:
    assert read("on:today", UTC) == Search(since=TODAY, until=TODAY + DAY)
    assert read("on:yesterday", UTC) == Search(since=TODAY - DAY, until=TODAY)
    assert read("after:7d", UTC).since == TODAY - 7 * DAY
    month = read("on:2025-12", UTC)
    assert month.since is not None and month.until is not None and month.until - month.since == 31 * DAY
    assert read("on:2024", UTC).until == read("after:2025", UTC).since


def test_several_days_narrow_each_other() -> None:
    assert read("after:2025-11-01 after:2025-11-21 before:2026 before:today", UTC) == Search(since=TODAY, until=TODAY)


@pytest.mark.parametrize("text", ["after:soon", "on:2025-13", "before:2025-02-30", "after:12345d", "kind:x", "is:y"])
def test_a_value_that_makes_no_sense_is_said_in_words(text: str) -> None:
    with pytest.raises(BadSearch) as refused:
        read(text, UTC)
    assert refused.value.what and refused.value.fix


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_search_or_refused_in_words(text: str) -> None:
    try:
        found = read(text, UTC)
    except BadSearch:
        return
    assert all(" : " in expression for expression in (*found.words, *found.without))
