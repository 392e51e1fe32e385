"""The workflows that ship: each opens, is without fault, looks tidy and runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import PIL.Image
import pytest

from nodes.api import Input
from nodes.diffusion.embedding_files import FOLDERS
from server.engine.cache import Cache
from server.engine.call import NodeContext
from server.engine.catalogue import Library
from server.engine.plan import Planned, Stamp, make_plan
from server.engine.run import Prepared, Run
from server.graph.catalogue import from_nodes
from server.graph.prompt import from_workflow
from server.graph.steps import Prompt, Step
from server.graph.validate import validate
from server.graph.workflow import Workflow, load
from tests.engine.running import Log
from tests.nodes.conftest import DEMO
from tests.nodes.plain import PlainContext
from tests.nodes.shipped import SHIPPED

FOLDER = Path(__file__).parents[2] / "workflows"
EXAMPLES = sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json"))
NODES = {node.schema.id: node for node in SHIPPED}
MODELS = Path(__file__).parents[2] / "nodes" / "demo" / "models"
CATALOGUE = from_nodes(NODES.values(), files=lambda folder: [path.name for path in MODELS.glob(f"{folder}/*")])
BESIDE = ("load_controlnet", "load_lora_for_model")
"""Nodes that load what ships beside the demo model."""
EACH = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def opened(path: Path) -> Workflow:
    return load(path.read_bytes())


def test_the_first_one_is_the_demo_and_all_have_ids_and_titles_of_their_own() -> None:
    assert FOLDER / "text-to-image.json" in EXAMPLES
    assert len({opened(path).id for path in EXAMPLES}) == len(EXAMPLES)
    assert len({opened(path).title for path in EXAMPLES}) == len(EXAMPLES)


@EACH
def test_an_example_has_no_fault(path: Path) -> None:
    prompt, problems = from_workflow(opened(path), CATALOGUE)
    assert problems == []
    assert validate(prompt, CATALOGUE) == []


@EACH
def test_links_lead_right_or_down_and_nothing_overlaps(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    nodes = document["nodes"]
    for node in nodes.values():
        for value in node["inputs"].values():
            if isinstance(value, dict) and "link" in value:
                source, target = nodes[value["link"][0]]["position"], node["position"]
                assert source[0] < target[0] or (source[0] == target[0] and source[1] < target[1])
    boxes = [(*box["position"], *box["size"]) for box in [*nodes.values(), *document["notes"].values()]]
    for (x, y, width, height), (left, top, wide, tall) in combinations(boxes, 2):
        assert x + width <= left or left + wide <= x or y + height <= top or top + tall <= y


@EACH
def test_an_example_has_a_picture_of_what_it_makes(path: Path) -> None:
    picture = path.with_suffix(".webp")
    assert picture.exists(), f"run: python -m tests.make_example_pictures {path.stem}"
    with PIL.Image.open(picture) as opened:
        assert opened.format == "WEBP"
        assert 200 <= max(opened.size) <= 480
    assert picture.stat().st_size < 100_000


@EACH
async def test_an_example_runs(path: Path, tiny_file: Path, ctx: PlainContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDERS, str(MODELS / "embeddings"))
    prompt, _ = from_workflow(opened(path), CATALOGUE)
    host = ExampleHost(plain=ctx, checkpoint=DEMO if needs_the_demo(prompt) else tiny_file)
    plan = make_plan({id: quickened(step) for id, step in prompt.items()}, Library(NODES, CATALOGUE.nodes), host)
    with ThreadPoolExecutor(1) as device:
        await Run(lambda: Prepared(plan), host, Cache(2**28), device, lambda: device).finish()
    assert ctx.saved
    for image, name, _ in ctx.saved:
        assert image.pixels.isfinite().all()
        assert name


@dataclass
class ExampleHost(Log):
    """Where the engine runs an example: in this process, with the models beside the demo and one checkpoint."""

    plain: PlainContext = field(default_factory=PlainContext)
    checkpoint: Path = DEMO

    def context(self, node: Planned) -> NodeContext:  # type: ignore[override]  # the log's own is for toys
        return self.plain

    def stamp(self, input: Input, name: str, node: str) -> Stamp:
        beside = [path for path in MODELS.glob(f"*/{name}") if path.parent.name != "checkpoints"]
        return Stamp(beside[0] if beside else self.checkpoint, name)


def needs_the_demo(prompt: Prompt) -> bool:
    """Whether it uses what was made for the demo model and fits no other."""
    texts = [value for step in prompt.values() for value in step.inputs.values() if isinstance(value, str)]
    return any(step.type in BESIDE for step in prompt.values()) or any("embedding:" in text for text in texts)


def quickened(step: Step) -> Step:
    """The same with few steps; where a second sampler takes up what a first began, it does so after one step."""
    given: dict[str, Any] = dict(step.inputs)
    match step.type:
        case "invert_latent":
            given |= {"steps": 2, "looks": 1}
        case "sample":
            given |= {"steps": 2, "start_step": min(given.get("start_step", 0), 1)}
            given |= {"end_step": 1} if given.get("end_step", 20) < 20 else {}
        case "schedule":
            given |= {"steps": 2}
    return msgspec.structs.replace(step, inputs=given)
