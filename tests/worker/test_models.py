"""The list of models: what each file holds by its header alone, hashes once, and every bad file with the reason."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.diffusion.describe import describe
from nodes.hub.record import Pulled, add_to_record
from server.messages import DescribeModel, FromWorker, ListModels, ModelInfo, ModelsListed, ModelVerified, VerifyModel
from server.phrases import Phrase
from server.worker.files import SHIPPED, Folders
from server.worker.identities import Identities
from server.worker.models import ModelShelf

DEMO = SHIPPED / "demo" / "models" / "checkpoints" / "loom-demo.safetensors"
Put = Callable[[str, bytes], Path]
Ask = Callable[..., Any]


def safetensors(tensors: dict[str, list[int]], metadata: dict[str, str] | None = None, dtype: str = "F16") -> bytes:
    """A file of zeros."""
    table: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, shape in tensors.items():
        size = 2
        for length in shape:
            size *= length
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    header = json.dumps(table).encode()
    return struct.pack("<Q", len(header)) + header + bytes(at)


LORA = safetensors({"lora_unet_x.lora_up.weight": [4, 2], "lora_unet_x.lora_down.weight": [2, 4]},
                   {"ss_network_dim": "2", "modelspec.title": "Pixels", "ss_tag_frequency": "x" * 5000})  # fmt: skip


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def put(name: str, content: bytes) -> Path:
        path = tmp_path / "home" / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return put


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Callable[[], ModelShelf]]:
    """A fresh one over the same home and index, as after a restart."""
    opened: list[tuple[ModelShelf, Identities]] = []
    answers: list[FromWorker] = []

    def shelf() -> ModelShelf:
        identities = Identities(tmp_path / "files.sqlite")
        opened.append((ModelShelf(Folders.of(tmp_path / "home"), identities, answers.append), identities))
        return opened[-1][0]

    yield shelf
    for each, identities in opened:
        each.close()
        identities.close()


def by_name(models: list[ModelInfo]) -> dict[str, ModelInfo]:
    return {f"{model.kind}/{model.name}": model for model in models}


# ---------------------------------------------------------------- what is told


def test_a_checkpoint_is_described_by_its_header(shelf: Callable[[], ModelShelf]) -> None:
    model = by_name(shelf().models())["checkpoints/loom-demo.safetensors"]
    assert (model.family, model.what, model.parts) == ("sd1", "Stable Diffusion 1.x", ["denoiser", "CLIP-L", "VAE"])
    assert (model.dtypes, model.size, model.problem) == (["F16"], DEMO.stat().st_size, "")
    assert 0 < model.parameters * 2 < model.size
    assert model.metadata["modelspec.license"] == "Apache-2.0"


def test_families_of_files_are_known_once_their_headers_were_read(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    put("loras/wide.safetensors", safetensors({"lora_unet_x_attn2_to_k.lora_up.weight": [8, 4],
                                               "lora_unet_x_attn2_to_k.lora_down.weight": [4, 2048]}))  # fmt: skip
    put("loras/any.safetensors", LORA)
    put("loras/bad.safetensors", b"<html>")
    first = shelf()
    assert first.families(read=False) == {}
    shipped = {"loom-demo-inpainting.safetensors": ("sd1",), "loom-demo-poster.safetensors": ("sd1",)}
    known = {"checkpoints": {"loom-demo.safetensors": ("sd1",)}, "loras": {"wide.safetensors": ("sdxl",), **shipped},
             "controlnet": {"loom-demo-canny.safetensors": ("sd1",)}}  # fmt: skip
    assert first.families(read=True) == known
    assert shelf().families(read=False) == known  # a restart reads the index alone
    put("loras/wide.safetensors", LORA)
    assert first.families(read=False)["loras"] == shipped


def test_training_data_is_told_and_what_is_long_of_it_in_full_only(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    put("loras/pixels.safetensors", LORA)
    model = by_name(shelf().models("loras"))["loras/pixels.safetensors"]
    assert (model.what, model.metadata) == ("a LoRA", {"ss_network_dim": "2", "modelspec.title": "Pixels"})
    (whole,) = shelf().describe(DescribeModel("1", "loras", "pixels.safetensors"))
    assert len(whole.metadata["ss_tag_frequency"]) == 5000


def test_a_diffusers_folder_is_one_model(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    vae = safetensors({"decoder.conv_in.weight": [8, 4, 3, 3], "decoder.up_blocks.0.x": [1]})
    put("checkpoints/me/mine/vae/diffusion_pytorch_model.safetensors", vae)
    put("checkpoints/me/mine/unet/diffusion_pytorch_model.safetensors", LORA)
    put("checkpoints/me/mine/model_index.json", b"{}")
    models = by_name(shelf().models("checkpoints"))
    assert set(models) == {"checkpoints/me/mine", "checkpoints/loom-demo.safetensors"}
    assert [file.name for file in models["checkpoints/me/mine"].files] == [
        "me/mine/unet/diffusion_pytorch_model.safetensors", "me/mine/vae/diffusion_pytorch_model.safetensors",
    ]  # fmt: skip
    assert models["checkpoints/me/mine"].size == len(vae) + len(LORA)
    assert "Expected" in models["checkpoints/me/mine"].problem


def test_a_second_list_reads_no_file_and_needs_no_torch(
    put: Put, shelf: Callable[[], ModelShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put("loras/pixels.safetensors", LORA)
    first = shelf().models()
    monkeypatch.setattr("server.worker.models.import_module", lambda name: pytest.fail(f"{name} was imported"))
    assert shelf().models() == first
    path.write_bytes(LORA + b"more")
    with pytest.raises(BaseException, match="was imported"):
        shelf().models()


def test_a_question_is_answered_on_a_thread(tmp_path: Path) -> None:
    answers: list[FromWorker] = []
    identities = Identities(tmp_path / "files.sqlite")
    shelf = ModelShelf(Folders.of(tmp_path / "home"), identities, answers.append)
    for question in (ListModels("1", "clip"), DescribeModel("2", "loras", "none"), VerifyModel("3", "loras", "none")):
        shelf.answer(question)
    for pool in (shelf._headers, shelf._hashes):
        pool.shutdown(wait=True)
    identities.close()
    assert [answer for answer in answers if isinstance(answer, ModelsListed)] == [
        ModelsListed("1", []), ModelsListed("2", []),
    ]  # fmt: skip
    assert [answer.state for answer in answers if isinstance(answer, ModelVerified)] == ["unreadable"]


# ---------------------------------------------------------------- what cannot be used


def twice() -> bytes:
    entry = '"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}'
    header = f"{{{entry}, {entry}}}".encode()
    return struct.pack("<Q", len(header)) + header + bytes(2)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("checkpoints/cut.safetensors", LORA[:-3], "cut short"),
        ("checkpoints/lora.safetensors", LORA, "looks like a LoRA. Expected a checkpoint"),
        ("vae/lora.safetensors", LORA, "looks like a LoRA. Expected a VAE"),
        ("text_encoders/lora.safetensors", LORA, "looks like a LoRA. Expected a text encoder"),
        ("diffusion_models/lora.safetensors", LORA, "looks like a LoRA. Expected a denoiser"),
        ("loras/pickled.ckpt", b"PK\x03\x04" + bytes(99), "pickled"),
        ("loras/renamed.safetensors", b"\x80\x02}q" + bytes(99), "pickled"),
        ("loras/twice.safetensors", twice(), "twice"),
        ("loras/empty.safetensors", b"", "empty"),
        ("loras/page.safetensors", b"<!doctype html><p>log in", "web page"),
        ("loras/pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("diffusion_models/cut.gguf", b"GGUF\x03\0\0\0", "damaged GGUF"),
        ("loras/words.safetensors", b"hello, I am no model at all", "not a safetensors file"),
    ],
)
def test_a_file_that_cannot_be_used_is_listed_with_its_name_and_the_reason(
    name: str, content: bytes, words: str, put: Put, shelf: Callable[[], ModelShelf]
) -> None:
    put(name, content)
    model = by_name(shelf().models(name.partition("/")[0]))[name]
    assert words in model.problem and Path(name).name in model.problem and model.fix
    assert isinstance(model.problem_phrase, Phrase) and isinstance(model.fix_phrase, Phrase)
    assert Path(name).name in model.problem_phrase.values.values(), "it can be said in any language"


def test_text_that_no_json_can_carry_does_not_break_the_list(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    header = b'{"__metadata__":{"a":"\\ud800"},"lora_up\\udfff":{"dtype":"\\ud800","shape":[],"data_offsets":[0,0]}}'
    put("loras/odd.safetensors", struct.pack("<Q", len(header)) + header)
    assert "loras/odd.safetensors" in by_name(shelf().models("loras"))


NAMES = st.sampled_from(["decoder.conv_in.weight", "decoder.up.0.x", "model.diffusion_model.input_blocks.0.0.weight",
                         "double_blocks.0.x", "joint_blocks.0.x", "down_blocks.0.x", "encoder.block.0.x"])  # fmt: skip
SHAPES = st.lists(st.integers(0, 3), max_size=5)


@given(st.dictionaries(NAMES, SHAPES, max_size=6), st.sampled_from(["checkpoints", "vae", "text_encoders", "loras"]))
def test_no_header_makes_describing_raise(tmp_path_factory: Any, tensors: dict[str, list[int]], kind: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(safetensors(tensors))
    found = describe(path, kind)
    assert found.what or found.problem


# ---------------------------------------------------------------- hashes


def test_a_hash_is_worked_out_when_asked_for_and_known_from_then_on(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    put("loras/a.safetensors", LORA)
    assert shelf().models("loras")[0].sha256 == ""
    (whole,) = shelf().describe(DescribeModel("1", "loras", "a.safetensors", hash=True))
    assert len(whole.sha256) == 64
    assert shelf().models("loras")[0].sha256 == whole.sha256


def check(shelf: ModelShelf) -> tuple[str, str]:
    said = shelf.verify(VerifyModel("1", "loras", "a.safetensors"))
    return said.state, said.detail


def test_a_file_is_new_then_the_same_then_another(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    put("loras/a.safetensors", LORA)
    assert [check(shelf())[0] for _ in range(2)] == ["new", "same"]
    put("loras/a.safetensors", LORA + b"more")
    assert [check(shelf())[0] for _ in range(2)] == ["changed", "same"]


def test_bytes_that_rot_in_place_are_found_each_time(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    path = put("loras/a.safetensors", LORA)
    check(shelf())
    stat = path.stat()
    path.write_bytes(LORA[:-1] + b"\x01")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert [check(shelf())[0] for _ in range(2)] == ["damaged", "damaged"]


def test_what_was_pulled_is_compared_with_what_the_hub_promised(put: Put, shelf: Callable[[], ModelShelf]) -> None:
    path = put("loras/a.safetensors", LORA)
    first = shelf()
    digest = first._identities.digest(path, "sha256")
    stat = path.stat()
    entry = Pulled("me/pixels", "main", "c0ffee", "a.safetensors", stat.st_size, stat.st_mtime_ns, digest, "b" * 64)
    add_to_record(path.parent.parent, {"loras/a.safetensors": entry})
    assert first.models("loras")[0].source == "me/pixels@main"
    assert check(first) == ("same", "as me/pixels has it")
    path.write_bytes(LORA[:-1] + b"\x01")
    assert check(first)[0] == "damaged" and "me/pixels promised" in check(first)[1]
