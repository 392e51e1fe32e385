"""`loom run`: the saved paths on stdout, everything else on stderr, and an exit code that says how it ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import ROOT, Loom, command, environment, link, painting

Write = Callable[..., Path]


def test_stdout_holds_the_saved_paths_and_nothing_else(loom: Loom, write: Write, tmp_path: Path) -> None:
    talkative = painting(**{"3": {"type": "bench/say", "inputs": {"text": "hello"}}})
    done = loom("run", write(talkative), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / "out" / "square_00001.png")]
    assert "hello" in done.stderr
    with Image.open(tmp_path / "out" / "square_00001.png") as picture:
        assert picture.size == (16, 16)
        assert picture.convert("RGB").getpixel((3, 3)) == (200, 0, 0)


def test_without_out_the_home_keeps_the_results(loom: Loom, write: Write, home: Path) -> None:
    done = loom("run", write(painting()), "--set", "2.name=kept/one")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == home / "results" / "kept"


def test_the_saved_picture_carries_the_workflow_with_the_values_that_were_set(
    loom: Loom, write: Write, tmp_path: Path
) -> None:
    done = loom("run", write(painting()), "--set", "Colour.red=7", "--set", "1.edge=8", "--out", tmp_path)
    picture = done.stdout.strip()
    with Image.open(picture) as opened:
        inside = json.loads(opened.info["workflow"])
    assert inside["nodes"]["1"]["inputs"] == {"red": 7, "edge": 8}
    again = loom("run", picture, "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert Path(again.stdout.strip()).read_bytes() == Path(picture).read_bytes()


def test_only_what_a_target_needs_is_run(loom: Loom, write: Write, tmp_path: Path) -> None:
    two = painting(**{"3": {"type": "bench/fail", "inputs": {"text": "never"}}})
    done = loom("run", write(two), "--to", "Save image", "--out", tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_second_run_reuses_what_the_first_made(loom: Loom, write: Write, tmp_path: Path) -> None:
    path = write(painting(**{"1": {"type": "bench/paint", "inputs": {"red": 33}, "title": "Colour"}}))
    first = loom("run", path, "--out", tmp_path)
    second = loom("run", path, "--out", tmp_path)
    assert second.stdout == first.stdout
    assert "Colour: done" in first.stderr and "Colour: done" not in second.stderr
    assert [path.name for path in tmp_path.glob("*.png")] == ["square_00001.png"]


def test_a_node_that_fails_is_named_and_the_exit_code_is_1(loom: Loom, write: Write) -> None:
    path = write(painting(**{"3": {"type": "bench/fail", "inputs": {"text": "the well is dry"}, "title": "Well"}}))
    done = loom("run", path)
    assert done.returncode == 1
    assert "Well (3)" in done.stderr and "the well is dry" in done.stderr
    assert "raise ValueError(text)" in done.stderr, "the traceback is there for the author"


def test_a_worker_that_dies_fails_the_job_with_the_cause(loom: Loom, write: Write) -> None:
    done = loom("run", write(painting(**{"3": {"type": "bench/leave"}})))
    assert done.returncode == 1
    assert "exit code 7" in done.stderr


def test_an_invalid_workflow_is_refused_with_every_problem_and_exit_code_2(loom: Loom, write: Write) -> None:
    path = write(painting(**{
        "1": {"type": "bench/paint", "inputs": {"red": 900}},
        "3": {"type": "bench/say", "inputs": {}},
    }))  # fmt: skip
    done = loom("run", path)
    assert done.returncode == 2 and done.stdout == ""
    assert "900" in done.stderr and "text" in done.stderr and "2 errors" in done.stderr


def test_two_settings_that_are_wrong_stop_before_anything_runs(loom: Loom, write: Write) -> None:
    done = loom("run", write(painting()), "--set", "Colour.read=7")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'red'?" in done.stderr


def test_the_input_may_be_linked_and_set_all_the_same(loom: Loom, write: Write, tmp_path: Path) -> None:
    linked = painting(**{
        "0": {"type": "integer", "inputs": {"value": 90}},
        "1": {"type": "bench/paint", "inputs": {"red": link("0")}},
    })  # fmt: skip
    done = loom("run", write(linked), "--set", "1.red=12", "--out", tmp_path)
    with Image.open(done.stdout.strip()) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (12, 0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl+C cannot be sent to one process there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_job_with_exit_code_130(number: int, write: Write, home: Path) -> None:
    path = write(painting(**{"3": {"type": "bench/dawdle"}}))
    running = subprocess.Popen(command("run", path, "--home", home), cwd=ROOT, env=environment(), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    with running:
        assert running.stderr is not None
        while "under way" not in running.stderr.readline():
            assert running.poll() is None
        running.send_signal(number)
        said = running.stderr.read()
        assert running.wait(30) == 130
    assert "Cancelled" in said
