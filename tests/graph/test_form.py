"""The form of a document: read, kept with what is unknown in it, and refused in words where it is none."""

from __future__ import annotations

from typing import Any

import pytest

from server.graph.workflow import WorkflowError, dump, load

FORM = {
    "items": [
        {"kind": "heading", "text": "Picture"},
        {"kind": "input", "node": "1", "input": "text", "pack": {"kept": 1}},
        {"kind": "note", "text": "*Short* is enough."},
        {"kind": "output", "node": "gone"},
    ],
    "pack": [1, 2],
}


def test_a_form_is_kept_with_all_that_is_unknown_in_it() -> None:
    workflow = load({"schema": 1, "form": FORM})
    assert workflow.raw["form"] == FORM
    assert load(dump(workflow)).raw["form"] == FORM


@pytest.mark.parametrize("form", [None, {}, {"items": []}])
def test_a_form_may_be_empty(form: Any) -> None:
    assert load({"schema": 1, "form": form}).raw["form"] == form


@pytest.mark.parametrize(
    "form",
    [
        5,
        "x",
        [],
        {"items": 5},
        {"items": [5]},
        {"items": [{"kind": "picture"}]},
        {"items": [{"kind": "input", "node": "1"}]},
        {"items": [{"kind": "input", "node": 1, "input": "x"}]},
        {"items": [{"kind": "note"}] * 1001},
    ],
)
def test_what_is_no_form_is_refused_in_words(form: Any) -> None:
    with pytest.raises(WorkflowError) as refused:
        load({"schema": 1, "form": form})
    assert "form" in refused.value.what
    assert refused.value.fix
