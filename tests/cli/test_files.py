"""Files that are no workflow: each is refused with what it is and what to do, before a worker starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.cli.conftest import Loom

COMFY = {"last_node_id": 1, "last_link_id": 0, "nodes": [{"id": 1, "type": "KSampler", "pos": [0, 0]}], "links": []}
COMFY_PROMPT = {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}
PARAMETERS = "a red boat\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ("{}", "'schema'"),
        ('{"schema": 99, "nodes": {}}', "newer version"),
        (json.dumps(COMFY), "ComfyUI workflow"),
        (json.dumps(COMFY_PROMPT), "ComfyUI prompt"),
        (PARAMETERS, "AUTOMATIC1111"),
        ('{"schema": 1, "nodes": ' + "[" * 100_000 + "]" * 100_000 + "}", "levels deep"),
    ],
    ids=["empty", "broken", "list", "no schema", "newer", "ComfyUI", "ComfyUI prompt", "AUTOMATIC1111", "deep"],
)
@pytest.mark.parametrize("name", ["run", "check"])
def test_a_file_that_is_no_workflow_is_refused_in_words(
    name: str, content: str, words: str, loom: Loom, write: Callable[..., Path]
) -> None:
    done = loom(name, write(content))
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr and "Traceback" not in done.stderr


def test_a_picture_of_another_program_is_refused_by_its_name(loom: Loom, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    done = loom("run", tmp_path / "a.png")
    assert done.returncode == 2 and "AUTOMATIC1111" in done.stderr


def test_a_picture_without_a_workflow_is_refused(loom: Loom, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    done = loom("run", tmp_path / "plain.png")
    assert done.returncode == 2 and "no workflow" in done.stderr.lower()


def test_a_missing_file_and_a_folder_are_refused(loom: Loom, tmp_path: Path) -> None:
    missing, folder = loom("run", tmp_path / "none.json"), loom("check", tmp_path)
    assert missing.returncode == folder.returncode == 2
    assert "There is no file" in missing.stderr and "is a folder" in folder.stderr
