"""Which families of models flow along links, so that what does not belong together is refused before it runs.

A node works for one family: whatever comes in that belongs to one, by a link or as a file, must have one in common,
and what goes out belongs to it. What belongs to none, or to one that nobody knows, is never refused. Latents and VAEs
also go with other families whose latents are alike. Only values behind a type variable are passed on as they are.
What a loop gives is what any of its times may have given; what is refused in one is what the first time cannot take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nodes.api import Input, NodeSchema
from nodes.api.values import either as or_either
from server.graph import sentences as say
from server.graph.catalogue import Catalogue, FamilyInfo
from server.graph.inputs import InputTable, Tables, position
from server.graph.problems import short
from server.graph.steps import ENTRY, Link, Prompt, Step


class Kin(NamedTuple):
    """The families that a value may be of, and the file that says so."""

    families: frozenset[str]
    file: str


class Clash(NamedTuple):
    """Two inputs of a node that have no family in common; `input` is the one to be changed."""

    input: str
    kin: Kin
    other: str
    other_kin: Kin
    is_file: bool


@dataclass
class Families:
    """What flows through one prompt. Nodes must come after those they link to."""

    catalogue: Catalogue
    outputs: dict[str, dict[str, Kin]] = field(default_factory=dict)
    """By node and output; those whose family is not known are absent."""
    carried: dict[tuple[str, str], Kin | None] = field(default_factory=dict)
    """What loops may take from themselves, by the step that gives it inside and its name; while `learn` finds out."""
    left: dict[str, dict[str, Kin]] = field(default_factory=dict)
    """What such loops may give in the end."""

    def learn(self, prompt: Prompt, order: Sequence[str], tables: Tables) -> None:
        """Find out what loops that take from themselves give: go through all steps until that widens no more."""
        entries = [(id, step.within) for id, step in prompt.items() if step.type == ENTRY and step.within is not None]
        loops = [(entry, id, loop.carry) for entry, id in entries
                 if (loop := prompt[id].loop) is not None and loop.mode != "each" and loop.carry]  # fmt: skip
        widened = bool(loops)
        while widened:
            for id in order:
                step, table = prompt[id], tables.get(prompt[id].type)
                if is_border(step):
                    self.border(id, step)
                elif table is not None:
                    self.node(id, step, table)
            widened = sum(self.widens(*loop) for loop in loops) > 0
        self.left = {id: self.outputs[id] for _, id, _ in loops}
        self.carried = {}

    def widens(self, entry: str, id: str, carry: Mapping[str, str]) -> bool:
        """Let what a loop gave be among what it takes; whether that is news."""
        took, gave = self.outputs.get(entry, {}), self.outputs.get(id, {})
        wider = {name: either([took.get(name), gave.get(output)]) for name, output in carry.items()}
        self.carried |= {(entry, name): kin for name, kin in wider.items()}
        return any(kin != took.get(name) for name, kin in wider.items())

    def border(self, id: str, step: Step) -> None:
        """Take in what goes into a loop, or comes out of one."""
        if id in self.left:
            self.outputs[id] = self.left[id]
            return
        given = {name: self.linked(value) for name, value in step.inputs.items() if isinstance(value, Link)}
        given |= {name: kin for (entry, name), kin in self.carried.items() if entry == id}
        self.outputs[id] = {name: kin for name, kin in given.items() if kin is not None}

    def node(self, id: str, step: Step, table: InputTable) -> Clash | None:
        """Take a node in; what of it does not belong together."""
        schema = table.schema
        found = list(self.inputs(step, table))
        joined, clash = None, None
        for name, kin, is_file in [] if schema.mixes_families else found:
            before = joined
            joined, refused = join(before, (name, kin))
            if refused and clash is None and before is not None:
                clash = Clash(name, kin, before[0], before[1], is_file)
        self.outputs[id] = {
            output.name: given
            for output in schema.outputs
            if (given := self.given(output.type, None if joined is None else joined[1], step, table)) is not None
        }
        return clash

    def given(self, type: str, kin: Kin | None, step: Step, table: InputTable) -> Kin | None:
        """What an output of this type belongs to, of a node whose inputs have this in common."""
        if type.startswith("$"):
            return either(self.linked(value) for name, value in in_order(step.inputs, table.schema)
                          if isinstance(value, Link) and type_of(name, step, table) == type)  # fmt: skip
        bond = self.bond(type)
        if kin is None or not bond:
            return None
        return Kin(alike(kin.families, self.catalogue.families), kin.file) if bond == "latent" else kin

    def inputs(self, step: Step, table: InputTable) -> Iterator[tuple[str, Kin, bool]]:
        """The inputs whose family is known, in the order of the node; and whether it is a file."""
        for name, value in in_order(step.inputs, table.schema):
            found = table.find(name, step.inputs)
            if not isinstance(found, Input):
                continue
            if isinstance(value, Link):
                kin, bond = self.linked(value), self.bond(found.type)
                if kin is not None and bond == "latent":
                    kin = Kin(alike(kin.families, self.catalogue.families), kin.file)
                if kin is not None and bond:
                    yield name, kin, False
            elif isinstance(value, str) and found.widget is not None and found.widget["kind"] == "model_file":
                families = self.catalogue.files.get(found.widget["folder"], {}).get(value)
                if families:
                    yield name, Kin(frozenset(families), value), True

    def linked(self, link: Link) -> Kin | None:
        return self.outputs.get(link.node, {}).get(link.output)

    def bond(self, type: str) -> str:
        """How values of a type belong to families; empty when they belong to none."""
        known = self.catalogue.types.get(type)
        return known.family if known is not None else ""


def is_border(step: Step) -> bool:
    """Whether a step stands for a loop, or gives what goes into one."""
    return step.loop is not None or step.type == ENTRY


Named = tuple[str, Kin]


def join(before: Named | None, now: Named) -> tuple[Named, bool]:
    """What inputs have in common, named after the one that narrows it most; and whether that is nothing."""
    if before is None:
        return now, False
    both = before[1].families & now[1].families
    if not both:
        return before, True
    return (before, False) if both == before[1].families else ((now[0], Kin(both, now[1].file)), False)


def alike(families: frozenset[str], known: Mapping[str, FamilyInfo]) -> frozenset[str]:
    """These, and those whose latents are like theirs."""
    latents = {known[name].latents for name in families if name in known}
    return families | {name for name, info in known.items() if info.latents in latents}


def either(kins: Iterable[Kin | None]) -> Kin | None:
    """One of several values; None when one of them may be of any family."""
    found = list(kins)
    known = [kin for kin in found if kin is not None]
    if not known or len(known) < len(found):
        return None
    return Kin(frozenset[str]().union(*(kin.families for kin in known)), known[0].file)


def in_order(inputs: Mapping[str, Any], schema: NodeSchema) -> list[tuple[str, Any]]:
    """The inputs of a node in the order in which it declares them."""
    places = {found.name: place for place, found in enumerate(schema.inputs)}

    def key(entry: tuple[str, Any]) -> tuple[int, int, str]:
        head, _, tail = entry[0].partition(".")
        number = position(tail)
        return places.get(head, len(places)), -1 if number is None else number, tail

    return sorted(inputs.items(), key=key)


def type_of(name: str, step: Step, table: InputTable) -> str:
    found = table.find(name, step.inputs)
    return found.type if isinstance(found, Input) else ""


def said(clash: Clash, known: Mapping[str, FamilyInfo]) -> tuple[str, str]:
    """What is wrong, naming both sides, and what to do."""
    wanted = titles(clash.other_kin.families, known)
    what = say.FAMILIES_CLASH(
        input=short(clash.input), given=titles(clash.kin.families, known), file=short(clash.kin.file),
        other=short(clash.other), wanted=wanted, from_file=short(clash.other_kin.file),
    )  # fmt: skip
    return what, (say.PICK_FILE_FOR if clash.is_file else say.LINK_WHAT_IS_FOR)(wanted=wanted)


def titles(families: frozenset[str], known: Mapping[str, FamilyInfo]) -> str:
    """In the order of the table."""
    found = [info.title for name, info in known.items() if name in families]
    return or_either(found) if found else ", ".join(sorted(families))
