"""The workflow inside a picture: written so that every program reads it, read so that no picture can do harm."""

import io
import json
import struct
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from server.graph.pictures import (
    MAX_TEXT,
    chunk,
    exif_comment,
    is_picture,
    measure,
    read_texts,
    read_workflow,
    with_texts,
)
from server.graph.reading import WorkflowError
from server.graph.workflow import dump, load
from tests.graph.sample_nodes import document


def picture(kind: str = "PNG", **more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(buffer, kind, **more)
    return buffer.getvalue()


def header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def refused(raw: bytes) -> WorkflowError:
    with pytest.raises(WorkflowError) as error:
        read_texts(raw)
    assert error.value.what and error.value.fix
    return error.value


@pytest.mark.parametrize("title", ["plain", "ünïcode 日本 😀"])
def test_a_workflow_written_into_a_picture_comes_out_of_it(title: str) -> None:
    workflow = load(document({"1": {"type": "x"}}, title=title))
    saved = with_texts(picture(), {"workflow": dump(workflow), "prompt": "{}"})
    assert load(read_workflow(saved)).raw == workflow.raw
    assert read_texts(saved)["prompt"] == "{}"


def test_other_programs_read_it_and_the_picture_is_the_same() -> None:
    saved = with_texts(picture(), {"workflow": '{"a": "ü"}', "prompt": "{}"})
    with Image.open(io.BytesIO(saved)) as opened:
        assert opened.convert("RGB").getpixel((3, 2)) == (255, 0, 0)
        assert opened.info["workflow"] == '{"a": "ü"}' and opened.info["prompt"] == "{}"


def test_equal_texts_give_equal_bytes() -> None:
    assert with_texts(picture(), {"workflow": "{}"}) == with_texts(picture(), {"workflow": "{}"})


@pytest.mark.parametrize("compressed", [False, True])
def test_texts_of_every_kind_are_read(compressed: bool) -> None:
    info = PngInfo()
    info.add_text("workflow", '{"schema": 1}', zip=compressed)
    info.add_itxt("title", "日本", zip=compressed)
    info.add_text("workflow", "a second one of the same name")
    assert read_texts(picture(pnginfo=info)) == {"workflow": '{"schema": 1}', "title": "日本"}


def test_utf_8_where_the_standard_says_latin_1_is_read_all_the_same() -> None:
    raw = picture()
    assert read_texts(raw[:33] + chunk(b"tEXt", b"a\0" + "ü".encode()) + raw[33:])["a"] == "ü"
    assert read_texts(raw[:33] + chunk(b"tEXt", b"a\0\xfc") + raw[33:])["a"] == "ü"


def test_pictures_of_other_programs_end_in_their_names() -> None:
    comfy, a1111 = PngInfo(), PngInfo()
    comfy.add_text("prompt", json.dumps({"3": {"class_type": "KSampler", "inputs": {}}}))
    a1111.add_text("parameters", "cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")
    with pytest.raises(WorkflowError, match="ComfyUI"):
        load(read_workflow(picture(pnginfo=comfy)))
    with pytest.raises(WorkflowError, match="AUTOMATIC1111"):
        load(read_workflow(picture(pnginfo=a1111)))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@given(st.text(max_size=50))
def test_any_document_comes_back_from_an_exif_comment(kind: str, words: str) -> None:
    document = {"schema": 1, "title": words}
    written = msgspec.json.encode(document)
    assert json.loads(read_workflow(picture(kind, exif=exif_comment(written)))) == document


def test_a_document_too_long_for_exif_is_left_out() -> None:
    assert exif_comment(b'{"title": "' + b"x" * 70_000 + b'"}') is None


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_the_exif_comment_of_other_pictures_is_read(kind: str) -> None:
    exif = Image.Exif()
    words = "cat\nSteps: 20, Sampler: Euler a, CFG scale: 7"
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + words.encode("utf-16-be")
    assert read_texts(picture(kind, exif=exif))["comment"] == words
    with pytest.raises(WorkflowError, match="AUTOMATIC1111"):
        load(read_workflow(picture(kind, exif=exif)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_without_a_workflow_says_so(kind: str) -> None:
    assert is_picture(picture(kind)) and not is_picture(b'{"schema": 1}')
    with pytest.raises(WorkflowError, match="no workflow in this picture"):
        read_workflow(picture(kind))


# ---------------------------------------------------------------- harm


def test_compressed_text_is_unpacked_up_to_a_limit_only() -> None:
    bomb = zlib.compress(b"x" * (MAX_TEXT + 10_000), 9)
    for kind, data in ((b"zTXt", b"workflow\0\0" + bomb), (b"iTXt", b"workflow\0\1\0\0\0" + bomb)):
        raw = picture()
        assert refused(raw[:33] + chunk(kind, data) + raw[33:]).status == 413


def test_many_small_bombs_share_one_limit() -> None:
    bomb = zlib.compress(b"x" * (MAX_TEXT // 4), 9)
    texts = b"".join(chunk(b"zTXt", b"k%d\0\0" % n + bomb) for n in range(6))
    assert refused(header(1, 1) + texts).status == 413


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_a_picture_of_too_many_pixels_or_none_is_refused_by_its_header(width: int, height: int) -> None:
    bomb = header(width, height) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    refused(bomb)
    with pytest.raises(WorkflowError):
        measure(bomb)


def test_sizes_are_read_from_headers() -> None:
    assert [measure(picture(kind)) for kind in ("PNG", "JPEG", "WEBP", "GIF")] == [(6, 4)] * 4
    for junk in (b"", b"abc", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"):
        with pytest.raises(WorkflowError, match="not a picture"):
            measure(junk)


def test_millions_of_empty_chunks_are_no_picture() -> None:
    assert "too many parts" in refused(header(1, 1) + chunk(b"abCd", b"") * 200_000).what


def test_damaged_chunks_are_passed_over() -> None:
    damaged = [(b"zTXt", b"a\0\0not zlib"), (b"zTXt", b""), (b"iTXt", b"a\0"), (b"iTXt", b"a\0\1\0x"), (b"tEXt", b"")]
    texts = b"".join(chunk(kind, data) for kind, data in damaged)
    raw = picture()
    found = read_texts(raw[:33] + texts + chunk(b"tEXt", b"b\0c") + raw[33:])
    assert found["b"] == "c"


@given(st.integers(0, 200), st.binary(max_size=4), st.integers(0, 200))
def test_damaged_pictures_are_read_or_refused(at: int, patch: bytes, cut: int) -> None:
    info = PngInfo()
    info.add_itxt("workflow", '{"schema": 1}', zip=True)
    for raw in (picture(pnginfo=info), picture("JPEG"), picture("WEBP")):
        damaged = raw[:at] + patch + raw[at + len(patch) : len(raw) - cut]
        try:
            assert all(isinstance(text, str) for text in read_texts(damaged).values())
            measure(damaged)
        except WorkflowError as error:
            assert error.what
