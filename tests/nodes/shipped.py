"""Every node that ships."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from nodes.api import Node

NAMES = ("clip_vision", "conditioning", "control", "editing", "forward", "gligen", "guidance", "hypernetwork", "image",
         "image_batch", "image_sheet", "image_tone", "inpaint", "inversion", "ip_adapter", "latent", "latent_math",
         "levels", "loaders", "logic", "lora", "mask", "merge", "output", "preprocess", "sampling",
         "sampling_custom", "sampling_diffusers", "saving", "schedules", "speed", "text", "tiling",
         "upscale", "values")  # fmt: skip
MODULES = [f"nodes.{name}" for name in NAMES]
PACK = "custom_nodes.darkroom"


def nodes_of(module: ModuleType) -> Iterator[Node[..., Any]]:
    return (value for value in vars(module).values() if isinstance(value, Node))


BUILT_IN = [node for name in MODULES for node in nodes_of(importlib.import_module(name))]
SHIPPED = [*BUILT_IN, *nodes_of(importlib.import_module(PACK))]
