"""`loom nodes`: every node there is, and the packs that failed to import."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodes.api import Input, NodeSchema
from server.cli.options import config_of
from server.cli.worker import CommandWorker
from server.graph.catalogue import Catalogue, to_json


def main(options: Namespace) -> int:
    catalogue = asyncio.run(ask(options))
    if options.json:
        print(to_json(catalogue).decode())
    else:
        show(catalogue, Console())
    for pack in catalogue.broken:
        print(f"\nThe pack {pack.pack} failed to import ({pack.file}):\n{pack.traceback.rstrip()}", file=sys.stderr)
    return 0


async def ask(options: Namespace) -> Catalogue:
    async with CommandWorker(config_of(options)) as worker:
        return await worker.catalogue()


def show(catalogue: Catalogue, console: Console) -> None:
    """A table for each category: the node, what it takes and what it gives."""
    ordered = sorted(catalogue.nodes.values(), key=lambda schema: (schema.category, schema.id))
    for category, schemas in groupby(ordered, key=lambda schema: schema.category):
        table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
        for schema in schemas:
            table.add_row(Text(schema.id, "bold"), Text(signature(schema)), Text(first_line(schema.help), "dim"))
        console.print(Text(category, "bold cyan"))
        console.print(table)
        console.print()
    console.print(f"{len(ordered)} nodes", highlight=False)


def signature(schema: NodeSchema) -> str:
    """`image: Image, factor -> image, changed`; inputs with a default by name alone."""
    inputs = ", ".join(one_input(found) for found in schema.inputs)
    return f"{inputs} -> {', '.join(output.name for output in schema.outputs) or 'saved or shown'}"


def one_input(found: Input) -> str:
    name = f"*{found.name}" if found.grows else found.name
    return f"{name}: {found.type}" if found.required else name


def first_line(text: str) -> str:
    return text.split("\n", 1)[0]
