"""What belongs to different families of models is refused. family_cases.json holds the rules; the page's tests read
the same file, with the catalogue in family_catalogue.json."""

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import pytest

from nodes.api import ModelFile, Node, node, socket
from server.graph.catalogue import Catalogue, FamilyInfo, from_json, from_nodes, to_json, with_files
from server.graph.prompt import from_workflow
from server.graph.validate import validate
from server.graph.workflow import load

HERE = Path(__file__).parent
CASES = json.loads((HERE / "family_cases.json").read_text(encoding="utf-8"))
FAMILIES = {
    "one": FamilyInfo("First", "small"),
    "two": FamilyInfo("Second", "small"),
    "large": FamilyInfo("Large", "wide"),
    "finish": FamilyInfo("Large finisher", "wide"),
}
FILES: dict[str, dict[str, tuple[str, ...]]] = {
    "checkpoints": {"one.sft": ("one",), "two.sft": ("two",), "large.sft": ("large",), "finish.sft": ("finish",)},
    "loras": {"one-lora.sft": ("one",), "large-lora.sft": ("large",)},
    "controlnet": {"both.sft": ("one", "two"), "large-net.sft": ("large",)},
}


@socket(colour="#111111", family="model")
class Model: ...


@socket(colour="#222222", family="model")
class Text: ...


@socket(colour="#333333", family="latent")
class Latent: ...


@socket(colour="#444444")
class Image: ...


T = TypeVar("T")
Net = Annotated[Path, ModelFile("controlnet")]


class Whole(NamedTuple):
    model: Model
    text: Text
    latent: Latent


class Both(NamedTuple):
    model: Model
    text: Text


@node(category="test")
def load_whole(file: Annotated[Path, ModelFile("checkpoints")]) -> Whole:
    raise NotImplementedError


@node(category="test")
def lora(model: Model, text: Text, file: Annotated[Path, ModelFile("loras")]) -> Both:
    raise NotImplementedError


@node(category="test")
def control(text: Text, net: Net) -> Text:
    raise NotImplementedError


@node(category="test")
def combine(*texts: Text) -> Text:
    raise NotImplementedError


@node(category="test")
def empty() -> Latent:
    raise NotImplementedError


@node(category="test")
def draw(model: Model, text: Text, latent: Latent, after: Any | None = None) -> Latent:
    raise NotImplementedError


@node(category="test")
def see(latent: Latent) -> Image:
    raise NotImplementedError


@node(category="test", mixes_families=True)
def compare(first: Model, second: Model) -> Model:
    raise NotImplementedError


@node(category="test")
def choose(first: T, second: T) -> T:
    raise NotImplementedError


@node(category="test")
def show(value: Any) -> None: ...


NODES: list[Node[..., Any]] = [load_whole, lora, control, combine, empty, draw, see, compare, choose, show]
CATALOGUE = with_files(from_nodes(NODES, families=FAMILIES), FILES)


def found(case: dict[str, Any], catalogue: Catalogue = CATALOGUE) -> list[dict[str, str]]:
    nodes = {"end": {"type": "show", "inputs": {"value": 1}}} | case["nodes"]
    workflow = load(json.dumps({"schema": 1, "nodes": nodes, "subgraphs": case.get("subgraphs", {})}))
    prompt, _ = from_workflow(workflow, catalogue)
    problems = validate(prompt, catalogue, targets=list(prompt))
    return [
        {"node": one.node, "input": one.input, "what": one.what, "fix": one.fix}
        for one in problems
        if one.level == "error" and " is for " in one.what
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_workflow_has_exactly_the_clashes_that_the_cases_say(case: dict[str, Any]) -> None:
    assert found(case) == case["clashes"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_nothing_is_refused_while_nothing_is_known_of_files(case: dict[str, Any]) -> None:
    assert found(case, from_nodes(NODES, families=FAMILIES)) == []


def test_what_is_known_survives_as_json_and_makes_another_revision() -> None:
    assert from_json(to_json(CATALOGUE)) == CATALOGUE
    assert with_files(CATALOGUE, {}).revision != CATALOGUE.revision
    assert with_files(with_files(CATALOGUE, {}), FILES) == CATALOGUE


def test_the_catalogue_the_page_tests_with_is_current() -> None:
    text = (HERE / "family_catalogue.json").read_bytes()
    assert from_json(text) == CATALOGUE, "write it anew: python -m tests.graph.test_families"


if __name__ == "__main__":
    table = json.loads(to_json(CATALOGUE))
    table["types"] = dict(sorted(table["types"].items()))
    text = json.dumps(table, indent=1, ensure_ascii=False)
    (HERE / "family_catalogue.json").write_text(f"{text}\n", "utf-8")
