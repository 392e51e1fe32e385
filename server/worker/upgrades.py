"""Bring nodes that older versions saved up to date. Only the worker can: the steps are the nodes' own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from nodes.api import Node, apply_upgrades
from server.graph.prompt import Prompt


def upgrade_nodes(saved: Mapping[str, Any], nodes: Mapping[str, Node[..., Any]]) -> dict[str, Any]:
    """The nodes of a document (by id: type, version, inputs) as they are now; those that cannot change are as given.

    One that could not be brought up to date has a `problem` that says why.
    """
    return {id: _upgrade(node, nodes) for id, node in saved.items()}


def upgrade_prompt(prompt: Prompt, nodes: Mapping[str, Node[..., Any]]) -> Prompt:
    """A prompt whose steps have the installed versions, as far as that is possible."""
    old = {
        id: step for id, step in prompt.items() if step.type in nodes and step.version < nodes[step.type].schema.version
    }
    if not old:
        return prompt
    changed = {}
    for id, step in old.items():
        upgraded = apply_upgrades(nodes[step.type], step.version, step.inputs)
        if not upgraded.problem:
            changed[id] = msgspec.structs.replace(step, version=upgraded.version, inputs=upgraded.inputs)
    return {id: changed.get(id, step) for id, step in prompt.items()}


def _upgrade(node: Any, nodes: Mapping[str, Node[..., Any]]) -> Any:
    if not isinstance(node, dict):
        return node
    installed = nodes.get(str(node.get("type")))
    version, inputs = node.get("version", 1), node.get("inputs", {})
    if installed is None or not isinstance(version, int) or not isinstance(inputs, dict):
        return node
    if version == installed.schema.version:
        return node
    upgraded = apply_upgrades(installed, version, inputs)
    changed = {**node, "version": upgraded.version, "inputs": upgraded.inputs}
    return {**changed, "problem": upgraded.problem} if upgraded.problem else changed
