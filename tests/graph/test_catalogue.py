"""The catalogue: plain data that comes back equal, with what there is to choose from now."""

import json
from pathlib import Path
from typing import Annotated

import pytest

from nodes.api import Choices, ImageFile, ModelFile, node
from server.graph.catalogue import BrokenPack, from_json, from_nodes, to_json
from tests.graph.sample_nodes import CATALOGUE, NODES


def test_a_catalogue_comes_back_equal_from_json() -> None:
    assert from_json(to_json(CATALOGUE)) == CATALOGUE


def test_its_json_is_what_the_page_reads() -> None:
    data = json.loads(to_json(CATALOGUE))
    assert list(data) == ["revision", "types", "nodes", "broken", "families", "files"]
    assert data["types"]["Photo"]["fits"] == ["Image", "Image|Mask", "Photo", "any"]
    save = data["nodes"]["save"]
    assert [found["name"] for found in save["inputs"]] == ["image", "name", "format"]
    assert save["inputs"][2]["widget"]["options"]["PNG"][0]["name"] == "compress"


def test_the_revision_follows_the_content_alone() -> None:
    assert from_nodes(NODES).revision == CATALOGUE.revision == from_nodes(reversed(NODES)).revision
    assert from_nodes(NODES[1:]).revision != CATALOGUE.revision
    assert from_nodes(NODES, files=lambda folder: ["x"]).revision != CATALOGUE.revision
    assert from_nodes(NODES, [BrokenPack("a", "b", "c")]).revision != CATALOGUE.revision


def test_files_and_choices_are_those_of_now() -> None:
    names = ["a"]

    @node(category="test")
    def pick(
        lora: Annotated[Path, ModelFile("loras")],
        photo: Annotated[Path, ImageFile()],
        name: Annotated[str, Choices(lambda: names)] = "z",
    ) -> None: ...

    found = from_nodes([pick], files=lambda folder: [f"{folder}/1"]).nodes["pick"].inputs
    assert [i.widget["options"] for i in found if i.widget] == [["loras/1"], ["input/1"], ["a"]]
    names.append("b")
    last = from_nodes([pick]).nodes["pick"].inputs[2]
    assert last.widget == {"kind": "choices", "options": ["a", "b"]}


def test_choices_that_fail_cost_one_dropdown_and_are_listed() -> None:
    @node(category="test")
    def pick(name: Annotated[str, Choices(lambda: [str(1 / 0)])] = "z") -> None: ...

    catalogue = from_nodes([pick])
    assert catalogue.nodes["pick"].inputs[0].widget == {"kind": "choices", "options": []}
    (fault,) = catalogue.broken
    assert "choices of 'name' of pick" in fault.file and "ZeroDivisionError" in fault.traceback


def test_reroute_is_always_there() -> None:
    reroute = from_nodes([]).nodes["reroute"]
    assert [(one.name, one.type) for one in reroute.inputs] == [("value", "$T")]
    assert [(one.name, one.type) for one in reroute.outputs] == [("result", "$T")]


@pytest.mark.parametrize("damaged", [b"", b"{}", b"[]", b'{"revision": 1}'])
def test_a_damaged_catalogue_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(damaged)
