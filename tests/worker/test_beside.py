"""Pictures and notes that other programs leave beside a model, and what its training left in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.worker.beside import Beside, family_named, look_beside, words_noted, words_trained


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    path = tmp_path / "knit.v2.safetensors"
    path.write_bytes(b"")
    return path


def test_nothing_beside_a_file_is_nothing_told(lora: Path) -> None:
    assert look_beside(lora, {}) == Beside()


@pytest.mark.parametrize("end", [".preview.png", ".png", ".jpg", ".webp"])
def test_a_picture_of_the_models_name_is_its_preview(lora: Path, end: str) -> None:
    lora.with_name(f"knit.v2{end}").write_bytes(b"")
    lora.with_name("knit.png").write_bytes(b"")
    assert look_beside(lora, {}).preview == f"knit.v2{end}"


def test_notes_beside_a_file_count_more_than_its_training(lora: Path) -> None:
    lora.with_name("knit.v2.json").write_text(json.dumps({"activation text": "knitted, wool", "sd version": "SDXL"}))
    trained = {"modelspec.trigger_phrase": "other", "modelspec.architecture": "stable-diffusion-v1/lora"}
    assert look_beside(lora, trained) == Beside("", ("knitted", "wool"), "sdxl")


def test_a_note_of_another_program_is_read_as_well(lora: Path) -> None:
    note = {"baseModel": "Flux.1 D", "trainedWords": ["knitted figure, ", "wool"]}
    lora.with_name("knit.v2.civitai.info").write_text(json.dumps(note))
    assert look_beside(lora, {}) == Beside("", ("knitted figure", "wool"), "flux1")


@pytest.mark.parametrize("text", ["", "{", "[1]", '"a"', '{"activation text": 5, "trainedWords": [1], "civitai": 3}'])
def test_a_note_that_makes_no_sense_is_left_out(lora: Path, text: str) -> None:
    lora.with_name("knit.v2.json").write_text(text)
    assert look_beside(lora, {}) == Beside()


def test_the_tags_nearly_all_pictures_had_are_the_words_that_call(lora: Path) -> None:
    tags = {"10_knit": {"knitted": 40, "wool": 39, "cat": 12}, "5_more": {"scarf": 4}}
    assert words_trained({"ss_tag_frequency": json.dumps(tags)}) == ["knitted", "wool"]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("stable-diffusion-v1/lora", "sd1"), ("sd_v1", "sd1"), ("SD 1.5", "sd1"), ("sd_v2_768_v", "sd2"),
        ("SD 2.1", "sd2"), ("stable-diffusion-xl-v1-base/lora", "sdxl"), ("sdxl_base_v1-0", "sdxl"), ("Pony", "sdxl"),
        ("stable-diffusion-xl-v1-refiner", "sdxl_refiner"), ("SD 3.5 Large", "sd3"),
        ("stable-diffusion-3-medium", "sd3"), ("flux-1-dev/lora", "flux1"), ("Flux.1 S", "flux1"), ("Wan Video", ""),
    ],
)  # fmt: skip
def test_families_are_known_by_the_names_programs_give_them(name: str, family: str) -> None:
    assert family_named(name) == family


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["activation text", "trainedWords", "civitai", "ss_tag_frequency", "a"]), inner, max_size=4),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["activation text", "trainedWords", "civitai"]), JSON))
def test_no_note_is_a_fault(note: dict[str, object]) -> None:
    assert all(isinstance(word, str) and word for word in words_noted(note))


@given(JSON)
def test_no_tags_are_a_fault(tags: object) -> None:
    assert all(words_trained({"ss_tag_frequency": json.dumps(tags)}) or [True])
