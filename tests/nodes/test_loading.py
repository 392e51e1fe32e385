"""Loading a checkpoint: every tensor where it belongs, every other file refused in words."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable, Iterable
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from nodes.api import BadValue
from nodes.diffusion.clip import clip_config, find_clips
from nodes.diffusion.families import recognise, sd1
from nodes.diffusion.header import UnusableFile, read_header
from nodes.diffusion.ldm import unet_file_name, unet_name, vae_file_name, vae_name
from nodes.diffusion.recipes import read_checkpoint
from nodes.diffusion.told import Told
from nodes.diffusion.unets import unet_config
from nodes.diffusion.vae import find_vae, vae_config
from nodes.loaders import Checkpoint, load_checkpoint
from tests.nodes import tiny as small
from tests.nodes.plain import PlainContext

CONVERTERS: Any = import_module("diffusers.loaders.single_file_utils")
STEM = "model.diffusion_model.input_blocks.0.0.weight"


# ---------------------------------------------------------------- what loads


def test_every_part_computes_what_the_model_it_was_saved_from_computes(tiny: Checkpoint, ctx: PlainContext) -> None:
    unet, vae, text = small.models()
    x, said = torch.randn(2, 4, 16, 16), torch.randn(2, 77, 128)
    time = torch.tensor([500, 500])
    wanted = unet(x, time, said).sample
    assert torch.allclose(ctx.weights(tiny.model.recipe).unet(x, time, said).sample, wanted, atol=1e-4)
    tokens = torch.randint(0, 49408, (1, 77))
    wanted = text(input_ids=tokens).last_hidden_state
    encoder = ctx.weights(tiny.text_encoder.recipe).encoder
    assert torch.allclose(encoder.model(input_ids=tokens).last_hidden_state, wanted, atol=1e-5)
    loaded = ctx.weights(tiny.vae.recipe).vae
    assert torch.allclose(loaded.decode(x).sample, vae.decode(x).sample, atol=1e-4)
    pixels = torch.rand(1, 3, 64, 64)
    assert torch.allclose(loaded.encode(pixels).latent_dist.mean, vae.encode(pixels).latent_dist.mean, atol=1e-4)


def test_sizes_are_read_from_shapes_alone(tiny_file: Path) -> None:
    header = read_header(tiny_file)
    unet, vae, texts = sd1.find(header), find_vae(header), find_clips(header)
    assert unet is not None and vae is not None
    config = unet_config(unet, sd1.HEADS)
    assert {key: config[key] for key in small.UNET} == small.UNET
    assert {kind: clip_config(text, kind) for kind, text in texts.items()} == {"clip_l": small.TEXT}
    read = vae_config(vae)
    assert {key: read[key] for key in small.VAE if key != "scaling_factor"} | {"scaling_factor": 0.18215} == small.VAE


def test_half_precision_files_are_computed_in_full_precision(tmp_path: Path, ctx: PlainContext) -> None:
    path = small.write_checkpoint(tmp_path / "half.safetensors", torch.float16)
    model, _, _ = read_checkpoint(path)
    unet = ctx.weights(model.recipe).unet
    assert {parameter.dtype for parameter in unet.parameters()} == {torch.float32}
    assert model.recipe.size == 4 * sum(parameter.numel() for parameter in unet.parameters())


def test_older_text_encoder_names_and_extra_tensors_do_no_harm(
    tmp_path: Path, tiny_file: Path, ctx: PlainContext
) -> None:
    tensors = {name.replace("transformer.text_model.", "transformer."): t for name, t in load_file(tiny_file).items()}
    tensors["cond_stage_model.transformer.embeddings.position_ids"] = torch.arange(77)[None]
    tensors["model_ema.decay"] = torch.ones(())
    tensors["alphas_cumprod"] = torch.ones(1000)
    path = tmp_path / "older.safetensors"
    save_file(tensors, str(path))
    _, text_encoder, _ = read_checkpoint(path)
    _, usual, _ = read_checkpoint(tiny_file)
    assert torch.equal(
        ctx.weights(text_encoder.recipe).encode("a fox").embedding, ctx.weights(usual.recipe).encode("a fox").embedding
    )


def test_recipes_of_one_file_are_equal_and_of_a_changed_file_are_not(tiny_file: Path, tmp_path: Path) -> None:
    assert read_checkpoint(tiny_file) == read_checkpoint(tiny_file)
    assert hash(read_checkpoint(tiny_file)[0]) == hash(read_checkpoint(tiny_file)[0])
    other = small.write_checkpoint(tmp_path / "other.safetensors")
    assert read_checkpoint(other)[0] != read_checkpoint(tiny_file)[0]


def test_weights_do_not_ask_for_gradients(tiny: Checkpoint, ctx: PlainContext) -> None:
    for part in (tiny.model, tiny.text_encoder, tiny.vae):
        bundle = ctx.weights(part.recipe)
        held = vars(bundle) | vars(getattr(bundle, "encoder", bundle))
        modules = [value for value in held.values() if isinstance(value, torch.nn.Module)]
        assert modules
        assert not any(p.requires_grad or module.training for module in modules for p in module.parameters())


# ---------------------------------------------------------------- names


def test_names_are_those_of_the_converters_of_diffusers(tiny_file: Path) -> None:
    tensors = load_file(tiny_file)
    wanted = CONVERTERS.convert_ldm_unet_checkpoint(tensors, {"layers_per_block": 2})
    ours = names_of(tensors, "model.diffusion_model.", lambda name: unet_name(name, 2))
    assert {new: tensors[old].data_ptr() for new, old in ours.items()} == {k: t.data_ptr() for k, t in wanted.items()}
    wanted = CONVERTERS.convert_ldm_vae_checkpoint(tensors, small.VAE)
    ours = names_of(tensors, "first_stage_model.", lambda name: vae_name(name, 4))
    assert ours.keys() == wanted.keys()
    assert all(torch.equal(tensors[ours[name]].view_as(tensor), tensor) for name, tensor in wanted.items())


def names_of(names: Iterable[str], prefix: str, new: Callable[[str], str]) -> dict[str, str]:
    """The new name → the file's name, of what lies below a prefix."""
    return {new(name.removeprefix(prefix)): name for name in names if name.startswith(prefix)}


