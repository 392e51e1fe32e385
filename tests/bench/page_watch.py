"""What a page costs, looked at from outside: processor time, frames, long tasks, input to picture. Changes nothing."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page, Response

FRAMES = "disabled-by-default-devtools.timeline.frame"
DRAWN = "DrawFrame"

LOOK = """(() => {
  // When the last input came, and when the first frame after it, that shows `wanted`, had been painted.
  const look = { input: 0, wanted: '', armed: false, shown: null, long: [] };
  const painted = (resolve) => {
    if (look.wanted && !document.querySelector(look.wanted)) return requestAnimationFrame(() => painted(resolve));
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now());
      channel.port2.postMessage(0);
    });
  };
  look.paint = () => new Promise(painted);
  const came = (event) => {
    if (!look.armed) return;
    look.input = event.timeStamp;
    look.shown = look.paint();
  };
  for (const kind of ['keydown', 'pointerdown', 'drop']) addEventListener(kind, came, { capture: true });
  new PerformanceObserver((list) => look.long.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' });
  window.look = look;
})()"""


@dataclass(frozen=True)
class Cost:
    """What a gesture cost."""

    cpu: float
    """Milliseconds of processor time of all processes of the browser, a frame."""
    main: float
    """The same of the page's main thread alone."""
    frames: int
    longest: float
    """The longest task of the main thread, in milliseconds; 0 where none took 50."""

    def __str__(self) -> str:
        return f"main thread {self.main:.1f}, {self.frames} frames, longest task {self.longest:.0f} ms"


@dataclass(frozen=True)
class Moment:
    """How long something took, by the clock."""

    passed: float
    """Milliseconds."""
    main: float | None = None
    """Milliseconds of them that the page's main thread computed; None where that was not asked."""

    def __str__(self) -> str:
        return "" if self.main is None else f"main thread {self.main:.0f}"


@dataclass(frozen=True)
class Weight:
    """What the first load fetched; kilobytes (1000) as they are compressed by gzip."""

    requests: int
    scripts: float
    styles: float


class Watch:
    """Looks at one page of a browser that nothing else uses."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self.page = page
        self._browser: CDPSession = browser.new_browser_cdp_session()
        self._session: CDPSession = page.context.new_cdp_session(page)
        # Processor time, not the clock's: other programs run beside.
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._events: list[dict[str, Any]] = []
        self._complete = False
        self._browser.on("Tracing.dataCollected", lambda message: self._events.extend(message["value"]))
        self._browser.on("Tracing.tracingComplete", lambda _: self._end())
        page.add_init_script(LOOK)

    def _end(self) -> None:
        self._complete = True

    # ------------------------------------------------------------ gestures

    def cost(self, gesture: Callable[[], None]) -> Cost:
        """What each frame costs while something is done. Raises RuntimeError when nothing was drawn."""
        self.page.evaluate("look.long.length = 0")
        self._begin_frames()
        cpu, main = self._cpu(), self._main_thread()
        gesture()
        main, cpu = self._main_thread() - main, self._cpu() - cpu
        frames = self._end_frames()
        if not frames:
            raise RuntimeError("The gesture drew nothing.")
        longest = float(self.page.evaluate("Math.max(0, ...look.long)"))
        return Cost(cpu * 1000 / frames, main * 1000 / frames, frames, longest)

    def _begin_frames(self) -> None:
        self._events.clear()
        self._complete = False
        config = {"includedCategories": [FRAMES], "excludedCategories": ["*"]}
        self._browser.send("Tracing.start", {"traceConfig": config, "transferMode": "ReportEvents"})

    def _end_frames(self) -> int:
        self._browser.send("Tracing.end")
        while not self._complete:
            self.page.wait_for_timeout(20)
        return sum(event["name"] == DRAWN for event in self._events)

    def _main_thread(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    @staticmethod
    def _cpu() -> float:
        """Seconds of processor time that all processes of the browser have used so far."""
        total = 0.0
        for process in psutil.Process(os.getpid()).children(recursive=True):
            try:
                if "chrom" in process.name():
                    used = process.cpu_times()
                    total += used.user + used.system
            except psutil.NoSuchProcess:
                continue
        return total

    # ------------------------------------------------------------ moments

    def until_painted(self, do: Callable[[], None], wanted: str = "") -> Moment:
        """From the last input of what is done to the first frame that shows `wanted`, a selector."""
        self.page.evaluate("wanted => { look.wanted = wanted; look.armed = true; }", wanted)
        before = self._main_thread()
        do()
        passed = float(self.page.evaluate("{ look.armed = false; look.shown.then((at) => at - look.input) }"))
        return Moment(passed, (self._main_thread() - before) * 1000)

    def since_answer(self, address: str) -> Moment:
        """From the end of the answer to a request to the frame that was last waited for."""
        ended = "performance.getEntriesByType('resource').findLast(({ name }) => name.includes(address)).responseEnd"
        return Moment(float(self.page.evaluate(f"address => look.shown.then((at) => at - {ended})", address)))

    def since_start(self, wanted: str) -> Moment:
        """Load the page again; from the moment it was asked for to the first frame that shows `wanted`."""
        self.page.reload(wait_until="commit")
        passed = float(self.page.evaluate("wanted => { look.wanted = wanted; return look.paint(); }", wanted))
        return Moment(passed, self._main_thread() * 1000)

    # ------------------------------------------------------------ size

    def heap(self) -> float:
        """Megabytes of JavaScript in use after a collection."""
        self._session.send("HeapProfiler.collectGarbage")
        return float(self._session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6

    def elements(self) -> int:
        return int(self.page.evaluate("document.getElementsByTagName('*').length"))


def weigh(page: Page, load: Callable[[], object]) -> Weight:
    """What the browser asks for while this loads the page."""
    asked: list[str] = []
    bodies: dict[str, list[bytes]] = {"script": [], "stylesheet": []}
    page.on("request", lambda request: asked.append(request.url))
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    load()
    for answer in answers:
        kind = answer.request.resource_type
        if kind in bodies and answer.ok:
            bodies[kind].append(answer.body())
    scripts, styles = (sum(len(gzip.compress(body)) for body in bodies[kind]) / 1000 for kind in bodies)
    return Weight(len(asked), scripts, styles)
