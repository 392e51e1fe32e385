"""What is chosen of a repository, and where it goes: by names alone."""

from __future__ import annotations

import pytest

from nodes.hub.choose import CannotChoose, choose, kind_of
from nodes.hub.names import BadName, Wanted, read_name

SD15 = [
    "README.md", "v1-5-pruned.ckpt", "v1-5-pruned.safetensors", "model_index.json",
    "feature_extractor/preprocessor_config.json", "safety_checker/model.safetensors",
    "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.fp16.safetensors",
    "text_encoder/model.safetensors", "text_encoder/pytorch_model.bin", "tokenizer/vocab.json", "unet/config.json",
    "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.safetensors",
    "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json", "vae/diffusion_pytorch_model.bin", "vae/diffusion_pytorch_model.safetensors",
]  # fmt: skip


def test_of_a_diffusers_folder_the_weights_and_configurations_are_chosen_once() -> None:
    assert choose(Wanted("a/sd"), SD15) == [
        "unet/diffusion_pytorch_model.safetensors", "unet/config.json", "text_encoder/model.safetensors",
        "text_encoder/config.json", "vae/diffusion_pytorch_model.safetensors", "vae/config.json",
        "scheduler/scheduler_config.json", "model_index.json",
    ]  # fmt: skip


def test_an_unclip_model_comes_with_what_sees_pictures() -> None:
    sees = ["image_normalizer/diffusion_pytorch_model.safetensors", "image_encoder/model.safetensors"]
    assert choose(Wanted("a/unclip"), [*SD15, *sees])[-4:-2] == sees
    assert sees[1] not in choose(Wanted("a/sd"), [*SD15, sees[1]])


def test_a_variant_is_chosen_where_there_is_one() -> None:
    weights = [name for name in choose(Wanted("a/sd"), SD15, "fp16") if name.endswith(".safetensors")]
    assert weights == [
        "unet/diffusion_pytorch_model.fp16.safetensors", "text_encoder/model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stem", "index", "variant"),
    [
        ("model-0000{}-of-00002", "model.safetensors.index.json", ""),
        ("model.fp16-0000{}-of-00002", "model.safetensors.index.fp16.json", "fp16"),
    ],
)
def test_pieces_come_all_and_with_their_index(stem: str, index: str, variant: str) -> None:
    plain = [f"text_encoder_3/model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    fp16 = [f"text_encoder_3/model.fp16-0000{n}-of-00002.safetensors" for n in (1, 2)]
    indexes = [f"text_encoder_3/model.safetensors.index{end}.json" for end in ("", ".fp16")]
    found = choose(Wanted("a/b"), [*plain, *fp16, *indexes, "model_index.json"], variant)
    pieces = [f"text_encoder_3/{stem.format(n)}.safetensors" for n in (1, 2)]
    assert found == [*pieces, f"text_encoder_3/{index}", "model_index.json"]


def test_the_only_model_file_of_a_repository_is_meant_by_its_name() -> None:
    assert choose(Wanted("a/lora"), ["README.md", "pixel.safetensors", "picture.png"]) == ["pixel.safetensors"]


@pytest.mark.parametrize(
    ("wanted", "files", "words"),
    [
        (Wanted("a/b"), ["x.safetensors", "y.gguf"], "a/b:x.safetensors, a/b:y.gguf"),
        (Wanted("a/b"), ["x.ckpt"], "pickled"),
        (Wanted("a/b"), ["README.md"], "no model files"),
        (Wanted("a/b"), ["model_index.json", "unet/x.bin"], "unet/x.bin only"),
        (Wanted("a/b"), ["model_index.json"], "without weights"),
        (Wanted("a/b", "x.ckpt"), ["x.ckpt", "x.safetensors"], "Pull a/b:x.safetensors"),
        (Wanted("a/b", "z.safetensors"), ["x.safetensors"], "It holds x.safetensors"),
    ],
)
def test_where_nothing_can_be_chosen_the_reason_and_the_way_out_are_said(
    wanted: Wanted, files: list[str], words: str
) -> None:
    with pytest.raises(CannotChoose) as said:
        choose(wanted, files)
    assert words in str(said.value) and said.value.fix


@pytest.mark.parametrize(
    ("repo", "file", "kind"),
    [
        ("stabilityai/sdxl", "sd_xl_base_1.0.safetensors", "checkpoints"),
        ("madebyollin/sdxl-vae-fp16-fix", "sdxl_vae.safetensors", "vae"),
        ("stabilityai/sd-vae-ft-mse", "diffusion_pytorch_model.safetensors", "vae"),
        ("someone/pixel-art-lora", "pixel.safetensors", "loras"),
        ("lllyasviel/sd-controlnet-canny", "diffusion_pytorch_model.safetensors", "controlnet"),
        ("comfyanonymous/flux_text_encoders", "t5xxl_fp16.safetensors", "text_encoders"),
        ("comfyanonymous/flux_text_encoders", "clip_l.safetensors", "text_encoders"),
        ("city96/FLUX.1-dev-gguf", "flux1-dev-Q4_K_S.gguf", "diffusion_models"),
        ("Comfy-Org/z", "split_files/diffusion_models/z.safetensors", "diffusion_models"),
        ("black-forest-labs/FLUX.1-dev", "ae.safetensors", "vae"),
        ("someone/RealESRGAN", "x4.safetensors", "upscale_models"),
        ("h94/IP-Adapter", "models/image_encoder/model.safetensors", "clip_vision"),
    ],
)
def test_the_kind_is_told_by_names(repo: str, file: str, kind: str) -> None:
    assert kind_of(repo, file) == kind


def test_a_file_goes_by_its_own_name_unless_many_have_it() -> None:
    assert Wanted("a/b", "x/pixel.safetensors").place("loras") == "loras/pixel.safetensors"
    assert Wanted("a/b", "model.safetensors").place("vae") == "vae/a/b/model.safetensors"
    assert Wanted("a/b", "pixel.safetensors", "v2").place("loras") == "loras/a/b@v2/pixel.safetensors"


@pytest.mark.parametrize(
    "text",
    ["", "name", "a/b/c", "../b", "a/..", "/a", "a/", "a b/c", "a/b:", "a/b:../x", "a/b:/x", "a/b:x\\y", "a/b:c:d",
     "https://huggingface.co/a/b", "a/b:x\0", "a/" + "b" * 200],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadName) as said:
        read_name(text)
    assert said.value.fix


def test_a_name_gives_the_command_that_fetches_it() -> None:
    assert read_name("a/b:c/d.gguf", "v2").command == "loom models pull a/b:c/d.gguf --revision v2"
    with pytest.raises(BadName):
        read_name("a/b", "../main")
