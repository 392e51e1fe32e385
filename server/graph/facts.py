"""What a result was made with, as people search for it: texts, models, seeds, settings.

Told from the schemas alone (the kinds of the widgets), never from the names of node types, so it holds for nodes
of any pack. A result's facts are those of its node and of the nodes that feed it, not of the rest of the workflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from nodes.api import Input
from server.graph.inputs import InputTable, Tables
from server.graph.steps import Link, Prompt, Step

MAX_CHARACTERS = 20_000
"""Of one text that is kept; longer ones are cut."""
MAX_VALUES = 200
"""Of one kind that is kept."""
AVOIDED = "negative"
"""The input whose texts say what is not wanted."""
MEASURED = frozenset({"number", "slider", "choices"})


class Setting(msgspec.Struct, frozen=True):
    """A value as the node's form shows it: "Steps", "20"."""

    title: str
    value: str


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be searched for. `avoided` are the texts that only reach an input called "negative"."""

    texts: list[str] = []
    avoided: list[str] = []
    models: list[str] = []
    seeds: list[str] = []
    settings: list[Setting] = []


def facts_of(node: str, prompt: Prompt, tables: Tables) -> Facts:
    """The facts of what `node` made. A node type that the catalogue does not know adds nothing."""
    facts = Facts([], [], [], [], [])
    wanted = upstream(node, prompt, through_avoided=False)
    for id in upstream(node, prompt, through_avoided=True):
        step = prompt[id]
        table = tables.get(step.type)
        if table is not None:
            _collect(facts, step, table, facts.texts if id in wanted else facts.avoided)
    return facts


def joined(all_facts: Sequence[Facts]) -> Facts:
    """All of several facts, each once."""
    if len(all_facts) == 1:
        return all_facts[0]
    whole = Facts([], [], [], [], [])
    for facts in all_facts:
        for name in ("texts", "avoided", "models", "seeds"):
            for value in getattr(facts, name):
                _add(getattr(whole, name), value)
        for setting in facts.settings:
            _set(whole.settings, setting)
    return whole


def upstream(node: str, prompt: Prompt, *, through_avoided: bool) -> dict[str, None]:
    """The node and all that feed it, the nearest first; with or without what comes in by `negative`."""
    found: dict[str, None] = {node: None} if node in prompt else {}
    waiting = list(found)
    for id in waiting:  # grows while it is walked
        for name, value in prompt[id].inputs.items():
            if not isinstance(value, Link) or value.node in found or value.node not in prompt:
                continue
            if through_avoided or name.rpartition(".")[2] != AVOIDED:
                found[value.node] = None
                waiting.append(value.node)
    return found


def _collect(facts: Facts, step: Step, table: InputTable, texts: list[str]) -> None:
    held = list(constants(step, table))
    samples = any(_kind(found) == "seed" for found, _ in held)
    for found, value in held:
        kind = _kind(found)
        if kind == "text" and not table.schema.is_output:
            _add(texts, _prose(value))
        elif kind == "model_file":
            _add(facts.models, str(value))
        elif kind == "seed":
            _add(facts.seeds, str(value))
        elif kind == "choices" or (samples and kind in MEASURED):
            _set(facts.settings, Setting(found.title or found.name, _shown(value)))


def constants(step: Step, table: InputTable) -> Iterator[tuple[Input, Any]]:
    """Every input that holds a value of its own rather than a link, with the value: given, or the default."""
    for name, found in table.plain.items():
        value = step.inputs.get(name, found.default)
        if value is not None and not isinstance(value, Link):
            yield found, value
        fields: Mapping[str, Input] = table.variants.get(name, {}).get(table.choice(name, step.inputs), {})
        for tail, inner in fields.items():
            value = step.inputs.get(f"{name}.{tail}", inner.default)
            if value is not None and not isinstance(value, Link):
                yield inner, value
    for name, value in step.inputs.items():
        head = name.partition(".")[0]
        if head in table.growing and not isinstance(value, Link):
            yield table.growing[head], value


def _kind(found: Input) -> str:
    return str(found.widget["kind"]) if found.widget else ""


def _prose(value: Any) -> str:
    """A text that says something: one of numbers and signs alone is a list or a separator."""
    text = str(value).strip()[:MAX_CHARACTERS]
    return text if any(letter.isalpha() for letter in text) else ""


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)[:200]


def _add(values: list[str], value: str) -> None:
    if value and value not in values and len(values) < MAX_VALUES:
        values.append(value)


def _set(settings: list[Setting], setting: Setting) -> None:
    if setting not in settings and len(settings) < MAX_VALUES:
        settings.append(setting)
