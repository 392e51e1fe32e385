"""Which type fits which. type_cases.json holds the rules; the page's tests read the same file, with the table of
types in type_table.json."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from nodes.api import node, socket
from server.graph.catalogue import TypeInfo, fits, from_nodes
from tests.graph.sample_nodes import Image, Mask, Photo

HERE = Path(__file__).parent
CASES = json.loads((HERE / "type_cases.json").read_text(encoding="utf-8"))


class Curve: ...


Curve.__module__ = "custom_nodes.pack"
socket(colour="#ffffff", shape="◇")(Curve)


class Everything(NamedTuple):
    image: Image
    mask: Mask
    photo: Photo
    curve: Curve
    either: Image | Mask
    other: Mask | Image
    special: Image | Photo
    number: int | float


@node(category="test")
def everything(a: str | Image, b: str | float) -> Everything:
    raise NotImplementedError


TYPES = from_nodes([everything]).types


@pytest.mark.parametrize(("output", "input", "expected"), CASES)
def test_an_output_fits_an_input_exactly_when_the_cases_say_so(output: str, input: str, expected: bool) -> None:
    assert fits(TYPES, output, input) is expected


@pytest.mark.parametrize(("output", "input", "expected"), CASES)
def test_the_table_alone_gives_the_same_answer(output: str, input: str, expected: bool) -> None:
    if output in TYPES and input in TYPES:
        assert (input in TYPES[output].fits) is expected


def test_the_table_the_page_tests_with_is_current() -> None:
    table = json.loads((HERE / "type_table.json").read_text(encoding="utf-8"))
    assert msgspec.convert(table, dict[str, TypeInfo]) == TYPES, "write it anew: python -m tests.graph.test_types"


def test_a_subclass_without_a_mark_is_the_same_type_as_its_parent() -> None:
    class Detail(Image): ...

    @node(category="test")
    def zoom(image: Image) -> Detail:
        return Detail()

    assert zoom.schema.outputs[0].type == "Image"


def test_a_type_of_a_pack_carries_its_name() -> None:
    assert TYPES["pack/Curve"] == TypeInfo("Curve", "#ffffff", "◇", ("any", "pack/Curve"))


def main() -> None:
    table: dict[str, Any] = msgspec.to_builtins(TYPES)
    text = json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False)
    (HERE / "type_table.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
