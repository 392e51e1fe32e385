"""`loom models`: listed, pulled from a hub and verified, as a person does it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from server.cli import main
from server.cli.models import show
from server.cli.parser import parser
from server.messages import ModelInfo
from tests.cli.conftest import ROOT, command, environment
from tests.hub.local_hub import TOKEN, LocalHub, serving

BIG = random.Random(2).randbytes(4 * 2**20)
LARGER = random.Random(3).randbytes(24 * 2**20)
Models = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def hub() -> Iterator[LocalHub]:
    with serving({"owner/vae": {"my_vae.safetensors": BIG}, "owner/big": {"big.gguf": LARGER}}) as hub:
        yield hub


@pytest.fixture
def models(tmp_path: Path, hub: LocalHub) -> Models:
    """`models(…)` in a home of its own, with the test's hub."""

    def call(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command("models", *arguments, "--home", tmp_path / "home"), cwd=ROOT, capture_output=True, check=False,
            env={**environment(), "HF_ENDPOINT": hub.url, **more}, stdin=subprocess.DEVNULL, encoding="utf-8",
            timeout=120,
        )  # fmt: skip

    return call


def test_a_model_is_pulled_listed_and_verified(models: Models, hub: LocalHub, tmp_path: Path) -> None:
    place = tmp_path / "home" / "models" / "vae" / "my_vae.safetensors"
    hub.gated.add("owner/vae")
    done = models("pull", "owner/vae", HF_TOKEN=TOKEN)
    assert (done.returncode, done.stdout) == (0, f"{place}\n"), done.stderr
    assert "my_vae.safetensors: 4.0 MB" in done.stderr and TOKEN not in done.stderr
    assert place.read_bytes() == BIG

    (tmp_path / "disk" / "loras").mkdir(parents=True)
    (tmp_path / "disk" / "loras" / "a.safetensors").write_bytes(b"")
    (tmp_path / "home" / "extra_model_paths.yaml").write_text("a: b: c")
    done = models("list", "vae", "loras", "--json", "--models", tmp_path / "disk", "--models", tmp_path / "none")
    lora, *_, vae = json.loads(done.stdout)
    assert (vae["name"], vae["source"], len(vae["sha256"])) == ("my_vae.safetensors", "owner/vae@main", 64)
    assert "not a safetensors file" in vae["problem"] and "a.safetensors is empty" in lora["problem"]
    assert "extra_model_paths.yaml cannot be read: line 1" in done.stderr and "none does not exist" in done.stderr
    (tmp_path / "home" / "extra_model_paths.yaml").unlink()

    place.write_bytes(BIG[::-1])
    done = models("verify", "vae/my_vae.safetensors")
    assert done.returncode == 1 and "DAMAGED" in done.stdout


def test_a_pull_that_is_interrupted_says_so_and_the_next_goes_on(models: Models, hub: LocalHub, tmp_path: Path) -> None:
    hub.cuts = [9 * 2**20] + [0] * 99  # the line breaks, and carries nothing from then on
    line = [*command("models", "pull", "owner/big"), "--home", str(tmp_path / "home"), "--quiet"]
    # A shell that runs the tests in its background has them ignore Ctrl+C, and all that they start.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pulling = subprocess.Popen(line, cwd=ROOT, env={**environment(), "HF_ENDPOINT": hub.url}, stderr=subprocess.PIPE,
                               start_new_session=True, preexec_fn=heed, encoding="utf-8")  # fmt: skip
    folder = tmp_path / "home" / "models" / "diffusion_models"
    while not any(path.stat().st_size for path in (folder.iterdir() if folder.exists() else ())):
        assert pulling.poll() is None
        time.sleep(0.02)
    os.killpg(pulling.pid, signal.SIGINT)
    _, said = pulling.communicate(timeout=60)
    assert (pulling.returncode, "Cancelled" in said, "Traceback" in said) == (130, True, False), said
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    hub.cuts.clear()
    hub.released.set()
    hub.asked.clear()
    assert models("pull", "owner/big").returncode == 0
    assert [range for _, _, range in hub.asked if range] and (folder / "big.gguf").read_bytes() == LARGER


def test_a_hub_that_cannot_be_reached_is_told(models: Models) -> None:
    done = models("pull", "owner/vae", "--endpoint", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "http://127.0.0.1:9 cannot be reached" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pull", "nonsense"], "not the name of a repository"),
        (["pull", "owner/vae", "--kind", "vea"], "Did you mean 'vae'?"),
        (["list", "checkpoint"], "Did you mean 'checkpoints'?"),
        (["verify", "vae/none.safetensors"], "There is no model file models/vae/none.safetensors"),
        (["list", "--model-paths", "none.yaml"], "There is no file"),
    ],
)
def test_a_command_that_is_not_valid_is_told_with_exit_code_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments, "--home", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_the_table_names_what_each_file_holds_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    good = ModelInfo("checkpoints", "a.gguf", 2**30, 0.0, "Flux.1", "flux1", ["denoiser"], ["Q4_K"], 11_900_000_000)
    bad = ModelInfo("vae", "b.safetensors", 3, 0.0, problem="b.safetensors is cut short.", fix="Download it again.")
    show([good, bad], Console(width=100))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["a.gguf", "1.0", "GB", "Flux.1:", "denoiser", "12", "B", "Q4_K"]
    assert lines[-2:] == ["vae/b.safetensors: b.safetensors is cut short. Download it again.", "2 models, 1 of no use"]


def test_downloads_must_be_asked_for() -> None:
    assert parser().parse_args(["serve"]).allow_downloads is False
    assert parser().parse_args(["run", "a.json", "--allow-downloads"]).allow_downloads is True