def full_size_names() -> tuple[dict[str, list[str]], dict[str, list[int]]]:
    """The names of SD 1.5's parts, and the shapes of all tensors."""
    listing = resources.files("tests.nodes.reference").joinpath("sd15_names.json.gz").read_bytes()
    names = json.loads(gzip.decompress(listing))
    return {part: [name for name, _ in rows] for part, rows in names.items()}, {
        name: shape for rows in names.values() for name, shape in rows
    }


def test_the_names_of_the_full_size_model_all_find_their_place() -> None:
    names, shapes = full_size_names()
    assert len(shapes) == 1130
    unet = names_of(names["unet"], "", lambda name: unet_name(name, 2))
    vae = names_of(names["vae"], "", lambda name: vae_name(name, 4))
    text = names_of(names["clip"], "transformer.", lambda name: name.removeprefix("text_model."))
    from transformers import CLIPTextConfig, CLIPTextModel

    large_vae = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
    with torch.device("meta"):
        models: list[tuple[torch.nn.Module, dict[str, str]]] = [
            (small.DIFFUSERS.UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8), unet),
            (small.DIFFUSERS.AutoencoderKL(**small.VAE | large_vae), vae),
            (CLIPTextModel(CLIPTextConfig(**small.TEXT | {"hidden_size": 768, "num_hidden_layers": 12,
             "intermediate_size": 3072, "num_attention_heads": 12})), text),
        ]  # fmt: skip
    for model, found in models:
        wanted = model.state_dict()
        assert found.keys() == wanted.keys()
        assert all(torch.Size(shapes[found[name]]).numel() == tensor.numel() for name, tensor in wanted.items())


def test_writing_names_is_the_way_back_from_reading_them() -> None:
    names, _ = full_size_names()
    unet, vae = names["unet"], names["vae"]
    assert [unet_file_name(unet_name(name, 2), 2, frozenset({1, 2, 3})) for name in unet] == unet
    assert [vae_file_name(vae_name(name, 4), 4) for name in vae] == vae


# ---------------------------------------------------------------- what is refused, and how


