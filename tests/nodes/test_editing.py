"""Inpainting and editing models: what they see beside the noise, and whole runs against diffusers' pipelines."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.api import BadValue
from nodes.editing import inpaint_conditioning, instruct_pix2pix_conditioning, show_picture
from nodes.guidance import dual_guidance
from nodes.latent import empty_latent
from nodes.loaders import load_model, load_vae
from nodes.mask import image_to_mask, invert_mask, mask_to_image
from nodes.sampling import sample
from nodes.sampling_custom import choose_sampler, guide, noise, sample_pieces
from nodes.schedules import Sigmas
from nodes.types import VAE, Beside, Conditioning, Image, Mask, Model, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.tiny import DIFFUSERS, ldm_unet, ldm_vae

WIDTH, EDGE, STEPS, SEED = 128, 64, 4, 5
PLAIN, EDITS, PAINTS = 4, 8, 9


@dataclass(frozen=True)
class Kit:
    """A small SD 1.x of so many input channels: as it was made, and as it was loaded again."""

    unet: Any
    autoencoder: Any
    model: Model
    vae: VAE


Make = Callable[[int], Kit]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder, made = tmp_path_factory.mktemp("editing"), {}

    def make(channels: int) -> Kit:
        if channels not in made:
            made[channels] = write(folder / f"{channels}.safetensors", channels)
        return made[channels]

    return make


def write(path: Path, channels: int) -> Kit:
    unet = small.unet(
        cross_attention_dim=WIDTH,
        in_channels=channels,
        use_linear_projection=False,
        attention_head_dim=8,
        sample_size=64,
    )
    autoencoder = narrow_vae()
    save(path, unet, autoencoder)
    return Kit(unet, autoencoder, load_model(path), load_vae(path))


def narrow_vae() -> Any:
    """Pipelines of diffusers draw from the VAE's distribution: as narrow as it can be, it is what we take, its mean."""
    autoencoder = deepcopy(small.vae())
    autoencoder.quant_conv.weight[4:], autoencoder.quant_conv.bias[4:] = 0.0, -30.0
    return autoencoder


def save(path: Path, unet: Any, autoencoder: Any) -> None:
    tensors = small.below(small.DENOISER, ldm_unet(unet)) | small.below("first_stage_model.", ldm_vae(autoencoder))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(path))


@pytest.fixture
def texts() -> tuple[Conditioning, Conditioning]:
    torch.manual_seed(1)
    return said(torch.randn(1, 77, WIDTH)), said(torch.randn(1, 77, WIDTH))


def said(embedding: Tensor) -> Conditioning:
    return Conditioning((TextPart(embedding),))


def picture(height: int = EDGE, width: int = EDGE) -> Image:
    return Image(torch.rand(1, height, width, 3, generator=torch.Generator().manual_seed(2)))


