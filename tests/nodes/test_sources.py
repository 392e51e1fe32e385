"""Where parts come from: files of their own, diffusers folders, pieces, 8-bit floats and GGUF; and what is refused."""

from __future__ import annotations

import json
import struct
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import save_file

from nodes.api import BadValue
from nodes.diffusion import quants
from nodes.diffusion.header import UnusableFile
from nodes.diffusion.quants import BLOCKS, FORMATS, TYPES, dequantize
from nodes.diffusion.read import read_tensor, read_weights_header
from nodes.diffusion.recipes import read_checkpoint, read_model, read_text_encoders, read_vae
from nodes.latent import decode_latent
from nodes.loaders import load_checkpoint, load_model, load_text_encoders, load_vae
from nodes.types import Latent
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext

gguf: Any = import_module("gguf")


def save(path: Path, tensors: Any, metadata: dict[str, str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.clone().contiguous() for name, tensor in dict(tensors).items()}, str(path), metadata)
    return path


def same(found: Any, wanted: Any) -> bool:
    kept = found.state_dict()
    return all(torch.equal(kept[name], tensor) for name, tensor in wanted.state_dict().items())


# ---------------------------------------------------------------- files of their own


@pytest.mark.parametrize("layout", ["single file", "diffusers"])
@pytest.mark.parametrize("family", ["sdxl", "sd3", "flux1"])
def test_a_denoiser_alone_loads_in_either_layout(tmp_path: Path, family: str, layout: str) -> None:
    made = {"sdxl": small.sdxl, "sd3": small.sd3, "flux1": small.flux}[family]()
    tensors: Any = made.denoiser.state_dict()
    if layout == "single file":
        tensors = {n.removeprefix(small.DENOISER): t for n, t in made.tensors.items() if n.startswith(small.DENOISER)}
    model = load_model(save(tmp_path / "alone.safetensors", tensors))
    assert model.space.name == made.family
    denoiser = model.recipe.load("cpu", "float32")
    assert same(getattr(denoiser, "unet", None) or denoiser.model, made.denoiser)
    preview = model.space.preview.load("cpu", "float32")(torch.randn(2, model.space.channels, 4, 6))
    assert preview.shape == (2, 4, 6, 3)
    assert preview.min() >= 0 and preview.max() <= 1 and preview.std() > 0.01


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["l"], "sd1"),
        (["g"], "sdxl_refiner"),
        (["l", "g"], "sdxl"),
        (["t5", "l"], "flux1"),
        (["g", "t5", "l"], "sd3"),
        (["t5"], "sd3"),
    ],
)
def test_text_encoders_of_their_own_find_their_reader(tmp_path: Path, names: list[str], family: str) -> None:
    contents = {"l": small.hugging_face(small.clip_l()), "g": small.open_clip(small.clip_g()),
                "t5": small.t5().state_dict().items()}  # fmt: skip
    first, second, third = [save(tmp_path / f"{n}.safetensors", contents[n]) for n in names] + [None] * (3 - len(names))
    assert first is not None
    texts = load_text_encoders(first, second, third)
    assert texts.recipe.family == family  # type: ignore[attr-defined]
    assert texts.recipe.load("cpu", "float32").encode("a fox").embedding.isfinite().all()


def test_who_reads_can_be_said_where_files_cannot_tell(tmp_path: Path) -> None:
    both = [save(tmp_path / "l.safetensors", small.hugging_face(small.clip_l())),
            save(tmp_path / "g.safetensors", small.open_clip(small.clip_g()))]  # fmt: skip
    assert read_text_encoders(both, "sd3").recipe.family == "sd3"  # type: ignore[attr-defined]
    with pytest.raises(UnusableFile, match=r"Flux\.1 reads CLIP-L, T5, and the files hold CLIP-L, CLIP-G"):
        read_text_encoders(both, "flux1")
    with pytest.raises(UnusableFile, match="both hold CLIP-L"):
        read_text_encoders([both[0], save(tmp_path / "again.safetensors", small.hugging_face(small.clip_l()))])


