"""The list of models: what each file holds, read from its header alone, and hashes when they are asked for.

Described here and not in the web process because families are known by code that needs torch. What was found is
kept in the index of files until the file or that code changes, so that a second look reads nothing and needs no
torch either. A file that is damaged, pickled or of another kind is listed with the reason.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nodes.api.said import Said
from nodes.hub.record import Pulled, read_record
from nodes.repository import INDEX
from server.messages import (
    DescribeModel,
    FromWorker,
    ListModels,
    ModelFile,
    ModelInfo,
    ModelsListed,
    ModelVerified,
    VerifyModel,
)
from server.model_paths import kind_named
from server.worker.beside import look_beside
from server.worker.files import SHIPPED, Folders
from server.worker.identities import Identities

PHRASED = ("problem", "fix")
"""What of a description is said by sentences."""
SHORT, LONG = 200, 20_000
"""Letters of a value of the metadata, in a list and in full."""
MANY = 200
"""Values of the metadata in full."""
Question = ListModels | DescribeModel | VerifyModel
OF_FAMILIES = ("checkpoints", "controlnet", "diffusion_models", "gligen", "hypernetworks", "ipadapter", "loras", "vae")
"""The kinds whose files are for certain families of models."""
FamiliesOfFiles = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By kind and by file, where they are known."""


class Closed(Exception):
    """The process ends while a file is read."""


@dataclass(frozen=True)
class Found:
    """A model: a file, or a diffusers folder with the weights in it."""

    kind: str
    name: str
    path: Path
    files: Mapping[str, Path]