def refused(path: Path) -> str:
    """What a user reads: the sentence and what to do."""
    with pytest.raises(BadValue) as caught:
        load_checkpoint(path)
    assert caught.value.input == "file"
    assert caught.value.fix
    return f"{caught.value.what} {caught.value.fix}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "gone.safetensors is gone. Put it back" in refused(tmp_path / "gone.safetensors")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04" + b"\0" * 100, "pickled PyTorch file"),
        (b"\x80\x02}q\x00(X\x05" + b"\0" * 100, "pickled PyTorch file"),
        (b"GGUF\x03\0\0\0" + b"\0" * 100, "holds no tensors"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x10\0\0\0\0\0\0\0", "too short"),
        (b"\xff" * 64, "not a safetensors file"),
        (struct.pack("<Q", 5000) + b'{"a":1', "cut short"),
        (struct.pack("<Q", 2) + b"{}", "holds no tensors"),
        (struct.pack("<Q", 2) + b"[]", "damaged"),
        (struct.pack("<Q", 4) + b"{a:1", "damaged"),
        (struct.pack("<Q", 40_000) + b'{"a":' + b"[" * 39_995, "damaged"),
    ],
)  # fmt: skip
def test_other_and_damaged_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    message = refused(path)
    assert message.startswith("model.safetensors")
    assert words in message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path)


def with_header(path: Path, header: str, data: bytes = b"") -> Path:
    raw = header.encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


ENTRY = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'


@pytest.mark.parametrize(
    ("header", "data", "words"),
    [
        ('{"x":' + ENTRY + ',"x":' + ENTRY + "}", b"\0" * 8, "lists 'x' twice"),
        ('{"x":' + ENTRY + "}", b"\0" * 4, "cut short"),
        ('{"x":' + ENTRY + "}", b"\0" * 9, "1 bytes follow the last tensor"),
        ('{"x":' + ENTRY + ',"y":' + ENTRY + "}", b"\0" * 8, "overlap or leave gaps"),
        ('{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', b"\0" * 8, "size its shape needs"),
        ('{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}', b"\0" * 8, "impossible numbers"),
        ('{"x":{"dtype":"F32","shape":[2]}}', b"\0" * 8, "makes no sense"),
        ('{"x":3}', b"", "makes no sense"),
        ('{"x":{"dtype":["F32"],"shape":[2],"data_offsets":[0,8]}}', b"\0" * 8, "makes no sense"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(tmp_path: Path, header: str, data: bytes, words: str) -> None:
    assert words in refused(with_header(tmp_path / "odd.safetensors", header, data))


def test_a_file_that_ends_early_says_how_much_is_there(tmp_path: Path, tiny_file: Path) -> None:
    path = tmp_path / "part.safetensors"
    path.write_bytes(tiny_file.read_bytes()[:1_000_000])
    message = refused(path)
    assert "1,000,000 of" in message and "download" in message.lower()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["lora_unet_down.lora_up.weight"], "a LoRA"),
        (["conditioner.embedders.0.weight", STEM], "an SDXL checkpoint"),
        (["cond_stage_model.model.ln_final.weight", STEM], "a Stable Diffusion 2.x checkpoint"),
        (["model.diffusion_model.joint_blocks.0.weight"], "a Stable Diffusion 3 model"),
        (["double_blocks.0.weight"], "a Flux model"),
        (["control_model.weight"], "a ControlNet"),
        ([STEM], "a Stable Diffusion UNet without text encoder and VAE"),
        (["down_blocks.0.weight"], "one part of a model in the diffusers layout"),
        (["first_stage_model.decoder.conv_in.weight"], "a VAE"),
        (["emb_params"], "a textual inversion embedding"),
        (["banana"], "no kind of model known here"),
    ],
)
def test_a_model_of_another_kind_is_called_by_its_name(tmp_path: Path, names: list[str], words: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({name: torch.zeros(1) for name in names}, str(path))
    message = refused(path)
    assert f"other.safetensors looks like {words}." in message
    assert "Stable Diffusion 1.x" in message


def test_a_model_that_wants_more_than_a_latent_is_called_by_its_name(tmp_path: Path, tiny_file: Path) -> None:
    path = changed(tmp_path, tiny_file, **{STEM: torch.zeros(32, 5, 3, 3)})
    assert "looks like a depth-to-image model (5 input channels)" in refused(path)


@pytest.mark.parametrize("channels", [8, 9])
def test_models_that_see_a_picture_beside_the_noise_are_of_the_family(
    tmp_path: Path, tiny_file: Path, channels: int
) -> None:
    path = changed(tmp_path, tiny_file, **{STEM: torch.zeros(32, channels, 3, 3)})
    model, _, _ = read_checkpoint(path)
    denoiser = model.recipe.load("cpu", "float32")
    assert denoiser.beside_channels == channels - 4
    told = Told(torch.randn(2, 77, 128), beside=torch.ones(2, 4, 8, 8))
    assert denoiser.predict(torch.randn(2, 4, 8, 8), 1.0, told).shape == (2, 4, 8, 8)
    assert denoiser.predict(torch.randn(2, 4, 8, 8), 1.0, Told(told.tokens)).shape == (2, 4, 8, 8)


def test_a_renamed_text_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.safetensors"
    path.write_text("these are my notes about models, long enough to be read as a header")
    assert "not a safetensors file" in refused(path)


def test_a_checkpoint_without_vae_says_so(tmp_path: Path, tiny_file: Path) -> None:
    path = tmp_path / "bare.safetensors"
    save_file({k: t for k, t in load_file(tiny_file).items() if not k.startswith("first_stage_model.")}, str(path))
    assert "has no VAE" in refused(path)


def changed(tmp_path: Path, tiny_file: Path, **changes: Any) -> Path:
    tensors: dict[str, Any] = load_file(tiny_file) | {name.replace("__", "."): t for name, t in changes.items()}
    path = tmp_path / "changed.safetensors"
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, str(path))
    return path


