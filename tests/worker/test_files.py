"""Files that inputs name: found in their folders, never outside; known again by their content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodes.api import Input
from server.worker.files import FileFault, Folders
from server.worker.identities import Identities

MODEL = Input("file", "file", widget={"kind": "model_file", "folder": "checkpoints"})
PICTURE = Input("file", "file", widget={"kind": "image_file"})


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders.of(tmp_path / "home")
    for name in ("models/checkpoints/sub/a.safetensors", "models/checkpoints/notes.txt", "input/b.png", "secret.toy"):
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return found


def test_files_are_listed_with_forward_slashes(folders: Folders) -> None:
    assert "sub/a.safetensors" in folders.names("checkpoints")
    assert "notes.txt" not in folders.names("checkpoints")
    assert folders.names("input") == ["b.png"]
    assert folders.names("none") == []


def test_a_name_is_found_in_its_folder(folders: Folders) -> None:
    assert folders.find(MODEL, "sub/a.safetensors").name == "a.safetensors"
    assert folders.find(PICTURE, "b.png") == (folders.home / "input" / "b.png").resolve()


@pytest.mark.parametrize(
    "name", ["gone.safetensors", "../../secret.toy", "/etc/passwd", "sub", "", "sub/../../../secret.toy", "a\0b"]
)
def test_what_is_missing_or_leads_out_is_refused_in_words(folders: Folders, name: str) -> None:
    with pytest.raises(FileFault) as fault:
        folders.find(MODEL, name)
    assert fault.value.fix and "models/checkpoints" in fault.value.what


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_that_leads_out_is_refused_and_a_whole_folder_on_another_disk_is_not(
    folders: Folders, tmp_path: Path
) -> None:
    models = folders.home / "models"
    (models / "checkpoints" / "out.safetensors").symlink_to(folders.home / "secret.toy")
    with pytest.raises(FileFault):
        folders.find(MODEL, "out.safetensors")
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    (elsewhere / "a.safetensors").write_text("x")
    (models / "loras").symlink_to(elsewhere)
    lora = Input("file", "file", widget={"kind": "model_file", "folder": "loras"})
    assert folders.find(lora, "a.safetensors") == elsewhere / "a.safetensors"


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("one")
    index = Identities(tmp_path / "files.sqlite")
    reads: list[int] = []
    first = index.digest(file, told=lambda read, total: reads.append(read))
    assert index.digest(file, told=lambda read, total: reads.append(read)) == first
    assert reads == [3]
    file.write_text("two!")
    assert index.digest(file) != first
    index.close()


def test_what_was_read_is_known_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("one")
    before = Identities(tmp_path / "files.sqlite")
    digest = before.digest(file)
    before.close()
    after = Identities(tmp_path / "files.sqlite")
    assert after.digest(file, told=lambda read, total: pytest.fail("it was read again")) == digest
    after.close()


def test_a_damaged_index_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "files.sqlite").write_bytes(b"no table" * 999)
    index = Identities(tmp_path / "files.sqlite")
    assert len(index.digest(tmp_path / "files.sqlite")) == 64
    index.close()