class ModelShelf:
    """Answers questions about models, on threads of its own: a long hash keeps nobody from the list."""

    def __init__(self, folders: Folders, identities: Identities, send: Callable[[FromWorker], None]) -> None:
        self._folders, self._identities, self._send = folders, identities, send
        self._headers = ThreadPoolExecutor(1, thread_name_prefix="headers")
        self._hashes = ThreadPoolExecutor(1, thread_name_prefix="hashes")
        self._closing = False

    def answer(self, question: Question) -> None:
        """Begin to answer; the answer is sent when it is there."""
        slow = isinstance(question, VerifyModel) or (isinstance(question, DescribeModel) and question.hash)
        (self._hashes if slow else self._headers).submit(self._work, question).add_done_callback(tell_fault)

    def survey(self, read: bool, then: Callable[[FamiliesOfFiles], None]) -> None:
        """Look through all files and call `then`, on the thread that looks. `read`: also those not in the index."""

        def work() -> None:
            found = self.families(read)
            if not self._closing:
                then(found)

        if not self._closing:
            self._headers.submit(work).add_done_callback(tell_fault)

    def close(self) -> None:
        """Stop what is being read."""
        self._closing = True
        for pool in (self._headers, self._hashes):
            pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, question: Question) -> None:
        try:
            match question:
                case ListModels():
                    kind = kind_named(question.model_kind)
                    self._send(ModelsListed(question.request, self.models(kind)))
                case DescribeModel():
                    self._send(ModelsListed(question.request, self.describe(question)))
                case VerifyModel():
                    self._send(self.verify(question))
        except Closed:
            pass

    # ------------------------------------------------------------ what there is

    def models(self, kind: str = "") -> list[ModelInfo]:
        """Every model, or those of one kind."""
        pulled = self._adopt()
        kinds = [kind] if kind else self._folders.models.kinds()
        return [self._info(found, pulled) for each in kinds for found in self._find(each)]

    def families(self, read: bool) -> FamiliesOfFiles:
        """Which families of models files are for: what is in the index, with `read` what headers say."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for kind in OF_FAMILIES:
            for one in self._find(kind):
                if self._closing:
                    return found
                told = (self._description if read else self._known)(one) or {}
                if told.get("fits"):
                    found.setdefault(kind, {}).update(dict.fromkeys(one.files, tuple(told["fits"])))
        return found

    def describe(self, question: DescribeModel) -> list[ModelInfo]:
        """One model in full; nothing when there is none of that name."""
        pulled = self._adopt()
        kind = kind_named(question.model_kind)
        found = next((found for found in self._find(kind) if found.name == question.name), None)
        if found is None:
            return []
        if question.hash:
            for path in found.files.values():
                try:
                    self._identities.digest(path, "sha256", self._told)
                except OSError:
                    continue  # its description says what is wrong
        return [self._info(found, pulled, LONG)]

    def _find(self, kind: str) -> Iterator[Found]:
        """The models of a kind: weights below a model_index.json are one."""
        files = self._folders.models.weights(kind)
        folders = {name: PurePosixPath(name).parent.parent for name in files}
        wholes = {folder for folder in set(folders.values()) if folder.name and self._is_whole(kind, folder)}
        found: dict[str, dict[str, Path]] = {}
        for name, path in files.items():
            found.setdefault(str(folders[name]) if folders[name] in wholes else name, {})[name] = path
        for name, parts in found.items():
            place = parts.get(name) or self._folders.models.find(kind, name)
            if place is not None:
                yield Found(kind, name, place, parts)

    def _is_whole(self, kind: str, folder: PurePosixPath) -> bool:
        """Whether it is a folder in diffusers' layout."""
        return self._folders.models.find(kind, f"{folder}/{INDEX}") is not None

    # ------------------------------------------------------------ what is in it

    def _info(self, found: Found, pulled: Mapping[Path, Pulled], longest: int = SHORT) -> ModelInfo:
        files, modified = [], 0.0
        for name, path in found.files.items():
            try:
                stat, digest = path.stat(), self._identities.known(path, "sha256")
            except OSError:
                continue  # gone since it was listed
            files.append(ModelFile(name, stat.st_size, digest or ""))
            modified = max(modified, stat.st_mtime)
        source = next((pulled[path] for path in found.files.values() if path in pulled), None)
        told = self._description(found)
        beside = look_beside(found.path, told.get("metadata", {}))
        parent = PurePosixPath(found.name).parent
        told["metadata"] = shorten(told.get("metadata", {}), longest)
        alone = found.name in found.files and files
        info = {
            "kind": found.kind, "name": found.name, "size": sum(file.size for file in files), "modified": modified,
            "sha256": files[0].sha256 if alone else "",
            "source": f"{source.repo}@{source.revision}" if source is not None else "",
            "files": [] if alone else files,
            "preview": str(parent / beside.preview) if beside.preview else "",
            "triggers": list(beside.triggers), "base": beside.base,
        }  # fmt: skip
        return msgspec.convert({**told, **info}, ModelInfo, from_attributes=True)

    def _description(self, found: Found) -> dict[str, Any]:
        """What its headers say: from the index, else read now."""
        told = self._known(found)
        if told is not None:
            return told
        try:
            told = printable(vars(self._describe(found.path, found.kind)))
            kept = msgspec.json.encode({"state": self._state(found), "told": told}).decode()
            self._identities.learn(self._place(found), "header", kept)
        except OSError as error:
            told = {"problem": f"{found.path.name} cannot be read: {error.strerror or error}.", "fix": "Look for it."}
        return dict(told)

    def _known(self, found: Found) -> dict[str, Any] | None:
        """What the index holds of it as it is now."""
        try:
            known = self._identities.known(self._place(found), "header")
        except OSError:
            return None
        kept = None if known is None else msgspec.json.decode(known)
        return dict(kept["told"]) if kept is not None and kept["state"] == self._state(found) else None

    @staticmethod
    def _place(found: Found) -> Path:
        return found.path if found.path.is_file() else found.path / INDEX

    def _state(self, found: Found) -> str:
        """Changes when the description may: by the code, by the kind, and by the files of a folder."""
        seen: list[object] = [self._version, found.kind]
        for name, path in found.files.items():
            try:
                seen.append((name, path.stat().st_size, path.stat().st_mtime_ns))
            except OSError:
                seen.append(name)
        return hashlib.sha256(repr(seen).encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def _version(self) -> str:
        """The code that describes files, by content."""
        known = hashlib.sha256()
        for part in ("diffusion", "sentences"):
            for source in sorted((SHIPPED / part).rglob("*.py")):
                known.update(source.read_bytes())
        return known.hexdigest()

    @cached_property
    def _describe(self) -> Callable[[Path, str], Any]:
        # By name: it brings torch, and a list that is in the index must not wait for that.
        describe: Callable[[Path, str], Any] = import_module("nodes.diffusion.describe").describe
        return describe

    # ------------------------------------------------------------ hashes

    def verify(self, question: VerifyModel) -> ModelVerified:
        """Read a file whole, and compare."""
        answer = partial(ModelVerified, question.request)
        path = self._folders.models.find(question.model_kind, question.name)
        if path is None or not path.is_file():
            return answer("unreadable", detail=f"models/{question.model_kind}/{question.name} is gone.")
        expected = self._adopt(untouched=False).get(path)
        before = self._identities.last(path, "sha256")
        try:
            stat = path.stat()
            now = self._identities.digest(path, "sha256", self._told, fresh=True)
        except OSError as error:
            return answer("unreadable", detail=f"It cannot be read: {error.strerror or error}.")
        if expected is not None and expected.sha256 != now:
            hub = f"{expected.repo} promised {expected.sha256[:12]}…"
            return answer("damaged", now, f"{hub}, and it is {now[:12]}… Pull it again.")
        if before is None:
            return answer("same", now, f"as {expected.repo} has it") if expected else answer("new", now)
        if before.digest == now:
            return answer("same", now, f"as {expected.repo} has it" if expected else "")
        if before[:2] == (stat.st_size, stat.st_mtime_ns):
            self._identities.learn(path, "sha256", before.digest)  # so that it is told again
            return answer("damaged", now, f"It was {before.digest[:12]}… at the same size and time. Fetch it again.")
        return answer("changed", now, f"It was {before.digest[:12]}… before it was replaced.")

    def _told(self, read: int, total: int) -> None:
        if self._closing:
            raise Closed

    def _adopt(self, untouched: bool = True) -> dict[Path, Pulled]:
        """What was pulled, by path; its hashes join the index. `untouched`: but for files that changed since."""
        home = self._folders.home / "models"
        found: dict[Path, Pulled] = {}
        for name, entry in read_record(home).items():
            kind, _, rest = name.partition("/")
            path = self._folders.models.find(kind, rest)
            if path is None or not path.is_file():
                continue
            stat = path.stat()
            same = (stat.st_size, stat.st_mtime_ns) == (entry.size, entry.modified)
            if same and self._identities.known(path, "sha256") is None:
                self._identities.learn(path, "sha256", entry.sha256)
                self._identities.learn(path, "blake3", entry.blake3)
            if same or not untouched:
                found[path] = entry
        return found


def tell_fault(answer: Future[None]) -> None:
    """A fault of this program: whoever asked gives up waiting, and the log says why."""
    if not answer.cancelled() and (error := answer.exception()) is not None:
        traceback.print_exception(error)


def printable(told: Mapping[str, Any]) -> dict[str, Any]:
    """A description as JSON can carry it, of a bounded size: a header may hold any text."""

    def clean(text: str) -> str:
        return text[:LONG].encode("utf-8", "replace").decode()

    def any_of(value: Any) -> Any:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, Mapping):
            return {clean(key)[:SHORT]: clean(text) for key, text in list(value.items())[:MANY]}
        return [clean(text)[:SHORT] for text in value[:MANY]] if isinstance(value, tuple) else value

    def phrase_of(said: Said) -> dict[str, Any]:
        values = {name: phrase_of(one) if isinstance(one, Said) else any_of(one) for name, one in said.values.items()}
        return {"code": said.code, "values": values}

    phrases = {f"{name}_phrase": phrase_of(told[name]) for name in PHRASED if isinstance(told.get(name), Said)}
    return {name: any_of(value) for name, value in told.items()} | phrases


def shorten(metadata: Mapping[str, str], longest: int) -> dict[str, str]:
    """What of a file's metadata is told: a list leaves out values that are long."""
    return {key: value for key, value in metadata.items() if len(value) <= longest}