def test_missing_tensors_are_counted_not_listed(tmp_path: Path, tiny_file: Path, ctx: PlainContext) -> None:
    path = changed(tmp_path, tiny_file, model__diffusion_model__middle_block__0__in_layers__0__bias=None)
    model, _, _ = read_checkpoint(path)
    with pytest.raises(UnusableFile, match=r"changed\.safetensors is incomplete: 1 of the \d+ tensors of its denoiser"):
        ctx.weights(model.recipe)


def test_parts_of_different_models_are_told_apart(tmp_path: Path, tiny_file: Path, ctx: PlainContext) -> None:
    path = changed(tmp_path, tiny_file, model__diffusion_model__middle_block__0__in_layers__0__bias=torch.zeros(7))
    model, _, _ = read_checkpoint(path)
    with pytest.raises(UnusableFile, match="mixes parts of different models"):
        ctx.weights(model.recipe)


@pytest.mark.parametrize(
    "name",
    ["model__diffusion_model__out__2__weight", "model__diffusion_model__input_blocks__1__0__out_layers__3__weight"],
)
def test_a_missing_cornerstone_is_an_error_in_words_too(
    tmp_path: Path, tiny_file: Path, ctx: PlainContext, name: str
) -> None:
    model, _, _ = read_checkpoint(changed(tmp_path, tiny_file, **{name: None}))
    with pytest.raises(UnusableFile, match="is incomplete"):
        ctx.weights(model.recipe)


def test_sizes_the_family_cannot_have_are_refused(tmp_path: Path, tiny_file: Path, ctx: PlainContext) -> None:
    path = changed(
        tmp_path, tiny_file, model__diffusion_model__input_blocks__1__0__out_layers__3__weight=torch.zeros(30, 30, 3, 3)
    )
    model, _, _ = read_checkpoint(path)
    with pytest.raises(UnusableFile, match="groups of 32"):
        ctx.weights(model.recipe)


def test_a_file_that_vanishes_between_runs_is_named(tmp_path: Path, ctx: PlainContext) -> None:
    path = small.write_checkpoint(tmp_path / "brief.safetensors")
    model, _, _ = read_checkpoint(path)
    path.unlink()
    with pytest.raises(UnusableFile, match=r"brief\.safetensors is gone"):
        ctx.weights(model.recipe)


def test_a_file_that_became_another_model_is_not_loaded(tmp_path: Path, ctx: PlainContext) -> None:
    path = small.write_checkpoint(tmp_path / "swapped.safetensors")
    model, _, _ = read_checkpoint(path)
    save_file({"x.lora_up.weight": torch.zeros(1)}, str(path))
    with pytest.raises(UnusableFile, match="has become a LoRA"):
        ctx.weights(model.recipe)


def test_a_pickle_is_never_opened_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save({"state_dict": {STEM: torch.zeros(1)}}, path)
    assert "pickled" in refused(path)


def test_a_header_whose_length_looks_like_another_format_is_still_read(tmp_path: Path) -> None:
    for start in (0x0280, 0x3C):  # the first bytes of a pickle, of a web page
        header = ('{"x":' + ENTRY).ljust(start - 1) + "}"
        with_header(tmp_path / "odd.safetensors", header, b"\0" * 8)
        assert recognise(read_header(tmp_path / "odd.safetensors")) is None
