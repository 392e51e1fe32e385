"""Words that were learned (textual inversion): found, read safely, and put where a text names them."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.api import BadValue, fingerprint_of
from nodes.diffusion.describe import describe
from nodes.diffusion.embedding_files import embedding_files, names_in, settle_embeddings
from nodes.diffusion.recipes import read_text_encoders
from nodes.diffusion.tokens import chunk_text, tokenize
from nodes.loaders import Checkpoint
from nodes.text import encode_text
from nodes.types import TextEncoder
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import models

WIDTH = 128
Write = Callable[[Path, Tensor], None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOM_EMBEDDINGS", "")
    folder = tmp_path / "embeddings"
    folder.mkdir()
    settle_embeddings([folder])
    return folder


def vectors(count: int = 2, width: int = WIDTH) -> Tensor:
    torch.manual_seed(5)
    return torch.randn(count, width) * 0.1


def save(path: Path, **tensors: Tensor) -> Path:
    save_file(tensors, str(path))
    return path


def said(tiny: Checkpoint, ctx: PlainContext, text: str) -> Tensor:
    return encode_text(tiny.text_encoder, ctx, text).parts[0].embedding


def expected(text: list[int | Tensor]) -> Tensor:
    """What transformers' own model says of these tokens and vectors, one chunk."""
    _, _, model = models()
    table = model.embeddings.token_embedding
    ids = [49406, *[0 if isinstance(t, Tensor) else t for t in text], *[49407] * (76 - len(text))]
    rows = table(torch.tensor([ids])).clone()
    for place, token in enumerate(text, 1):
        if isinstance(token, Tensor):
            rows[0, place] = token
    hook = table.register_forward_hook(lambda module, given, found: rows)
    with torch.no_grad():
        found: Tensor = model(input_ids=torch.tensor([ids])).last_hidden_state
    hook.remove()
    return found


# ---------------------------------------------------------------- what it says


