"""From a workflow to a prompt that can run, with every problem found on the way; shared by `run` and `check`."""

from __future__ import annotations

from dataclasses import dataclass

from server.cli.settings import find_node, title_of
from server.config import Config
from server.graph.catalogue import Catalogue
from server.graph.problems import Problem
from server.graph.prompt import from_workflow
from server.graph.steps import Prompt
from server.graph.validate import validate
from server.graph.workflow import Workflow


@dataclass(frozen=True)
class Prepared:
    """What would run, and all that validation says of it."""

    prompt: Prompt
    problems: list[Problem]
    targets: list[str] | None
    titles: dict[str, str]

    @property
    def can_run(self) -> bool:
        return not any(problem.level == "error" for problem in self.problems)


def prepare(workflow: Workflow, catalogue: Catalogue, config: Config, targets: list[str] | None) -> Prepared:
    """Resolve and validate. Raises CommandError when a target is no node of the workflow."""
    nodes = workflow.nodes
    wanted = [find_node(word, nodes, catalogue) for word in targets] if targets else None
    prompt, problems = from_workflow(workflow, catalogue)
    problems = [*problems, *validate(prompt, catalogue, None, wanted)]
    return Prepared(prompt, problems, wanted, {id: title_of(node, catalogue) for id, node in nodes.items()})
