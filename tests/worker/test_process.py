"""The worker as a process: real frames on real pipes, killed and started again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from server.graph.prompt import Link, Prompt, Step
from server.messages import (
    CacheReport,
    CancelJob,
    CatalogueReady,
    ClearCache,
    JobCancelled,
    JobFailed,
    JobFinished,
    NodesUpgraded,
    Progress,
    RefreshCatalogue,
    SetCacheLimits,
    Shutdown,
    UpgradeNodes,
    WorkerReady,
)
from tests.worker.speaking import Ended, SpokenWorker, make_home

Ran = Callable[[], list[str]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpokenWorker]:
    """One worker for the tests that need no restart; each uses numbers and names of its own."""
    with SpokenWorker(make_home(tmp_path_factory.mktemp("shared"))) as worker:
        yield worker


def painting(level: int, name: str = "toy") -> Prompt:
    return {
        "p": Step("toys/paint", 1, {"level": level}),
        "s": Step("toys/save", 1, {"image": Link("p", "result"), "name": name}),
    }


def telling(node: str) -> Prompt:
    return {"t": Step("toys/tell", 1, {"value": Link(node, "result")})}


def lingering(seconds: float, value: int = 7) -> Prompt:
    return {"l": Step("toys/linger", 1, {"seconds": seconds, "value": value}), **telling("l")}


def test_a_job_runs_and_its_picture_carries_the_workflow(shared: SpokenWorker) -> None:
    story = shared.run(painting(100, "first"))
    assert isinstance(story.ending, JobFinished)
    assert story.states == {"p": "done", "s": "done"}
    assert story.reasons["p"] == "first run"
    (output,) = story.outputs
    assert (output.node, output.path, output.width, output.media_type) == ("s", "first_00001.png", 8, "image/png")
    with Image.open(shared.home / "results" / output.path) as picture:
        assert picture.getpixel((0, 0)) == (100, 100, 100)
        assert picture.info["workflow"] == '{"schema":1}'
        assert json.loads(picture.info["prompt"])["p"]["type"] == "toys/paint"


def test_a_saved_picture_that_was_changed_is_saved_again(shared: SpokenWorker) -> None:
    (output,) = shared.run(painting(1, "over")).outputs
    (shared.home / "results" / output.path).write_bytes(b"painted over")
    story = shared.run(painting(1, "over"))
    assert [output.path for output in story.outputs] == ["over_00002.png"]
    assert story.states == {"p": "cached", "s": "done"}


def test_a_job_is_cancelled_at_the_next_step_and_the_next_one_runs(shared: SpokenWorker) -> None:
    shared.start(lingering(600), "long")
    shared.start(painting(2), "waiting")
    shared.wait_for(Progress, lambda progress: progress.value > 2)
    shared.send(CancelJob("waiting"))
    shared.send(CancelJob("long"))
    assert {shared.wait_for(JobCancelled).job for _ in range(2)} == {"waiting", "long"}
    assert isinstance(shared.run(painting(3), "next").ending, JobFinished)


def test_previews_are_jpegs_of_different_steps(shared: SpokenWorker) -> None:
    shared.pictures.clear()
    shared.run(lingering(0.6))
    headers = [header for header, _ in shared.pictures]
    assert len({header.step for header in headers}) >= 5
    assert {(header.node, header.media_type, header.total) for header in headers} == {("l", "image/jpeg", 60)}
    assert all(picture.startswith(b"\xff\xd8") for _, picture in shared.pictures)


def test_a_node_that_raises_fails_the_job_with_its_own_traceback(shared: SpokenWorker) -> None:
    story = shared.run({"x": Step("toys/break_down", 1, {}, "Breaker"), **telling("x")})
    assert isinstance(story.ending, JobFailed)
    failure = story.ending.failure
    assert (failure.node, failure.what) == ("x", "Breaker: it broke")
    assert "toys.py" in failure.traceback and "server/" not in failure.traceback
    assert story.states == {"x": "failed", "t": "skipped"}


def test_a_node_that_exits_fails_its_job_and_not_the_worker(shared: SpokenWorker) -> None:
    story = shared.run({"x": Step("toys/end_process"), **telling("x")})
    assert isinstance(story.ending, JobFailed)
    assert "exit" in story.ending.failure.what
    assert isinstance(shared.run(painting(4)).ending, JobFinished)


def test_a_prompt_that_is_none_fails_its_job(shared: SpokenWorker) -> None:
    story = shared.run({"x": Step("toys/gone")}, targets=["x"])
    assert isinstance(story.ending, JobFailed)
    assert (story.ending.failure.node, "toys/gone" in story.ending.failure.what) == ("x", True)


def test_a_file_that_changed_is_read_again_and_one_outside_is_refused(shared: SpokenWorker) -> None:
    file = shared.home / "models" / "toys" / "words.toy"
    file.parent.mkdir(parents=True)
    file.write_text("one")
    prompt = {
        "r": Step("toys/read", 1, {"file": "words.toy"}),
        "t": Step("toys/tell_text", 1, {"text": Link("r", "result")}),
    }
    first = shared.run(prompt)
    file.write_text("other")
    second = shared.run(prompt, previous=first.record)
    missing = shared.run({**prompt, "r": Step("toys/read", 1, {"file": "gone.toy"})})
    outside = shared.run({**prompt, "r": Step("toys/read", 1, {"file": "../../tally.txt"})})
    assert [output.text for output in (*first.outputs, *second.outputs)] == ["one", "other"]
    assert second.reasons["r"] == "file changed: words.toy"
    assert isinstance(missing.ending, JobFailed)
    assert (missing.ending.failure.node, missing.ending.failure.input) == ("r", "file")
    assert "models/toys/gone.toy is gone" in missing.ending.failure.what
    assert isinstance(outside.ending, JobFailed)
    assert outside.ending.failure.input == "file"


def test_questions_are_answered_while_a_job_runs(shared: SpokenWorker) -> None:
    shared.start(lingering(600), "long")
    shared.wait_for(Progress)
    shared.send(SetCacheLimits(1000, 2000))
    shared.wait_for(CacheReport, lambda report: (report.use.memory_limit, report.use.disk_limit) == (1000, 2000))
    shared.send(SetCacheLimits(10**9, 10**9))
    shared.send(ClearCache())
    shared.wait_for(CacheReport, lambda report: report.use.memory_limit == 10**9)
    assert shared.wait_for(CacheReport).use.disk == 0
    node = {"type": "toys/number", "version": 1, "inputs": {}}
    shared.send(UpgradeNodes("q", {"n": node}))
    assert shared.wait_for(NodesUpgraded).nodes == {"n": node}
    shared.send(CancelJob("long"))
    shared.wait_for(JobCancelled)


def test_a_restart_runs_nothing_again(home: Path, ran: Ran) -> None:
    with SpokenWorker(home) as worker:
        first = worker.run(painting(100))
    assert ran() == ["paint", "save"]
    with SpokenWorker(home) as worker:
        second = worker.run(painting(100), previous=first.record)
        assert ran() == []
        assert set(second.reasons.values()) == {"unchanged"}
        assert second.outputs == first.outputs
        third = worker.run(painting(101), previous=second.record)
    assert ran() == ["paint", "save"]
    assert third.reasons["p"] == "level changed from 100 to 101"
    assert third.reasons["s"] == "image changed (from Paint)"


def test_a_damaged_cache_is_begun_anew(home: Path, ran: Ran) -> None:
    prompt = {"n": Step("toys/number", 1, {"value": 4}), **telling("n")}
    with SpokenWorker(home) as worker:
        worker.run(prompt)
    for file in (home / "cache").glob("*.sqlite*"):
        file.write_bytes(b"not a database")
    ran()
    with SpokenWorker(home) as worker:
        assert [output.text for output in worker.run(prompt).outputs] == ["4"]
    assert ran() == ["number", "tell"]


def test_a_killed_worker_starts_again_with_what_was_kept(home: Path, ran: Ran) -> None:
    prompt = {
        "a": Step("toys/linger", 1, {"seconds": 0.1, "value": 1}),
        "b": Step("toys/linger", 1, {"seconds": 600.0, "value": Link("a", "result")}),
        **telling("b"),
    }
    with SpokenWorker(home) as worker:
        worker.start(prompt)
        worker.wait_for(Progress, lambda progress: progress.node == "b" and progress.value > 40)
        worker.process.kill()
        with pytest.raises(Ended):
            worker.wait_for(JobFinished)
    ran()
    with SpokenWorker(home) as worker:
        worker.start(prompt)
        worker.wait_for(Progress, lambda progress: progress.node == "b")
    assert ran() == ["linger"]


def test_a_broken_pack_is_listed_and_harms_nothing(home: Path) -> None:
    packs = home / "custom_nodes"
    (packs / "typo.py").write_text("def f(:\n")
    (packs / "quitter.py").write_text("import sys\nsys.exit('bye')\n")
    with SpokenWorker(home) as worker:
        catalogue = json.loads(bytes(worker.wait_for(CatalogueReady).catalogue))
        broken = {entry["pack"]: entry["traceback"] for entry in catalogue["broken"]}
        assert "SyntaxError" in broken["typo"]
        assert "SystemExit" in broken["quitter"]
        (packs / "typo.py").unlink()
        worker.send(RefreshCatalogue())
        again = json.loads(bytes(worker.wait_for(CatalogueReady).catalogue))
        assert [entry["pack"] for entry in again["broken"]] == ["quitter"]
        assert "toys/paint" in again["nodes"]


def test_the_model_libraries_come_after_the_catalogue_and_shutdown_ends_the_process(home: Path) -> None:
    with SpokenWorker(home, warm=True) as worker:
        worker.wait_for(CatalogueReady)
        ready = worker.wait_for(WorkerReady)
        assert (ready.device, ready.dtype) == ("cpu", "float32")
        worker.send(Shutdown())
        assert worker.process.wait(30) == 0
