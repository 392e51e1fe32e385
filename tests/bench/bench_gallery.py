"""What the gallery costs at 100,000 results: a page anywhere, a search, the days, over HTTP on a whole server.

Run `python -m tests.bench.bench_gallery`; it prints the median and the 95th percentile of each. `--results` takes
another number. The database is filled as the program fills it: rows, facts and the index of words.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import aiohttp
from sqlalchemy import Connection, func, select

from server.app import running
from server.config import Config
from server.graph.facts import Facts, Setting
from server.messages import OutputFile
from server.store import jobs, outputs, search
from server.store.database import Database
from server.store.jobs import NewJob, Payload
from server.store.outputs import NewOutput
from server.store.search import Indexed
from server.store.tables import results
from tests.bench.bench_server import worker_of
from tests.server.talk import Server

AT_ONCE = 1000
A_DAY = 86_400.0
NOW = 1_790_000_000.0
ASKED = 200
SAID = """
    house snow night red blue green forest river castle portrait woman man child robot city street rain fog light
    dark golden silver mountain ocean ship bird cat dog horse dragon painting photograph sketch watercolour oil
    detailed cinematic soft sharp wide close old new ancient modern small huge quiet busy warm cold morning evening
"""
WORDS = SAID.split()
MODELS = [f"{family}/model-{number}.safetensors" for family in ("sd1", "sdxl", "flux", "demo") for number in range(8)]
SAMPLERS = ("euler", "dpmpp_2m", "ddim", "heun", "uni_pc")


def made_with(choose: random.Random) -> Facts:
    """What a picture might have been made with: common words, and one in a hundred thousand."""
    text = " ".join([*choose.choices(WORDS, k=25), f"unusual{choose.randrange(100_000)}"])
    settings = [Setting("Steps", str(choose.randrange(10, 60))), Setting("Sampler", choose.choice(SAMPLERS))]
    return Facts([text], ["blurry ugly watermark"], [choose.choice(MODELS)], [str(choose.getrandbits(32))], settings)


def fill(connection: Connection, first: int, count: int, total: int) -> None:
    """Add results, spread over two years, four of each job."""
    choose = random.Random(first)
    for number in range(first, first + count):
        job = f"job{number // 4}"
        created = NOW - (total - number) * 730 * A_DAY / total
        if number % 4 == 0:
            title = choose.choice(("A house at night", "Portraits", "Landscapes"))
            jobs.accept(connection, NewJob(job, f"doc{number % 7}", title, created, Payload(b"{}", b"{}")))
            jobs.finish(connection, job, "", jobs.End("done", created))
        file = OutputFile("9", f"image_{number:06}.png", "image/png", width=1024, height=1024, sha256=f"{number:064x}")
        added = outputs.add(connection, NewOutput(job, file, created))
        search.add(connection, added.result, Indexed(made_with(choose), "Portraits", file.path))


async def fill_all(path: Path, total: int) -> None:
    database = Database(path)
    await database.open()
    await database.write(search.prepare)
    began = time.perf_counter()
    for first in range(0, total, AT_ONCE):
        await database.note(partial(fill, first=first, count=min(AT_ONCE, total - first), total=total))
    count = await database.read(lambda c: c.execute(select(func.count()).select_from(results)).scalar_one())
    await database.close()
    size = path.stat().st_size / 2**20
    print(f"{count:,} results in {time.perf_counter() - began:.1f} s, {size:.0f} MiB of database")


@asynccontextmanager
async def filled(total: int, kept: Path | None) -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = kept or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "loom.sqlite").exists():
            await fill_all(home / "loom.sqlite", total)
        settings = Config(home=home, port=0)
        async with running(settings, command=worker_of(home)) as started, aiohttp.ClientSession() as session:
            yield Server(started.url, started.services, session)


async def timed(server: Server, name: str, addresses: list[str]) -> None:
    """Ask each address once; print the median and the 95th percentile in milliseconds."""
    spent, found = [], 0
    for address in addresses:
        began = time.perf_counter()
        body = await server.get(address)
        spent.append(1000 * (time.perf_counter() - began))
        found = max(found, body.get("total", 0), len(body.get("results", body.get("ids", []))))
    spent.sort()
    p95 = spent[min(len(spent) - 1, int(0.95 * len(spent)))]
    print(f"{name:34} median {spent[len(spent) // 2]:7.1f} ms   p95 {p95:7.1f} ms   up to {found:,}")


async def measure(total: int, kept: Path | None) -> None:
    choose = random.Random(1)
    async with filled(total, kept) as server:
        page = "/api/gallery?limit=100"
        print(f"{ASKED} requests of each kind")
        deep = [f"{page}&before={choose.randrange(1, total)}" for _ in range(ASKED)]
        await timed(server, "a page at any depth (by id)", deep)
        skipped = [f"{page}&skip={choose.randrange(total)}" for _ in range(ASKED)]
        await timed(server, "a page at any depth (by number)", skipped)
        await timed(server, "the last page by number", [f"{page}&skip={total - 100}"] * ASKED)
        await timed(server, "days of everything", ["/api/gallery/days"] * 30)
        searches = {
            "a word that most have": [choose.choice(WORDS) for _ in range(ASKED)],
            "a beginning (one letter)": [choose.choice("abcdefghilmnoprsw") for _ in range(ASKED)],
            "a rare word": [f"unusual{choose.randrange(100_000)}" for _ in range(ASKED)],
            "two words and a phrase": [f'{choose.choice(WORDS)} {choose.choice(WORDS)} "soft sharp"'
                                       for _ in range(ASKED)],
            "model and not a word": [f"model:{choose.choice(MODELS)} -{choose.choice(WORDS)}" for _ in range(ASKED)],
            "a month, starred": ["after:2025-11 before:2026-02 is:starred"] * ASKED,
            "a seed": [f"seed:{choose.getrandbits(32)}" for _ in range(ASKED)],
        }  # fmt: skip
        for name, texts in searches.items():
            await timed(server, f"search: {name}", [f"{page}&q={quote(text)}" for text in texts])
            await timed(server, "        its days", [f"/api/gallery/days?q={quote(text)}" for text in texts[:40]])
        common = [f"{page}&q={choose.choice(WORDS)}&skip={choose.randrange(total // 4)}" for _ in range(ASKED)]
        await timed(server, "search: deep in a common word", common)
        await timed(server, "models to suggest", ["/api/gallery/values?part=model"] * 30)
        await timed(server, "every id", ["/api/gallery/ids"] * 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=100_000, metavar="N")
    parser.add_argument("--home", type=Path, help="a folder to keep the database in, and to take it from")
    asked = parser.parse_args()
    asyncio.run(measure(asked.results, asked.home))


if __name__ == "__main__":
    main()