@pytest.mark.parametrize("old", [False, True])
def test_any_vae_takes_the_place_of_a_checkpoints(tmp_path: Path, ctx: PlainContext, tiny: Any, old: bool) -> None:
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = small.vae().state_dict()
    if old:
        tensors = {rewritten(name, names): tensor for name, tensor in tensors.items()}
    vae = load_vae(save(tmp_path / "vae.safetensors", tensors))
    loaded = ctx.weights(vae.recipe)
    assert same(loaded.vae, small.vae())
    pixels = decode_latent(vae, Latent(torch.randn(1, 4, 4, 4), tiny.model.space), ctx).pixels
    assert pixels.shape == (1, 32, 32, 3)
    assert vae.space.fits(tiny.model.space)
    with pytest.raises(BadValue, match="reads those of 16 channels"):
        other = load_vae(save(tmp_path / "16.safetensors", small.vae(16, quant=False).state_dict()))
        decode_latent(other, Latent(torch.randn(1, 4, 4, 4), tiny.model.space), ctx)


def rewritten(name: str, words: dict[str, str]) -> str:
    for new, old in words.items():
        name = name.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
    return name


# ---------------------------------------------------------------- diffusers folders


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, made = tmp_path_factory.mktemp("models") / "my-model", small.sdxl()
    tensors = dict(made.denoiser.state_dict())
    names, cut = sorted(tensors), len(tensors) // 2
    pieces = {f"diffusion_pytorch_model-0000{n}-of-00002.safetensors": part
              for n, part in ((1, names[:cut]), (2, names[cut:]))}  # fmt: skip
    for file, part in pieces.items():
        save(root / "unet" / file, {name: tensors[name] for name in part})
    index = {"weight_map": {name: file for file, part in pieces.items() for name in part}}
    (root / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    save(root / "vae" / "diffusion_pytorch_model.safetensors", made.vae.state_dict())
    save(root / "text_encoder" / "model.safetensors", small.hugging_face(small.clip_l()))
    save(root / "text_encoder_2" / "model.fp16.safetensors", small.open_clip(small.clip_g()))
    save(root / "text_encoder_2" / "model.safetensors", small.open_clip(small.clip_g()))
    (root / "scheduler").mkdir()
    (root / "scheduler" / "scheduler_config.json").write_text('{"prediction_type": "v_prediction"}')
    (root / "model_index.json").write_text("{}")
    return root


@pytest.mark.parametrize("picked", ["", "model_index.json", "vae/diffusion_pytorch_model.safetensors"])
def test_a_diffusers_folder_is_meant_by_itself_and_by_what_lies_in_it(folder: Path, picked: str) -> None:
    model, texts, vae = read_checkpoint(folder / picked)
    made = small.sdxl()
    denoiser = model.recipe.load("cpu", "float32")
    assert same(denoiser.unet, made.denoiser)
    assert same(vae.recipe.load("cpu", "float32").vae, made.vae)
    assert texts.recipe.load("cpu", "float32").encode("a fox").embedding.shape == (1, 77, 192)
    assert denoiser.traits.prediction == "v"
    assert vae.space.name == "sdxl"


def test_a_piece_stands_for_all_of_them(folder: Path) -> None:
    pieces = sorted((folder / "unet").glob("*.safetensors"))
    loose = folder.parent / "loose"
    loose.mkdir()
    for piece in pieces:
        (loose / piece.name).write_bytes(piece.read_bytes())
    assert same(read_model(loose / pieces[1].name).recipe.load("cpu", "float32").unet, small.sdxl().denoiser)
    (loose / pieces[0].name).unlink()
    with pytest.raises(UnusableFile, match=r"00001-of-00002\.safetensors is gone"):
        read_model(loose / pieces[1].name)


def test_a_folder_of_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"PK\x03\x04")
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(UnusableFile, match=r"only diffusion_pytorch_model\.bin, which is pickled"):
        read_checkpoint(tmp_path)


