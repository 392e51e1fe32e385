"""From a prompt's flat inputs to a call: `images.0`, `format` and `format.quality` become arguments.

The engine gives what the links brought and the constants of the prompt; the node's function gets what
its signature promises (a float for an int, a member for its value, an instance for a variant).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any

from nodes.api.declare import Node
from nodes.api.hints import is_enum
from nodes.api.reading import Parameter
from nodes.api.schema import Input
from nodes.api.values import SCALARS, BadValue, coerce_constant
from nodes.api.vocabulary import Context

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def bind(
    node: Node[..., Any], values: Mapping[str, Any], context: Context | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """The positional and keyword arguments of a call to `node.function`.

    `values` maps flat input names to constants and to what links brought; a missing one takes the
    function's own default. `context` (or the value under the context parameter's name) is passed
    through. A lazy input takes a callable without arguments that gives an awaitable, or a constant.
    Raises BadValue for a value the input does not take.
    """
    signature = node.signature
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter in signature.arguments:
        name = parameter.name
        known = signature.by_name.get(name)
        if known is None:
            found, value = context is not None or name in values, values.get(name, context)
        elif known.input.grows:
            args += [convert(known, value) for value in grown(name, values)]
            continue
        else:
            found, value = argument(known, values)
            if not found and known.hint.optional and parameter.default is parameter.empty:
                found, value = True, None  # 'mask: Mask | None' without default: an absent link is None
        # Arguments before *images can only be reached by position, so defaults are written out there.
        if parameter.kind is parameter.POSITIONAL_ONLY or (signature.grows and parameter.kind in POSITIONAL):
            if not found and parameter.default is parameter.empty:
                raise BadValue(name, f"'{name}' is missing.", "Link it, or give it a value.")
            args.append(value if found else parameter.default)
        elif found:
            kwargs[name] = value
    return args, kwargs


def argument(parameter: Parameter, values: Mapping[str, Any]) -> tuple[bool, Any]:
    """Whether the prompt says anything about this parameter, and what."""
    name = parameter.input.name
    if parameter.variants:
        return build_variant(parameter, values)
    return (True, convert(parameter, values[name])) if name in values else (False, None)


def build_variant(parameter: Parameter, values: Mapping[str, Any]) -> tuple[bool, Any]:
    """An instance of the chosen class, its fields from `format.quality` and the like."""
    name = parameter.input.name
    chosen = values.get(name, parameter.input.default)
    if isinstance(chosen, tuple(cls for cls, _ in parameter.variants.values())):
        return True, chosen
    if chosen is None:
        return name in values, None
    chosen = coerce_constant(parameter.input, chosen)
    cls, fields = parameter.variants[chosen]
    arguments: dict[str, Any] = {}
    for one in fields:
        flat = f"{name}.{one.input.name}"
        if flat in values:
            arguments[one.input.name] = convert(one, values[flat])
        elif not one.input.required:
            # The default instance of the parameter may differ from the class's own defaults.
            arguments[one.input.name] = convert(one, one.input.default)
    return True, cls(**arguments)


def grown(name: str, values: Mapping[str, Any]) -> list[Any]:
    """The values of `images.0`, `images.1`, … in the order of their numbers."""
    found: dict[int, Any] = {}
    for key, value in values.items():
        index = key[len(name) + 1 :] if key.startswith(f"{name}.") else ""
        if index.isascii() and index.isdigit():
            found[int(index)] = value
    return [found[index] for index in sorted(found)]


def convert(parameter: Parameter, value: Any) -> Any:
    """One value as the parameter's type hint promises it."""
    if parameter.input.lazy:
        return wait_and_convert(parameter, value)
    if parameter.input.is_list and isinstance(value, (list, tuple)):
        return [convert_one(parameter, item) for item in value]
    converted = convert_one(parameter, value)
    return [converted] if parameter.input.is_list and value is not None else converted


def convert_one(parameter: Parameter, value: Any) -> Any:
    found, hint = parameter.input, parameter.hint
    if is_enum(hint.type):
        plain = value.value if isinstance(value, Enum) else value
        return hint.type(coerce_constant(single(found), plain)) if plain is not None else None
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, PurePath) or value is None:
        return value
    plain_type = all(name in SCALARS for name in found.type.split("|"))
    return coerce_constant(single(found), value) if plain_type else value


def single(input: Input) -> Input:
    """The input of one item of a list input."""
    if not input.is_list:
        return input
    return Input(input.name, input.type, input.title, input.help, None, input.required, input.widget)


def wait_and_convert(parameter: Parameter, value: Any) -> Callable[[], Awaitable[Any]]:
    waited = Parameter(Input(**{**vars(parameter.input), "lazy": False}), parameter.hint, parameter.variants)

    async def wait() -> Any:
        return convert(waited, await value() if callable(value) else value)

    return wait


def fingerprint_of(node: Node[..., Any], values: Mapping[str, Any]) -> object:
    """What the node's fingerprint says of these constants (links left out); None when it has none."""
    if node.fingerprint is None:
        return None
    bound = {p.input.name: argument(p, values) for p in node.signature.parameters if not p.input.grows}
    known = {name: value for name, (found, value) in bound.items() if found}
    parameters = inspect.signature(node.fingerprint).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return node.fingerprint(**known)
    defaults = inspect.signature(node.function).parameters
    arguments = {
        name: known[name] if name in known else defaults[name].default
        for name in parameters
        if name in known or defaults[name].default is not inspect.Parameter.empty
    }
    return node.fingerprint(**arguments)


# ---------------------------------------------------------------- old versions of a node


@dataclass(frozen=True)
class Upgraded:
    """Inputs brought up to date. `problem` is empty, or says why they are as they were saved."""

    version: int
    inputs: dict[str, Any]
    problem: str = ""


def apply_upgrades(node: Node[..., Any], version: int, inputs: Mapping[str, Any]) -> Upgraded:
    """Bring inputs saved by `version` of a node to the installed version, one registered step at a time.

    A version without a step changed no inputs. Inputs are in the document's form, links included. A
    version newer than the installed one, and a step that fails, leave them as they are and say so.
    """
    installed = node.schema.version
    if version > installed:
        problem = (
            f"'{node.schema.title}' was saved by its version {version}, but version {installed} is installed. "
            "Update the program or the pack; nothing was changed."
        )
        return Upgraded(version, dict(inputs), problem)
    current, known = dict(inputs), node.signature.by_name
    for step in range(max(version, 1), installed):
        if step not in node.upgrades:
            continue
        given = dict(current)
        try:
            upgraded = node.upgrades[step](given)
        except Exception as error:  # the step is a pack's code: whatever it raises is its answer
            problem = f"'{node.schema.title}' could not be brought from version {step} to {step + 1}: {error!r}."
            return Upgraded(version, dict(inputs), f"{problem} Its inputs are as they were saved.")
        if not isinstance(upgraded, dict):
            problem = f"'{node.schema.title}': the upgrade from version {step} gave no inputs back."
            return Upgraded(version, dict(inputs), f"{problem} Its inputs are as they were saved.")
        # `{**inputs, "new": inputs.pop("old")}` copies before it pops; what was popped is meant to be gone.
        gone = {name for name in current.keys() - given.keys() if name.partition(".")[0] not in known}
        current = {name: value for name, value in upgraded.items() if name not in gone}
    return Upgraded(installed, current)
