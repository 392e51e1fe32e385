"""`loom models`: the list of models, a pull from the hub, a check of the files."""

from __future__ import annotations

import asyncio
import uuid
from argparse import Namespace
from collections.abc import Sequence
from itertools import groupby

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.cli.models_pull import pull
from server.cli.models_verify import verify
from server.cli.options import config_of
from server.cli.words import CommandError, nearest, show_size
from server.cli.worker import CommandWorker
from server.config import Config
from server.messages import ListModels, ModelInfo, ModelsListed
from server.model_paths import kind_named

HASH_SHOWN = 10
"""Letters of a hash in the table: as many as other programs show."""


def main(options: Namespace) -> int:
    config = config_of(options)
    match options.action:
        case "pull":
            return pull(options, config)
        case "verify":
            return asyncio.run(verify(config, options.names))
        case _:
            return listing(options, config)


def listing(options: Namespace, config: Config) -> int:
    kinds = [kind_named(kind) for kind in options.kinds]
    known = config.model_folders.kinds()
    for kind in kinds:
        if kind not in known:
            raise CommandError(f"There is no folder of models '{kind}'.", nearest(kind, known))
    models = [model for model in asyncio.run(ask(config)) if not kinds or model.kind in kinds]
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(models)).decode())
    else:
        show(models, Console())
    return 0


async def ask(config: Config) -> list[ModelInfo]:
    async with CommandWorker(config) as worker:
        return (await worker.ask(ListModels(uuid.uuid4().hex), ModelsListed)).models


def show(models: Sequence[ModelInfo], console: Console) -> None:
    """A table for each kind; what is wrong with a file stands below them all."""
    for kind, alike in groupby(models, key=lambda model: model.kind):
        table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
        for model in alike:
            name = Text(model.name, "red" if model.problem else "bold", overflow="fold")
            stored = f"{count(model.parameters)} {' '.join(model.dtypes[:2])}".strip()
            table.add_row(name, show_size(model.size), Text(holds(model)), stored, model.sha256[:HASH_SHOWN])
        console.print(Text(kind, "bold cyan"))
        console.print(table)
        console.print()
    wrong = [model for model in models if model.problem]
    for model in wrong:
        text = f"{model.kind}/{model.name}: {model.problem} {model.fix}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    words = f"{len(models)} model{'' if len(models) == 1 else 's'}"
    console.print(f"{words}, {len(wrong)} of no use" if wrong else words, highlight=False)


def holds(model: ModelInfo) -> str:
    """`Stable Diffusion XL: denoiser, CLIP-L, CLIP-G, VAE`."""
    return f"{model.what}: {', '.join(model.parts)}" if model.parts and model.family else model.what


def count(parameters: int) -> str:
    """`2.6 B`, `860 M`, `12 k`."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if parameters >= size:
            amount = parameters / size
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return str(parameters) if parameters else ""
