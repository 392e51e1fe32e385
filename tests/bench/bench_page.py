"""What the page costs at growing graphs: loading, moving about, editing, and a run that streams previews.

Run `python -m tests.bench.bench_page`; `--nodes 100 5000` takes other sizes. A real Chromium, headless and with
software raster, before a whole server whose worker computes nothing; all input is by mouse, wheel, keyboard and
files. Each line has the figure, its budget, the ratio and `ok` or `over`; the exit code is 1 when the page did
something wrong, never for time. CPU-ms a frame: processor time of all processes of the browser by frames drawn.
What a frame costs depends on the machine, so the same gestures are made first on a page with nothing but cards and
links (bare_page.html), as the design's figures were taken; the last column has theirs.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.bench.page_stage import Sheet, served
from tests.bench.page_watch import Cost, Moment, Watch, weigh
from tests.bench.streaming_worker import SAMPLER
from tests.browser.board import SHOWN, Board, centre
from tests.browser.chrome import chromium

BUDGETS: dict[str, tuple[int | None, str]] = {
    "start": (1000, "ms until it can be used"),
    "requests": (30, "of the first load"),
    "scripts": (250, "kB of JavaScript, compressed"),
    "styles": (None, "kB of CSS, compressed"),
    "open": (1500, "ms from dropping its file"),
    "first paint": (300, "ms after the server's answer"),
    "open again": (1500, "ms, the page included"),
    "heap": (40, "MB of JavaScript"),
    "elements": (None, "in the page"),
    "pan": (25, "CPU-ms a frame"),
    "scroll": (25, "CPU-ms a frame"),
    "zoom": (25, "CPU-ms a frame"),
    "drag": (12, "CPU-ms a frame"),
    "marquee": (25, "CPU-ms a frame"),
    "typing": (12, "CPU-ms a frame"),
    "key": (50, "ms from a key to its letter"),
    "delete": (200, "ms, 1,000 nodes"),
    "undo": (200, "ms, 1,000 nodes"),
    "palette": (100, "ms until it is open"),
    "previews": (30, "CPU-ms a frame, 30 a second"),
}
"""The design's, where it has one; those of marquee, typing, key, delete, undo and palette are set here."""
BARE = Path(__file__).with_name("bare_page.html")
WORDS = "a red house on a meadow at sunset, with clouds"
PACE = 1 / 60
SECONDS = 3.0


@dataclass
class Table:
    """Prints each figure as it is taken, and keeps all for one table at the end."""

    sizes: list[int]
    rows: dict[str, dict[int, str]] = field(default_factory=dict)
    bare: dict[str, float] = field(default_factory=dict)
    """What the bare page takes."""

    def add(self, size: int, name: str, figure: float, more: str = "") -> None:
        budget, unit = BUDGETS[name]
        said = f"budget {budget:>5}  {figure / budget:5.2f}  {'ok' if figure <= budget else 'over'}" if budget else ""
        beside = f"{figure / self.bare[name]:5.2f} of the bare page" if name in self.bare else ""
        print(f"{size:>6}  {name:12} {figure:8.1f} {unit:30} {said:24} {beside} {more}".rstrip(), flush=True)
        self.rows.setdefault(name, {})[size] = short(figure)

    def add_bare(self, name: str, found: Cost) -> None:
        self.bare[name] = found.cpu
        print(f"{'bare':>6}  {name:12} {found.cpu:8.1f} {BUDGETS[name][1]:30} {found}", flush=True)

    def print(self) -> None:
        print(f"\n| | {' | '.join(f'{size:,} nodes' for size in self.sizes)} | budget | a bare page |")
        print("|---" * (len(self.sizes) + 3) + "|")
        for name, row in self.rows.items():
            budget, unit = BUDGETS[name]
            cells = " | ".join(row.get(size, "") for size in self.sizes)
            print(
                f"| {name}, {unit} | {cells} | {budget or ''} | {short(self.bare[name]) if name in self.bare else ''} |"
            )


def short(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.1f}"


