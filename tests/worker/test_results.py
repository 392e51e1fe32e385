"""Files that nodes make: numbered, whole, equal for equal work, never outside, never over another."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from nodes.types import JPEG, PNG, Image, WebP
from server.engine.memory_tier import Made
from server.graph.pictures import read_workflow
from server.worker.files import Folders
from server.worker.identities import Identities
from server.worker.pixels import NoPicture, pictures_of
from server.worker.preview import encode_preview
from server.worker.results import BadName, Origin, Results, sweep_oldest, words, write_whole

ORIGIN = Origin(b'{"schema":1,"title":"caf\xc3\xa9"}', b'{"p":{}}')


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    folders = Folders.of(tmp_path / "home")
    folders.results.mkdir(parents=True)
    identities = Identities(folders.cache / "files.sqlite")
    made = Results(folders, identities)
    yield made
    made.close()
    identities.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "results"


def grey(level: float = 0.5, batch: int = 1, size: int = 4) -> Image:
    return Image(torch.full((batch, size, size, 3), level))


def save(results: Results, image: Any, name: str = "image", format: Any = None) -> list[Made]:
    return [write.result() for _, write in results.save(image, name, format, ORIGIN)]


def test_pictures_are_numbered_upwards_from_what_is_there(results: Results, folder: Path) -> None:
    (folder / "image_00007.jpg").write_bytes(b"")
    (folder / "image_other_00099.png").write_bytes(b"")
    assert [made["path"] for made in save(results, grey(batch=2))] == ["image_00008.png", "image_00009.png"]
    assert save(results, grey(), "other")[0]["path"] == "other_00001.png"


def test_a_number_that_another_process_took_is_left_to_it(results: Results, folder: Path) -> None:
    save(results, grey())
    (folder / "image_00002.png").write_bytes(b"theirs")
    assert save(results, grey())[0]["path"] == "image_00003.png"
    assert (folder / "image_00002.png").read_bytes() == b"theirs"


def test_equal_work_gives_equal_bytes_and_carries_the_workflow(results: Results, folder: Path) -> None:
    first, second = save(results, grey())[0], save(results, grey())[0]
    assert first["sha256"] == second["sha256"]
    with Pillow.open(folder / str(first["path"])) as picture:
        assert picture.info["workflow"] == ORIGIN.workflow.decode()
        assert picture.info["prompt"] == ORIGIN.prompt.decode()


def test_half_is_127_and_nonsense_is_black(results: Results) -> None:
    (picture,) = pictures_of(Image(torch.tensor([0.5, float("nan"), 7.0]).expand(1, 2, 2, 3)))
    assert picture.getpixel((0, 0)) == (127, 0, 255)


@pytest.mark.parametrize(
    ("format", "kind", "end"), [(PNG(), "PNG", ".png"), (JPEG(80), "JPEG", ".jpg"), (WebP(80), "WEBP", ".webp")]
)
def test_every_format_is_what_it_says(results: Results, folder: Path, format: Any, kind: str, end: str) -> None:
    (made,) = save(results, grey(), format=format)
    assert made["path"] == f"image_00001{end}"
    with Pillow.open(folder / str(made["path"])) as picture:
        assert picture.format == kind
    assert json.loads(read_workflow((folder / str(made["path"])).read_bytes())) == json.loads(ORIGIN.workflow)


def test_a_slash_makes_a_folder_and_odd_characters_are_replaced(results: Results) -> None:
    assert save(results, grey(), 'a/b: "c"')[0]["path"] == "a/b_ _c__00001.png"
    assert save(results, grey(), "")[0]["path"] == "image_00001.png"


@pytest.mark.parametrize("name", ["../up", "a/../../b", "/etc/x", "a//b", "..", "a/./b"])
def test_a_name_that_leads_out_is_refused(results: Results, folder: Path, name: str) -> None:
    with pytest.raises(BadName):
        results.save(grey(), name, None, ORIGIN)
    assert list(folder.parent.rglob("*.png")) == []


@pytest.mark.parametrize("pixels", [np.zeros((3,)), np.zeros((1, 4, 4, 2)), np.zeros((1, 0, 4, 3)), "text"])
def test_what_is_no_picture_is_refused_in_words(results: Results, pixels: Any) -> None:
    with pytest.raises(NoPicture):
        results.save(pixels, "image", None, ORIGIN)


def test_a_file_is_intact_until_it_is_changed_or_gone(results: Results, folder: Path) -> None:
    (made,) = save(results, grey())
    assert results.intact(made)
    path = folder / str(made["path"])
    path.write_bytes(path.read_bytes() + b"!")
    assert not results.intact(made)
    path.unlink()
    assert not results.intact(made)
    assert results.intact(words("words are always there"))
    assert not results.intact({**made, "path": "../../etc/passwd"})


def test_shown_pictures_are_stored_once(results: Results, tmp_path: Path) -> None:
    first, second = (results.show(grey())[0].result() for _ in range(2))
    assert first == second
    assert len(list((tmp_path / "home" / "cache" / "previews").iterdir())) == 1
    assert first["root"] == "previews" and results.intact(first)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(OSError):
        write_whole(tmp_path / "taken", b"data", durable=True)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_the_oldest_previews_leave_first(tmp_path: Path) -> None:
    for at in range(4):
        path = tmp_path / f"{at}.png"
        path.write_bytes(bytes(100))
        os.utime(path, (at, at))
    sweep_oldest(tmp_path, 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.png", "3.png"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [((16, 16), (256, 256)), ((300, 100), (300, 100)), ((2048, 1024), (512, 256)), ((1, 9), (28, 256))],
)
def test_previews_are_large_enough_to_see_and_small_enough_to_send(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    with Pillow.open(io.BytesIO(encode_preview(torch.rand(1, size[1], size[0], 3)))) as picture:
        assert (picture.format, picture.size) == ("JPEG", expected)


def test_a_batch_is_shown_side_by_side() -> None:
    with Pillow.open(io.BytesIO(encode_preview(torch.rand(3, 256, 256, 3)))) as picture:
        assert picture.size == (512, 512)


def test_long_names_are_cut_and_devices_are_no_names(results: Results) -> None:
    for name in ("ü" * 300, "con", "a/" + "漢" * 200, "nul.x/b"):
        made = save(results, grey(), name)[0]["path"]
        parts = str(made).split("/")
        assert all(len(part.encode()) < 150 for part in parts) and parts[0] not in ("con", "nul.x")
