"""The workflows that ship: each opens, is without fault, looks tidy and runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from nodes.api import Node, bind
from nodes.diffusion.embedding_files import FOLDERS
from server.graph.catalogue import from_nodes
from server.graph.prompt import from_workflow
from server.graph.steps import Link, Prompt
from server.graph.validate import validate
from server.graph.workflow import Workflow, load
from tests.nodes.conftest import DEMO
from tests.nodes.plain import PlainContext
from tests.nodes.shipped import SHIPPED

FOLDER = Path(__file__).parents[2] / "workflows"
EXAMPLES = sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json"))
NODES = {node.schema.id: node for node in SHIPPED}
MODELS = Path(__file__).parents[2] / "nodes" / "demo" / "models"
CATALOGUE = from_nodes(NODES.values(), files=lambda folder: [path.name for path in MODELS.glob(f"{folder}/*")])
BESIDE = {"load_controlnet": "controlnet", "load_lora_for_model": "loras"}
"""Nodes that load what ships beside the demo model, and from where."""
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
    checkpoint = DEMO if needs_the_demo(prompt) else tiny_file
    made: dict[str, dict[str, Any]] = {}
    for id in in_order(prompt):
        node = NODES[prompt[id].type]
        values = {
            name: made[value.node][value.output] if isinstance(value, Link) else value
            for name, value in prompt[id].inputs.items()
        }
        made[id] = await call_each(node, quickened(node, values, checkpoint), ctx)
    assert ctx.saved
    for image, name, _ in ctx.saved:
        assert image.pixels.isfinite().all()
        assert name


def needs_the_demo(prompt: Prompt) -> bool:
    """Whether it uses what was made for the demo model and fits no other."""
    texts = [value for step in prompt.values() for value in step.inputs.values() if isinstance(value, str)]
    return any(step.type in BESIDE for step in prompt.values()) or any("embedding:" in text for text in texts)


def quickened(node: Node[..., Any], values: dict[str, Any], checkpoint: Path) -> dict[str, Any]:
    """The same inputs with files of the disk, a small checkpoint, and few steps."""
    if node.schema.id == "load_checkpoint":
        return values | {"file": checkpoint}
    if node.schema.id in BESIDE:
        return values | {"file": MODELS / BESIDE[node.schema.id] / values["file"]}
    if node.schema.id == "invert_latent":
        return values | {"steps": 2, "looks": 1}
    if node.schema.id == "sample":  # where a second one takes up what a first began, it does so after one step
        ends = {"start_step": min(values.get("start_step", 0), 1)}
        return values | {"steps": 2} | ends | ({"end_step": 1} if values.get("end_step", 20) < 20 else {})
    return values | {"steps": 2} if node.schema.id == "schedule" else values


def in_order(prompt: Prompt) -> Iterator[str]:
    waiting = dict(prompt)
    while waiting:
        ready = [id for id, step in waiting.items() if not any(
            isinstance(value, Link) and value.node in waiting for value in step.inputs.values()
        )]  # fmt: skip
        assert ready
        for id in ready:
            del waiting[id]
        yield from ready


class Many(list[Any]):
    """A list on a link."""


async def call_each(node: Node[..., Any], values: dict[str, Any], ctx: PlainContext) -> dict[str, Any]:
    """Once for each item of lists that meet inputs for single values; the shorter repeat their last item."""
    takes = {found.name for found in node.schema.inputs if found.is_list}
    lists = {name: value for name, value in values.items() if isinstance(value, Many) and name not in takes}
    gives = {output.name: output.is_list for output in node.schema.outputs}
    runs = [
        await call(node, values | {name: value[min(turn, len(value) - 1)] for name, value in lists.items()}, ctx)
        for turn in range(max(map(len, lists.values()), default=1))
    ]
    if not lists:
        return {name: Many(value) if gives[name] else value for name, value in runs[0].items()}
    return {name: Many(run[name] for run in runs) for name in runs[0]}


async def call(node: Node[..., Any], values: dict[str, Any], ctx: PlainContext) -> dict[str, Any]:
    args, kwargs = bind(node, values, ctx)
    result = node.function(*args, **kwargs)
    if node.schema.is_async:
        result = await result
    names = [output.name for output in node.schema.outputs]
    return dict(zip(names, result if len(names) > 1 else [result], strict=False)) if names else {}
