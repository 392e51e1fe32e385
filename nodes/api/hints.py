"""One type hint, taken apart: the bare type, and what was said around it.

`Annotated`, `| None`, `Lazy[...]` and `list[...]` may be written in any sensible order; this module
peels them off, so the rest of the package sees one `Hint`.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from nodes.api.schema import NodeError
from nodes.api.vocabulary import Lazy, SocketType, Title, Widget

PLAIN: dict[Any, str] = {int: "int", float: "float", str: "str", bool: "bool", Path: "file"}
WIDGETS = get_args(Widget)


@dataclass(frozen=True)
class Hint:
    """What a type hint says. `type` is the bare Python type."""

    type: Any
    widget: Widget | None = None
    title: str = ""
    optional: bool = False
    is_list: bool = False
    lazy: bool = False

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of a `Literal` or an `Enum`, else nothing."""
        if get_origin(self.type) is Literal:
            return get_args(self.type)
        return tuple(member.value for member in self.type) if is_enum(self.type) else ()

    @property
    def variants(self) -> tuple[type, ...]:
        """The members of a union of plain dataclasses: a choice that brings inputs of its own."""
        members = union_members(self.type) or (self.type,)
        return members if all(is_variant(member) for member in members) else ()


def read_hint(where: str, hint: Any) -> Hint:
    """Peel a hint. `where` ("blend: parameter 'a'") starts the sentence of a NodeError."""
    found = Hint(hint)
    while (inner := peel(where, found)) is not None:
        found = inner
    return found


def peel(where: str, hint: Hint) -> Hint | None:
    """One layer less, or None when the type is bare."""
    origin, args = get_origin(hint.type), get_args(hint.type)
    if origin is Annotated:
        return peel_annotated(where, hint, args)
    if is_union(hint.type) and type(None) in args:
        rest = tuple(arg for arg in args if arg is not type(None))
        return replace(hint, type=typing.Union[rest], optional=True)  # noqa: UP007  # built at run time
    if origin is Lazy and not hint.is_list:
        return replace(hint, type=args[0], lazy=True)
    if origin is list and not hint.is_list:
        return replace(hint, type=args[0], is_list=True)
    if origin is Lazy or hint.type is Lazy:
        raise NodeError(f"{where} must say what is lazy, outermost; write 'Lazy[Image]' or 'Lazy[list[Image]]'")
    if origin is list or hint.type is list:
        raise NodeError(f"{where} must be a plain list of one type; write 'list[Image]' or similar")
    return None


def peel_annotated(where: str, hint: Hint, args: tuple[Any, ...]) -> Hint:
    inner, *metadata = args
    for item in metadata:
        if isinstance(item, type) and issubclass(item, (*WIDGETS, Title)):
            raise NodeError(f"{where} is annotated with the class {item.__name__}; write '{item.__name__}(...)'")
    widgets = [item for item in metadata if isinstance(item, WIDGETS)]
    if len(widgets) > 1 or (widgets and hint.widget is not None):
        # A named field narrowed at its use (Annotated[Fraction, Slider(0, 0.5)]) keeps the outer widget.
        raise NodeError(f"{where} has two widgets; keep one in its Annotated[...]")
    titles = [item.text for item in metadata if isinstance(item, Title)]
    widget = widgets[0] if widgets else hint.widget
    return replace(hint, type=inner, widget=widget, title=hint.title or (titles[-1] if titles else ""))


def is_union(hint: Any) -> bool:
    return get_origin(hint) in (typing.Union, types.UnionType)


def union_members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if is_union(hint) else ()


def is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, enum.Enum)


def is_socket(hint: Any) -> bool:
    return isinstance(getattr(hint, "__socket__", None), SocketType)


def is_variant(hint: Any) -> bool:
    return isinstance(hint, type) and is_dataclass(hint) and not is_socket(hint)


def type_name(where: str, hint: Any) -> str:
    """The name of a bare type in a schema. Raises NodeError when a link cannot carry it."""
    if is_union(hint):
        return "|".join(dict.fromkeys(type_name(where, member) for member in get_args(hint)))
    if get_origin(hint) is Literal or is_enum(hint):
        return choice_type(where, Hint(hint).choices)
    if hint is Any:
        return "any"
    if isinstance(hint, TypeVar):
        return f"${hint.__name__}"
    if is_socket(hint):
        return str(hint.__socket__.name)
    if isinstance(hint, typing.Hashable) and hint in PLAIN:
        return PLAIN[hint]
    raise NodeError(f"{where} has the type {spell(hint)}, which no link can carry; {advice(hint)}")


def choice_type(where: str, choices: tuple[Any, ...]) -> str:
    if not choices:
        raise NodeError(f"{where} is a choice of nothing; give the Enum members with text or number values")
    for choice in choices:
        if type(choice) not in (int, float, str, bool) and not isinstance(choice, str):
            raise NodeError(f"{where} offers {choice!r}; let every choice be text or a number")
    return "|".join(dict.fromkeys(plain_type(choice) for choice in choices))


def plain_type(value: object) -> str:
    """The type of a choice; bool comes first because True is an int to Python, though not to a reader."""
    return next(PLAIN[plain] for plain in (bool, int, float, str) if isinstance(value, plain))


def advice(hint: Any) -> str:
    origin = get_origin(hint) or hint
    if origin is tuple:
        return "let the node return a NamedTuple with a name for each output"
    if isinstance(origin, type) and not origin.__module__.startswith(("builtins", "collections", "typing")):
        return "decorate its class with @socket(colour=...), or use one of nodes/types.py"
    return "use a socket type, int, float, str, bool, Path, list[...] or Any"


def spell(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) and not get_args(hint) else str(hint).replace("typing.", "")


def sockets_in(hint: Any) -> Iterator[type]:
    """The socket classes a bare type names."""
    for member in union_members(hint) or (hint,):
        if isinstance(member, TypeVar):
            for bound in member.__constraints__ or (member.__bound__,):
                yield from sockets_in(bound)
        elif is_socket(member):
            yield member


def variables_in(where: str, hint: Any) -> Iterator[tuple[str, str]]:
    """The type variables a bare type names, with what each may stand for."""
    for member in union_members(hint) or (hint,):
        if isinstance(member, TypeVar):
            bounds = member.__constraints__ or ((member.__bound__,) if member.__bound__ else ())
            yield member.__name__, "|".join(type_name(where, bound) for bound in bounds)
