"""Pulling from a hub over real sockets: whole and checked, resumed, or refused in words."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nodes.hub.child import PullFailed, pulling
from nodes.hub.client import Hub, HubError
from nodes.hub.names import Wanted, read_name
from nodes.hub.places import find_pulled, settle, state_of
from nodes.hub.pull import Asked, Progress, pull
from nodes.hub.record import read_record
from tests.hub.local_hub import COMMIT, TOKEN, LocalHub, serving, sha256

BIG = random.Random(1).randbytes(3 * 2**20)
FOLDER = {
    "model_index.json": b"{}", "unet/config.json": b"{}", "unet/diffusion_pytorch_model.safetensors": BIG,
    "unet/diffusion_pytorch_model.bin": b"pickle", "vae/diffusion_pytorch_model.safetensors": BIG[:5000],
    "text_encoder/model.safetensors": b"small", "scheduler/scheduler_config.json": b"{}", "v1.ckpt": b"pickle",
}  # fmt: skip
REPOS = {"owner/folder": FOLDER, "owner/vae": {"taesd.safetensors": b"small", "my_vae.safetensors": BIG}}
Pull = Callable[..., list[str]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with serving({name: dict(files) for name, files in REPOS.items()}) as hub:
        yield hub


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def fetch(hub: LocalHub, models: Path, monkeypatch: pytest.MonkeyPatch) -> Pull:
    """Pull in this process; `told` hears the progress."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    def fetch(
        name: str, token: str = "", told: Callable[[Progress], None] = lambda progress: None, **more: Any
    ) -> list[str]:
        wanted = read_name(name, more.pop("revision", "main"))
        return pull(Hub(hub.url, token), Asked(wanted, models, **more), told)

    return fetch


def contents(hub: LocalHub) -> list[tuple[str, str]]:
    """The ranges of the requests for a large file's bytes."""
    return [(method, range) for method, path, range in hub.asked if path.count("/") == 1 and method == "GET"]


# ---------------------------------------------------------------- what arrives