@dataclass(frozen=True)
class Hand:
    """Moves mouse and wheel at the pace of a screen, for some seconds."""

    page: Page

    def paced(self, move: Callable[[int], None], seconds: float = SECONDS) -> None:
        began = time.perf_counter()
        for step in range(round(seconds / PACE)):
            move(step)
            self.page.wait_for_timeout(max(0.0, (began + (step + 1) * PACE - time.perf_counter()) * 1000))

    def sweep(self, start: tuple[float, float], reach: tuple[float, float] = (240, 150)) -> None:
        """Press and move about the place."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        self.paced(lambda step: mouse.move(start[0] + wave(step, 90) * reach[0], start[1] + wave(step, 70) * reach[1]))
        mouse.up()

    def pan(self) -> None:
        self.page.keyboard.down("Space")
        self.sweep((720, 450))
        self.page.keyboard.up("Space")

    def scroll(self) -> None:
        """As two fingers do: small and slanted."""
        self.page.mouse.move(720, 450)
        self.paced(lambda step: self.page.mouse.wheel(7 * sign(step, 60), 33 * sign(step, 90)))

    def zoom(self) -> None:
        self.page.mouse.move(720, 450)
        self.paced(lambda step: self.page.mouse.wheel(0, 60 * sign(step, 30)))

    def marquee(self, first: tuple[float, float], second: tuple[float, float]) -> None:
        """Draw a box from one corner, to and fro, and end it at the other."""
        mouse, keyboard = self.page.mouse, self.page.keyboard
        (x, y), (width, height) = first, (second[0] - first[0], second[1] - first[1])
        mouse.move(x, y)
        keyboard.down("Shift")
        mouse.down()
        self.paced(lambda step: mouse.move(x + width * (1 - sway(step)), y + height * (1 - sway(step))))
        mouse.move(*second)
        mouse.up()
        keyboard.up("Shift")


def wave(step: int, period: int) -> float:
    """From -1 to 1 and back, in straight lines that begin at 0."""
    at = (step / period + 0.25) % 1
    return 4 * at - 1 if at < 0.5 else 3 - 4 * at


def sway(step: int) -> float:
    return (1 + wave(step, 90)) / 2 * 0.9


def sign(step: int, turn: int) -> int:
    return 1 if step // turn % 2 else -1


@dataclass(frozen=True)
class Trial:
    """One size of graph on one page. Raises AssertionError when the page does something wrong."""

    sheet: Sheet
    board: Board
    watch: Watch
    table: Table

    @property
    def page(self) -> Page:
        return self.board.page

    def add(self, name: str, found: float | Cost | Moment) -> None:
        match found:
            case Cost():
                self.table.add(self.sheet.count, name, found.cpu, str(found))
            case Moment():
                self.table.add(self.sheet.count, name, found.passed, str(found))
            case _:
                self.table.add(self.sheet.count, name, found)

    def run(self, file: Path) -> None:
        self.start()
        self.open(file)
        self.move_about()
        self.type()
        self.edit()
        self.stream()

    def start(self) -> None:
        weight = weigh(self.page, lambda: self.page.goto("/", wait_until="networkidle"))
        self.add("start", self.watch.since_start(SHOWN))
        if self.sheet.count == self.table.sizes[0]:
            self.add("requests", weight.requests)
            self.add("scripts", weight.scripts)
            self.add("styles", weight.styles)
        self.board.new()

    def open(self, file: Path) -> None:
        self.add("open", self.watch.until_painted(lambda: self.board.drop(file), ".toast.success"))
        self.add("first paint", self.watch.since_answer("/api/workflows/open"))
        self.board.expect_saved()
        self.close_up()
        self.add("open again", self.watch.since_start(f'{SHOWN}[data-type="bench"]'))
        counted = re.compile(f"of {self.sheet.count}$|of {self.sheet.count},")
        expect(self.board.node("bench")).to_have_attribute("aria-label", counted)
        self.page.wait_for_timeout(1000)
        self.add("heap", self.watch.heap())
        self.add("elements", self.watch.elements())

    def close_up(self) -> None:
        """The middle of everything at 100%."""
        self.look("Home")
        self.look("0")
        expect(self.board.node("bench")).to_be_visible()
        self.page.wait_for_timeout(600)

    def look(self, key: str) -> None:
        """Glide to another view, and be there."""
        layer, before = self.page.locator("[data-canvas] .layer"), ""
        self.board.press(key)
        while (now := layer.get_attribute("style") or "") != before:
            before = now
            self.page.wait_for_timeout(300)

    def move_about(self) -> None:
        hand = Hand(self.page)
        self.add("pan", self.watch.cost(hand.pan))
        self.add("scroll", self.watch.cost(hand.scroll))
        self.add("zoom", self.watch.cost(hand.zoom))
        self.close_up()
        self.add("drag", self.watch.cost(lambda: hand.sweep(in_sight(self.page, f"{SHOWN} header .title"))))

    def type(self) -> None:
        self.page.mouse.click(*in_sight(self.page, f"{SHOWN} textarea"))
        focused = self.page.locator("textarea:focus")
        self.board.press("ControlOrMeta+a")
        self.add("typing", self.watch.cost(lambda: self.page.keyboard.type(WORDS, delay=50)))
        self.add("key", self.watch.until_painted(lambda: self.board.press("s")))
        expect(focused).to_have_value(f"{WORDS}s")
        self.board.press("Escape", "Escape")

    def edit(self) -> None:
        self.look("Home")
        first, second, count = self.sheet.thousand
        hand = Hand(self.page)
        self.add("marquee", self.watch.cost(lambda: hand.marquee(self.on_screen(first), self.on_screen(second))))
        expect(self.board.inspector).to_contain_text(f"{count} nodes selected")
        self.add("delete", self.watch.until_painted(lambda: self.board.press("Delete")))
        self.add("undo", self.watch.until_painted(lambda: self.board.press("ControlOrMeta+z")))
        self.board.press("ControlOrMeta+a")
        expect(self.board.inspector).to_contain_text(f"{self.sheet.count} nodes selected")
        self.board.press("Escape")
        self.page.mouse.move(720, 450)
        self.add("palette", self.watch.until_painted(lambda: self.board.press("Tab"), '[role="option"]'))
        self.board.press("Escape")

    def on_screen(self, at: tuple[int, int]) -> tuple[float, float]:
        """Where a point of the canvas is in the window: as the layer of the nodes is placed."""
        placed = self.page.locator("[data-canvas] .layer").get_attribute("style") or ""
        x, y, zoom = (float(number) for number in re.findall(r"-?[\d.]+", placed)[:3])
        return at[0] * zoom + x, at[1] * zoom + y

    def stream(self) -> None:
        self.close_up()
        sampler = self.page.locator(f'[data-node="{SAMPLER}"]')
        self.board.run()
        expect(sampler.locator("[data-preview]")).to_be_visible()
        self.add("previews", self.watch.cost(lambda: self.page.wait_for_timeout(SECONDS * 1000)))
        expect(sampler.locator('[data-state="done"]')).to_be_visible()


def in_sight(page: Page, part: str) -> tuple[float, float]:
    """The middle of a part of a node that nothing floats over."""
    for found in page.locator(part).all():
        box = found.bounding_box()
        if box and 320 < box["x"] < 900 and 200 < box["y"] < 640:
            return centre(found)
    raise AssertionError("No node is in sight.")


def measure_bare(browser: Browser, table: Table) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watch, hand = Watch(browser, page), Hand(page)
    gestures: dict[str, Callable[[], None]] = {
        "pan": hand.pan,
        "zoom": hand.zoom,
        "drag": lambda: hand.sweep(in_sight(page, ".title")),
        "typing": lambda: page.keyboard.type(WORDS, delay=50),
    }
    for name, gesture in gestures.items():
        page.goto(BARE.as_uri())
        page.wait_for_timeout(600)
        if name == "typing":
            page.mouse.click(*in_sight(page, "textarea"))
        table.add_bare(name, watch.cost(gesture))
    context.close()


def measure(browser: Browser, url: str, sheet: Sheet, folder: Path, table: Table) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=url)
    context.set_default_timeout(120_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    Trial(sheet, Board(page), Watch(browser, page), table).run(sheet.write(folder))
    context.close()
    assert not faults, faults


def machine() -> str:
    """The processor's name as the system tells it."""
    told = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", told.read_text(encoding="utf-8")) if told.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--nodes", type=int, nargs="+", default=[100, 1000, 5000, 10_000])
    table = Table(options.parse_args().nodes)
    print(f"{datetime.date.today():%d %B %Y}, {os.cpu_count()} cores of {machine()}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            measure_bare(browser, table)
            for count in table.sizes:
                measure(browser, url, Sheet(count), Path(folder), table)
        except AssertionError as wrong:
            print(f"The page did something wrong: {wrong}")
            return 1
        finally:
            browser.close()
    table.print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
