"""Model folders as users have them: the home's, further ones, ComfyUI's list of them, AUTOMATIC1111's layout."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from server.config import Config
from server.model_folders import ModelFolders, gather
from server.submit import file_check
from server.worker.files import Folders
from server.workers.local import worker_command

Put = Callable[..., Path]
Gather = Callable[..., ModelFolders]
links = pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file below the test's folder."""

    def put(name: str, text: str = "x") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def folders(tmp_path: Path) -> Gather:
    """`folders(extra…)`: those of the home `home`, with nothing shipped."""
    (tmp_path / "home").mkdir()

    def folders(*extra: str, paths: Path | None = None) -> ModelFolders:
        return gather(tmp_path / "home", [tmp_path / name for name in extra], paths, tmp_path / "package")

    return folders


# ---------------------------------------------------------------- roots


def test_extra_folders_come_after_the_home_and_a_name_counts_once(put: Put, folders: Gather) -> None:
    mine = put("home/models/vae/same.safetensors")
    put("disk/vae/same.safetensors")
    other = put("disk/vae/other.safetensors")
    assert folders("disk").files("vae") == {"same.safetensors": mine, "other.safetensors": other}
    assert folders("disk").find("vae", "same.safetensors") == mine


def test_old_and_new_names_of_a_kind_mean_the_same(put: Put, folders: Gather) -> None:
    for name in ("clip/a.safetensors", "text_encoders/b.safetensors", "unet/c.gguf", "diffusion_models/d.gguf"):
        put(f"home/models/{name}")
    found = folders()
    assert set(found.files("clip")) == set(found.files("text_encoders")) == {"a.safetensors", "b.safetensors"}
    assert set(found.files("unet")) == set(found.files("diffusion_models")) == {"c.gguf", "d.gguf"}
    assert found.kinds() == ["diffusion_models", "text_encoders"]


def test_an_extra_folder_may_be_a_whole_comfyui(put: Put, folders: Gather) -> None:
    file = put("ComfyUI/models/checkpoints/a.safetensors")
    assert folders("ComfyUI").files("checkpoints") == folders("ComfyUI/models").files("checkpoints")
    assert folders("ComfyUI").find("checkpoints", "a.safetensors") == file


@pytest.mark.parametrize("given", ["webui", "webui/models"])
def test_automatic1111_is_known_by_its_layout(given: str, put: Put, folders: Gather) -> None:
    where = {
        "models/Stable-diffusion/a.safetensors": "checkpoints",
        "models/VAE/b.safetensors": "vae",
        "models/Lora/c.safetensors": "loras",
        "models/LyCORIS/d.safetensors": "loras",
        "models/ControlNet/e.safetensors": "controlnet",
        "models/ESRGAN/f.pth": "upscale_models",
        "embeddings/g.safetensors": "embeddings",
    }
    for name in where:
        put(f"webui/{name}")
    found = folders(given)
    assert {name: kind for kind in found.kinds() for name in found.files(kind)} == {
        Path(name).name: kind for name, kind in where.items()
    }


def test_a_folder_that_does_not_exist_is_told_and_harms_nothing(put: Put, folders: Gather) -> None:
    put("home/models/vae/a.safetensors")
    found = folders("unplugged")
    assert list(found.files("vae")) == ["a.safetensors"]
    assert len(found.problems) == 1 and "unplugged" in found.problems[0]


@pytest.mark.parametrize("kind", ["", ".", "..", "../..", "/", "vae/..", "vae\\..", "a//b", "\0"])
def test_a_kind_that_leads_out_of_the_models_has_no_files(kind: str, put: Put, folders: Gather) -> None:
    put("home/models/vae/a.pt")
    put("home/secret.pt")
    assert folders().files(kind) == {} and folders().find(kind, "secret.pt") is None


# ---------------------------------------------------------------- ComfyUI's list

LIST = """
comfyui:
    base_path: {base}
    checkpoints: models/checkpoints/
    clip: models/clip
    loras: |
        models/loras
        {other}
    custom_nodes: custom_nodes
    empty:
nothing:
"""


def test_comfyuis_list_in_the_home_adds_its_folders(put: Put, folders: Gather, tmp_path: Path) -> None:
    files = [put(f"comfy/models/{name}") for name in ("checkpoints/a.ckpt", "clip/b.safetensors", "loras/c.pt")]
    files.append(put("elsewhere/d.pt"))
    put("comfy/custom_nodes/evil.py")
    put("home/extra_model_paths.yaml", LIST.format(base=tmp_path / "comfy", other=tmp_path / "elsewhere"))
    found = folders()
    assert found.problems == ()
    assert found.kinds() == ["checkpoints", "loras", "text_encoders"]
    assert [path for kind in ("checkpoints", "clip", "loras") for path in found.files(kind).values()] == files


