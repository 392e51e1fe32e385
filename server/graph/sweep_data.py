"""A sweep as the document holds it: which inputs take which values, and whose picture fills the sheet."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

SweepValue = bool | int | float | str


class SweepAxis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input and the values it takes in turn."""

    node: str
    input: str
    graph: Annotated[str, Meta(description="Id of the subgraph the node is in; empty at the top.")] = ""
    values: list[SweepValue] = []
    find: Annotated[
        str, Meta(description="Of a text: the words that the values take the place of; empty: all of it.")
    ] = ""


class SweepData(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow run for every combination of some values, as one labelled sheet and its single pictures."""

    axes: Annotated[
        list[SweepAxis], Meta(description="One to three: the columns, the rows, and a grid of both for each value.")
    ] = []
    picture: Annotated[str, Meta(description="Node whose picture fills the cells; empty: the first that varies.")] = ""
    name: Annotated[str, Meta(description="How the sheet's file is called.")] = "sweep"