def upper_half(height: int = EDGE, width: int = EDGE) -> Mask:
    values = torch.zeros(1, height, width)
    values[:, : height // 2] = 1
    return Mask(values)


def beside(text: Conditioning) -> Beside:
    (part,) = text.parts
    assert part.beside is not None
    return part.beside


def difference(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


# ---------------------------------------------------------------- against diffusers


def scheduler() -> Any:
    return DIFFUSERS.DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False, set_alpha_to_one=True,
        timestep_spacing="trailing", steps_offset=1,
    )  # fmt: skip


def by_pipeline(kind: str, kit: Kit, texts: tuple[Conditioning, Conditioning], **options: Any) -> Tensor:
    """The latent that diffusers' own pipeline ends with, from the noise that our seed gives."""
    parts = {"unet": kit.unet, "vae": kit.autoencoder, "scheduler": scheduler()}
    others = ["text_encoder", "tokenizer"]
    others += ["text_encoder_2", "tokenizer_2"] if "XL" in kind else ["safety_checker", "feature_extractor"]
    without = {} if "XL" in kind else {"requires_safety_checker": False}
    pipeline = getattr(DIFFUSERS, kind)(**parts, **dict.fromkeys(others), **without)
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(SEED)
    start = torch.randn(1, 4, EDGE // 8, EDGE // 8)
    wanted, unwanted = (text.parts[0].embedding for text in texts)
    made = pipeline(prompt_embeds=wanted, negative_prompt_embeds=unwanted, latents=start, output_type="latent",
                    num_inference_steps=STEPS, guidance_scale=7.5, **options)  # fmt: skip
    return made.images  # type: ignore[no-any-return]


def by_us(kit: Kit, positive: Conditioning, negative: Conditioning, ctx: PlainContext) -> Tensor:
    kept = scheduler().alphas_cumprod.double()[[999, 749, 499, 249]]
    sigmas = Sigmas((*((1 - kept) / kept).sqrt().tolist(), 0.0))
    guider = guide(kit.model, positive, negative, 7.5)
    made = sample_pieces(guider, choose_sampler("ddim"), sigmas, noise(SEED), empty_latent(EDGE, EDGE), ctx)
    return made.latent.samples * kit.model.space.scale


def test_inpainting_ends_where_the_pipeline_of_diffusers_ends(kit: Make, texts: Any, ctx: PlainContext) -> None:
    image, mask = picture(), upper_half()
    wanted = by_pipeline(
        "StableDiffusionInpaintPipeline", kit(PAINTS), texts, image=image.pixels.permute(0, 3, 1, 2),
        mask_image=mask.values[:, None], height=EDGE, width=EDGE,
    )  # fmt: skip
    shown = inpaint_conditioning(texts[0], texts[1], kit(PAINTS).vae, image, mask, ctx)
    assert difference(by_us(kit(PAINTS), shown.positive, shown.negative, ctx), wanted) < 1e-5


@pytest.mark.parametrize("channels", [PAINTS, EDITS])
def test_those_of_sdxl_end_where_its_pipelines_end(channels: int, tmp_path: Path, ctx: PlainContext) -> None:
    large, autoencoder = small.sdxl(channels), narrow_vae()
    autoencoder.register_to_config(scaling_factor=0.13025, force_upcast=False)
    path, image, mask = tmp_path / "large.safetensors", picture(), upper_half()
    save(path, large.denoiser, autoencoder)
    made = Kit(large.denoiser, autoencoder, load_model(path), load_vae(path))
    torch.manual_seed(1)
    texts = tuple(
        Conditioning((TextPart(torch.randn(1, 77, small.CLIP_L + small.CLIP_G), torch.randn(1, small.CLIP_G)),))
        for _ in range(2)
    )
    options = {"image": image.pixels.permute(0, 3, 1, 2), "height": EDGE, "width": EDGE}
    for prefix, text in zip(("", "negative_"), texts, strict=True):
        options[f"{prefix}pooled_prompt_embeds"] = text.parts[0].pooled
    if channels == PAINTS:
        options |= {"mask_image": mask.values[:, None], "strength": 1.0}
        shown = inpaint_conditioning(texts[0], texts[1], made.vae, image, mask, ctx)[:2]
        wanted = by_pipeline("StableDiffusionXLInpaintPipeline", made, (texts[0], texts[1]), **options)
    else:
        options |= {"image_guidance_scale": 1.0}
        shown = instruct_pix2pix_conditioning(texts[0], texts[1], made.vae, image, ctx)[:2]
        wanted = by_pipeline("StableDiffusionXLInstructPix2PixPipeline", made, (texts[0], texts[1]), **options)
    assert difference(by_us(made, shown[0], shown[1], ctx), wanted) < 1e-5


def test_editing_ends_where_the_pipeline_of_diffusers_ends(kit: Make, texts: Any, ctx: PlainContext) -> None:
    """With its guidance of the picture at 1, where its three texts are two."""
    image = picture()
    wanted = by_pipeline("StableDiffusionInstructPix2PixPipeline", kit(EDITS), texts, image_guidance_scale=1.0,
                         image=image.pixels.permute(0, 3, 1, 2))  # fmt: skip
    shown = instruct_pix2pix_conditioning(texts[0], texts[1], kit(EDITS).vae, image, ctx)
    assert difference(by_us(kit(EDITS), shown.positive, shown.negative, ctx), wanted) < 1e-5


def test_editing_under_two_guidances_ends_where_the_pipeline_of_diffusers_ends(
    kit: Make, texts: Any, ctx: PlainContext
) -> None:
    image = picture()
    wanted = by_pipeline("StableDiffusionInstructPix2PixPipeline", kit(EDITS), texts, image_guidance_scale=1.5,
                         image=image.pixels.permute(0, 3, 1, 2))  # fmt: skip
    shown = instruct_pix2pix_conditioning(texts[0], texts[1], kit(EDITS).vae, image, ctx)
    dual = replace(kit(EDITS), model=dual_guidance(kit(EDITS).model, shown.negative, 1.5))
    assert difference(by_us(dual, shown.positive, shown.unseen, ctx), wanted) < 1e-5


# ---------------------------------------------------------------- what is shown


def test_what_will_be_painted_is_hidden_and_the_whole_picture_is_the_latent(
    kit: Make, texts: Any, ctx: PlainContext
) -> None:
    image, vae = picture(), kit(PAINTS).vae
    other = image.pixels.clone()
    other[:, : EDGE // 2] = 0.9
    first, second = (
        inpaint_conditioning(texts[0], texts[1], vae, one, upper_half(), ctx) for one in (image, Image(other))
    )
    assert torch.equal(beside(first.positive).samples, beside(second.negative).samples)
    mask = beside(first.positive).mask
    assert mask is not None
    assert mask[0, 0].tolist() == [[1.0] * 8] * 4 + [[0.0] * 8] * 4
    assert not torch.equal(first.latent.samples, second.latent.samples)
    assert first.latent.space == vae.space


def test_one_text_is_shown_what_both_are(kit: Make, texts: Any, ctx: PlainContext) -> None:
    image, mask = picture(), upper_half()
    both, alone = inpaint_conditioning(texts[0], texts[1], kit(PAINTS).vae, image, mask, ctx), texts[0]
    shown = beside(show_picture(alone, kit(PAINTS).vae, image, ctx, mask))
    assert torch.equal(shown.samples, beside(both.positive).samples)
    edit = instruct_pix2pix_conditioning(texts[0], texts[1], kit(EDITS).vae, image, ctx)
    assert torch.equal(beside(show_picture(alone, kit(EDITS).vae, image, ctx)).samples, beside(edit.positive).samples)


def test_editing_also_gives_the_text_without_the_picture(kit: Make, texts: Any, ctx: PlainContext) -> None:
    edit = instruct_pix2pix_conditioning(texts[0], texts[1], kit(EDITS).vae, picture(), ctx)
    assert torch.equal(edit.unseen.parts[0].embedding, texts[1].parts[0].embedding)
    assert not beside(edit.unseen).samples.any()
    assert torch.equal(edit.latent.samples, beside(edit.negative).samples)


def test_edges_are_cut_to_whole_cells_and_said_so(kit: Make, texts: Any, ctx: PlainContext) -> None:
    shown = inpaint_conditioning(texts[0], texts[1], kit(PAINTS).vae, picture(70, 77), upper_half(70, 77), ctx)
    assert shown.latent.samples.shape[2:] == beside(shown.positive).samples.shape[2:] == (8, 9)
    assert "Cut from 77 x 70 to 72 x 64" in ctx.texts[0]


# ---------------------------------------------------------------- what does not fit, told before sampling


@pytest.mark.parametrize(
    ("channels", "shown", "words", "fix"),
    [
        (PAINTS, "nothing", "paints into a picture (9 input channels), but this text shows it none", "Inpaint cond"),
        (EDITS, "nothing", "edits a picture (8 input channels), but this text shows it none", "Instruct pix2pix cond"),
        (PLAIN, "picture", "the model looks at the noise alone", "plain text"),
        (EDITS, "mask", "reads no mask", "Instruct pix2pix conditioning"),
        (PAINTS, "smaller", "The picture it is shown is 32 x 64, the one to make 64 x 64", "the latent that Inpaint"),
    ],
)
def test_a_model_and_a_picture_that_do_not_fit_are_told_before_sampling(
    kit: Make, texts: Any, ctx: PlainContext, channels: int, shown: str, words: str, fix: str
) -> None:
    made, (positive, negative) = kit(channels), texts
    vae, image = made.vae, picture(width=32) if shown == "smaller" else picture()
    if shown in ("picture", "smaller"):
        positive = show_picture(positive, vae, image, ctx)
    if shown == "mask":
        positive = show_picture(positive, vae, image, ctx, upper_half())
    with pytest.raises(BadValue) as caught:
        sample(made.model, positive, negative, empty_latent(EDGE, EDGE), ctx, steps=1)
    assert caught.value.input == "positive"
    assert words in str(caught.value) and fix in caught.value.fix
    assert ctx.steps == 0


def test_the_negative_text_is_looked_at_too(kit: Make, texts: Any, ctx: PlainContext) -> None:
    positive = show_picture(texts[0], kit(EDITS).vae, picture(), ctx)
    with pytest.raises(BadValue, match="shows it none") as caught:
        sample(kit(EDITS).model, positive, texts[1], empty_latent(EDGE, EDGE), ctx, steps=1)
    assert caught.value.input == "negative"


def test_a_mask_of_another_size_is_refused(kit: Make, texts: Any, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match="The mask is 32 x 32, the picture 64 x 64"):
        inpaint_conditioning(texts[0], texts[1], kit(PAINTS).vae, picture(), upper_half(32, 32), ctx)
    with pytest.raises(BadValue, match="black everywhere"):
        inpaint_conditioning(texts[0], texts[1], kit(PAINTS).vae, picture(), Mask(torch.zeros(1, 64, 64)), ctx)


def test_a_mask_of_another_size_is_stretched_on_request(kit: Make, texts: Any, ctx: PlainContext) -> None:
    vae = kit(PAINTS).vae
    small, whole = (
        show_picture(texts[0], vae, picture(), ctx, upper_half(edge, edge), stretch_mask=True).parts[0].beside
        for edge in (32, 64)
    )
    assert small is not None and whole is not None
    assert small.mask is not None and whole.mask is not None and torch.equal(small.mask, whole.mask)


def test_a_picture_larger_than_a_model_has_places_for_is_refused(kit: Make, texts: Any, ctx: PlainContext) -> None:
    made = kit(PLAIN)
    denoiser = ctx.weights(made.model.recipe)

    @dataclass(frozen=True)
    class Placed:
        """A recipe of the same model with places for 8 latent values."""

        size: int = 0

        def load(self, device: str, dtype: str) -> Any:
            limited = deepcopy(denoiser)
            limited.longest_edge = 8
            return limited

    model = replace(made.model, recipe=Placed())
    assert sample(model, texts[0], texts[1], empty_latent(64, 64), ctx, steps=1).samples.isfinite().all()
    with pytest.raises(BadValue, match="72 x 64; the model has places for 64 pixels along an edge"):
        sample(model, texts[0], texts[1], empty_latent(72, 64), ctx, steps=1)


# ---------------------------------------------------------------- masks


def test_a_mask_is_made_of_a_channel_or_of_brightness() -> None:
    image = Image(torch.tensor([[[[1.0, 0.5, 0.0]]]]))
    values = {channel: float(image_to_mask(image, channel).values) for channel in ("red", "green", "blue", "luminance")}
    assert values == pytest.approx({"red": 1.0, "green": 0.5, "blue": 0.0, "luminance": 0.299 + 0.587 / 2})
    assert image_to_mask(Image(torch.ones(2, 3, 4, 3))).values.shape == (2, 3, 4)


def test_a_mask_is_turned_round_and_shown() -> None:
    mask = Mask(torch.tensor([[[0.0, 0.25, 1.0]]]))
    assert invert_mask(mask).values.tolist() == [[[1.0, 0.75, 0.0]]]
    assert torch.equal(mask_to_image(mask).pixels, mask.values[..., None].expand(1, 1, 3, 3))
    assert torch.allclose(image_to_mask(mask_to_image(mask)).values, mask.values)
