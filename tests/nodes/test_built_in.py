"""What holds for every node that ships."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from nodes.api import Input, Node

MODULES = ["image", "latent", "loaders", "logic", "output", "sampling", "text", "values"]
IDS = {
    "blend_images", "decode_latent", "empty_latent", "encode_image", "encode_text", "integer", "invert",
    "load_checkpoint", "load_image", "math", "number", "preview_image", "sample", "save_image",
    "scale_image", "seed", "switch", "text",
}  # fmt: skip


def nodes_of(module: ModuleType) -> Iterator[Node[..., Any]]:
    return (value for value in vars(module).values() if isinstance(value, Node))


MODULE_NODES = [node for name in MODULES for node in nodes_of(importlib.import_module(f"nodes.{name}"))]
PACK_NODES = list(nodes_of(importlib.import_module("custom_nodes.darkroom")))
ALL = pytest.mark.parametrize("node", MODULE_NODES + PACK_NODES, ids=lambda node: node.schema.id)


def all_inputs(node: Node[..., Any]) -> Iterator[Input]:
    for found in node.schema.inputs:
        yield found
        if found.widget and found.widget["kind"] == "variant":
            for inner in found.widget["options"].values():
                yield from inner


def test_these_nodes_ship() -> None:
    assert {node.schema.id for node in MODULE_NODES} == IDS
    assert {node.schema.id for node in PACK_NODES} == {
        "darkroom/contact_sheet",
        "darkroom/film_grain",
        "darkroom/vignette",
    }


@ALL
def test_a_node_has_help_for_itself_and_each_input_and_output(node: Node[..., Any]) -> None:
    assert node.schema.help
    assert [found.name for found in all_inputs(node) if not found.help] == []
    assert [output.name for output in node.schema.outputs if not output.help] == []


@ALL
def test_a_node_has_a_category_and_its_numbers_have_sensible_fields(node: Node[..., Any]) -> None:
    assert node.schema.category
    for found in all_inputs(node):
        if found.widget and found.widget["kind"] == "slider":
            assert {"min", "max", "step"} <= found.widget.keys()


def test_reading_all_nodes_needs_no_torch() -> None:
    names = [f"nodes.{name}" for name in MODULES] + ["custom_nodes.darkroom"]
    heavy = {"torch", "diffusers", "transformers", "PIL", "numpy"}
    program = f"import sys, importlib as i; [i.import_module(n) for n in {names}]; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_a_sampler_takes_its_seed_from_a_seed_node_and_its_steps_from_math() -> None:
    types = {node.schema.id: {output.name: output.type for output in node.schema.outputs} for node in MODULE_NODES}
    sampler = next(node.schema for node in MODULE_NODES if node.schema.id == "sample")
    assert types["seed"]["result"] == sampler.input("seed").type
    assert types["math"]["whole"] == sampler.input("steps").type
