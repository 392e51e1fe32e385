"""Values as bytes for the cache on disk: tensors as safetensors, everything else as JSON beside them.

Nothing is pickled. Only classes in the table given at start are ever built again: the socket types of
the catalogue, and the recipes and records of the shipped nodes.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from server.engine.lists import Many

Plain = Any
"""What JSON holds."""
SCALARS = (int, float, str, bool, type(None))
METADATA = "value"
CLASS_COST = 64
"""Bytes an object takes in memory beside what it holds, about."""


class NotEncodable(TypeError):
    """A value has no encoding: it stays in memory."""


class ValueCodec:
    """Encodes values built of scalars, lists, tensors and the frozen dataclasses and tuples in `classes`.

    `classes` maps "module:Name" to the class.
    """

    def __init__(self, classes: Mapping[str, type]) -> None:
        self.classes = classes

    def encode(self, values: tuple[Any, ...]) -> bytes | None:
        tensors: dict[str, Any] = {}
        try:
            plain = [self._pack(value, tensors) for value in values]
        except NotEncodable:
            return None
        text = json.dumps(plain, separators=(",", ":"))
        if not tensors:
            return text.encode("utf-8", "surrogatepass")
        from safetensors.torch import save

        return save(tensors, {METADATA: text})

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Raises ValueError on bytes that do not say a value of known classes."""
        try:
            text, tensors = _open(data)
            return tuple(self._unpack(item, tensors) for item in json.loads(text))
        except (KeyError, IndexError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
            raise ValueError(f"it cannot be read: {error!r}") from error

    # ------------------------------------------------------------ to plain data

    def _pack(self, value: Any, tensors: dict[str, Any]) -> Plain:
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind is Many:
            return {"many": [self._pack(item, tensors) for item in value]}
        if kind is list:
            return {"list": [self._pack(item, tensors) for item in value]}
        if kind is tuple:
            return {"tuple": [self._pack(item, tensors) for item in value]}
        if kind is dict:
            return {"dict": [[self._pack(key, tensors), self._pack(item, tensors)] for key, item in value.items()]}
        if kind is bytes:
            return {"bytes": base64.b64encode(value).decode()}
        if isinstance(value, PurePath):
            return {"path": str(value)}
        if _is_tensor(value):
            return {"tensor": _add(value, tensors)}
        return self._pack_record(value, kind, tensors)

    def _pack_record(self, value: Any, kind: type, tensors: dict[str, Any]) -> Plain:
        name = class_name(kind)
        if name not in self.classes:
            raise NotEncodable(name)
        if isinstance(value, Enum):
            return {"enum": [name, value.name]}
        fields = value._asdict() if _is_named_tuple(kind) else {f.name: getattr(value, f.name) for f in _fields(kind)}
        return {"record": [name, {field: self._pack(item, tensors) for field, item in fields.items()}]}

    # ------------------------------------------------------------ and back

    def _unpack(self, plain: Plain, tensors: Mapping[str, Any]) -> Any:
        if not isinstance(plain, dict):
            return plain
        ((tag, held),) = plain.items()
        if tag == "record":
            name, fields = held
            return self.classes[name](**{field: self._unpack(item, tensors) for field, item in fields.items()})
        if tag == "enum":
            return self.classes[held[0]][held[1]]  # type: ignore[index]  # an Enum class
        if tag == "tensor":
            return tensors[held]
        if tag == "path":
            return Path(held)
        if tag == "bytes":
            return base64.b64decode(held, validate=True)
        if tag == "dict":
            return {self._unpack(key, tensors): self._unpack(item, tensors) for key, item in held}
        return {"many": Many, "list": list, "tuple": tuple}[tag](self._unpack(item, tensors) for item in held)


def class_name(kind: type) -> str:
    """How a class is named in the table of a codec."""
    return f"{kind.__module__}:{kind.__qualname__}"


def measure(value: Any) -> int:
    """The bytes a value takes in memory, about: what the budget of the cache counts."""
    if _is_tensor(value):
        return int(value.numel() * value.element_size())
    if isinstance(value, (str, bytes)):
        return CLASS_COST + len(value)
    if isinstance(value, (list, tuple)):
        return CLASS_COST + sum(map(measure, value))
    if isinstance(value, dict):
        return CLASS_COST + sum(measure(key) + measure(item) for key, item in value.items())
    if dataclasses.is_dataclass(value):
        return CLASS_COST + sum(measure(getattr(value, field.name)) for field in dataclasses.fields(value))
    return CLASS_COST


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")  # a value can be a tensor only when torch is there already
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def _add(tensor: Any, tensors: dict[str, Any]) -> str:
    name = f"t{len(tensors)}"
    tensors[name] = tensor.detach().cpu().contiguous().clone()  # a clone: safetensors refuses shared memory
    return name


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _fields(kind: type) -> tuple[dataclasses.Field[Any], ...]:
    if not dataclasses.is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise NotEncodable(class_name(kind))
    return dataclasses.fields(kind)


def _open(data: bytes) -> tuple[str, Mapping[str, Any]]:
    """The JSON text and the tensors of an encoded value."""
    # A safetensors file begins with the length of its header in eight bytes, the last of them 0; JSON holds no 0.
    if len(data) < 8 or data[7]:
        return data.decode("utf-8", "surrogatepass"), {}
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return header["__metadata__"][METADATA], tensors
