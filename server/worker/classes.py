"""Which classes the cache on disk may build again: nothing else ever comes to life from a file."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import typing
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from nodes.api import Node
from server.worker.codecs import class_name

OURS = ("nodes.types", "nodes.diffusion")
"""Our own modules: whatever records they hold may be built again."""


class Classes(dict[str, type]):
    """Classes by "module:Name". The records of nodes.diffusion are looked up when they are first met.

    They are not imported beforehand, for that would bring torch along.
    """

    def __init__(self, nodes: Iterable[Node[..., Any]] = ()) -> None:
        super().__init__()
        self.learn(nodes)

    def learn(self, nodes: Iterable[Node[..., Any]]) -> None:
        """Add the socket types that these nodes name, and what their fields hold."""
        waiting = [cls for node in nodes for cls in node.signature.socket_classes()]
        while waiting:
            cls = waiting.pop()
            if class_name(cls) not in self and _is_record(cls):
                self[class_name(cls)] = cls
                waiting += _held(cls)

    def __missing__(self, name: str) -> type:
        module, _, qualified = name.partition(":")
        if any(module == ours or module.startswith(f"{ours}.") for ours in OURS):
            found = getattr(importlib.import_module(module), qualified, None)
            if isinstance(found, type) and found.__module__ == module and _is_record(found):
                self[name] = found
                return found
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        try:
            self.__missing__(str(name))
        except (KeyError, ImportError):
            return False
        return True


def _is_record(cls: type) -> bool:
    if issubclass(cls, Enum):
        return True
    if dataclasses.is_dataclass(cls):
        return bool(cls.__dataclass_params__.frozen)  # type: ignore[attr-defined]  # the dataclass's own note
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def _held(cls: type) -> Iterator[type]:
    """The classes that the fields of a record name."""
    scope = vars(sys.modules[cls.__module__])
    for name, annotation in getattr(cls, "__annotations__", {}).items():
        # One by one: a field whose type only type checkers know, such as Tensor, must not hide the others.
        carrier = type("Carrier", (), {"__annotations__": {name: annotation}})
        try:
            waiting: list[Any] = [typing.get_type_hints(carrier, scope)[name]]
        except (NameError, TypeError):
            continue
        while waiting:
            hint = waiting.pop()
            waiting += typing.get_args(hint)
            if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or issubclass(hint, (Enum, tuple))):
                yield hint
