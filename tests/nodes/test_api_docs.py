"""The page on writing nodes is true: its examples declare what they claim, and it names the whole vocabulary."""

import re
from pathlib import Path
from typing import Any

import pytest

import nodes.api
from nodes.api import Node, bind

PAGE = (Path(__file__).parents[2] / "docs" / "writing-nodes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def declared_in(example: str, module: str) -> dict[str, Node[..., Any]]:
    names: dict[str, Any] = {"__name__": module}
    exec(compile(example, "docs/writing-nodes.md", "exec", dont_inherit=True), names)
    return {name: value for name, value in names.items() if isinstance(value, Node)}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_declares_nodes_with_help(number: int) -> None:
    found = declared_in(EXAMPLES[number], __name__)
    assert found and all(one.schema.help for one in found.values())


def test_what_the_examples_say_about_their_nodes_holds() -> None:
    found = {name: one for example in EXAMPLES for name, one in declared_in(example, "custom_nodes.mine").items()}
    assert found["posterise"].schema.id == "mine/posterise"
    assert [output.name for output in found["paint"].schema.outputs] == ["image", "touched"]
    assert bind(found["paint"], {"image": 1, "brush": "Flat"})[1]["brush"].angle == 45.0
    assert found["greys"].schema.outputs[0].type == "mine/Palette"
    assert list(found["refine"].upgrades) == [1]


@pytest.mark.parametrize("name", sorted(name for name in nodes.api.__all__ if name[0].isupper()))
def test_the_page_names_what_an_author_uses(name: str) -> None:
    internal = {"Bond", "Input", "Output", "NodeSchema", "Node", "NodeError", "SocketType", "Upgraded", "Widget"}
    assert name in internal or name in PAGE