# ---------------------------------------------------------------- 8-bit floats


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_8_bit_floats_are_widened_when_loaded(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {name: tensor.to(dtype) for name, tensor in small.flux().denoiser.state_dict().items()}
    model = read_model(save(tmp_path / "fp8.safetensors", tensors)).recipe.load("cpu", "float32").model
    kept = model.state_dict()
    assert all(torch.equal(kept[name], tensor.float()) for name, tensor in tensors.items())


def test_scales_beside_8_bit_floats_are_applied(tmp_path: Path) -> None:
    tensors = dict(small.t5().state_dict())
    name = "encoder.block.0.layer.0.SelfAttention.q"
    weight = (tensors[f"{name}.weight"] * 64).to(torch.float8_e4m3fn)
    tensors |= {f"{name}.weight": weight, f"{name}.scale_weight": torch.tensor(0.25),
                "scaled_fp8": torch.zeros(2).to(torch.float8_e4m3fn)}  # fmt: skip
    loaded = read_text_encoders([save(tmp_path / "t5.safetensors", tensors)]).recipe.load("cpu", "float32")
    assert torch.equal(loaded.t5.model.state_dict()[f"{name}.weight"], weight.float() * 0.25)


# ---------------------------------------------------------------- GGUF


@pytest.mark.parametrize("dtype", FORMATS)
def test_blocks_are_what_the_gguf_package_makes_of_them(dtype: str) -> None:
    random = numpy.random.default_rng(5)
    raw = random.integers(0, 256, (40, BLOCKS[dtype][1]), dtype=numpy.uint8)
    kind = getattr(gguf.GGMLQuantizationType, dtype)
    with numpy.errstate(invalid="ignore", over="ignore"):  # random bytes hold numbers that are none
        wanted = gguf.quants.dequantize(raw, kind)
        found = dequantize(torch.from_numpy(raw).flatten(), dtype).view(wanted.shape)
    assert numpy.array_equal(found.numpy(), wanted, equal_nan=True)


def test_what_the_package_reads_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = torch.from_numpy(numpy.random.default_rng(6).integers(0, 60, (11, BLOCKS["IQ3_S"][1]), dtype=numpy.uint8))
    whole = dequantize(raw.flatten(), "IQ3_S")
    monkeypatch.setattr(quants, "PIECE", 4)
    assert torch.equal(dequantize(raw.flatten(), "IQ3_S"), whole)


def test_the_types_and_their_sizes_are_ggmls() -> None:
    for number, dtype in TYPES.items():
        assert gguf.GGMLQuantizationType(number).name == dtype
        assert gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(number)] == BLOCKS[dtype]


def write_gguf(path: Path, tensors: Any, dtype: str) -> Path:
    """As the field writes them: matrices in blocks, everything else in float32."""
    writer = gguf.GGUFWriter(str(path), "flux")
    writer.add_array("some.list", ["a", "b"])
    writer.add_array("some.numbers", [1, 2])
    for name, tensor in tensors.items():
        wide = tensor.ndim == 2 and tensor.shape[1] % BLOCKS[dtype][0] == 0
        kind = getattr(gguf.GGMLQuantizationType, dtype if wide else "F32")
        data = gguf.quants.quantize(tensor.float().numpy(), kind)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("dtype", ["F16", "BF16", "Q8_0", "Q4_0", "Q5_1", "MXFP4"])
def test_a_transformer_in_gguf_loads_close_to_what_it_was(tmp_path: Path, dtype: str) -> None:
    made = small.flux()
    tensors = {n.removeprefix(small.DENOISER): t for n, t in made.tensors.items() if n.startswith(small.DENOISER)}
    path = write_gguf(tmp_path / "model.gguf", tensors, dtype)
    reader = gguf.GGUFReader(str(path))
    assert len(read_weights_header(path).entries) == len(reader.tensors)
    for tensor in reader.tensors:
        found = read_tensor(read_weights_header(path).entries[tensor.name])
        wanted = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert numpy.array_equal(found.float().numpy().reshape(wanted.shape), wanted)
    kept = load_model(path).recipe.load("cpu", "float32").model.state_dict()
    errors = [float((kept[n] - t).norm() / t.norm()) for n, t in made.denoiser.state_dict().items() if t.norm()]
    assert max(errors) < {"F16": 1e-3, "BF16": 1e-2, "Q8_0": 1e-2, "Q4_0": 0.2, "Q5_1": 0.1, "MXFP4": 0.2}[dtype]