def test_its_vectors_stand_where_the_text_names_it(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    word = vectors()
    save(folder / "fox.safetensors", emb_params=word)
    wanted = expected([*tokenize("a red"), *word, *tokenize("in snow")])
    assert torch.allclose(said(tiny, ctx, "a red embedding:fox in snow"), wanted, atol=1e-5)


def test_words_before_and_after_are_as_without_it(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    save(folder / "fox.safetensors", emb_params=vectors())
    before = said(tiny, ctx, "a red fox")
    assert not torch.equal(said(tiny, ctx, "a red embedding:fox"), before)
    assert torch.equal(said(tiny, ctx, "a red fox"), before)


def test_it_can_be_stressed(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    save(folder / "fox.safetensors", emb_params=vectors())
    plain, empty = said(tiny, ctx, "a embedding:fox"), said(tiny, ctx, "")
    stressed = said(tiny, ctx, "a (embedding:fox:1.5)")
    assert torch.allclose(stressed[0, 2:4], empty[0, 2:4] + (plain[0, 2:4] - empty[0, 2:4]) * 1.5, atol=1e-5)
    assert torch.allclose(stressed[0, :2], plain[0, :2], atol=1e-5)


def test_it_changes_places_during_sampling_like_a_word(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    save(folder / "fox.safetensors", emb_params=vectors())
    early, late = encode_text(tiny.text_encoder, ctx, "a [embedding:fox:wolf:0.5]").parts
    assert torch.equal(early.embedding, said(tiny, ctx, "a embedding:fox"))
    assert torch.equal(late.embedding, said(tiny, ctx, "a wolf"))


def test_a_learned_word_is_not_cut_by_the_end_of_a_chunk() -> None:
    word = vectors(3)
    first, second = chunk_text("cat " * 74 + "\ue100", learned={"\ue100": word})
    assert not first.vectors and list(second.vectors) == [1, 2, 3]


# ---------------------------------------------------------------- files


def write_webui(path: Path, word: Tensor) -> None:
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": word}, "name": "fox", "step": 500}, path)


def write_parameter(path: Path, word: Tensor) -> None:
    torch.save({"string_to_param": {"*": torch.nn.Parameter(word)}}, path)


LAYOUTS: dict[str, Write] = {
    "kohya.safetensors": lambda path, word: save_file({"emb_params": word}, str(path)),
    "diffusers.safetensors": lambda path, word: save_file({"<fox>": word}, str(path)),
    "diffusers.bin": lambda path, word: torch.save({"<fox>": word}, path),
    "webui.pt": write_webui,
    "parameter.pt": write_parameter,
    "half.safetensors": lambda path, word: save_file({"emb_params": word.half()}, str(path)),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read(name: str, folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    word = vectors().half().float()
    LAYOUTS[name](folder / name, word)
    stem = name.partition(".")[0]
    assert torch.allclose(said(tiny, ctx, f"a embedding:{stem}"), expected([*tokenize("a"), *word]), atol=1e-5)
    assert torch.equal(said(tiny, ctx, f"a embedding:{name}"), said(tiny, ctx, f"a embedding:{stem}"))


def test_one_vector_alone_is_a_word(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    word = vectors(1)
    save(folder / "one.safetensors", thing=word[0])
    assert torch.allclose(said(tiny, ctx, "embedding:one"), expected([word[0]]), atol=1e-5)


def test_sdxl_reads_the_vectors_for_each_of_its_encoders(folder: Path, tmp_path: Path, ctx: PlainContext) -> None:
    encoder = sdxl(tmp_path)
    first, second = vectors(2, small.CLIP_L), vectors(2, small.CLIP_G)
    save(folder / "both.safetensors", clip_l=first, clip_g=second)
    save(folder / "small.safetensors", emb_params=first)
    plain = encode_text(encoder, ctx, "a fox in snow").parts[0].embedding
    both = encode_text(encoder, ctx, "a embedding:both in snow").parts[0].embedding
    only = encode_text(encoder, ctx, "a embedding:small in snow").parts[0].embedding
    assert torch.equal(only[..., : small.CLIP_L], both[..., : small.CLIP_L])
    assert not torch.equal(plain[..., small.CLIP_L :], both[..., small.CLIP_L :])
    left_out = encode_text(encoder, ctx, "a in snow").parts[0].embedding
    assert torch.equal(only[..., small.CLIP_L :], left_out[..., small.CLIP_L :])


@pytest.mark.parametrize("family", ["sdxl", "sd3"])
def test_a_word_that_fills_a_chunk_of_one_encoder_alone_leaves_the_other_silent_there(
    family: str, folder: Path, tmp_path: Path, ctx: PlainContext
) -> None:
    file = (small.sdxl() if family == "sdxl" else small.sd3()).write(tmp_path / "model.safetensors")
    encoder = read_text_encoders([file], family)
    save(folder / "long.safetensors", clip_l=vectors(9, small.CLIP_L), clip_g=vectors(2, small.CLIP_G))
    both = slice(small.CLIP_L, small.CLIP_L + small.CLIP_G)
    said = encode_text(encoder, ctx, "fox " * 70 + "embedding:long").parts[0].embedding
    plain = encode_text(encoder, ctx, "fox " * 70 + "embedding:long" + " snow" * 80).parts[0].embedding
    assert torch.equal(said[:, :77, : small.CLIP_L], plain[:, :77, : small.CLIP_L])
    assert torch.allclose(said[:, 77:154, both], encode_text(encoder, ctx, "").parts[0].embedding[:, :77, both])


def sdxl(folder: Path) -> TextEncoder:
    return read_text_encoders([small.sdxl().write(folder / "sdxl.safetensors")], "sdxl")


def test_the_list_of_models_says_what_it_holds(folder: Path) -> None:
    save(folder / "both.safetensors", clip_l=vectors(2, 768), clip_g=vectors(2, 1280))
    torch.save({"<fox>": vectors(3, 768)}, folder / "fox.bin")
    (folder / "no.pt").write_bytes(b"no")
    both, fox, no = (describe(folder / name, "embeddings") for name in ("both.safetensors", "fox.bin", "no.pt"))
    assert both.what == "a textual inversion embedding, 2 x 768 for CLIP-L and 2 x 1280 for CLIP-G"
    assert (fox.what, fox.parameters, fox.problem) == ("a textual inversion embedding, 3 x 768", 3 * 768, "")
    assert "cannot be read as tensors" in no.problem and no.fix


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a embedding:fox, in snow", ["fox"]),
        ("(embedding:fox:1.2)", ["fox"]),
        ("embedding:animals/fox.pt embedding:b", ["animals/fox.pt", "b"]),
        (r"embedding:fox\(1\)", ["fox(1)"]),
        ("[embedding:fox:wolf:0.5]", ["fox"]),
        ("the embedding is good", []),
    ],
)
def test_a_name_ends_where_the_text_goes_on(text: str, names: list[str]) -> None:
    assert names_in(text) == names


def test_a_full_stop_behind_a_name_is_none_of_it(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    save(folder / "fox.safetensors", emb_params=vectors())
    assert torch.equal(said(tiny, ctx, "a embedding:fox."), said(tiny, ctx, "a embedding:fox ."))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..\\secret", "fox/../../secret", "secret"])
def test_a_name_never_leads_out_of_the_folder(
    name: str, folder: Path, tmp_path: Path, tiny: Checkpoint, ctx: PlainContext
) -> None:
    save(tmp_path / "secret.safetensors", emb_params=vectors())
    (folder / "secret.safetensors").symlink_to(tmp_path / "secret.safetensors")
    assert embedding_files() == {}
    with pytest.raises(BadValue, match="which is not in models/embeddings") as refused:
        said(tiny, ctx, f"a embedding:{name}")
    assert refused.value.input == "text"


def test_a_name_that_is_nearly_right_is_suggested(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    save(folder / "EasyNegative.safetensors", emb_params=vectors())
    with pytest.raises(BadValue) as refused:
        said(tiny, ctx, "embedding:easynegative")
    assert "Did you mean embedding:EasyNegative" in str(refused.value.fix)


# ---------------------------------------------------------------- the key of a result


def test_the_content_of_what_a_text_names_joins_the_key(folder: Path) -> None:
    save(folder / "fox.safetensors", emb_params=vectors())
    save(folder / "other.safetensors", emb_params=vectors())

    def key(**constants: Any) -> object:
        return fingerprint_of(encode_text, constants)

    plain, named, linked = key(text="a fox"), key(text="a embedding:fox"), key()
    save(folder / "other.safetensors", emb_params=vectors(3))
    assert (key(text="a fox"), key(text="a embedding:fox")) == (plain, named)
    assert key() != linked, "a text that comes through a link can name any of them"
    save(folder / "fox.safetensors", emb_params=vectors(3))
    assert key(text="a embedding:fox") != named
    (folder / "fox.safetensors").unlink()
    gone = key(text="a embedding:fox")
    assert gone not in (plain, named)


# ---------------------------------------------------------------- what is refused


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["LOOM_TEST_PAYLOAD"],)


@pytest.mark.parametrize("name", ["evil.pt", "evil.bin"])
def test_a_pickle_that_would_run_is_refused_and_never_runs(
    name: str, folder: Path, tmp_path: Path, tiny: Checkpoint, ctx: PlainContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOM_TEST_PAYLOAD", str(tmp_path / "ran"))
    torch.save({"string_to_param": {"*": Payload()}}, folder / name)
    (folder / f"plain-{name}").write_bytes(pickle.dumps(Payload()))
    for one in (name, f"plain-{name}"):
        with pytest.raises(BadValue, match="cannot be read as tensors"):
            said(tiny, ctx, f"embedding:{one}")
    assert not (tmp_path / "ran").exists()


def write_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * (80 * 2**20))


DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.pt": (lambda path: path.write_bytes(b""), "cannot be read as tensors"),
    "noise.bin": (lambda path: path.write_bytes(bytes(range(256)) * 40), "cannot be read as tensors"),
    "bomb.pt": (write_bomb, "cannot be read as tensors"),
    "text.safetensors": (lambda path: path.write_bytes(b"<html>not found</html>"), "web page"),
    "many.safetensors": (lambda path: save(path, a=vectors(), b=vectors()), "holds 2 tensors"),
    "table.safetensors": (lambda path: save(path, a=torch.zeros(2, 3, 4)), "its tensor is 2 x 3 x 4"),
    "long.safetensors": (lambda path: save(path, a=torch.zeros(76, WIDTH)), "its tensor is 76 x 128"),
    "huge.pt": (lambda path: torch.save(torch.zeros(1).expand(70, 10**9), path), "not vectors x width"),
    "nan.safetensors": (lambda path: save(path, a=torch.full((1, WIDTH), torch.nan)), "numbers that are none"),
    "list.pt": (lambda path: torch.save([1, 2], path), "holds 0 tensors"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_none_is_refused_in_words(name: str, folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    write, words = DAMAGED[name]
    write(folder / name)
    with pytest.raises(BadValue, match=words) as refused:
        said(tiny, ctx, f"embedding:{name}")
    assert refused.value.input == "text"


def test_one_of_another_family_is_refused_naming_both(folder: Path, tiny: Checkpoint, ctx: PlainContext) -> None:
    save(folder / "two.safetensors", emb_params=vectors(2, 1024))
    with pytest.raises(BadValue, match=r"embedding:two holds vectors 1024 wide, but .* reads with CLIP-L, 128 wide"):
        said(tiny, ctx, "embedding:two")
    save(folder / "xl.safetensors", clip_g=vectors(2, 1280))
    with pytest.raises(BadValue, match="1280 wide for CLIP-G, but"):
        said(tiny, ctx, "embedding:xl")