def test_a_diffusers_folder_arrives_whole_without_its_pickles(fetch: Pull, models: Path) -> None:
    places = fetch("owner/folder")
    base = models / "checkpoints" / "owner" / "folder"
    here = {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*") if path.is_file()}
    assert here == {name: content for name, content in FOLDER.items() if not name.endswith((".bin", ".ckpt"))}
    assert places[-1] == "checkpoints/owner/folder/model_index.json", "last, for it says that the folder is whole"


def test_one_file_goes_into_the_folder_of_its_kind(fetch: Pull, models: Path) -> None:
    assert fetch("owner/vae:my_vae.safetensors") == ["vae/my_vae.safetensors"]
    assert fetch("owner/vae:my_vae.safetensors", kind="loras") == ["loras/my_vae.safetensors"]
    assert (models / "vae" / "my_vae.safetensors").read_bytes() == BIG
    entry = read_record(models)["vae/my_vae.safetensors"]
    assert (entry.repo, entry.commit, entry.sha256) == ("owner/vae", COMMIT, sha256(BIG))


def test_progress_is_told_and_ends_at_the_whole(fetch: Pull) -> None:
    told: list[Progress] = []
    fetch("owner/folder", told=told.append)
    arrived = [each for each in told if not each.checking]
    assert arrived[-1].before + arrived[-1].done == arrived[-1].whole
    assert [each.before + each.done for each in arrived] == sorted(each.before + each.done for each in arrived)


def test_what_is_here_is_not_fetched_again(fetch: Pull, hub: LocalHub) -> None:
    fetch("owner/folder")
    hub.asked.clear()
    fetch("owner/folder")
    assert contents(hub) == []


def test_what_the_hub_has_changed_is_fetched_anew_and_what_the_user_has_put_there_never(
    fetch: Pull, hub: LocalHub, models: Path
) -> None:
    fetch("owner/vae:my_vae.safetensors")
    hub.repos["owner/vae"]["my_vae.safetensors"] = newer = BIG[::-1]
    fetch("owner/vae:my_vae.safetensors")
    assert (models / "vae" / "my_vae.safetensors").read_bytes() == newer
    (models / "vae" / "my_vae.safetensors").write_bytes(b"my own")
    with pytest.raises(HubError, match="another file"):
        fetch("owner/vae:my_vae.safetensors")
    assert (models / "vae" / "my_vae.safetensors").read_bytes() == b"my own"


# ---------------------------------------------------------------- interruptions


def test_a_line_that_breaks_is_taken_up_again_within_one_pull(fetch: Pull, hub: LocalHub, models: Path) -> None:
    hub.cuts = [2 * 2**20 + 5]
    fetch("owner/vae:my_vae.safetensors")
    assert contents(hub) == [("GET", ""), ("GET", f"bytes={2 * 2**20}-")]
    assert (models / "vae" / "my_vae.safetensors").read_bytes() == BIG


def test_a_pull_that_was_stopped_goes_on_where_it_ended(fetch: Pull, hub: LocalHub, models: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done > 2**20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("owner/vae:my_vae.safetensors", told=stop)
    (part,) = (models / "vae").iterdir()
    size = part.stat().st_size
    assert part.name.endswith(".part") and 0 < size < len(BIG)
    hub.asked.clear()
    fetch("owner/vae:my_vae.safetensors")
    assert contents(hub) == [("GET", f"bytes={size}-")]
    assert [path.name for path in (models / "vae").iterdir()] == ["my_vae.safetensors"]


def test_damaged_bytes_are_found_by_their_hash_and_removed(fetch: Pull, hub: LocalHub, models: Path) -> None:
    hub.damaged = True
    with pytest.raises(HubError, match="arrived damaged"):
        fetch("owner/vae:my_vae.safetensors")
    assert list((models / "vae").iterdir()) == [] and read_record(models) == {}


def test_a_small_file_is_checked_too(fetch: Pull, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hub.local_hub.git_hash", lambda content: "0" * 40)
    with pytest.raises(HubError, match="arrived damaged"):
        fetch("owner/vae:taesd.safetensors")


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("owner/none", {}, "There is no repository owner/none"),
        ("owner/vae:none.safetensors", {}, "has no file none.safetensors"),
        ("owner/vae", {"revision": "v9"}, "no revision v9"),
        ("owner/vae", {}, "holds 2 model files"),
    ],
)
def test_what_the_hub_does_not_have_is_told(name: str, more: dict[str, str], words: str, fetch: Pull) -> None:
    with pytest.raises(HubError, match=words) as said:
        fetch(name, **more)
    assert said.value.fix


def test_a_gated_model_needs_a_token_that_goes_to_the_hub_alone(fetch: Pull, hub: LocalHub, models: Path) -> None:
    hub.gated.add("owner/vae")
    for token, who in (("", "without a token"), ("hf_other", "owner of this token")):
        with pytest.raises(HubError, match="gated") as said:
            fetch("owner/vae:my_vae.safetensors", token)
        assert who in said.value.what and "HF_TOKEN" in said.value.fix and "hf_other" not in str(said.value)
    fetch("owner/vae:my_vae.safetensors", TOKEN)
    assert {role for role, _ in hub.tokens} == {"hub"}
    assert TOKEN not in (models / "pulled.json").read_text()


def test_a_private_model_looks_like_none_without_a_token(fetch: Pull, hub: LocalHub) -> None:
    hub.private.add("owner/vae")
    with pytest.raises(HubError, match="or it is private"):
        fetch("owner/vae:my_vae.safetensors")
    assert fetch("owner/vae:my_vae.safetensors", TOKEN)


def test_no_network_at_all_is_told(models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(HubError, match="cannot be reached") as said:
        pull(Hub(address), Asked(Wanted("owner/vae"), models), lambda progress: None)
    assert address in said.value.what


def test_a_full_disk_is_told_before_anything_is_fetched(
    fetch: Pull, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes.hub.pull.ROOM", 2**60)
    with pytest.raises(HubError, match="GiB free"):
        fetch("owner/folder")
    assert contents(hub) == []


def test_a_repository_cannot_lead_out_of_the_models_folder(fetch: Pull, hub: LocalHub, models: Path) -> None:
    hub.repos["owner/evil"] = {"unet/../../../../x.safetensors": BIG, "model_index.json": b"{}"}
    with pytest.raises(HubError):
        fetch("owner/evil")
    assert not list(models.parent.rglob("x*"))


# ---------------------------------------------------------------- what is here


def test_what_was_pulled_is_found_by_its_name(fetch: Pull, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    settle(models, allowed=False)
    assert find_pulled(Wanted("owner/folder")) is None and state_of(Wanted("owner/folder")) == []
    fetch("owner/folder")
    assert find_pulled(Wanted("owner/folder")) == models / "checkpoints" / "owner" / "folder"
    assert find_pulled(Wanted("owner/folder", revision=COMMIT)) == models / "checkpoints" / "owner" / "folder"
    assert find_pulled(Wanted("owner/folder", revision="old")) is None


def test_another_content_is_another_state(
    fetch: Pull, hub: LocalHub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    settle(models, allowed=False)
    fetch("owner/folder")
    before = state_of(Wanted("owner/folder"))
    fetch("owner/folder")
    assert state_of(Wanted("owner/folder")) == before
    hub.repos["owner/folder"]["vae/diffusion_pytorch_model.safetensors"] = BIG[:4000]
    fetch("owner/folder")
    assert state_of(Wanted("owner/folder")) != before


# ---------------------------------------------------------------- in a process of its own


def test_a_pull_runs_in_a_process_that_may_use_the_network_when_this_one_may_not(
    hub: LocalHub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    wanted = Wanted("owner/vae", "my_vae.safetensors")
    with pytest.raises(PullFailed, match="HF_HUB_OFFLINE"):
        list(pulling(wanted, models, endpoint=hub.url))
    assert hub.asked == []
    lines = list(pulling(wanted, models, endpoint=hub.url, online=True))
    assert lines[-1]["total"] == len(BIG) and (models / "vae" / "my_vae.safetensors").read_bytes() == BIG
