"""A worker in one file, without engine or torch: a real process with real frames that obeys its job's text.

Each step of the prompt is a "node"; the first step's input `do` says how the job goes: "finish" (default),
"die:N" (exit code N), "kill" (signal 9), "hang" (deaf to cancel), "wait" (until cancelled), "preview",
"output", "many:N" (N state changes), "raise", "garbage" (no frame), "log" (words on stderr, then exit 3).
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from server.messages import (
    FRAME,
    JSON_FRAME,
    PICTURE_FRAME,
    CacheReport,
    CacheUse,
    CancelJob,
    CatalogueReady,
    ClearCache,
    DescribeModel,
    Failure,
    FoundValue,
    FromWorker,
    InspectValue,
    JobCancelled,
    JobComputed,
    JobFailed,
    JobFinished,
    ListModels,
    MemoryReport,
    MemoryUse,
    ModelFile,
    ModelInfo,
    ModelInMemory,
    ModelsListed,
    NodeChange,
    NodesChanged,
    NodesUpgraded,
    OutputFile,
    OutputMade,
    PreviewHeader,
    Progress,
    RefreshCatalogue,
    RunJob,
    SetCacheLimits,
    Shutdown,
    TellMemory,
    ToWorker,
    UpgradeNodes,
    ValueInspected,
    ValuePart,
    WorkerReady,
    pack_frame,
    pack_picture,
)

PICTURE = b"\x89PNG\r\n\x1a\nnot really"

MODEL = ModelInfo("loras", "toy", 3, 1.0, "a LoRA", metadata={"ss_epoch": "9"}, files=[ModelFile("toy/a.gguf", 3)])


class FakeWorker:
    def __init__(self, home: Path, catalogue: bytes) -> None:
        self.home = home
        self.catalogue = catalogue
        self.inbox: queue.Queue[ToWorker | None] = queue.Queue()
        self.cancelled: set[str] = set()
        self.stopping = self.deaf = False
        self.saving: list[tuple[RunJob, str]] = []
        self.limits = (0, 0)
        self.out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    def send(self, message: FromWorker) -> None:
        self.out.write(pack_frame(JSON_FRAME, msgspec.json.encode(message)))

    def read(self) -> None:
        """Runs on a thread, so that a cancel is heard while a job runs."""
        decoder = msgspec.json.Decoder(ToWorker)
        while head := sys.stdin.buffer.read(FRAME.size):
            length, _ = FRAME.unpack(head)
            message = decoder.decode(sys.stdin.buffer.read(length))
            if isinstance(message, CancelJob):
                self.cancelled.add(message.job)
                self.stop_saving(message.job)
            self.stopping = self.stopping or isinstance(message, Shutdown)
            self.inbox.put(message)
        if not self.deaf:
            os._exit(0)  # The server is gone, and so is whoever would want the work.

    def serve(self) -> None:
        threading.Thread(target=self.read, daemon=True).start()
        self.send(CatalogueReady(msgspec.Raw(self.catalogue)))
        self.send(WorkerReady("cpu", "float32", "Fake"))
        while (message := self.inbox.get()) is not None:
            match message:
                case RunJob():
                    self.run(message)
                case RefreshCatalogue():
                    self.send(CatalogueReady(msgspec.Raw(self.catalogue)))
                case UpgradeNodes():
                    nodes = {key: self.upgraded(node) for key, node in message.nodes.items()}
                    self.send(NodesUpgraded(message.request, nodes))
                case SetCacheLimits():
                    self.limits = (message.memory, message.disk)
                    self.report()
                case ClearCache():
                    self.report()
                case TellMemory():
                    models = [] if message.free else [ModelInMemory("denoiser of toy", 3, "whole", 1.0)]
                    self.send(MemoryReport(MemoryUse(models, 5, 6, 7)))
                case InspectValue():
                    self.send(ValueInspected(message.request, self.inspected(message)))
                case ListModels():
                    self.send(ModelsListed(message.request, [MODEL]))
                case DescribeModel():
                    self.send(ModelsListed(message.request, [MODEL] if message.name == MODEL.name else []))
                case Shutdown():
                    return
                case CancelJob():
                    pass

    @staticmethod
    def inspected(question: InspectValue) -> FoundValue | None:
        """Every node but a source is unknown; the value says what was asked for."""
        prompt = json.loads(bytes(question.prompt))
        if prompt.get(question.node, {}).get("type") != "source":
            return None
        picture = OutputFile("", "seen it.png", "image/png", "previews", 8, 4)
        return FoundValue(ValuePart("", "text", f"{question.node}.{question.output}"), [picture], bool(question.job))

    def report(self) -> None:
        self.send(CacheReport(CacheUse(1, self.limits[0], 2, self.limits[1])))

    @staticmethod
    def upgraded(node: dict[str, Any]) -> dict[str, Any]:
        if node["inputs"].get("do") == "stay":
            return {**node, "problem": "It cannot be."}
        return {**node, "version": 2, "inputs": {**node.get("inputs", {}), "upgraded": True}}

    def run(self, job: RunJob) -> None:
        prompt: dict[str, Any] = json.loads(bytes(job.prompt))
        node = next(iter(prompt))
        do, _, count = str(prompt[node].get("inputs", {}).get("do", "finish")).partition(":")
        self.deaf = do == "hang"  # before anyone can hear that the job runs
        if job.job not in self.cancelled:
            self.send(NodesChanged(job.job, [NodeChange(node, "running", "never cached")]))
        saving = list(self.saving)
        getattr(self, f"do_{do}")(job, node, int(count or 0))
        for earlier in saving:
            if earlier in self.saving:
                self.saving.remove(earlier)
                self.finish(*earlier)

    def stop_saving(self, job: str) -> None:
        for earlier in [each for each in self.saving if each[0].job == job]:
            self.saving.remove(earlier)
            self.send(JobCancelled(job))

    def finish(self, job: RunJob, node: str) -> None:
        self.send(NodesChanged(job.job, [NodeChange(node, "done", seconds=0.001)]))
        earlier: dict[str, Any] = json.loads(bytes(job.previous)) or {}
        record = {"ran": [node], "job": job.job, "before": earlier.get("job")}
        self.send(JobFinished(job.job, 0.001, msgspec.Raw(json.dumps(record).encode())))

    def do_finish(self, job: RunJob, node: str, _: int) -> None:
        self.finish(job, node)

    def do_die(self, job: RunJob, node: str, code: int) -> None:
        os._exit(code)

    def do_log(self, job: RunJob, node: str, _: int) -> None:
        print("the device is on fire", file=sys.stderr, flush=True)
        os._exit(3)

    def do_kill(self, job: RunJob, node: str, _: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def do_hang(self, job: RunJob, node: str, _: int) -> None:
        threading.Event().wait()

    def do_wait(self, job: RunJob, node: str, _: int) -> None:
        while job.job not in self.cancelled:
            if self.stopping:
                return
            time.sleep(0.005)
        self.send(NodesChanged(job.job, [NodeChange(node, "cancelled")]))
        self.send(JobCancelled(job.job))

    def do_preview(self, job: RunJob, node: str, _: int) -> None:
        for step in range(1, 4):
            self.send(Progress(job.job, node, step, 20, 1.0))
            header = PreviewHeader(job.job, node, "image/png", step, 20)
            self.out.write(pack_frame(PICTURE_FRAME, pack_picture(header, PICTURE + bytes([step]))))
        self.do_wait(job, node, 0)

    def do_output(self, job: RunJob, node: str, _: int) -> None:
        path = self.home / "results" / "sub" / "picture_00001.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE)
        digest = hashlib.sha256(PICTURE).hexdigest()
        file = OutputFile(node, "sub/picture_00001.png", "image/png", width=8, height=8, sha256=digest)
        self.send(OutputMade(job.job, file))
        self.send(OutputMade(job.job, OutputFile(node, "", "text/plain", "previews", text="a number: 5")))
        self.finish(job, node)

    def do_save(self, job: RunJob, node: str, for_ever: int) -> None:
        """Compute, then write files until the next job is through; at once if all was computed before."""
        self.send(JobComputed(job.job, msgspec.Raw(b'{"computed": true}')))
        if b"computed" in bytes(job.previous) and not for_ever:
            self.finish(job, node)
        else:
            self.saving.append((job, node))

    def do_many(self, job: RunJob, node: str, count: int) -> None:
        for start in range(0, count, 500):
            changes = [NodeChange(f"{node}.{i}", "done") for i in range(start, min(start + 500, count))]
            self.send(NodesChanged(job.job, changes))
        self.finish(job, node)

    def do_raise(self, job: RunJob, node: str, _: int) -> None:
        self.send(NodesChanged(job.job, [NodeChange(node, "failed")]))
        self.send(JobFailed(job.job, Failure("it broke", "mend it", node, "do", "Traceback …")))

    def do_garbage(self, job: RunJob, node: str, _: int) -> None:
        self.out.write(pack_frame(JSON_FRAME, b'{"kind": "nonsense"}'))
        threading.Event().wait()


if __name__ == "__main__":
    FakeWorker(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()).serve()
    os._exit(0)  # The thread that reads stdin would hold its lock while the interpreter ends.
