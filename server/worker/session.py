"""A worker's life: read the nodes, tell of them, warm up, run jobs, answer questions, end."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import psutil

from nodes.diffusion.embedding_files import settle_embeddings
from nodes.families import FAMILY_NAMES
from server.engine.cache import Cache
from server.engine.catalogue import Library
from server.graph.catalogue import Catalogue, FamilyInfo, from_nodes, to_json, with_files
from server.graph.prompt import Prompt
from server.messages import (
    CacheReport,
    CacheUse,
    CancelJob,
    CatalogueReady,
    ClearCache,
    CountTokens,
    DescribeModel,
    InspectValue,
    ListModels,
    MemoryReport,
    NodesUpgraded,
    RefreshCatalogue,
    RunJob,
    SetCacheLimits,
    Shutdown,
    TellMemory,
    ToWorker,
    UpgradeNodes,
    ValueInspected,
    VerifyModel,
    WorkerReady,
)
from server.worker.classes import Classes
from server.worker.codecs import ValueCodec, measure
from server.worker.context import Users
from server.worker.counting import count_tokens
from server.worker.device import Device, NoSuchDevice, find_device, guess_device
from server.worker.files import Folders
from server.worker.identities import Identities
from server.worker.jobs import Jobs, Shop
from server.worker.link import Outgoing
from server.worker.loader import Loaded, load_packs, load_shipped
from server.worker.marker import ImportMarker
from server.worker.memory import Weights, memory_use
from server.worker.models import FamiliesOfFiles, ModelShelf
from server.worker.preview import Previews
from server.worker.results import Results, sweep_oldest
from server.worker.upgrades import upgrade_nodes, upgrade_prompt
from server.worker.values import Values
from server.worker.warmup import LIBRARIES, Warmup

MEMORY_LIMIT = min(int(psutil.virtual_memory().total) // 4, 8 * 2**30)
DISK_LIMIT = 10 * 2**30
"""Until `SetCacheLimits` says otherwise."""
REPORT_PAUSE = 0.5
"""Seconds after a job before the cache's size is told."""
PREVIEWS_LIMIT = 2**30
"""Bytes of pictures that were shown and not saved."""
FAMILIES = {name: FamilyInfo(*family) for name, family in FAMILY_NAMES.items()}


@dataclass(frozen=True)
class Options:
    """How a worker was started."""

    folders: Folders
    device: str = "auto"
    warm_up: bool = True
    memory: str = "auto"
    """How much of it weights may take: auto, normal, low, lowest (see server.worker.memory)."""


