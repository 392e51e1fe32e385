"""What keeps the project pleasant: help everywhere, examples that open, docs that know every widget and command."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import nodes.api
from nodes.api import Input, NodeSchema
from server.cli.parser import parser
from server.graph.catalogue import REROUTE, Catalogue, from_json
from server.graph.prompt import from_workflow
from server.graph.validate import validate
from server.graph.workflow import load

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted(path for path in (ROOT / "workflows").glob("*.json") if not path.name.endswith(".schema.json"))
DOCS = ROOT / "docs"
WORDS_OF_SCHEMAS = ("properties", "items", "default", "additionalProperties", "discriminator", "mapping")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """What a fresh home offers: asked of the program itself."""
    command = [sys.executable, "-m", "server", "nodes", "--json", "--home", str(tmp_path_factory.mktemp("home"))]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert said.stderr == b""
    return from_json(said.stdout)


def every_input(schema: NodeSchema) -> Iterator[tuple[str, Input]]:
    """The inputs of a node, those that a choice brings included, by their flat names."""
    for found in schema.inputs:
        yield found.name, found
        if found.widget and found.widget["kind"] == "variant":
            for choice, fields in found.widget["options"].items():
                yield from ((f"{found.name}.{field.name} ({choice})", field) for field in fields)


def test_no_pack_that_ships_is_broken(catalogue: Catalogue) -> None:
    assert catalogue.broken == ()


def test_every_node_and_each_of_its_inputs_has_help(catalogue: Catalogue) -> None:
    silent = [schema.id for schema in catalogue.nodes.values() if not schema.help]
    silent += [f"{schema.id}: {name}" for schema in catalogue.nodes.values()
               for name, found in every_input(schema) if not found.help]  # fmt: skip
    assert not silent, f"No help for: {', '.join(silent)}"


def test_every_node_is_named_by_a_test(catalogue: Catalogue) -> None:
    """Each where its own tests are: those of the nodes, or those beside a pack."""
    places = [*(ROOT / "tests" / "nodes").rglob("*.py"), *(ROOT / "custom_nodes").rglob("test*.py"),
              *(ROOT / "tests" / "custom_nodes").rglob("*.py")]  # fmt: skip
    text = "\n".join(path.read_text(encoding="utf-8") for path in places)
    names = {id: id.rpartition("/")[2] for id in catalogue.nodes if id != REROUTE.id}
    untested = [id for id, name in names.items() if not re.search(rf"\b{re.escape(name)}\b", text)]
    assert not untested, f"No test names: {', '.join(untested)}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_example_workflow_opens_and_validates(path: Path, catalogue: Catalogue) -> None:
    workflow = load(path.read_bytes())
    prompt, problems = from_workflow(workflow, catalogue)
    assert [*problems, *validate(prompt, catalogue, lambda folder, name: True)] == []
    assert workflow.title and workflow.id, "an example has a title and an id"


def test_there_are_example_workflows_with_ids_of_their_own() -> None:
    ids = [load(path.read_bytes()).id for path in WORKFLOWS]
    assert len(ids) >= 3 and len(set(ids)) == len(ids)


def test_the_docs_tell_of_every_widget_an_author_may_use() -> None:
    text = (DOCS / "writing-nodes.md").read_text(encoding="utf-8")
    widgets = {widget.__name__ for widget in get_args(nodes.api.Widget)}
    assert widgets, "nodes.api.Widget names the widgets"
    missing = sorted(name for name in widgets if name not in text)
    assert not missing, f"docs/writing-nodes.md does not mention: {', '.join(missing)}"


def test_the_docs_tell_of_every_key_of_a_workflow() -> None:
    text = (DOCS / "workflow-format.md").read_text(encoding="utf-8")
    schema = (ROOT / "workflows" / "workflow.schema.json").read_text(encoding="utf-8")
    missing = [key for key in re.findall(r'"(\w+)": \{', schema) if key not in text and key[0].islower()
               and key not in WORDS_OF_SCHEMAS]  # fmt: skip
    assert not missing, f"docs/workflow-format.md does not mention: {', '.join(missing)}"


def test_every_command_in_the_readme_can_be_typed() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^loom (.+?)(?:   +.*)?$", text, re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        parser().parse_args(shlex.split(command))


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *DOCS.glob("*.md")]), ids=lambda path: path.name)
def test_every_link_between_our_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing, f"{page.name} links to {', '.join(missing)}"


def test_the_lock_file_holds_no_download_addresses() -> None:
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")