def gguf_t5() -> dict[str, torch.Tensor]:
    """T5 in the names of ggml."""
    words = {"SelfAttention.q": "attn_q", "SelfAttention.k": "attn_k", "SelfAttention.v": "attn_v",
             "SelfAttention.o": "attn_o", "relative_attention_bias": "attn_rel_b", "wi_0": "ffn_gate",
             "wi_1": "ffn_up", "wo": "ffn_down"}  # fmt: skip
    made = {"token_embd.weight": small.t5().state_dict()["shared.weight"]}
    for name, tensor in small.t5().state_dict().items():
        parts = name.split(".")
        if name == "encoder.final_layer_norm.weight":
            made["enc.output_norm.weight"] = tensor
        elif name.startswith("encoder.block."):
            norm = "attn_norm" if parts[4] == "0" else "ffn_norm"
            word = next((new for old, new in words.items() if f"{old}." in name), norm)
            made[f"enc.blk.{parts[2]}.{word}.weight"] = tensor
    return made


def test_t5_in_gguf_loads_too(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "t5.gguf", gguf_t5(), "F16")
    loaded = read_text_encoders([path]).recipe.load("cpu", "float32")
    kept = loaded.t5.model.state_dict()
    assert all(torch.allclose(kept[n], t, atol=1e-2, rtol=1e-3) for n, t in small.t5().state_dict().items())


HEADER = struct.Struct("<4sIQQ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEADER.pack(b"GGUF", 3, 1, 0), "its header is cut short"),
        (HEADER.pack(b"GGUF", 9, 1, 0), "its version is 9"),
        (HEADER.pack(b"GGUF", 3, 2**60, 0), "impossible numbers"),
        (HEADER.pack(b"GGUF", 3, 0, 1) + struct.pack("<Q", 2**50), "impossible numbers"),
        (HEADER.pack(b"GGUF", 3, 0, 1) + struct.pack("<Q1sI", 1, b"k", 99), "values of an unknown kind"),
        (HEADER.pack(b"GGUF", 3, 1, 0) + struct.pack("<Q1sIQIQ", 1, b"x", 1, 7, 8, 0), "impossible shape"),
        (HEADER.pack(b"GGUF", 3, 1, 0) + struct.pack("<Q1sIQIQ", 1, b"x", 1, 32, 15, 0), "not read here"),
        (HEADER.pack(b"GGUF", 3, 1, 0) + struct.pack("<Q1sIQIQ", 1, b"x", 1, 32, 8, 0), "cut short"),
        (HEADER.pack(b"GGUF", 3, 2, 0) + struct.pack("<Q1sIQIQ", 1, b"x", 1, 32, 8, 0) * 2, "lists 'x' twice"),
        (HEADER.pack(b"GGUF", 3, 0, 0), "holds no tensors"),
    ],
)
def test_a_damaged_gguf_file_is_named_for_what_is_wrong(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "bad.gguf").write_bytes(data)
    with pytest.raises(BadValue, match=words) as caught:
        load_model(tmp_path / "bad.gguf")
    assert caught.value.what.startswith("bad.gguf")


# ---------------------------------------------------------------- what is refused


def test_a_file_of_another_kind_is_told_at_the_input(tmp_path: Path) -> None:
    vae = save(tmp_path / "vae.safetensors", small.vae().state_dict())
    text = save(tmp_path / "text.safetensors", small.hugging_face(small.clip_l()))
    with pytest.raises(BadValue, match=r"vae.safetensors looks like a VAE. Expected a denoiser"):
        load_model(vae)
    with pytest.raises(BadValue, match=r"vae.safetensors looks like a VAE. Expected a text encoder") as caught:
        load_text_encoders(vae)
    assert caught.value.input == "first"
    with pytest.raises(BadValue, match=r"text.safetensors looks like a CLIP text encoder. Expected a VAE"):
        load_vae(text)


def test_a_checkpoint_without_text_encoders_says_what_is_missing(tmp_path: Path) -> None:
    made = small.sdxl()
    tensors = {n: t for n, t in made.tensors.items() if not n.startswith("conditioner.")}
    with pytest.raises(BadValue, match=r"has no text encoder \(CLIP-L, CLIP-G\).*Load text encoders"):
        load_checkpoint(save(tmp_path / "bare.safetensors", tensors))


def test_a_vae_recipe_of_a_file_that_became_another_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "vae.safetensors", small.vae().state_dict())
    vae = read_vae(path)
    save(path, small.hugging_face(small.clip_l()))
    with pytest.raises(UnusableFile, match="has become a CLIP text encoder"):
        vae.recipe.load("cpu", "float32")