class Session:
    """One worker process between its first and its last message. Made and used on the event loop."""

    def __init__(self, options: Options, out: Outgoing) -> None:
        folders = options.folders
        self._folders, self._wanted, self._out = folders, options.device, out
        self._memory = options.memory
        self._reads_headers = options.warm_up
        """Whether files are looked into unasked, which takes the libraries."""
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._marker = ImportMarker(folders.cache / "importing.json")
        self._loaded = Loaded()
        self._classes = Classes()
        self._warmup = Warmup(LIBRARIES if options.warm_up else ())
        self._known = threading.Event()
        self._device = guess_device(options.device)
        self._weights: Weights | None = None
        self._library: Library | None = None
        self._catalogue: Catalogue | None = None
        self._code = 0
        self._questions = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._second = ThreadPoolExecutor(1, thread_name_prefix="finishing")
        self._shop = self._open_shop()
        self._models = ModelShelf(folders, self._shop.identities, out.send)
        self._reporting: asyncio.TimerHandle | None = None
        self._reported: CacheUse | None = None
        self._jobs = Jobs(self._shop, self._known_library, self._upgrade_prompt, self._report_later)
        self._values = self._show_values()

    def _open_shop(self) -> Shop:
        folders, cache = self._folders, self._folders.cache
        identities = Identities(cache / "files.sqlite")
        return Shop(
            folders,
            identities,
            Results(folders, identities),
            Previews(self._out.picture),
            Cache(MEMORY_LIMIT, DISK_LIMIT, cache, ValueCodec(self._classes), measure),
            ThreadPoolExecutor(1, thread_name_prefix="device"),
            self._finishing_thread,
            self._known_device,
            self._known_weights,
            Users(),
            self._out.send,
        )

    def _show_values(self) -> Values:
        shop = self._shop
        return Values(
            shop.folders,
            shop.identities,
            shop.results,
            shop.cache,
            self._known_library,
            self._known_weights,
            self._upgrade_prompt,
            self._jobs.last,
        )

    async def live(self) -> int:
        """Run until told to end; the exit code."""
        await asyncio.to_thread(self._read_nodes)
        if self._device is not None:
            self._settle(self._device)
        self._survey(read=False)
        self._warmup.start(self._warm)
        self._answer(partial(sweep_oldest, self._folders.previews, PREVIEWS_LIMIT))
        await self._ended.wait()
        await self._close()
        return self._code

    async def _close(self) -> None:
        await self._jobs.stop()
        shop = self._shop
        for thread in (shop.thread, self._second):
            thread.shutdown(wait=True)
        for close in (self._models.close, shop.results.close, shop.cache.close, shop.identities.close):
            await asyncio.to_thread(close)

    def end(self) -> None:
        """The pipe has ended, or the other side asks. From any thread."""
        self._loop.call_soon_threadsafe(self._ended.set)

    # ------------------------------------------------------------ nodes and device

    def _read_nodes(self) -> None:
        """Import the nodes and tell of them."""
        if not self._loaded.nodes:
            self._loaded = load_shipped()
        load_packs(self._folders.packs, self._loaded, self._marker)
        self._classes.learn(self._loaded.nodes.values())
        files = self._catalogue.files if self._catalogue is not None else {}
        catalogue = from_nodes(self._loaded.nodes.values(), self._loaded.broken, self._folders.names, FAMILIES)
        self._catalogue = with_files(catalogue, files)
        self._make_library()
        self._out.send(CatalogueReady(msgspec.Raw(to_json(self._catalogue))))

    def _survey(self, read: bool) -> None:
        """Tell which families files are for, when that is known; `read`: after their headers were read."""

        def found(files: FamiliesOfFiles) -> None:
            self._loop.call_soon_threadsafe(self._answer, partial(self._tell_families, files))

        self._models.survey(read, found)

    def _tell_families(self, files: FamiliesOfFiles) -> None:
        if self._catalogue is not None and self._catalogue.files != files:
            self._catalogue = with_files(self._catalogue, files)
            self._out.send(CatalogueReady(msgspec.Raw(to_json(self._catalogue))))

    def _make_library(self) -> None:
        device = self._device
        if device is not None and self._catalogue is not None:
            # Weights kept in fewer bits give other numbers, so what they made is not taken for the same.
            dtype = device.dtype if self._memory in ("auto", "normal") else f"{device.dtype}, {self._memory}"
            self._library = Library(self._loaded.nodes, self._catalogue.nodes, device.kind, dtype)

    def _warm(self) -> None:
        """The libraries are imported, on the thread that calls this."""
        if self._device is None:
            try:
                self._device = find_device(self._wanted)
            except (NoSuchDevice, ImportError) as error:
                print(f"worker: {error}", file=sys.stderr)
                self._code = 1
                self.end()
                return
            self._make_library()
            self._settle(self._device)
        if "torch" in sys.modules:
            self._shop.thread.submit(_without_gradients)
            if (second := self._finishing_thread()) is not None:
                second.submit(_beside_another, self._device.kind)
        self._out.send(WorkerReady(self._device.kind, self._device.dtype, self._device.name))
        if self._reads_headers:
            self._survey(read=True)

    def _settle(self, device: Device) -> None:
        self._weights = Weights(device, self._memory)
        self._known.set()

    def _known_device(self) -> Device:
        self._known.wait()
        assert self._device is not None
        return self._device

    def _finishing_thread(self) -> Executor | None:
        """Only beside a GPU: on a CPU two nodes that compute at once take longer than one after the other."""
        return None if self._known_device().kind == "cpu" else self._second

    def _known_weights(self) -> Weights:
        self._known.wait()
        assert self._weights is not None
        return self._weights

    def _known_library(self) -> Library:
        self._known.wait()
        assert self._library is not None
        return self._library

    # ------------------------------------------------------------ messages

    def heard(self, message: ToWorker) -> None:
        """Act on a message, on the event loop. What takes time is done on a thread, one question after the other."""
        match message:
            case RunJob():
                self._jobs.add(message)
            case CancelJob():
                self._jobs.cancel(message.job)
            case RefreshCatalogue():
                self._answer(self._refresh)
            case UpgradeNodes():
                self._answer(partial(self._upgrade, message))
            case SetCacheLimits():
                self._answer(partial(self._set_limits, message))
            case ClearCache():
                self._answer(self._clear)
            case TellMemory():
                self._answer(partial(self._tell_memory, message.free))
            case InspectValue():
                self._begin(asyncio.to_thread(self._inspect, message))
            case CountTokens():
                self._begin(asyncio.to_thread(self._count, message))
            case ListModels() | DescribeModel() | VerifyModel():
                self._models.answer(message)
            case Shutdown():
                self.end()

    def _answer(self, work: Callable[[], None]) -> None:
        async def in_turn() -> None:
            async with self._questions:
                await asyncio.to_thread(work)

        self._begin(in_turn())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refresh(self) -> None:
        self._marker.forgive()
        settle_embeddings(self._folders.models.folders("embeddings"))
        self._read_nodes()
        self._survey(read=self._reads_headers)

    def _upgrade_prompt(self, prompt: Prompt) -> Prompt:
        return upgrade_prompt(prompt, self._loaded.nodes)

    def _upgrade(self, message: UpgradeNodes) -> None:
        self._out.send(NodesUpgraded(message.request, upgrade_nodes(message.nodes, self._loaded.nodes)))

    def _set_limits(self, message: SetCacheLimits) -> None:
        self._shop.cache.set_limits(message.memory, message.disk)
        self._report()

    def _clear(self) -> None:
        self._shop.cache.clear()
        for picture in self._folders.previews.glob("*"):
            picture.unlink(missing_ok=True)
        self._report()

    def _tell_memory(self, free: bool) -> None:
        weights = self._weights
        if free and weights is not None:
            weights.clear()
        self._out.send(MemoryReport(memory_use(self._device, weights)))

    def _inspect(self, message: InspectValue) -> None:
        try:
            told = self._values.answer(message)
        except BaseException:  # whatever a value does when it is looked at, whoever asks is not kept waiting
            self._out.send(ValueInspected(message.request))
            raise
        self._out.send(told)

    def _count(self, message: CountTokens) -> None:
        self._out.send(count_tokens(message))

    def _report(self) -> None:
        self._reported = self._use()
        self._out.send(CacheReport(self._reported))

    def _report_later(self) -> None:
        """After a job: when the disk tier has written, and only where something changed."""
        if self._reporting is None:
            self._reporting = self._loop.call_later(REPORT_PAUSE, self._report_change)

    def _report_change(self) -> None:
        self._reporting = None
        if self._use() != self._reported:
            self._report()

    def _use(self) -> CacheUse:
        use = self._shop.cache.use()
        return CacheUse(use.memory, use.memory_limit, use.disk, use.disk_limit)


def _beside_another(device: str) -> None:
    """On the finishing thread: what it does on a GPU waits for nothing that the device thread has queued there."""
    import torch

    torch.set_grad_enabled(False)
    if device.startswith("cuda"):
        torch.cuda.set_stream(torch.cuda.Stream(device))  # type: ignore[no-untyped-call]


def _without_gradients() -> None:
    """On the device thread: nothing is trained here, so nothing needs to be remembered for it."""
    import torch

    torch.set_grad_enabled(False)
