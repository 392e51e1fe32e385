"""From a workflow to a job that can run: read, resolved and checked. Pure but for the question which files exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from server.config import Config
from server.graph import sentences as say
from server.graph.catalogue import Catalogue
from server.graph.problems import Problem
from server.graph.prompt import encode, from_workflow
from server.graph.sweep_prompt import Swept, in_document, sweep_of
from server.graph.validate import validate
from server.graph.workflow import Workflow, dump, load
from server.model_folders import ModelFolders
from server.paths import PathError, inside
from server.store.jobs import Payload

INPUT_FOLDER = "input"


class SubmitJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow to run. `targets`: the nodes wanted, instead of all outputs; `key`: the same key, the same job.

    `sweep`: run the sweep that the workflow holds, and make a sheet of it, instead of running it once.
    """

    workflow: msgspec.Raw
    targets: list[str] | None = None
    sweep: bool = False
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The job is kept and will run."""

    id: str
    warnings: list[Problem]


class Problems(msgspec.Struct, frozen=True):
    """Everything that is wrong with a workflow; an error keeps it from running, a warning does not."""

    problems: list[Problem]


@dataclass(frozen=True)
class Prepared:
    """A workflow with its problems, and what to run; `payload` is None when an error forbids it."""

    document: str
    title: str
    problems: list[Problem]
    payload: Payload | None


def check(workflow: Workflow, catalogue: Catalogue, config: Config) -> list[Problem]:
    """Every problem of a workflow that is not to be run now."""
    prompt, problems = from_workflow(workflow, catalogue)
    return problems + validate(prompt, catalogue, file_check(config))


def prepare(wanted: SubmitJob, catalogue: Catalogue, config: Config) -> Prepared:
    """Read and check a workflow. Raises WorkflowError when it is none."""
    workflow = load(bytes(wanted.workflow))
    if wanted.sweep:
        return prepare_sweep(workflow, wanted.targets, catalogue, config)[0]
    prompt, problems = from_workflow(workflow, catalogue)
    problems += validate(prompt, catalogue, file_check(config), wanted.targets)
    failed = any(problem.level == "error" for problem in problems)
    payload = None if failed else Payload(encode(prompt), dump(workflow), wanted.targets)
    return Prepared(workflow.id[:100], workflow.title[:500], problems, payload)


def prepare_sweep(
    workflow: Workflow, targets: list[str] | None, catalogue: Catalogue, config: Config
) -> tuple[Prepared, Swept]:
    """The same for a workflow's sweep, and what that is."""
    swept = sweep_of(workflow, catalogue)
    problems = list(swept.problems)
    if targets is not None:
        problems.append(Problem("", "", say.SWEEP_RUNS_ALL(), say.LEAVE_OUT_TARGETS()))
    if swept.prompt:
        found = validate(swept.prompt, catalogue, file_check(config))
        problems += dict.fromkeys(in_document(problem, swept.prompt) for problem in found)
    failed = not swept.prompt or any(problem.level == "error" for problem in problems)
    payload = None if failed else Payload(encode(swept.prompt), dump(workflow), None)
    return Prepared(workflow.id[:100], workflow.title[:500], problems, payload), swept


def file_check(config: Config) -> Callable[[str, str], bool]:
    """Whether a file is in a models folder or among the input pictures; each is looked up once."""
    known: dict[tuple[str, str], bool] = {}

    @cache
    def models() -> ModelFolders:
        return config.model_folders

    def exists(folder: str, name: str) -> bool:
        key = (folder, name)
        if key not in known:
            if folder == INPUT_FOLDER:
                known[key] = _is_file_in(config.input, name)
            else:
                found = models().find(folder, name)
                known[key] = found is not None and found.is_file()
        return known[key]

    return exists


def _is_file_in(base: Path, name: str) -> bool:
    try:
        return inside(base, name).is_file()
    except (PathError, OSError):
        return False