def test_a_base_path_may_hold_the_home_and_variables_or_be_relative(
    put: Put, folders: Gather, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("user/vae/a.pt", "disk/vae/b.pt", "lists/near/vae/c.pt", "lists/vae/d.pt"):
        put(name)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "user"))
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))
    sections = "a: {base_path: '~', vae: vae}\nb: {base_path: $DISK, vae: vae}\nc: {base_path: near, vae: vae}\n"
    listed = put("lists/paths.yaml", sections + "d: {vae: [vae]}\n")
    assert list(folders(paths=listed).files("vae")) == ["a.pt", "b.pt", "c.pt", "d.pt"]


def test_the_section_marked_as_default_is_searched_first(put: Put, folders: Gather, tmp_path: Path) -> None:
    put("home/models/vae/same.pt")
    first = put("main/vae/same.pt")
    put("home/extra_model_paths.yaml", f"main: {{base_path: '{tmp_path / 'main'}', is_default: true, vae: vae}}")
    assert folders().files("vae") == {"same.pt": first}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c", "line 1"),
        ("a: [1", "line"),
        ("- a\n- b", "not a list of sections"),
        ("comfyui: models", "'comfyui' is not a section"),
        ("c: {base_path: 7, vae: vae}", "base_path of 'c'"),
        ("c: {base_path: gone, vae: vae}", "does not exist"),
        ("c: {vae: 7}", "'vae' of 'c'"),
        ("c: {vae: {a: b}}", "'vae' of 'c'"),
        ("c: !!python/object/apply:os.getcwd []", "line 1"),
        ("\0", "cannot be read"),
        ("[" * 10_000, "cannot be read"),
    ],
)
def test_a_broken_list_is_told_in_words_and_the_rest_holds(text: str, words: str, put: Put, folders: Gather) -> None:
    put("home/models/vae/a.pt")
    file = put("home/extra_model_paths.yaml", text)
    found = folders()
    assert list(found.files("vae")) == ["a.pt"]
    assert any(words in problem and str(file) in problem for problem in found.problems), found.problems


def test_a_section_that_is_wrong_does_not_take_the_others_with_it(put: Put, folders: Gather, tmp_path: Path) -> None:
    put("comfy/vae/a.pt")
    put("home/extra_model_paths.yaml", f"bad: 7\ngood: {{base_path: '{tmp_path / 'comfy'}', vae: vae}}")
    found = folders()
    assert list(found.files("vae")) == ["a.pt"] and len(found.problems) == 1


def test_a_list_that_changed_is_read_again(put: Put, folders: Gather) -> None:
    put("home/one/a.pt")
    put("home/three/b.pt")
    put("home/extra_model_paths.yaml", "c: {vae: one}")
    assert list(folders().files("vae")) == ["a.pt"]
    put("home/extra_model_paths.yaml", "c: {vae: three}")
    assert list(folders().files("vae")) == ["b.pt"]


# ---------------------------------------------------------------- links


@links
def test_a_link_that_leads_out_is_neither_listed_nor_found(put: Put, folders: Gather, tmp_path: Path) -> None:
    put("disk/big/a.pt")
    kind = tmp_path / "home" / "models" / "vae"
    kind.mkdir(parents=True)
    (kind / "file.pt").symlink_to(tmp_path / "disk" / "big" / "a.pt")
    (kind / "folder").symlink_to(tmp_path / "disk" / "big")
    (kind / "loop").symlink_to(kind)
    assert folders().files("vae") == {}
    assert folders().find("vae", "file.pt") is None and folders().find("vae", "folder/a.pt") is None
    assert folders().leads_out("vae", "file.pt") == tmp_path / "disk" / "big" / "a.pt"


@links
def test_a_link_into_another_folder_of_models_is_followed(put: Put, folders: Gather, tmp_path: Path) -> None:
    file = put("disk/big/a.pt")
    kind = tmp_path / "home" / "models" / "vae"
    kind.mkdir(parents=True)
    (kind / "file.pt").symlink_to(file)
    (kind / "folder").symlink_to(file.parent)
    (kind / "loop").symlink_to(kind)
    found = folders("disk")
    assert found.files("vae") == {"file.pt": file, "folder/a.pt": file}
    assert found.find("vae", "folder/a.pt") == file


# ---------------------------------------------------------------- one value for both processes


def test_the_web_process_and_the_worker_search_the_same_places(put: Put, tmp_path: Path) -> None:
    put("disk/vae/a.pt")
    config = replace(Config(home=tmp_path / "home"), extra_models=(tmp_path / "disk",))
    assert file_check(config)("vae", "a.pt") and not file_check(config)("vae", "../vae/a.pt")
    assert Folders.of(config.home, extra=config.extra_models).names("vae") == ["a.pt"]
    assert str(tmp_path / "disk") in worker_command(config)


def test_a_paths_file_that_changes_counts_at_once_for_both(put: Put, tmp_path: Path) -> None:
    put("late/vae/a.pt")
    config = Config(home=tmp_path / "home")
    folders = Folders.of(config.home)
    assert folders.names("vae") == [] and not file_check(config)("vae", "a.pt")
    put("home/extra_model_paths.yaml", f"late: {{base_path: '{tmp_path / 'late'}', vae: vae}}")
    assert folders.names("vae") == ["a.pt"] and file_check(config)("vae", "a.pt")
