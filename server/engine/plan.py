"""The plan of a run: which nodes its outputs could need, in what order, and the key of each result.

All keys are known before anything runs; those of a loop's nodes when it comes to their time. Iterative throughout:
real workflows chain more nodes than Python has stack frames.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from server.engine import sentences as say
from server.engine.catalogue import Library
from server.engine.failures import Fault, RunFailed
from server.engine.planned import Files, Planned, Scope, Source, Stamp
from server.engine.planning import Planning
from server.graph.order import loops_around, walk
from server.graph.prompt import Prompt, Step

__all__ = ["Files", "Planned", "Source", "Stamp", "choose_targets", "make_plan", "pulled"]


def make_plan(
    prompt: Prompt, library: Library, files: Files | None, targets: Iterable[str] | None = None
) -> list[Planned]:
    """Plan the nodes that the targets (default: every output node) could need, each after its sources.

    Raises RunFailed where the prompt cannot run at all.
    """
    wanted = choose_targets(prompt, library, targets)
    steps: list[tuple[str, Step]] = []
    members: dict[str, list[tuple[str, Step]]] = {}
    for id in pulled(prompt, wanted):
        step = prompt[id]
        within = steps if step.within is None else members.setdefault(step.within, [])
        within.append((id, step))
    planning = Planning(library, files, members, wanted, prompt)
    planning.add_all(steps, Scope())
    return planning.plan


def choose_targets(prompt: Prompt, library: Library, targets: Iterable[str] | None) -> dict[str, None]:
    """The nodes to run, in order; a target that is a subgraph stands for the output nodes in it."""
    outputs = [id for id, step in prompt.items() if _is_output(library, step)]
    if targets is None:
        return dict.fromkeys(outputs)
    wanted: dict[str, None] = {}
    for target in targets:
        inside = [id for id in outputs if id.startswith(f"{target}/")]
        if target not in prompt and not inside:
            raise RunFailed(Fault(say.NO_NODE_TO_RUN(node=target), say.CHOOSE_RUNNING_NODE(), target))
        wanted |= dict.fromkeys([target] if target in prompt else inside)
    return wanted


def pulled(prompt: Prompt, targets: Collection[str]) -> Iterator[str]:
    """The targets and everything they link to, each node after its sources: as a pull would reach them."""
    order = walk(prompt, [*targets, *loops_around(targets, prompt)])
    for cycle in order.cycles:
        if cycle.node in order.pulled:
            what = say.NEEDS_ITSELF(node=cycle.node)
            raise RunFailed(Fault(what, say.REMOVE_ONE_LINK(), cycle.node, cycle.input))
    nodes = walk(prompt, cells).nodes if (cells := by_cell(prompt, order.pulled)) else order.nodes
    return (id for id in nodes if id in order.pulled)


def by_cell(prompt: Prompt, pulled: Collection[str]) -> list[str]:
    """The steps of a sweep in the order of its cells: each is finished before the next begins, the sheet comes last."""
    places = {id: copy.at for id in pulled if (copy := prompt[id].copy) is not None}
    return sorted(places, key=lambda id: (places[id], id))


def _is_output(library: Library, step: Step) -> bool:
    found = library.find(step.type)
    return found is not None and found[0].schema.is_output
