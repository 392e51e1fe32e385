"""Where what an output carries really comes from: past reroutes, bypassed nodes and the edges of subgraphs."""

from __future__ import annotations

from server.graph.catalogue import Catalogue
from server.graph.flatten import SEPARATOR, Place, flatten
from server.graph.inputs import Tables
from server.graph.wires import End, Wires
from server.graph.workflow import NodeData, Workflow


def find_source(workflow: Workflow, catalogue: Catalogue, node: str, output: str) -> End:
    """The end of a link that leaves `output` of `node`, whose id reads `outer/inner` inside a subgraph."""
    places, _ = flatten(workflow)
    wires = Wires(places, workflow.subgraphs, catalogue, Tables(catalogue.nodes))
    known = places.get(node)
    scope = known.scope if known is not None else (node.rpartition(SEPARATOR)[0] or None)
    own = node if scope is None else node.removeprefix(f"{scope}{SEPARATOR}")
    reader = Place("", NodeData(type="reroute"), scope)
    return wires.follow(reader, (own, output))
