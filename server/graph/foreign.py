"""Documents of other programs, recognised so that they are refused by name and not by a riddle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from server.graph import sentences as say
from server.graph.reading import WorkflowError

PARAMETERS = re.compile(r"^Steps: \d+, (?:Sampler|CFG scale|Seed|Size|Schedule type): ", re.MULTILINE)


def refuse_foreign_text(text: str) -> None:
    """Raise WorkflowError for the generation parameters that AUTOMATIC1111 and its relatives write."""
    if PARAMETERS.search(text[:20_000]):
        raise WorkflowError(say.AUTOMATIC1111(), say.NOT_YET())


def refuse_foreign_tree(tree: Mapping[str, Any]) -> None:
    """Raise WorkflowError for a ComfyUI workflow (as saved) or prompt (as exported for its API)."""
    nodes = tree.get("nodes")
    if isinstance(nodes, list) and ("last_node_id" in tree or "links" in tree or holds_comfy_nodes(nodes)):
        raise WorkflowError(say.COMFY_WORKFLOW(), say.NOT_YET())
    inner = tree.get("prompt")
    steps = inner if isinstance(inner, dict) and "nodes" not in tree else tree
    if "schema" not in tree and any(isinstance(step, dict) and "class_type" in step for step in steps.values()):
        raise WorkflowError(say.COMFY_PROMPT(), say.NOT_YET())


def holds_comfy_nodes(nodes: list[Any]) -> bool:
    return any(isinstance(node, dict) and ("widgets_values" in node or "pos" in node) for node in nodes)
