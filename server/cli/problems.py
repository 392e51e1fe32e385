"""Shows what validation found, as a table that a narrow terminal can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.graph.problems import Problem


def show(problems: Sequence[Problem], titles: Mapping[str, str], console: Console) -> None:
    """Every problem, errors first: where, what, and what to do."""
    table = Table("", "Node", "Input", "What is wrong", "What to do", show_edge=False, pad_edge=False)
    for problem in sorted(problems, key=lambda problem: problem.level != "error"):
        mark = Text("error", "bold red") if problem.level == "error" else Text("warning", "yellow")
        node = f"{titles[problem.node]} ({problem.node})" if problem.node in titles else problem.node
        table.add_row(mark, Text(node), Text(problem.input), Text(problem.what), Text(problem.fix))
    console.print(table)


def count(problems: Sequence[Problem]) -> str:
    """`2 errors, 1 warning`."""
    errors = sum(problem.level == "error" for problem in problems)
    parts = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in
             ((errors, "error"), (len(problems) - errors, "warning")) if number]  # fmt: skip
    return ", ".join(parts) or "no problems"
