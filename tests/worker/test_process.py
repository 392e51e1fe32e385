"""The worker as a process: real frames on real pipes, killed and started again."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from tests.worker.speaking import Ended, SpokenWorker

Ran = Callable[[], list[str]]


def painting(level: int = 100, name: str = "toy") -> Prompt:
    return {
        "p": Step("toys/paint", 1, {"level": level}),
        "s": Step("toys/save", 1, {"image": Link("p", "result"), "name": name}),
    }


def test_a_job_runs_and_its_picture_carries_the_workflow(home: Path, ran: Ran) -> None:
    with SpokenWorker(home) as worker:
        story = worker.run(painting())
    assert isinstance(story.ending, JobFinished)
    assert story.states == {"p": "done", "s": "done"}
    assert story.reasons["p"] == "first run"
    (output,) = story.outputs
    assert (output.node, output.path, output.width, output.media_type) == ("s", "toy_00001.png", 8, "image/png")
    with Image.open(home / "results" / output.path) as picture:
        assert picture.getpixel((0, 0)) == (100, 100, 100)
        assert picture.info["workflow"] == '{"schema":1}'
        assert json.loads(picture.info["prompt"])["p"]["type"] == "toys/paint"


def test_a_restart_runs_nothing_again(home: Path, ran: Ran) -> None:
    with SpokenWorker(home) as worker:
        first = worker.run(painting())
    assert ran() == ["paint", "save"]
    with SpokenWorker(home) as worker:
        second = worker.run(painting(), previous=first.record)
        assert ran() == []
        assert set(second.reasons.values()) == {"unchanged"}
        assert second.outputs == first.outputs
        third = worker.run(painting(level=101), previous=second.record)
    assert ran() == ["paint", "save"]
    assert third.reasons["p"] == "level changed from 100 to 101"
    assert third.reasons["s"] == "image changed (from Paint)"


def test_a_saved_picture_that_was_changed_or_removed_is_saved_again(home: Path, ran: Ran) -> None:
    with SpokenWorker(home) as worker:
        (output,) = worker.run(painting()).outputs
        (home / "results" / output.path).write_bytes(b"painted over")
        story = worker.run(painting())
    assert [output.path for output in story.outputs] == ["toy_00002.png"]
    assert story.states == {"p": "cached", "s": "done"}
    assert ran() == ["paint", "save", "save"]


def test_a_damaged_result_is_computed_again(home: Path, ran: Ran) -> None:
    with SpokenWorker(home) as worker:
        worker.run({"n": Step("toys/number", 1, {"value": 4}), **telling("n")})
    for file in (home / "cache").glob("results.sqlite*"):
        file.write_bytes(b"not a database")
    ran()
    with SpokenWorker(home) as worker:
        story = worker.run({"n": Step("toys/number", 1, {"value": 4}), **telling("n")})
    assert [output.text for output in story.outputs] == ["4"]
    assert ran() == ["number", "tell"]


def telling(node: str) -> Prompt:
    return {"t": Step("toys/tell", 1, {"value": Link(node, "result")})}


def lingering(seconds: float) -> Prompt:
    return {"l": Step("toys/linger", 1, {"seconds": seconds, "value": 7}), **telling("l")}


def test_a_job_is_cancelled_at_the_next_step_and_the_next_one_runs(home: Path) -> None:
    with SpokenWorker(home) as worker:
        worker.start(lingering(600), "long")
        worker.start(painting(), "waiting")
        worker.wait_for(Progress, lambda progress: progress.value > 2)
        worker.send(CancelJob("waiting"))
        worker.send(CancelJob("long"))
        assert {worker.wait_for(JobCancelled).job for _ in range(2)} == {"waiting", "long"}
        assert isinstance(worker.run(painting(), "next").ending, JobFinished)


def test_previews_are_jpegs_of_different_steps(home: Path) -> None:
    with SpokenWorker(home) as worker:
        worker.run(lingering(0.6))
    headers = [header for header, _ in worker.pictures]
    assert len({header.step for header in headers}) >= 5
    assert {(header.node, header.media_type, header.total) for header in headers} == {("l", "image/jpeg", 60)}
    assert all(picture.startswith(b"\xff\xd8") for _, picture in worker.pictures)


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


def test_a_node_that_raises_fails_the_job_with_its_own_traceback(home: Path) -> None:
    prompt = {"x": Step("toys/break_down", 1, {}, "Breaker"), **telling("x")}
    with SpokenWorker(home) as worker:
        story = worker.run(prompt)
    assert isinstance(story.ending, JobFailed)
    failure = story.ending.failure
    assert (failure.node, failure.what) == ("x", "Breaker: it broke")
    assert "toys.py" in failure.traceback and "server/" not in failure.traceback
    assert story.states == {"x": "failed", "t": "skipped"}


def test_a_node_that_exits_fails_its_job_and_not_the_worker(home: Path) -> None:
    with SpokenWorker(home) as worker:
        story = worker.run({"x": Step("toys/end_process"), **telling("x")})
        assert isinstance(story.ending, JobFailed)
        assert "exit" in story.ending.failure.what
        assert isinstance(worker.run(painting()).ending, JobFinished)


def test_a_file_that_changed_is_read_again(home: Path, ran: Ran) -> None:
    file = home / "models" / "toys" / "words.toy"
    file.parent.mkdir(parents=True)
    file.write_text("one")
    prompt = {
        "r": Step("toys/read", 1, {"file": "words.toy"}),
        "t": Step("toys/tell_text", 1, {"text": Link("r", "result")}),
    }
    with SpokenWorker(home) as worker:
        first = worker.run(prompt)
        file.write_text("other")
        second = worker.run(prompt, previous=first.record)
        missing = worker.run({**prompt, "r": Step("toys/read", 1, {"file": "gone.toy"})})
        outside = worker.run({**prompt, "r": Step("toys/read", 1, {"file": "../../tally.txt"})})
    assert [output.text for output in (*first.outputs, *second.outputs)] == ["one", "other"]
    assert second.reasons["r"] == "file changed: words.toy"
    assert isinstance(missing.ending, JobFailed)
    assert (missing.ending.failure.node, missing.ending.failure.input) == ("r", "file")
    assert "models/toys/gone.toy is gone" in missing.ending.failure.what
    assert isinstance(outside.ending, JobFailed)
    assert outside.ending.failure.input == "file"


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


def test_questions_are_answered_while_a_job_runs(home: Path) -> None:
    with SpokenWorker(home) as worker:
        worker.start(lingering(600))
        worker.wait_for(Progress)
        worker.send(SetCacheLimits(1000, 2000))
        use = worker.wait_for(CacheReport).use
        assert (use.memory_limit, use.disk_limit) == (1000, 2000)
        worker.send(ClearCache())
        assert worker.wait_for(CacheReport).use.disk == 0
        worker.send(UpgradeNodes("q", {"n": {"type": "toys/number", "version": 1, "inputs": {}}}))
        assert worker.wait_for(NodesUpgraded).nodes == {"n": {"type": "toys/number", "version": 1, "inputs": {}}}
        worker.send(CancelJob("job"))
        worker.wait_for(JobCancelled)


def test_the_model_libraries_come_after_the_catalogue_and_shutdown_ends_the_process(home: Path) -> None:
    with SpokenWorker(home, warm=True) as worker:
        worker.wait_for(CatalogueReady)
        ready = worker.wait_for(WorkerReady)
        assert (ready.device, ready.dtype) == ("cpu", "float32")
        worker.send(Shutdown())
        assert worker.process.wait(30) == 0
