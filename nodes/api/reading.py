"""A function's signature, read into a `NodeSchema`.

Every mistake an author can make is found here, when the module is imported, and said in one form:
node, parameter, what to write instead.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nodes.api.docstrings import Help, read_help
from nodes.api.hints import Hint, read_hint, sockets_in, spell, type_name, variables_in
from nodes.api.schema import Input, NodeError, Output
from nodes.api.values import BadValue, coerce_constant
from nodes.api.vocabulary import Choices, Context, ImageFile, ModelFile, Number, Seed, Slider, Text

EMPTY = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter as Python sees it, beside the plain data the schema holds.

    `variants` maps each choice of a variant to its class and the parameters of that class.
    """

    input: Input
    hint: Hint
    variants: Mapping[str, tuple[type, tuple[Parameter, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """A whole function: its inputs in order, its outputs, and which parameter takes the context."""

    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    output_hints: tuple[Hint, ...]
    context: str
    help: Help
    type_variables: dict[str, str]
    arguments: tuple[inspect.Parameter, ...]
    """The function's parameters as Python calls them, the context among them."""

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        return {parameter.input.name: parameter for parameter in self.parameters}

    @cached_property
    def grows(self) -> bool:
        """Whether there are *arguments, which only arguments by position can stand before."""
        return any(parameter.input.grows for parameter in self.parameters)

    def socket_classes(self) -> Iterator[type]:
        """Every socket class the signature names."""
        hints = [hint for parameter in self.parameters for hint in all_hints(parameter)]
        for hint in (*hints, *self.output_hints):
            yield from sockets_in(hint.type)


def all_hints(parameter: Parameter) -> Iterator[Hint]:
    yield parameter.hint
    for _, fields in parameter.variants.values():
        for inner in fields:
            yield inner.hint


def words(name: str) -> str:
    """`base_image` as a label: "Base image"."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def read_signature(function: Callable[..., Any]) -> Signature:
    """Read a node's function. Raises NodeError."""
    node = function.__name__
    help = read_help(inspect.getdoc(function) or "")
    signature = inspect.signature(function)
    hints = {p.name: resolve(node, function, p.name, p.annotation) for p in signature.parameters.values()}
    contexts = [name for name, hint in hints.items() if takes_context(node, name, hint)]
    if len(contexts) > 1:
        raise NodeError(f"{node}: parameters {quoted(contexts)} all take the Context; keep one")
    parameters = tuple(
        read_parameter(node, parameter, hints[name], help.inputs.get(name, ""))
        for name, parameter in signature.parameters.items()
        if name not in contexts
    )
    for parameter in parameters:
        if parameter.hint.lazy and not inspect.iscoroutinefunction(function):
            raise NodeError(
                f"{node}: parameter '{parameter.input.name}' is Lazy, but only an 'async def' node can wait for it; "
                f"write 'async def {node}'"
            )
    returned = resolve(node, function, "return", signature.return_annotation)
    outputs, output_hints = read_outputs(node, returned, help)
    variables = read_variables(node, parameters, outputs, output_hints)
    arguments = tuple(signature.parameters.values())
    return Signature(parameters, outputs, output_hints, "".join(contexts), help, variables, arguments)


def resolve(node: str, function: Callable[..., Any], name: str, annotation: Any) -> Any:
    """An annotation as a type; a string is looked up among the names of the function's module."""
    if annotation is EMPTY and name == "return":
        raise NodeError(f"{node} does not say what it returns; write '-> Image', or '-> None' for an output node")
    if annotation is EMPTY:
        raise NodeError(f"{node}: parameter '{name}' has no type; write '{name}: Image' or similar")
    carrier = type("Carrier", (), {"__annotations__": {name: annotation}})
    where = "the return type" if name == "return" else f"parameter '{name}'"
    try:
        return typing.get_type_hints(carrier, getattr(function, "__globals__", {}), include_extras=True)[name]
    except NameError as error:
        raise NodeError(
            f"{node}: {where} is {annotation!r}, but '{error.name}' is not known when the module runs; import it at "
            "the top of the file, not under TYPE_CHECKING, and define it outside functions"
        ) from None
    except (SyntaxError, TypeError, AttributeError) as error:
        what = f"{where} is {annotation!r}, which is no type ({error})"
        raise NodeError(f"{node}: {what}; write 'Image' or similar") from None


def takes_context(node: str, name: str, hint: Any) -> bool:
    members = typing.get_args(hint)
    return hint is Context or (Context in members and type(None) in members)


def read_parameter(node: str, parameter: inspect.Parameter, hint: Any, help: str) -> Parameter:
    name = parameter.name
    where = f"{node}: parameter '{name}'"
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        raise NodeError(f"{where} takes any keyword (**), but inputs are known by name; write each one out")
    grows = parameter.kind is inspect.Parameter.VAR_POSITIONAL
    read = read_hint(where, hint)
    if read.variants:
        return read_variant(where, parameter, read, help)
    default = None if parameter.default is EMPTY else plain_default(parameter.default)
    found = Input(
        name=name,
        type=type_name(where, read.type),
        title=read.title or words(name),
        help=help,
        default=default,
        required=parameter.default is EMPTY and not read.optional and not grows,
        widget=describe_widget(where, read),
        is_list=read.is_list,
        grows=grows,
        lazy=read.lazy,
    )
    if parameter.default is not EMPTY:
        found = replace(found, default=check_default(where, found, read, default))
    return Parameter(found, read)


def plain_default(value: Any) -> Any:
    """A Python default as a schema holds it: a member of an Enum as its value, a path as text, a tuple as a list."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Path):
        return value.as_posix()
    return [plain_default(item) for item in value] if isinstance(value, (list, tuple)) else value


def check_default(where: str, found: Input, hint: Hint, default: Any) -> Any:
    name = found.name
    if default is None:
        if hint.optional:
            return None
        raise NodeError(f"{where} defaults to None; write '{name}: {spell(hint.type)} | None = None'")
    if isinstance(hint.widget, Choices) and callable(hint.widget.of):
        return default  # what there is to choose from is known only when a catalogue is made
    if list(sockets_in(hint.type)) and not isinstance(default, (int, float, str, bool)):
        raise NodeError(f"{where} has a default, but comes through a link; write '{spell(hint.type)} | None = None'")
    try:
        return coerce_constant(found, default)
    except BadValue as error:
        raise NodeError(f"{where} has a default that it does not take: {error.what} {error.fix}") from None


# ---------------------------------------------------------------- variants


def read_variant(where: str, parameter: inspect.Parameter, hint: Hint, help: str) -> Parameter:
    """A union of dataclasses: a dropdown of their names, each with its fields as inputs."""
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL or hint.is_list or hint.lazy:
        raise NodeError(f"{where} is a choice with inputs of its own, which can be neither list, Lazy nor *args")
    names = [cls.__name__ for cls in hint.variants]
    if len(set(names)) < len(names):
        raise NodeError(f"{where} offers two classes of one name ({quoted(names)}); rename one")
    given = parameter.default
    if given is not EMPTY and given is not None and type(given) not in hint.variants:
        raise NodeError(f"{where} has the default {given!r}; write '{names[0]}()'")
    if given is None and not hint.optional:
        raise NodeError(f"{where} defaults to None; write '= {names[0]}()'")
    options = {
        cls.__name__: (cls, tuple(read_fields(where, cls, given if type(given) is cls else None)))
        for cls in hint.variants
    }
    absent = None if hint.optional else names[0]
    found = Input(
        name=parameter.name,
        type="variant",
        title=hint.title or words(parameter.name),
        help=help,
        default=absent if given is EMPTY or given is None else type(given).__name__,
        required=False,
        widget={"kind": "variant", "options": {name: tuple(p.input for p in f) for name, (_, f) in options.items()}},
    )
    return Parameter(found, hint, options)


def read_fields(where: str, cls: type, given: Any) -> Iterator[Parameter]:
    """The fields of a variant's class as inputs; `given` is the instance that is the parameter's default."""
    help = read_help(inspect.getdoc(cls) or "").inputs
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        what = f"'{error.name}', used in {cls.__name__}, is not known when the module runs"
        raise NodeError(f"{where}: {what}; import it at the top of the file, not under TYPE_CHECKING") from None
    for item in dataclasses.fields(cls):
        if not item.init:
            continue
        default: Any = EMPTY
        if given is not None:
            default = getattr(given, item.name)
        elif item.default is not dataclasses.MISSING:
            default = item.default
        elif item.default_factory is not dataclasses.MISSING:
            default = item.default_factory()
        parameter = inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=default)
        read = read_parameter(f"{where}: {cls.__name__}", parameter, hints[item.name], help.get(item.name, ""))
        if read.variants or read.hint.lazy:
            raise NodeError(f"{where}: field '{item.name}' of {cls.__name__} must be a plain input, no variant or Lazy")
        yield read


# ---------------------------------------------------------------- widgets


def describe_widget(where: str, hint: Hint) -> dict[str, Any] | None:
    """The widget as plain data, or None for an input that only takes links."""
    widget, choices = hint.widget, hint.choices
    if choices:
        if widget is not None:
            raise NodeError(f"{where} is a choice and has the widget {type(widget).__name__}; drop the widget")
        return {"kind": "choices", "options": list(choices)}
    if widget is not None:
        check_widget(where, hint)
    if isinstance(widget, Choices):
        return {"kind": "choices"} if callable(widget.of) else {"kind": "choices", "options": list(widget.of)}
    if isinstance(widget, ModelFile):
        return {"kind": "model_file", "folder": widget.folder, "options": []}
    if isinstance(widget, ImageFile):
        return {"kind": "image_file", "options": [], **({"mask_of": widget.mask_of} if widget.mask_of else {})}
    if isinstance(widget, Seed):
        return {"kind": "seed"}
    if isinstance(widget, Text):
        return {"kind": "text", "lines": widget.lines, **({"prompt": True} if widget.prompt else {})}
    if isinstance(widget, Number):
        kind = "slider" if isinstance(widget, Slider) else "number"
        return {"kind": kind, **limits(widget), "integer": hint.type is int}
    return plain_widget(hint)


def plain_widget(hint: Hint) -> dict[str, Any] | None:
    if hint.is_list:
        return None
    if hint.type is str:
        return {"kind": "text", "lines": 1}
    if hint.type is bool:
        return {"kind": "toggle"}
    if hint.type is int or hint.type is float or set(typing.get_args(hint.type)) == {int, float}:
        return {"kind": "number", "integer": hint.type is int}
    return None


def limits(widget: Number) -> dict[str, float]:
    """Whole limits as whole numbers, however the author wrote them.

    Python keeps one object for equal hints, `Number(min=0)` and `Number(min=0.0)` among them, so how they are written
    is what the first module imported says.
    """
    return {name: int(value) if value == int(value) else value for name, value in given_limits(widget).items()}


def given_limits(widget: Number) -> dict[str, float]:
    given = {"min": widget.min, "max": widget.max, "step": widget.step}
    return {name: value for name, value in given.items() if value is not None}


def check_widget(where: str, hint: Hint) -> None:
    """Refuse a widget on a type it cannot edit, and limits that make no sense."""
    widget = hint.widget
    name = type(widget).__name__
    takes: tuple[Any, ...] = (int, float, str)
    if isinstance(widget, Number):
        takes = (int, float)
    elif isinstance(widget, (ModelFile, ImageFile)):
        takes = (Path,)
    elif isinstance(widget, (Text, Seed)):
        takes = (str,) if isinstance(widget, Text) else (int,)
    numbers = set(typing.get_args(hint.type)) == {int, float} and isinstance(widget, Number)
    if not numbers and not any(hint.type is plain for plain in takes):
        fix = " or ".join(f"Annotated[{plain.__name__}, {name}(...)]" for plain in takes)
        raise NodeError(f"{where} is {spell(hint.type)}, which {name} cannot edit; write {fix}")
    if hint.is_list:
        raise NodeError(f"{where} is a list, which {name} cannot edit; drop the widget")
    if isinstance(widget, ModelFile) and not widget.folder:
        raise NodeError(f'{where} has a ModelFile without folder; write ModelFile("checkpoints") or similar')
    if isinstance(widget, Number):
        check_limits(where, hint, widget)


def check_limits(where: str, hint: Hint, widget: Number) -> None:
    given = given_limits(widget)
    if isinstance(widget, Slider) and not {"min", "max"} <= given.keys():
        raise NodeError(f"{where} is a Slider without both ends; write Slider(min=0, max=1) or similar")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise NodeError(f"{where} has {name}={value!r}; write a finite number")
        if hint.type is int and value != int(value):
            raise NodeError(f"{where} takes whole numbers, but has {name}={value!r}; write {round(value)}")
    if given.get("min", -math.inf) > given.get("max", math.inf):
        raise NodeError(f"{where} has min={widget.min!r} above max={widget.max!r}; swap them")
    if given.get("step", 1) <= 0:
        raise NodeError(f"{where} has step={widget.step!r}; write a step above 0")


# ---------------------------------------------------------------- outputs


def read_outputs(node: str, hint: Any, help: Help) -> tuple[tuple[Output, ...], tuple[Hint, ...]]:
    if hint is None or hint is type(None):
        return (), ()
    named = typing.get_origin(hint) or hint
    if isinstance(named, type) and issubclass(named, tuple) and hasattr(named, "_fields"):
        hints = typing.get_type_hints(named, include_extras=True)
        fields = {name: hints.get(name, Any) for name in named._fields}
        texts = read_help(inspect.getdoc(named) or "").inputs | help.outputs
    else:
        fields = {"result": hint}
        texts = {"result": help.outputs.get("result", help.result)}
    if not fields:
        raise NodeError(f"{node}: the return type {spell(named)} has no fields; write '-> None' for an output node")
    outputs, read = [], []
    for name, field_hint in fields.items():
        where = f"{node}: output '{name}'"
        one = read_hint(where, field_hint)
        if one.lazy:
            raise NodeError(f"{where} is Lazy, which only an input can be; write the type alone")
        title = one.title or words(name)
        outputs.append(Output(name, type_name(where, one.type), title, texts.get(name, ""), one.is_list))
        read.append(one)
    return tuple(outputs), tuple(read)


def read_variables(
    node: str, parameters: tuple[Parameter, ...], outputs: tuple[Output, ...], hints: tuple[Hint, ...]
) -> dict[str, str]:
    """The bounds of the type variables; one in an output must come from an input."""
    known: dict[str, str] = {}
    for parameter in parameters:
        for hint in all_hints(parameter):
            known |= dict(variables_in(f"{node}: parameter '{parameter.input.name}'", hint.type))
    for output, hint in zip(outputs, hints, strict=True):
        for name, _ in variables_in(node, hint.type):
            if name not in known:
                what = f"output '{output.name}' is {name}, which no parameter is"
                raise NodeError(f"{node}: {what}; give a parameter that type, or write Any")
    return {name: bound for name, bound in known.items() if bound}


def quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
