"""`loom check` and `loom nodes`: what is wrong, and what there is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import ROOT, Loom, command, environment, link, painting

Write = Callable[..., Path]


def test_a_good_workflow_has_no_problems(loom: Loom, write: Write) -> None:
    done = loom("check", write(painting()))
    assert done.returncode == 0, done.stderr
    assert "no problems" in done.stdout


def test_every_problem_is_listed_with_node_input_and_fix(loom: Loom, write: Write) -> None:
    path = write(painting(**{
        "1": {"type": "bench/paint", "title": "Colour", "inputs": {"red": 900, "edge": "wide"}},
        "3": {"type": "no/such", "inputs": {}},
        "4": {"type": "save_image", "inputs": {"image": link("3")}},
    }))  # fmt: skip
    done = loom("check", path)
    assert done.returncode == 2
    for words in ("Colour (1)", "red", "900", "edge", "no/such", "errors"):
        assert words in done.stdout


def test_a_warning_alone_does_not_keep_a_workflow_from_running(loom: Loom, write: Write) -> None:
    unused = painting(**{"9": {"type": "bench/paint", "inputs": {"red": 900}}})
    done = loom("check", write(unused))
    assert done.returncode == 0 and "1 warning" in done.stdout


def test_the_nodes_of_the_program_and_of_packs_are_listed(loom: Loom) -> None:
    done = loom("nodes")
    assert done.returncode == 0 and done.stderr == ""
    for words in ("save_image", "load_checkpoint", "bench/paint", "A picture of one colour."):
        assert words in done.stdout


def test_the_catalogue_is_printed_as_json(loom: Loom) -> None:
    catalogue = json.loads(loom("nodes", "--json").stdout)
    assert set(catalogue) == {"revision", "types", "nodes", "broken", "families", "files"}
    assert catalogue["nodes"]["bench/paint"]["pack"] == "bench"


def test_a_broken_pack_is_listed_with_its_traceback_and_harms_nothing(tmp_path: Path) -> None:
    packs = tmp_path / "custom_nodes"
    packs.mkdir()
    (packs / "torn.py").write_text("import there_is_no_such_module\n", encoding="utf-8")
    done = subprocess.run(command("nodes", "--home", tmp_path), cwd=ROOT, env=environment(), check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0
    assert "save_image" in done.stdout
    assert "torn" in done.stderr and "No module named 'there_is_no_such_module'" in done.stderr
