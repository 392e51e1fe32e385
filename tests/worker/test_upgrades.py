"""Old versions of nodes are brought up to date by their own code."""

from __future__ import annotations

from typing import Any

from nodes.api import Node, node
from server.graph.prompt import Link, Step
from server.worker.upgrades import upgrade_nodes, upgrade_prompt


@node(category="test", version=3)
def blur(radius: int = 1, mode: str = "box") -> int:
    """Blur."""
    return radius


@blur.upgrade(from_version=1)
def _(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "radius": inputs.pop("size", 0)}


NODES: dict[str, Node[..., Any]] = {"blur": blur}


def test_steps_are_applied_one_after_the_other_and_links_are_kept() -> None:
    saved = {"a": {"type": "blur", "version": 1, "inputs": {"size": {"link": ["b", "result"]}}, "title": "T"}}
    assert upgrade_nodes(saved, NODES) == {
        "a": {"type": "blur", "version": 3, "inputs": {"radius": {"link": ["b", "result"]}}, "title": "T"}
    }


def test_what_is_current_unknown_or_damaged_comes_back_as_it_was() -> None:
    saved = {
        "current": {"type": "blur", "version": 3, "inputs": {"radius": 2}},
        "unknown": {"type": "gone", "version": 1, "inputs": {}},
        "damaged": {"type": "blur", "version": "one", "inputs": []},
        "nothing": None,
    }
    assert upgrade_nodes(saved, NODES) == saved


def test_a_node_of_a_newer_version_says_so_and_is_unchanged() -> None:
    saved = {"a": {"type": "blur", "version": 9, "inputs": {"x": 1}}}
    changed = upgrade_nodes(saved, NODES)["a"]
    assert (changed["version"], changed["inputs"]) == (9, {"x": 1})
    assert "version 9" in changed["problem"]


def test_a_prompt_is_brought_up_to_date_before_it_runs() -> None:
    prompt = {"a": Step("blur", 1, {"size": Link("b", "result")}), "b": Step("blur", 3, {"radius": 1})}
    upgraded = upgrade_prompt(prompt, NODES)
    assert upgraded["a"] == Step("blur", 3, {"radius": Link("b", "result")})
    assert upgraded["b"] is prompt["b"]
