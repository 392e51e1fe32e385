"""Every message that crosses a process or the WebSocket, and the frames they travel in.

One definition serves Python and the page: the page's TypeScript is generated from these types, so
a field changes here or nowhere. A message is data; nothing in this module acts on one.
"""

from __future__ import annotations

import struct
from typing import Any, Literal

import msgspec

from server.phrases import Phrase, tell

NodeState = Literal["waiting", "running", "done", "cached", "failed", "cancelled", "skipped"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
WorkerState = Literal["starting", "ready", "restarting", "stopped"]


class Message(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower, omit_defaults=False):
    """A message is told from the others by its `kind`: the class name in lower case."""


# ---------------------------------------------------------------- parts of messages


class Failure(msgspec.Struct, frozen=True):
    """Why a job failed: what happened, where, and what to do. `node` is empty when no node is to blame."""

    what: str
    fix: str = ""
    node: str = ""
    input: str = ""
    traceback: str = ""
    what_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET
    fix_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        tell(self, "what", "what_phrase")
        tell(self, "fix", "fix_phrase")


class NodeChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """The new state of one node of a job, and why it runs or is reused."""

    node: str
    state: NodeState
    reason: str = ""
    seconds: float | None = None
    expected: float | None = None
    """Seconds it took when it last ran, while it waits or runs; absent where it never did."""
    reason_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        tell(self, "reason", "reason_phrase")


class OutputFile(msgspec.Struct, frozen=True):
    """A file a job made. `path` is relative to the folder named by `root`, with forward slashes."""

    node: str
    path: str
    media_type: str
    root: Literal["results", "previews"] = "results"
    width: int = 0
    height: int = 0
    sha256: str = ""
    text: str = ""
    """What a node shows in words (root "previews", media type text/plain, no file)."""


class CacheUse(msgspec.Struct, frozen=True):
    """What the two cache tiers hold now and may hold at most, in bytes."""

    memory: int
    memory_limit: int
    disk: int
    disk_limit: int


class ModelFile(msgspec.Struct, frozen=True):
    """One file of a model: its name in its kind's folder, bytes, and its hash if that is known."""

    name: str
    size: int
    sha256: str = ""


class ModelInfo(msgspec.Struct, frozen=True):
    """A model file, or a diffusers folder (`files` says what of), as its header describes it."""

    kind: str
    """The folder it is in: "checkpoints", "loras", …"""
    name: str
    """Its name in that folder, as nodes take it; of a diffusers folder, the folder's."""
    size: int
    modified: float
    """Seconds since 1970."""
    what: str = ""
    """What it holds in words: "Stable Diffusion XL", "a LoRA"."""
    family: str = ""
    """The family of its denoiser ("sdxl"); empty when it has none, or none that is known."""
    parts: list[str] = []
    """Of "denoiser", "CLIP-L", "CLIP-G", "OpenCLIP-H", "T5", "VAE"."""
    dtypes: list[str] = []
    """How its numbers are stored, the usual one first: "F16", "BF16", "Q4_K", …"""
    parameters: int = 0
    tensors: int = 0
    metadata: dict[str, str] = {}
    """What the file says of itself and its training (`modelspec.…`, `ss_…`). A list leaves out what is long."""
    sha256: str = ""
    """Empty while it is not known."""
    source: str = ""
    """The repository it was pulled from, with its revision."""
    problem: str = ""
    """Why it cannot be used, in words; empty when it can."""
    fix: str = ""
    problem_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET
    fix_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET
    files: list[ModelFile] = []
    """The files of a diffusers folder."""
    preview: str = ""
    """A picture that lies beside it, named as the model is; empty when there is none."""
    triggers: list[str] = []
    """Words that call what it learned, as files beside it or its training say."""
    fits: list[str] = []
    """Families of models that it can be used with; empty when that is not known."""
    base: str = ""
    """The family it was made for, as files beside it or its training say: that of a LoRA's model."""


class ModelInMemory(msgspec.Struct, frozen=True):
    """One part of a model that the worker holds. `used` in seconds since 1970."""

    title: str
    size: int
    keeping: Literal["whole", "low", "lowest"]
    used: float


class MemoryUse(msgspec.Struct, frozen=True):
    """What the worker holds, and what is free where: in bytes. Without memory of its own a device has none."""

    models: list[ModelInMemory]
    process: int
    """The computer's memory that the worker takes, models included."""
    free: int
    total: int
    device: str = ""
    device_free: int = 0
    device_total: int = 0


class Spread(msgspec.Struct, frozen=True):
    """How the numbers of a tensor lie: `counts` in even steps from `low` to `high`; `odd` are NaN or infinite."""

    low: float
    high: float
    mean: float
    deviation: float
    counts: list[int]
    odd: int = 0


class ValuePart(msgspec.Struct, frozen=True):
    """A value on a link, or a part of it. `name` is its field's or its place's; `text` says it in short."""

    name: str
    kind: Literal["nothing", "number", "text", "file", "tensor", "record", "list", "other"]
    text: str = ""
    shape: list[int] = []
    dtype: str = ""
    spread: Spread | None = None
    parts: list[ValuePart] = []
    more: int = 0
    """Parts of it that are left out."""


class FoundValue(msgspec.Struct, frozen=True):
    """What a link carries. `pictures` show it where it is an image, a mask or a latent."""

    value: ValuePart
    pictures: list[OutputFile] = []
    earlier: bool = False
    """It is what the last run made, and the workflow has changed since, or gives another value each time."""


# ---------------------------------------------------------------- to the worker


class RunJob(Message, frozen=True):
    """Run a prompt. `previous` is what an earlier `JobFinished.record` of the same document said, else JSON's null."""

    job: str
    prompt: msgspec.Raw
    workflow: msgspec.Raw
    targets: list[str] | None = None
    previous: msgspec.Raw = msgspec.Raw(b"null")


class CancelJob(Message, frozen=True):
    job: str


class RefreshCatalogue(Message, frozen=True):
    """Look again for model files, choices and packs; answered by `CatalogueReady`."""


class UpgradeNodes(Message, frozen=True):
    """Bring nodes saved by older versions up to date; answered by `NodesUpgraded` with the same `request`."""

    request: str
    nodes: dict[str, Any]


class SetCacheLimits(Message, frozen=True):
    memory: int
    disk: int


class ClearCache(Message, frozen=True):
    """Empty both cache tiers; answered by `CacheReport`."""


class ListModels(Message, frozen=True):
    """Describe every model file, or those of one kind; answered by `ModelsListed` with the same `request`."""

    request: str
    model_kind: str = ""


class DescribeModel(Message, frozen=True):
    """Describe one in full, with its hash when `hash` is set; answered by `ModelsListed` with the same `request`."""

    request: str
    model_kind: str
    name: str
    hash: bool = False


class VerifyModel(Message, frozen=True):
    """Read a file whole and compare it with what is known of it; answered by `ModelVerified`."""

    request: str
    model_kind: str
    name: str


class TellMemory(Message, frozen=True):
    """Say what is in memory, after letting every model go when `free` is set; answered by `MemoryReport`."""

    free: bool = False


class InspectValue(Message, frozen=True):
    """Say what an output holds, if it is kept; nothing runs. Answered by `ValueInspected` with the same `request`.

    `prompt` is the workflow as it stands; `job` is the last one that ran it, for what no key finds again.
    """

    request: str
    prompt: msgspec.Raw
    node: str
    output: str
    job: str = ""


class CountTokens(Message, frozen=True):
    """Say how many tokens a text is; answered by `TokensCounted` with the same `request`."""

    request: str
    text: str


class Shutdown(Message, frozen=True):
    """Finish writing what is being written, then exit."""


ToWorker = (
    RunJob
    | CancelJob
    | RefreshCatalogue
    | UpgradeNodes
    | SetCacheLimits
    | ClearCache
    | ListModels
    | DescribeModel
    | VerifyModel
    | TellMemory
    | InspectValue
    | CountTokens
    | Shutdown
)

# ---------------------------------------------------------------- from the worker


class CatalogueReady(Message, frozen=True):
    """The node modules are read; `catalogue` is plain data (see server.graph.catalogue)."""

    catalogue: msgspec.Raw


class WorkerReady(Message, frozen=True):
    """The model libraries are imported; jobs start without that wait from now on."""

    device: str
    dtype: str
    device_name: str = ""


class NodesChanged(Message, frozen=True):
    """State changes since the last such message, in order: batched, so that traffic stays linear."""

    job: str
    changes: list[NodeChange]


class Progress(Message, frozen=True):
    """How far a node is; `remaining` in seconds, estimated."""

    job: str
    node: str
    value: int
    total: int
    remaining: float | None = None


class OutputMade(Message, frozen=True):
    job: str
    output: OutputFile


class JobComputed(Message, frozen=True):
    """All nodes of the job are through, and only files are still being written: the next job may come.

    `record` is that of `JobFinished`, which follows, or `JobFailed` where a file could not be written.
    """

    job: str
    record: msgspec.Raw


class JobFinished(Message, frozen=True):
    """The job is done. `record`, opaque to the web process, lets a later run say why its nodes ran."""

    job: str
    seconds: float
    record: msgspec.Raw


class JobFailed(Message, frozen=True):
    job: str
    failure: Failure


class JobCancelled(Message, frozen=True):
    job: str


class NodesUpgraded(Message, frozen=True):
    request: str
    nodes: dict[str, Any]


class CacheReport(Message, frozen=True):
    use: CacheUse


class MemoryReport(Message, frozen=True):
    use: MemoryUse


class ModelsListed(Message, frozen=True):
    """What was asked for; nothing when there is no such model."""

    request: str
    models: list[ModelInfo]


class ModelVerified(Message, frozen=True):
    """Whether a file is what it was. `state`: "new" was not known before, "changed" was replaced since,
    "damaged" has other content than its hub promised or than it had at the same size and time."""

    request: str
    state: Literal["same", "new", "changed", "damaged", "unreadable"]
    sha256: str = ""
    detail: str = ""


class ValueInspected(Message, frozen=True):
    """The value that was asked for; null when it is not kept, or was never made."""

    request: str
    found: FoundValue | None = None


class TokensCounted(Message, frozen=True):
    """Tokens of the text alone: CLIP's, in how many chunks of 75, and T5's."""

    request: str
    clip: int
    chunks: int
    t5: int


FromWorker = (
    CatalogueReady
    | WorkerReady
    | NodesChanged
    | Progress
    | OutputMade
    | JobComputed
    | JobFinished
    | JobFailed
    | JobCancelled
    | NodesUpgraded
    | CacheReport
    | ModelsListed
    | ModelVerified
    | MemoryReport
    | ValueInspected
    | TokensCounted
)

# ---------------------------------------------------------------- to the browser


class OutputInfo(msgspec.Struct, frozen=True):
    """An output as the page shows it; `url` serves the file.

    `result` is its number in the gallery, 0 for what is only shown; `thumbnail` serves a small picture of it.
    """

    id: int
    job: str
    node: str
    url: str
    name: str
    media_type: str
    width: int
    height: int
    text: str
    created: float
    """Seconds since 1970."""
    result: int = 0
    thumbnail: str = ""


class JobInfo(msgspec.Struct, frozen=True):
    """A job's row. Times in seconds since 1970; `position` counts the jobs ahead while queued."""

    id: str
    document: str
    title: str
    state: JobState
    created: float
    position: int = 0
    started: float | None = None
    finished: float | None = None
    failure: Failure | None = None
    place: float = 0.0
    """Orders the jobs that wait: the least is next."""


class Hello(Message, frozen=True):
    """The first message on a connection. A new `epoch` means the server restarted: fetch everything anew."""

    epoch: str
    worker: WorkerState
    detail: str = ""
    detail_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET


class WorkerChanged(Message, frozen=True):
    worker: WorkerState
    detail: str = ""
    device: str = ""
    detail_phrase: Phrase | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        tell(self, "detail", "detail_phrase")


class CatalogueChanged(Message, frozen=True):
    revision: str


class JobChanged(Message, frozen=True):
    job: JobInfo


class OutputAdded(Message, frozen=True):
    output: OutputInfo


class ResultsChanged(Message, frozen=True):
    """These results were starred, moved to the trash or back, deleted, or can be searched for now."""

    results: list[int]


class QueueChanged(Message, frozen=True):
    """`paused`: no job begins until the queue goes on; the one that runs comes to its end."""

    queued: int
    running: int
    paused: bool = False


class Resync(Message, frozen=True):
    """Events were missed that are no longer kept: fetch the state over HTTP."""


ToBrowser = (
    Hello
    | WorkerChanged
    | CatalogueChanged
    | JobChanged
    | NodesChanged
    | Progress
    | OutputAdded
    | ResultsChanged
    | QueueChanged
    | CacheReport
    | Resync
)


class Event(msgspec.Struct, frozen=True):
    """What a browser receives as a text frame. `seq` grows by one an event within an epoch.

    Hello and Resync carry the newest seq; what was missed and is still kept follows Hello, then what is new.
    """

    seq: int
    event: ToBrowser


class PreviewHeader(msgspec.Struct, frozen=True):
    """Says what the picture bytes after it are."""

    job: str
    node: str
    media_type: str
    step: int = 0
    total: int = 0


# ---------------------------------------------------------------- frames

FRAME = struct.Struct(">IB")
"""Between web process and worker: payload length, kind (JSON_FRAME or PICTURE_FRAME), then the payload."""
JSON_FRAME, PICTURE_FRAME = 0, 1
HEADER_LENGTH = struct.Struct(">I")


def pack_frame(kind: int, payload: bytes) -> bytes:
    """One frame of the pipe between the web process and a worker."""
    return FRAME.pack(len(payload), kind) + payload


def pack_picture(header: PreviewHeader, picture: bytes) -> bytes:
    """A picture with its header: the payload of a PICTURE_FRAME, and a binary frame of the WebSocket."""
    head = msgspec.json.encode(header)
    return HEADER_LENGTH.pack(len(head)) + head + picture


def unpack_picture(payload: bytes) -> tuple[PreviewHeader, bytes]:
    """The inverse of `pack_picture`. Raises msgspec.DecodeError or struct.error on damaged bytes."""
    (length,) = HEADER_LENGTH.unpack_from(payload)
    start = HEADER_LENGTH.size
    header = msgspec.json.decode(payload[start : start + length], type=PreviewHeader)
    return header, payload[start + length :]
