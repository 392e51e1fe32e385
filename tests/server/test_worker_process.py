"""The worker as a process: frames both ways, and its end in words."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from server.config import Config
from server.messages import (
    FromWorker,
    JobFinished,
    NodesChanged,
    PreviewHeader,
    RunJob,
    WorkerReady,
    pack_frame,
)
from server.workers.cause import WorkerExit, explain
from server.workers.frames import FrameError, FrameReader
from server.workers.local import WorkerProcess, worker_command

FAKE = Path(__file__).with_name("fake_worker.py")


class Heard:
    """What a worker told, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self.messages: list[FromWorker] = []
        self.pictures: list[PreviewHeader] = []
        self.exits: list[WorkerExit] = []
        self.log = ""
        self.news = asyncio.Event()

    def message(self, message: FromWorker) -> None:
        self.messages.append(message)
        self.news.set()

    def picture(self, header: PreviewHeader, picture: bytes) -> None:
        self.pictures.append(header)
        self.news.set()

    def exit(self, end: WorkerExit) -> None:
        self.exits.append(end)
        self.news.set()

    def logged(self, text: str) -> None:
        self.log += text

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def until_kind(self, kind: type[FromWorker]) -> None:
        await self.until(lambda: any(isinstance(message, kind) for message in self.messages))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def worker(tmp_path: Path, heard: Heard) -> AsyncIterator[WorkerProcess]:
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text("{}")
    worker = WorkerProcess(
        Config(home=tmp_path),
        heard.message,
        heard.picture,
        heard.exit,
        on_log=heard.logged,
        command=[sys.executable, str(FAKE), str(tmp_path), str(catalogue)],
    )
    await worker.start()
    yield worker
    await worker.stop()


def job(do: str) -> RunJob:
    prompt = {"1": {"type": "toy", "inputs": {"do": do}}}
    return RunJob("job", msgspec.Raw(json.dumps(prompt).encode()), msgspec.Raw(b"{}"))


async def test_a_job_goes_in_and_its_end_comes_out(worker: WorkerProcess, heard: Heard) -> None:
    worker.send(job("finish"))
    await heard.until_kind(JobFinished)
    assert [type(message).__name__ for message in heard.messages] == [
        "CatalogueReady", "WorkerReady", "NodesChanged", "NodesChanged", "JobFinished",
    ]  # fmt: skip


async def test_previews_arrive_with_their_header(worker: WorkerProcess, heard: Heard) -> None:
    worker.send(job("preview"))
    await heard.until(lambda: len(heard.pictures) == 3)
    assert heard.pictures[-1] == PreviewHeader("job", "1", "image/png", 3, 20)


async def test_a_worker_that_is_asked_to_stop_ends_once(worker: WorkerProcess, heard: Heard) -> None:
    await heard.until_kind(WorkerReady)
    await worker.stop()
    await worker.stop()
    assert [end.code for end in heard.exits] == [0]
    assert not worker.alive


async def test_a_worker_that_does_not_listen_is_killed(worker: WorkerProcess, heard: Heard) -> None:
    worker.send(job("hang"))
    await heard.until_kind(NodesChanged)
    await worker.stop(0.1)
    assert "was killed" in heard.exits[0].what


async def test_a_killed_worker_says_so_in_words(worker: WorkerProcess, heard: Heard) -> None:
    worker.send(job("kill"))
    await heard.until(lambda: heard.exits)
    assert "killed (signal 9), often because the computer ran out of memory" in heard.exits[0].what


async def test_the_end_of_the_log_is_part_of_the_cause(worker: WorkerProcess, heard: Heard) -> None:
    worker.send(job("log"))
    await heard.until(lambda: heard.exits)
    end = heard.exits[0]
    assert end.code == 3
    assert end.sentence == "The worker ended with exit code 3. It said last: the device is on fire"
    assert "on fire" in heard.log


async def test_what_is_not_a_message_ends_the_worker(worker: WorkerProcess, heard: Heard) -> None:
    worker.send(job("garbage"))
    await heard.until(lambda: heard.exits)
    assert "not a message" in heard.exits[0].what


async def test_sending_to_a_dead_worker_does_nothing(worker: WorkerProcess, heard: Heard) -> None:
    worker.kill("enough")
    await heard.until(lambda: heard.exits)
    worker.send(job("finish"))
    worker.kill()
    assert heard.exits[0].what == "enough"


async def test_a_command_that_does_not_exist_is_an_os_error(tmp_path: Path, heard: Heard) -> None:
    worker = WorkerProcess(
        Config(home=tmp_path), heard.message, heard.picture, heard.exit, command=[str(tmp_path / "nothing")]
    )
    with pytest.raises(OSError, match="nothing"):
        await worker.start()


def test_the_real_worker_is_told_home_and_device(tmp_path: Path) -> None:
    command = worker_command(Config(home=tmp_path, device="cuda"))
    assert command[-4:] == ["--home", str(tmp_path), "--device", "cuda"]


def test_frames_are_found_in_chunks_of_any_size() -> None:
    stream = pack_frame(0, b"one") + pack_frame(1, b"") + pack_frame(0, b"x" * 70_000)
    for size in (1, 3, 7, 65_536, len(stream)):
        reader = FrameReader()
        chunks = (stream[i : i + size] for i in range(0, len(stream), size))
        frames = [frame for chunk in chunks for frame in reader.feed(chunk)]
        assert frames == [(0, b"one"), (1, b""), (0, b"x" * 70_000)]


def test_a_frame_of_absurd_length_is_an_error_not_a_wait() -> None:
    with pytest.raises(FrameError):
        list(FrameReader().feed(b"\xff\xff\xff\xff\x00"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "signal 9"),
        (-11, "native code (signal 11, SIGSEGV)"),
        (-15, "ended from outside"),
        (0, "ended by itself"),
        (7, "exit code 7"),
        (0xC0000005, "access violation"),
        (-99, "signal 99, unknown"),
    ],
)
def test_every_end_has_words_and_a_fix(code: int, words: str) -> None:
    end = explain(code)
    assert words in end.what
    assert end.fix


def test_a_memory_error_in_the_log_is_named() -> None:
    assert "out of memory" in explain(1, "Traceback …\nMemoryError\n").what
