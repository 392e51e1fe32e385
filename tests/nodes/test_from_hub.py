"""load_from_hub: by a repository's name, from what was pulled; fetched only where the user allowed it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.api import BadValue, Cancelled, fingerprint_of
from nodes.hub.client import Hub
from nodes.hub.names import Wanted
from nodes.hub.places import settle
from nodes.hub.pull import Asked, pull
from nodes.loaders import load_checkpoint, load_from_hub
from tests.hub.local_hub import LocalHub, serving
from tests.nodes.plain import PlainContext
from tests.nodes.test_sources import save
from tests.nodes.tiny import models

REPO = "owner/tiny-sd"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small diffusers folder of SD 1.x, as a repository holds it."""
    root, (unet, vae, text) = tmp_path_factory.mktemp("repository"), models()
    save(root / "unet" / "diffusion_pytorch_model.safetensors", unet.state_dict())
    save(root / "vae" / "diffusion_pytorch_model.safetensors", vae.state_dict())
    words = {f"text_model.{name}": tensor for name, tensor in text.state_dict().items()}
    save(root / "text_encoder" / "model.safetensors", words)
    (root / "model_index.json").write_text("{}")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def hub(repository: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with serving({REPO: repository}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        yield hub


def test_what_was_pulled_is_the_model_that_its_folder_is(hub: LocalHub, tmp_path: Path) -> None:
    pull(Hub(hub.url), Asked(Wanted(REPO), tmp_path), lambda progress: None)
    hub.asked.clear()
    settle(tmp_path, allowed=False)
    found = load_from_hub(PlainContext(), REPO)
    assert found == load_checkpoint(tmp_path / "checkpoints" / REPO / "vae" / "diffusion_pytorch_model.safetensors")
    assert hub.asked == []


def test_nothing_is_fetched_unasked_and_the_command_that_asks_is_told(hub: LocalHub, tmp_path: Path) -> None:
    settle(tmp_path, allowed=False)
    with pytest.raises(BadValue) as said:
        load_from_hub(PlainContext(), REPO, "v2")
    assert said.value.input == "repo" and hub.asked == []
    assert f"`loom models pull {REPO} --revision v2`" in said.value.fix and "--allow-downloads" in said.value.fix


def test_where_it_is_allowed_the_model_is_fetched_with_progress(hub: LocalHub, tmp_path: Path) -> None:
    settle(tmp_path, allowed=True)
    context, before = PlainContext(), state(REPO)
    found = load_from_hub(context, REPO)
    assert found == load_checkpoint(tmp_path / "checkpoints" / REPO / "model_index.json")
    assert context.steps == 100
    assert state(REPO) != before, "another key, for what is here has changed"


def test_a_cancel_ends_the_download_and_keeps_what_has_arrived(hub: LocalHub, tmp_path: Path) -> None:
    class Impatient(PlainContext):
        def raise_if_cancelled(self) -> None:
            raise Cancelled

    settle(tmp_path, allowed=True)
    with pytest.raises(Cancelled):
        load_from_hub(Impatient(), REPO)
    assert not (tmp_path / "checkpoints" / REPO / "model_index.json").exists()


@pytest.mark.parametrize("name", ["", "no name", "owner/none"])
def test_a_name_that_leads_nowhere_is_told_at_the_input(name: str, hub: LocalHub, tmp_path: Path) -> None:
    settle(tmp_path, allowed=True)
    with pytest.raises(BadValue) as said:
        load_from_hub(PlainContext(), name)
    assert said.value.input == "repo" and said.value.fix


def state(repo: str) -> object:
    return fingerprint_of(load_from_hub, {"repo": repo, "revision": "main", "prediction": "auto"})
