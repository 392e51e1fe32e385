"""Every family: recognised from names and shapes alone, and each of its parts computes what diffusers' does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.describe import describe
from nodes.diffusion.families import FAMILIES, sd2
from nodes.diffusion.levels import FlowLevels, NoiseLevels
from nodes.diffusion.read import read_weights_header
from nodes.diffusion.recipes import PartRecipe, read_checkpoint, read_model
from nodes.diffusion.text import TEXT_TITLES, TextStack
from nodes.diffusion.tokens import END, START, chunk_text, t5_tokens
from nodes.diffusion.told import Told
from nodes.diffusion.unets import has_bias_of_v
from nodes.families import FAMILY_NAMES
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import Reader, load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text, set_guidance, set_picture_size
from nodes.types import Latent, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import ldm_vae

TOLERANCE = 1e-5
TEXT = "a red fox in the snow"


@dataclass(frozen=True)
class Case:
    """A family's models as they were made, and as they were loaded again."""

    made: small.Small
    file: Path
    denoiser: Any
    texts: TextStack
    autoencoder: Any


MAKERS: dict[str, Callable[[], small.Small]] = {
    "sd2": small.sd2,
    "sdxl": small.sdxl,
    "refiner": small.refiner,
    "sd3": small.sd3,
    "sd3.5": lambda: small.sd3(newer=True),
    "flux-dev": small.flux,
    "flux-schnell": lambda: small.flux(guided=False),
}


@pytest.fixture(scope="module", params=MAKERS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    made = MAKERS[request.param]()
    file = made.write(tmp_path_factory.mktemp("families") / f"{request.param}.safetensors")
    parts = [part.recipe.load("cpu", "float32") for part in read_checkpoint(file)]
    return Case(made, file, *parts)


def near(found: Tensor, wanted: Tensor) -> bool:
    return found.shape == wanted.shape and float((found - wanted).abs().max() / wanted.abs().max()) < TOLERANCE


def told_of(case: Case, rows: int = 2, tokens: int = 77) -> Told:
    torch.manual_seed(3)
    pooled = torch.randn(rows, case.denoiser.pooled_width) if case.denoiser.pooled_width else None
    return Told(
        tokens=torch.randn(rows, tokens, case.denoiser.text_width),
        pooled=pooled,
        frame=torch.tensor([[512.0, 640.0, 8.0, 16.0, 1024.0, 768.0, 6.0]]).repeat(rows, 1),
        guidance=torch.full((rows,), math.nan),
    )


def latent_of(case: Case, height: int = 8, width: int = 12, rows: int = 2) -> Tensor:
    torch.manual_seed(4)
    return torch.randn(rows, case.made.vae.config.latent_channels, height, width)


# ---------------------------------------------------------------- loading


def test_the_family_is_recognised_and_every_tensor_is_where_it_belongs(case: Case) -> None:
    model, texts, vae = read_checkpoint(case.file)
    for part in (model, texts, vae):
        assert isinstance(part.recipe, PartRecipe)
        assert part.recipe.family == case.made.family
    network = getattr(case.denoiser, "unet", None) or case.denoiser.model
    for found, wanted in ((network, case.made.denoiser), (case.autoencoder.vae, case.made.vae)):
        kept = found.state_dict()
        assert all(torch.equal(kept[name], tensor) for name, tensor in wanted.state_dict().items())
        assert model.recipe.size == 4 * sum(p.numel() for p in case.made.denoiser.state_dict().values())


def test_the_denoiser_is_built_as_it_was_made(case: Case) -> None:
    """What shapes cannot tell, such as heads, shows in what is computed."""
    sigma = 0.7
    x, told = latent_of(case), told_of(case)
    assert near(case.denoiser.predict(x, sigma, told), reference(case, x, sigma, told))


def reference(case: Case, x: Tensor, sigma: float, told: Told) -> Tensor:
    """The clean latent by diffusers' model, called as its pipelines call it."""
    network = case.made.denoiser
    with torch.no_grad():
        if case.made.family == "sd3":
            velocity = network(x, told.tokens, told.pooled, torch.full((len(x),), sigma * 1000)).sample
            return x - sigma * velocity  # type: ignore[no-any-return]
        if case.made.family == "flux1":
            return x - sigma * by_flux(network, x, sigma, told)
        time = int((NoiseLevels.scaled_linear().sigmas.log() - math.log(sigma)).abs().argmin())
        added = None
        if told.pooled is not None and told.frame is not None:
            columns = [0, 1, 2, 3, 4, 5] if case.made.family == "sdxl" else [0, 1, 2, 3, 6]
            added = {"text_embeds": told.pooled, "time_ids": told.frame[:, columns]}
        noise = network(x / math.sqrt(1 + sigma**2), time, told.tokens, added_cond_kwargs=added).sample
        return x - sigma * noise  # type: ignore[no-any-return]


def by_flux(network: Any, x: Tensor, sigma: float, told: Told) -> Tensor:
    rows, channels, height, width = x.shape
    packed = x.view(rows, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    ids = torch.stack(torch.meshgrid(torch.arange(height // 2), torch.arange(width // 2), indexing="ij"), dim=-1)
    ids = torch.cat([torch.zeros(height // 2, width // 2, 1), ids], dim=-1).view(-1, 3)
    guidance = torch.full((rows,), 3.5) if network.config.guidance_embeds else None
    found = network(packed.reshape(rows, -1, channels * 4), told.tokens, told.pooled, torch.full((rows,), sigma),
                    ids, torch.zeros(told.tokens.shape[1], 3), guidance).sample  # fmt: skip
    found = found.view(rows, height // 2, width // 2, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return found.reshape(x.shape)  # type: ignore[no-any-return]


def test_any_size_of_latent_can_be_denoised(case: Case) -> None:
    x = latent_of(case, 7, 9) if case.denoiser.masks_text else latent_of(case, 6, 10)
    assert case.denoiser.predict(x, 0.5, told_of(case)).shape == x.shape


def test_texts_of_different_length_share_a_forward(case: Case) -> None:
    if not case.denoiser.masks_text:
        pytest.skip("a UNet's texts are repeated: tests/nodes/test_told.py")
    x, long = latent_of(case), told_of(case, tokens=90)
    short = replace(long, tokens=long.tokens[1:, :77], pooled=long.pooled[1:] if long.pooled is not None else None,
                    guidance=None)  # fmt: skip
    mask = torch.ones(2, 90, dtype=torch.bool)
    mask[1, 77:] = False
    together = case.denoiser.predict(x, 0.5, replace(long, mask=mask))
    assert near(together[1:], case.denoiser.predict(x[1:], 0.5, short))
    assert not near(together[1:], case.denoiser.predict(x, 0.5, long)[1:])


def test_the_vae_decodes_as_it_was_made(case: Case) -> None:
    samples = latent_of(case, 4, 4, rows=1)
    with torch.no_grad():
        wanted = (case.made.vae.decode(samples).sample.permute(0, 2, 3, 1) / 2 + 0.5).clamp(0, 1)
    assert near(case.autoencoder.decode(samples), wanted)


# ---------------------------------------------------------------- texts


def clip_says(model: Any, padding: int, normed: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The layer before the last, the projected summary and the plain one, from transformers' model."""
    (chunk,) = chunk_text(TEXT, padding)
    with torch.no_grad():
        found = model(input_ids=torch.tensor([chunk.tokens]), output_hidden_states=True)
        layer = found.hidden_states[-2]
        inner = getattr(model, "text_model", model)
        last = found.last_hidden_state[:, chunk.tokens.index(END)]
        return inner.final_layer_norm(layer) if normed else layer, found.text_embeds, last


def t5_says(model: Any, least: int) -> Tensor:
    tokens, _ = t5_tokens(TEXT, least)
    with torch.no_grad():
        return model(input_ids=torch.tensor([tokens])).last_hidden_state  # type: ignore[no-any-return]


def wanted_text(made: small.Small) -> TextPart:
    if made.family == "sd2":
        return TextPart(clip_says(made.texts["clip_h"], 0, normed=True)[0])
    if made.family == "sdxl_refiner":
        return TextPart(*clip_says(made.texts["clip_g"], 0, normed=False)[:2])
    if made.family == "flux1":
        return TextPart(t5_says(made.texts["t5"], 256), clip_says(made.texts["clip_l"], END, normed=True)[2])
    first, _, plain = clip_says(made.texts["clip_l"], END, normed=False)
    second, summary, _ = clip_says(made.texts["clip_g"], 0, normed=False)
    both = torch.cat([first, second], dim=-1)
    if made.family == "sdxl":
        return TextPart(both, summary)
    return TextPart(torch.cat([both, t5_says(made.texts["t5"], 77)], dim=1), torch.cat([plain, summary], dim=-1))


def test_texts_are_encoded_as_the_family_was_trained(case: Case) -> None:
    said, wanted = case.texts.encode(TEXT), wanted_text(case.made)
    assert near(said.embedding, wanted.embedding)
    assert (said.pooled is None) == (wanted.pooled is None)
    if said.pooled is not None and wanted.pooled is not None:
        assert near(said.pooled, wanted.pooled)


def test_the_layer_to_stop_at_counts_from_the_end(case: Case) -> None:
    usual = case.texts.encode(TEXT).embedding
    if not case.texts.layers:
        assert torch.equal(case.texts.encode(TEXT, -1).embedding, usual)
        return
    assert torch.equal(case.texts.encode(TEXT, -2).embedding, usual)
    assert not torch.equal(case.texts.encode(TEXT, -1).embedding, usual)


def test_padding_after_the_end_token_is_what_each_model_learned() -> None:
    assert chunk_text("", padding=0)[0].tokens == (START, END, *[0] * 75)
    tokens, weights = t5_tokens("a (fox:1.5)", 8)
    assert tokens[-5:] == [1, 0, 0, 0, 0][-5:] or tokens.count(0) >= 1
    assert len(tokens) == len(weights) == 8 and 1.5 in weights


def test_t5_reads_pieces_of_words() -> None:
    assert t5_tokens("a photo of a cat", 0)[0] == [3, 9, 1202, 13, 3, 9, 1712, 1]


def test_words_of_t5_are_weighed_too(tmp_path: Path) -> None:
    encoder = read_checkpoint(small.flux().write(tmp_path / "f.safetensors"))[1].recipe.load("cpu", "float32").t5
    plain, weighted, empty = (encoder.encode(text, 8)[0] for text in ("fox", "(fox:1.5)", ""))
    assert torch.allclose(weighted[0], empty[0] + (plain[0] - empty[0]) * 1.5, atol=1e-5)


# ---------------------------------------------------------------- from text to picture


def test_a_picture_is_made_from_end_to_end(case: Case, ctx: PlainContext) -> None:
    model, texts, vae = load_checkpoint(case.file)
    positive, negative = encode_text(texts, ctx, TEXT), encode_text(texts, ctx, "")
    made = sample(model, positive, negative, empty_latent(64, 64), ctx, seed=1, steps=2, guidance=2.0)
    assert made.samples.shape == (1, case.made.vae.config.latent_channels, 8, 8)
    assert made.samples.isfinite().all()
    assert decode_latent(vae, made, ctx).pixels.shape == (1, 64, 64, 3)
    assert ctx.previews[-1].isfinite().all()


def test_what_is_said_beside_the_text_counts_where_a_model_listens(case: Case, ctx: PlainContext) -> None:
    model, texts, _ = load_checkpoint(case.file)
    said = encode_text(texts, ctx, TEXT)

    def run(text: Any) -> Latent:
        return sample(model, text, None, empty_latent(64, 64), ctx, seed=1, steps=1)

    plain = run(said).samples
    framed = run(set_picture_size(said, width=256, height=256)).samples
    guided = run(set_guidance(said, 9.0)).samples
    assert torch.equal(framed, plain) == (case.made.family not in ("sdxl", "sdxl_refiner"))
    assert torch.equal(guided, plain) == (not getattr(case.denoiser, "guided", False))


# ---------------------------------------------------------------- what the family's file decides


def test_flow_models_have_the_shift_they_were_trained_with(case: Case) -> None:
    shifts = {"sd3": 3.0, "flux1": math.exp(1.15) if getattr(case.denoiser, "guided", False) else 1.0}
    if case.made.family in shifts:
        assert isinstance(case.denoiser.levels, FlowLevels)
        assert case.denoiser.levels.shift == pytest.approx(shifts[case.made.family])
    else:
        assert isinstance(case.denoiser.levels, NoiseLevels)


@pytest.mark.parametrize("mark", ["asked", "tensor", "metadata"])
def test_a_model_that_predicts_v_is_told_from_what_says_so(tmp_path: Path, mark: str) -> None:
    made, path = small.sd2(), tmp_path / "v.safetensors"
    tensors = {name: tensor.contiguous() for name, tensor in made.tensors.items() if name.startswith("model.")}
    words = {"modelspec.prediction_type": "v"} if mark == "metadata" else {}
    save_file(tensors | ({"v_pred": torch.zeros(0)} if mark == "tensor" else {}), str(path), words)
    denoiser = read_model(path, "v" if mark == "asked" else "auto").recipe.load("cpu", "float32")
    sigma, x, said = 2.0, torch.randn(1, 4, 8, 8), torch.randn(1, 77, small.CLIP_G)
    time = denoiser.levels.timestep(sigma)
    velocity = made.denoiser(x / math.sqrt(5), time, said).sample
    assert near(denoiser.predict(x, sigma, Told(said)), x / 5 - velocity * sigma / math.sqrt(5))


@pytest.mark.parametrize(
    ("spread", "asked", "wanted"), [(0.2, "auto", "v"), (0.01, "auto", "eps"), (0.2, "eps", "eps")]
)
def test_sd2_files_that_say_nothing_are_judged_by_one_bias(
    tmp_path: Path, spread: float, asked: str, wanted: str
) -> None:
    tensors = {n: t.contiguous() for n, t in small.sd2().tensors.items() if n.startswith("model.")}
    name = max(name for name in tensors if "output_blocks" in name and name.endswith("blocks.0.norm1.bias"))
    tensors[name] = torch.linspace(-1, 1, len(tensors[name])) * spread * math.sqrt(3)
    save_file(tensors, str(tmp_path / "judged.safetensors"))
    part = sd2.find(read_weights_header(tmp_path / "judged.safetensors"))
    assert part is not None
    assert has_bias_of_v(part) == (spread > 0.09)
    assert sd2.predicts(part, asked) == wanted


def test_attention_in_half_precision_survives_scores_that_float16_cannot_hold(tmp_path: Path) -> None:
    """SD 2.1's are so large that programs which keep them in float16 give black pictures."""
    tensors = {n: t.contiguous() for n, t in small.sd2().tensors.items() if n.startswith("model.")}
    stronger = {n: t * 500 for n, t in tensors.items() if n.endswith(("attn1.to_q.weight", "attn1.to_k.weight"))}
    save_file(tensors | stronger, str(tmp_path / "strong.safetensors"))
    recipe = read_model(tmp_path / "strong.safetensors").recipe
    scores: list[float] = []
    whole, half = recipe.load("cpu", "float32"), recipe.load("cpu", "float16")
    attention = next(module for name, module in whole.unet.named_modules() if name.endswith("attn1"))
    attention.register_forward_pre_hook(
        lambda module, inputs: scores.append(float((module.to_q(inputs[0]) @ module.to_k(inputs[0]).mT).abs().max()))
    )
    torch.manual_seed(3)
    x, told = torch.randn(1, 4, 8, 8), Told(torch.randn(1, 77, small.CLIP_G))
    wanted = whole.predict(x, 2.0, told)
    assert scores[0] > torch.finfo(torch.float16).max
    made = half.predict(x, 2.0, told)
    assert made.isfinite().all()
    assert float((made - wanted).norm() / wanted.norm()) < 0.1


def test_a_mark_of_zero_terminal_noise_lengthens_the_schedule(tmp_path: Path) -> None:
    tensors = {n: t.contiguous() for n, t in small.sd2().tensors.items() if n.startswith("model.")}
    save_file(tensors | {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, str(tmp_path / "z.safetensors"))
    levels = read_model(tmp_path / "z.safetensors").recipe.load("cpu", "float32").levels
    assert levels.largest > 1000


def test_an_inpainting_model_sees_a_mask_and_what_it_leaves(tmp_path: Path) -> None:
    made = small.sdxl(channels=9)
    denoiser = read_checkpoint(made.write(tmp_path / "paint.safetensors"))[0].recipe.load("cpu", "float32")
    x, picture = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    mask = (torch.rand(2, 1, 8, 8) > 0.5).float()
    said, pooled, frame = torch.randn(2, 77, 192), torch.randn(2, 128), torch.ones(2, 7)
    told = Told(said, pooled=pooled, frame=frame, beside=picture, mask_beside=mask)
    seen = torch.cat([x / math.sqrt(2), mask, picture * 0.13025], dim=1)
    added = {"text_embeds": pooled, "time_ids": frame[:, :6]}
    noise = made.denoiser(seen, denoiser.levels.timestep(1.0), said, added_cond_kwargs=added).sample
    assert near(denoiser.predict(x, 1.0, told), x - noise)


def test_an_lcm_is_told_its_guidance(tmp_path: Path) -> None:
    network = small.unet(cross_attention_dim=128, time_cond_proj_dim=64)
    tensors = small.below("", network.state_dict())  # in diffusers' names, as these are given
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(tmp_path / "lcm.safetensors"))
    denoiser = read_model(tmp_path / "lcm.safetensors").recipe.load("cpu", "float32")
    x, said = torch.randn(1, 4, 8, 8), torch.randn(1, 77, 128)
    steps = torch.exp(-math.log(10000.0) * torch.arange(32) / 31) * (4.0 - 1) * 1000
    told = torch.cat([steps.sin(), steps.cos()])[None]
    noise = network(x / math.sqrt(2), denoiser.levels.timestep(1.0), said, timestep_cond=told).sample
    assert near(denoiser.predict(x, 1.0, Told(said, guidance=torch.tensor([4.0]))), x - noise)


def test_any_of_the_text_encoders_of_sd3_may_be_missing(tmp_path: Path) -> None:
    made = small.sd3()
    for missing in ("clip_l", "clip_g", "t5xxl"):
        tensors = {n: t for n, t in made.tensors.items() if not n.startswith(f"text_encoders.{missing}.")}
        path = replace(made, tensors=tensors).write(tmp_path / f"{missing}.safetensors")
        said = read_checkpoint(path)[1].recipe.load("cpu", "float32").encode(TEXT)
        assert said.embedding.shape[1] == (77 if missing == "t5xxl" else 154)


def test_the_names_that_nodes_offer_are_those_of_the_families() -> None:
    assert get_args(Reader) == ("auto", *(family.name for family in sorted(FAMILIES, key=order)))


def test_the_table_of_families_that_needs_no_torch_is_that_of_the_families() -> None:
    told = {f.name: (f.title, f.space.name, tuple(TEXT_TITLES[kind] for kind in f.texts)) for f in FAMILIES}
    assert {name: tuple(one) for name, one in FAMILY_NAMES.items()} == told


def test_a_description_says_which_families_a_file_is_for(tmp_path: Path) -> None:
    large = small.sdxl().write(tmp_path / "large.safetensors")
    assert describe(large, "checkpoints").fits == describe(large, "diffusion_models").fits == ("sdxl",)
    assert describe(large, "vae").fits == ("sdxl_refiner", "sdxl")
    alone = tmp_path / "vae.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in ldm_vae(small.vae())}, str(alone))
    assert set(describe(alone, "vae").fits) == {"sd1", "sd2", "sdxl", "sdxl_refiner"}
    wide = {"lora_unet_x_attn2_to_k.lora_down.weight": torch.zeros(4, 2048)}
    save_file(wide | {"lora_unet_x_attn2_to_k.lora_up.weight": torch.zeros(64, 4)}, str(tmp_path / "lora.safetensors"))
    assert describe(tmp_path / "lora.safetensors", "loras").fits == ("sdxl",)
    assert describe(alone, "checkpoints").fits == ()


def order(family: Any) -> int:
    return ["sd1", "sd2", "sdxl", "sdxl_refiner", "sd3", "flux1"].index(family.name)
