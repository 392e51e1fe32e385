"""ControlNets and T2I-Adapters: what they add against diffusers, which rows and steps they touch, what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.api import BadValue
from nodes.control import apply_control, apply_control_to_one, load_controlnet
from nodes.diffusion.control.steering import Nets, lay_controls
from nodes.diffusion.describe import describe
from nodes.diffusion.guidance import Guided
from nodes.diffusion.places import Window
from nodes.latent import empty_latent
from nodes.loaders import load_model, load_vae
from nodes.sampling import sample
from nodes.types import VAE, Area, Conditioning, Control, ControlNet, Image, Mask, Model, TextPart
from tests.nodes import tiny_families as small
from tests.nodes.plain import PlainContext
from tests.nodes.test_editing import difference, scheduler
from tests.nodes.tiny import DIFFUSERS, ldm_unet, tensors_of

EDGE, CELLS, SIGMA, STRENGTH = 64, 8, 1.7, 0.8
SD1 = {"use_linear_projection": False, "attention_head_dim": 8, "cross_attention_dim": 128}
HINT = {"conditioning_embedding_out_channels": (16, 32, 32, 64)}
NEAR = 1e-5


def seeded(name: str, **options: Any) -> Any:
    """A small network of diffusers whose every weight is random: those that begin at zero too."""
    torch.manual_seed(17)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of one class of diffusers about another
        model = getattr(DIFFUSERS, name)(**options).eval().requires_grad_(False)
    for parameter in model.parameters():
        if not parameter.any():
            parameter.normal_(std=0.05)
    return model


def for_unet(unet: Any, name: str = "ControlNetModel", **options: Any) -> Any:
    """A ControlNet of a UNet's build."""
    names = ("in_channels", "block_out_channels", "down_block_types", "layers_per_block", "norm_num_groups",
             "cross_attention_dim", "attention_head_dim", "use_linear_projection", "transformer_layers_per_block",
             "addition_embed_type", "addition_time_embed_dim", "projection_class_embeddings_input_dim")  # fmt: skip
    return seeded(name, **{key: unet.config[key] for key in names}, **HINT | options)


def written(path: Path, tensors: dict[str, Tensor]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(path))
    return path


@dataclass
class Kit:
    """A small model and what steers it, as made and as loaded again."""

    made: Any
    model: Model
    steering: Any
    control: ControlNet
    vae: VAE | None = None


Make = Callable[[str], Kit]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder, kits = tmp_path_factory.mktemp("control"), dict[str, Kit]()

    def make(name: str) -> Kit:
        if name not in kits:
            kits[name] = MAKERS[name](folder / name)
        return kits[name]

    return make


def unet_kit(folder: Path, unet: Any, steering: Any, **tensors: Tensor) -> Kit:
    model = load_model(written(folder / "model.safetensors", small.below(small.DENOISER, ldm_unet(unet))))
    return Kit(unet, model, steering, load_controlnet(written(folder / "control.safetensors", steering.state_dict())))


def sd1_kit(folder: Path) -> Kit:
    unet = small.unet(**SD1)
    return unet_kit(folder, unet, for_unet(unet))


def sd2_kit(folder: Path) -> Kit:
    unet = small.sd2().denoiser
    return unet_kit(folder, unet, for_unet(unet))


def sdxl_kit(folder: Path) -> Kit:
    unet = small.sdxl().denoiser
    return unet_kit(folder, unet, for_unet(unet))


def union_kit(folder: Path) -> Kit:
    unet = small.sdxl().denoiser
    union = for_unet(unet, "ControlNetUnionModel", num_trans_channel=64, num_proj_channel=64, num_control_type=8)
    return unet_kit(folder, unet, union)


ATTENDING_FIRST = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
                   "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")}  # fmt: skip


def adapter_kit(folder: Path) -> Kit:
    """The adapter reads grey pictures, as those for sketches do."""
    unet = small.unet(**SD1 | ATTENDING_FIRST)
    adapter = seeded("T2IAdapter", in_channels=1, channels=[64, 128], num_res_blocks=2, adapter_type="full_adapter")
    return unet_kit(folder, unet, adapter)


def large_adapter_kit(folder: Path) -> Kit:
    unet = small.sdxl().denoiser
    adapter = seeded(
        "T2IAdapter", in_channels=3, channels=[64, 128], num_res_blocks=2, downscale_factor=16,
        adapter_type="full_adapter_xl",
    )  # fmt: skip
    return unet_kit(folder, unet, adapter)


def sd3_kit(folder: Path, paints: bool = False) -> Kit:
    made = small.sd3()
    names = ("attention_head_dim", "num_attention_heads", "joint_attention_dim", "caption_projection_dim",
             "pooled_projection_dim", "pos_embed_max_size")  # fmt: skip
    options = {name: made.denoiser.config[name] for name in names}
    steering = seeded("SD3ControlNetModel", num_layers=2, extra_conditioning_channels=int(paints), **options)
    steering.pos_embed.pos_embed.copy_(made.denoiser.pos_embed.pos_embed)
    return flow_kit(folder, made, steering)


def sd3_without_places_kit(folder: Path) -> Kit:
    """Stability AI's for 3.5 large: blocks that see the picture alone, and the transformer's own way to patches."""
    made = small.sd3()
    names = ("attention_head_dim", "num_attention_heads", "pooled_projection_dim")
    options = {name: made.denoiser.config[name] for name in names}
    steering = seeded(
        "SD3ControlNetModel", num_layers=2, joint_attention_dim=None, use_pos_embed=False,
        force_zeros_for_pooled_projection=False, **options,
    )  # fmt: skip
    return flow_kit(folder, made, steering)


def flux_kit(folder: Path, union: bool = False, **options: Any) -> Kit:
    made = small.flux(guided=True)
    names = ("attention_head_dim", "num_attention_heads", "joint_attention_dim", "pooled_projection_dim",
             "axes_dims_rope")  # fmt: skip
    options |= {name: made.denoiser.config[name] for name in names}
    options |= {"num_layers": 1, "num_single_layers": 1, "guidance_embeds": True, "num_mode": 3 if union else None}
    return flow_kit(folder, made, seeded("FluxControlNetModel", **options))


def flow_kit(folder: Path, made: small.Small, steering: Any) -> Kit:
    path = made.write(folder / "model.safetensors")
    control = load_controlnet(written(folder / "control.safetensors", steering.state_dict()))
    return Kit(made, load_model(path), steering, control, load_vae(path))


MAKERS: dict[str, Callable[[Path], Kit]] = {
    "sd1": sd1_kit, "sd2": sd2_kit, "sdxl": sdxl_kit, "union": union_kit, "adapter": adapter_kit,
    "large adapter": large_adapter_kit, "sd3": sd3_kit, "sd3 without places": sd3_without_places_kit,
    "sd3 inpaint": lambda folder: sd3_kit(folder, paints=True), "flux": flux_kit,
    "flux union": lambda folder: flux_kit(folder, union=True),
    "flux pixels": lambda folder: flux_kit(folder, conditioning_embedding_channels=16, patch_size=2),
}  # fmt: skip


def picture(edge: int = EDGE, seed: int = 2) -> Image:
    return Image(torch.rand(1, edge, edge, 3, generator=torch.Generator().manual_seed(seed)))


def left_half(edge: int = EDGE) -> Mask:
    values = torch.zeros(1, edge, edge)
    values[:, :, : edge // 2] = 1
    return Mask(values)


def part_of(made: Kit, seed: int) -> TextPart:
    """A text as wide as the model reads."""
    torch.manual_seed(seed)
    config = getattr(made.made, "denoiser", made.made).config
    if "cross_attention_dim" in config:
        pooled = small.CLIP_G if config.addition_embed_type else 0
        return TextPart(torch.randn(1, 77, config.cross_attention_dim), torch.randn(1, pooled) if pooled else None)
    return TextPart(torch.randn(1, 12, config.joint_attention_dim), torch.randn(1, config.pooled_projection_dim))


def put(made: Kit, image: Image | None = None, **options: Any) -> Control:
    """The control that the node puts on a text."""
    options = {"strength": STRENGTH, "vae": made.vae} | options
    image = image or picture()
    on_one = apply_control_to_one(Conditioning((part_of(made, 1),)), made.control, image, **options)
    return on_one.parts[0].controls[0]


def seen(
    made: Kit, ctx: PlainContext, *controls: tuple[Control, ...], sigma: float = SIGMA, size: int = CELLS
) -> Tensor:
    """x0 of one forward over two texts, each with these controls."""
    denoiser = ctx.weights(made.model.recipe)
    denoiser.nets = Nets(ctx.weights)
    parts = [replace(part_of(made, 3), controls=controls[0]), replace(part_of(made, 4), controls=controls[-1])]
    x = noisy(made, size, sigma)
    both = [Guided(denoiser, Conditioning((part,)), None, 1.0, 1) for part in parts]
    together = Guided(denoiser, Conditioning((parts[0],)), Conditioning((parts[1],)), 2.0, 1, both=True)
    combined = together(x, sigma)
    clean: Tensor = torch.cat([one(x, sigma) for one in both])
    assert difference(combined, clean[1:] + (clean[:1] - clean[1:]) * 2.0) < NEAR  # as alone, so beside another text
    return clean


def noisy(made: Kit, size: int, sigma: float) -> Tensor:
    torch.manual_seed(6)
    return torch.randn(1, made.model.space.channels, size, size) * max(sigma, 1.0)


# ---------------------------------------------------------------- against diffusers


def by_diffusers(made: Kit, residuals: Callable[[dict[str, Any]], dict[str, Any]], sigma: float = SIGMA) -> Tensor:
    """x0 of the UNet with what its control adds, in diffusers' own calls, for both texts of `seen`."""
    kept = scheduler().alphas_cumprod.double()
    sigmas = ((1 - kept) / kept).sqrt()
    step = int((sigmas.log() - torch.tensor(sigma).double().log()).abs().argmin())
    x, clean = noisy(made, CELLS, sigma), []
    for seed in (3, 4):
        text = part_of(made, seed)
        given: dict[str, Any] = {"timestep": torch.tensor([step]), "encoder_hidden_states": text.embedding}
        if text.pooled is not None:
            frame = torch.tensor([[EDGE, EDGE, 0, 0, EDGE, EDGE]], dtype=torch.float32)
            given["added_cond_kwargs"] = {"text_embeds": text.pooled, "time_ids": frame}
        scaled = x / (1 + sigma**2) ** 0.5
        noise = made.made(scaled, **given, **residuals({"sample": scaled, **given})).sample
        clean.append(x - noise * sigma)
    return torch.cat(clean)


def planes(image: Image) -> Tensor:
    return image.pixels.permute(0, 3, 1, 2)


def grey(image: Image) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (planes(image) * weights).sum(1, keepdim=True)


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
def test_a_controlnet_steers_a_unet_as_in_diffusers(kit: Make, ctx: PlainContext, name: str) -> None:
    made = kit(name)

    def residuals(given: dict[str, Any]) -> dict[str, Any]:
        down, middle = made.steering(
            **given, controlnet_cond=planes(picture()), conditioning_scale=STRENGTH, return_dict=False
        )
        return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}

    control = put(made)
    assert difference(seen(made, ctx, (control,)), by_diffusers(made, residuals)) < NEAR
    assert difference(seen(made, ctx, ()), by_diffusers(made, lambda given: {})) < NEAR
    assert difference(seen(made, ctx, (control,)), seen(made, ctx, ())) > 0.01


@pytest.mark.parametrize(("kind", "number"), [("pose", 0), ("lines", 3), ("inpaint", 7)])
def test_a_union_is_told_its_kind_as_in_diffusers(kit: Make, ctx: PlainContext, kind: str, number: int) -> None:
    made = kit("union")
    chosen = torch.zeros(1, 8)
    chosen[:, number] = 1

    def residuals(given: dict[str, Any]) -> dict[str, Any]:
        down, middle = made.steering(
            **given, controlnet_cond=[planes(picture())], control_type=chosen, control_type_idx=[number],
            conditioning_scale=STRENGTH, return_dict=False,
        )  # fmt: skip
        return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}

    assert difference(seen(made, ctx, (put(made, kind=kind),)), by_diffusers(made, residuals)) < NEAR


@pytest.mark.parametrize("name", ["adapter", "large adapter"])
def test_an_adapter_steers_as_in_diffusers(kit: Make, ctx: PlainContext, name: str) -> None:
    made = kit(name)
    shown = planes(picture()) if name == "large adapter" else grey(picture())

    def residuals(given: dict[str, Any]) -> dict[str, Any]:
        return {"down_intrablock_additional_residuals": [STRENGTH * feature for feature in made.steering(shown)]}

    assert difference(seen(made, ctx, (put(made),)), by_diffusers(made, residuals)) < NEAR


def test_several_controls_are_added_up_as_in_diffusers(kit: Make, ctx: PlainContext) -> None:
    """Two pictures through one ControlNet, and an adapter beside them."""
    made, pictures, strengths = kit("adapter"), (picture(seed=2), picture(seed=9)), (0.8, 0.3)
    network = for_unet(made.made)
    path = written(made.control.recipe.files[0].path.with_name("beside.safetensors"), network.state_dict())  # type: ignore[attr-defined]
    beside = replace(made, control=load_controlnet(path))
    several = DIFFUSERS.MultiControlNetModel([network, network])

    def residuals(given: dict[str, Any]) -> dict[str, Any]:
        down, middle = several(
            **given, controlnet_cond=[planes(one) for one in pictures], conditioning_scale=list(strengths),
            return_dict=False,
        )  # fmt: skip
        features = [STRENGTH * feature for feature in made.steering(grey(picture()))]
        return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle,
                "down_intrablock_additional_residuals": features}  # fmt: skip

    controls = [put(beside, image, strength=strength) for image, strength in zip(pictures, strengths, strict=True)]
    assert difference(seen(made, ctx, (*controls, put(made))), by_diffusers(made, residuals)) < NEAR


def latents_of(made: Kit, pixels: Tensor, shift: float, scale: float) -> Tensor:
    """Of pixels -1..1."""
    latents: Tensor = made.made.vae.encode(pixels).latent_dist.mean
    return (latents - shift) * scale


def by_sd3(made: Kit, hint: Tensor, plain: bool) -> Tensor:
    x, clean = noisy(made, CELLS, 0.5), []
    for seed in (3, 4):
        text, time = part_of(made, seed), torch.tensor([500.0])
        given = {"encoder_hidden_states": text.embedding, "timestep": time}
        summary = torch.zeros_like(text.pooled) if plain and text.pooled is not None else text.pooled
        blocks = made.steering(
            hidden_states=x, controlnet_cond=hint, conditioning_scale=STRENGTH, pooled_projections=summary, **given,
            return_dict=False,
        )[0]  # fmt: skip
        velocity = made.made.denoiser(
            x, pooled_projections=text.pooled, block_controlnet_hidden_states=blocks, **given
        ).sample
        clean.append(x - velocity * 0.5)
    return torch.cat(clean)


def test_one_for_sd3_steers_as_in_diffusers(kit: Make, ctx: PlainContext) -> None:
    """InstantX's were trained without the text's summary and without the shift of latents."""
    made = kit("sd3")
    hint = latents_of(made, planes(picture()) * 2 - 1, 0.0, 1.5305)
    assert difference(seen(made, ctx, (put(made),), sigma=0.5), by_sd3(made, hint, plain=True)) < NEAR


def test_one_for_sd3_without_text_and_places_borrows_the_places(kit: Make, ctx: PlainContext) -> None:
    made, sigma = kit("sd3 without places"), 0.5
    hint, x, clean = latents_of(made, planes(picture()) * 2 - 1, 0.0609, 1.5305), noisy(made, CELLS, sigma), []
    for seed in (3, 4):
        text, time = part_of(made, seed), torch.tensor([500.0])
        blocks = made.steering(
            hidden_states=made.made.denoiser.pos_embed(x), controlnet_cond=hint, conditioning_scale=STRENGTH,
            pooled_projections=text.pooled, timestep=time, return_dict=False,
        )[0]  # fmt: skip
        velocity = made.made.denoiser(
            x, text.embedding, text.pooled, time, block_controlnet_hidden_states=blocks
        ).sample  # fmt: skip
        clean.append(x - velocity * sigma)
    assert difference(seen(made, ctx, (put(made),), sigma=sigma), torch.cat(clean)) < NEAR


def test_one_for_sd3_that_inpaints_sees_the_mask_as_in_diffusers(kit: Make, ctx: PlainContext) -> None:
    made, mask = kit("sd3 inpaint"), left_half()
    pixels = torch.where(mask.values[:, None] > 0.5, -1.0, planes(picture()) * 2 - 1)
    cells = 1 - torch.nn.functional.interpolate(mask.values[:, None], (CELLS, CELLS))
    hint = torch.cat([latents_of(made, pixels, 0.0609, 1.5305), cells], dim=1)
    assert difference(seen(made, ctx, (put(made, mask=mask),), sigma=0.5), by_sd3(made, hint, plain=False)) < NEAR


@pytest.mark.parametrize("name", ["flux", "flux union", "flux pixels"])
def test_one_for_flux_steers_as_in_diffusers(kit: Make, ctx: PlainContext, name: str) -> None:
    made = kit(name)
    denoiser, x, clean = made.made.denoiser, noisy(made, CELLS, 0.5), []

    def packed(values: Tensor) -> Tensor:
        found: Tensor = DIFFUSERS.FluxPipeline._pack_latents(values, 1, 16, CELLS, CELLS)
        return found

    hint = planes(picture()) * 2 - 1
    if name != "flux pixels":
        hint = packed(latents_of(made, hint, 0.1159, 0.3611))
    ids = DIFFUSERS.FluxPipeline._prepare_latent_image_ids(1, CELLS // 2, CELLS // 2, "cpu", torch.float32)
    for seed in (3, 4):
        text = part_of(made, seed)
        given = {"encoder_hidden_states": text.embedding, "pooled_projections": text.pooled, "img_ids": ids,
                 "timestep": torch.tensor([0.5]), "guidance": torch.tensor([3.5]),
                 "txt_ids": torch.zeros(12, 3)}  # fmt: skip
        mode = torch.tensor([[2]]) if name == "flux union" else None
        double, single = made.steering(
            packed(x), controlnet_cond=hint, controlnet_mode=mode, conditioning_scale=STRENGTH, **given,
            return_dict=False,
        )  # fmt: skip
        velocity = denoiser(
            packed(x), controlnet_block_samples=double, controlnet_single_block_samples=single,
            controlnet_blocks_repeat=name == "flux pixels", **given,
        ).sample  # fmt: skip
        clean.append(x - DIFFUSERS.FluxPipeline._unpack_latents(velocity, EDGE, EDGE, 8) * 0.5)
    kind = "depth" if name == "flux union" else "auto"
    assert difference(seen(made, ctx, (put(made, kind=kind),), sigma=0.5), torch.cat(clean)) < NEAR


def test_a_whole_run_ends_where_the_pipeline_of_diffusers_ends(kit: Make, ctx: PlainContext) -> None:
    """With a ControlNet that ends early, under both texts."""
    from nodes.sampling_custom import choose_sampler, guide, noise, sample_pieces
    from nodes.schedules import Sigmas

    made, steps = kit("sd1"), scheduler()
    pipeline = DIFFUSERS.StableDiffusionControlNetPipeline(
        unet=made.made, controlnet=made.steering, scheduler=steps, vae=small.vae(), requires_safety_checker=False,
        **dict.fromkeys(["text_encoder", "tokenizer", "safety_checker", "feature_extractor"]),
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(5)
    start = torch.randn(1, 4, CELLS, CELLS)
    positive, negative = (Conditioning((part_of(made, seed),)) for seed in (3, 4))
    wanted = pipeline(
        image=planes(picture()), prompt_embeds=positive.parts[0].embedding, latents=start, output_type="latent",
        negative_prompt_embeds=negative.parts[0].embedding, num_inference_steps=4, guidance_scale=7.5,
        controlnet_conditioning_scale=STRENGTH, control_guidance_end=0.5,
    ).images  # fmt: skip
    kept = steps.alphas_cumprod.double()[[999, 749, 499, 249]]
    sigmas = Sigmas((*((1 - kept) / kept).sqrt().tolist(), 0.0))
    steered = apply_control(positive, negative, made.control, picture(), strength=STRENGTH, end=0.4)
    guider = guide(made.model, steered.positive, steered.negative, 7.5)
    ours = sample_pieces(guider, choose_sampler("ddim"), sigmas, noise(5), empty_latent(EDGE, EDGE), ctx).latent
    assert difference(ours.samples * made.model.space.scale, wanted) < NEAR


# ---------------------------------------------------------------- which rows, and when


def test_texts_without_a_control_are_not_touched(kit: Make, ctx: PlainContext) -> None:
    made = kit("sd1")
    plain, both = seen(made, ctx, ()), seen(made, ctx, (put(made),), ())
    assert torch.equal(both[1:], plain[1:])
    assert difference(both[:1], plain[:1]) > 0.01


@pytest.mark.parametrize("name", ["sd1", "adapter", "sd3", "flux"])
def test_a_strength_of_0_changes_nothing_and_loads_nothing(kit: Make, name: str) -> None:
    made, ctx = kit(name), PlainContext()
    sigma = 0.5 if made.vae else SIGMA
    assert torch.equal(seen(made, ctx, (put(made, strength=0.0),), sigma=sigma), seen(made, ctx, (), sigma=sigma))
    assert made.control.recipe not in ctx.loaded


@pytest.mark.parametrize(
    ("start", "end", "steers"), [(0.0, 1.0, True), (0.0, 0.2, False), (0.9, 1.0, False), (0.2, 0.9, True)]
)
def test_it_steers_within_its_shares_of_sampling(
    kit: Make, ctx: PlainContext, start: float, end: float, steers: bool
) -> None:
    """A sigma of 1.7 is where about half of the trained steps are done."""
    made = kit("sd1")
    changed = not torch.equal(seen(made, ctx, (put(made, start=start, end=end),)), seen(made, ctx, ()))
    assert changed == steers


def test_a_picture_of_another_size_is_brought_to_that_of_the_latent(kit: Make, ctx: PlainContext) -> None:
    made = kit("sd1")
    half = Image(torch.full((1, 2 * EDGE, 4 * EDGE, 3), 0.25))
    whole = Image(torch.full((1, EDGE, EDGE, 3), 0.25))
    assert difference(seen(made, ctx, (put(made, half),)), seen(made, ctx, (put(made, whole),))) < NEAR


def test_a_text_that_is_heard_in_a_part_is_steered_by_that_part_of_the_picture() -> None:
    net = ControlNet(Nothing(), "a ControlNet", ("sd1",), ())
    control = Control(net, picture().pixels, 1.0, 0.0, 1.0)
    part = TextPart(torch.zeros(1, 1, 1), area=Area(0, 0, 0.5, 0.5, "share"), controls=(control,))
    (steered,) = lay_controls([part, part], [Window(2, 4, 3, 2), Window(0, 0, 3, 2)], (2, 4, 8, 8), "cpu")
    assert steered.rows.tolist() == [0, 1, 2, 3]
    assert torch.equal(steered.pixels[:2], planes(picture())[..., 16:40, 32:48].expand(2, -1, -1, -1))
    assert torch.equal(steered.pixels[2:], planes(picture())[..., :24, :16].expand(2, -1, -1, -1))


@dataclass(frozen=True)
class Nothing:
    """A recipe."""

    size: int = 0

    def load(self, device: str, dtype: str) -> Any: ...


def test_a_controlnet_for_inpainting_sees_minus_1_where_it_is_to_paint(kit: Make, ctx: PlainContext) -> None:
    """As the first of them (Zhang's, for SD 1.5) was trained."""
    made, shown = kit("sd1"), list[Tensor]()
    net = ctx.weights(made.control.recipe)
    handle = net.model.controlnet_cond_embedding.register_forward_hook(lambda m, given, out: shown.append(given[0]))
    seen(made, ctx, (put(made, mask=left_half()),))
    handle.remove()
    assert torch.equal(shown[0][:1, ..., EDGE // 2 :], planes(picture())[..., EDGE // 2 :])
    assert (shown[0][..., : EDGE // 2] == -1).all()


@pytest.mark.parametrize("name", ["sd1", "union", "large adapter", "sd3", "flux union", "flux pixels"])
def test_in_16_bits_it_steers_nearly_alike(kit: Make, ctx: PlainContext, name: str) -> None:
    made, sigma = kit(name), SIGMA if name in ("sd1", "union", "large adapter") else 0.5
    control = put(made, kind="depth" if "union" in name else "auto")
    found = []
    for one in (ctx, PlainContext(dtype="bfloat16")):
        denoiser = one.weights(made.model.recipe)
        denoiser.nets = Nets(one.weights)
        part = replace(part_of(made, 3), controls=(control,))
        found.append(Guided(denoiser, Conditioning((part,)), None, 1.0, 1)(noisy(made, CELLS, sigma), sigma))
    assert difference(found[1], found[0]) < 0.05


@pytest.mark.parametrize("name", ["sd1", "sdxl", "union", "adapter", "large adapter", "sd3", "flux", "flux pixels"])
def test_a_latent_of_odd_edges_is_steered_too(kit: Make, ctx: PlainContext, name: str) -> None:
    made, sigma = kit(name), 0.5
    control = put(made, kind="depth" if name == "union" else "auto")
    assert seen(made, ctx, (control,), sigma=sigma, size=CELLS + 1).isfinite().all()


def test_texts_of_different_length_are_steered_as_alone(kit: Make, ctx: PlainContext) -> None:
    """Transformers fill the shorter one up: what only fills up is not attended to in a ControlNet either."""
    for name in ("sd3", "flux union"):
        made = kit(name)
        denoiser = ctx.weights(made.model.recipe)
        denoiser.nets = Nets(ctx.weights)
        control = (put(made, kind="depth" if name == "flux union" else "auto"),)
        long, short = (replace(part_of(made, seed), controls=control) for seed in (3, 4))
        short = replace(short, embedding=short.embedding[:, :5])
        x = noisy(made, CELLS, 0.5)
        together = Guided(denoiser, Conditioning((long,)), Conditioning((short,)), 2.0, 1, both=True)
        together(x, 0.5)
        alone = Guided(denoiser, Conditioning((short,)), None, 1.0, 1)(x, 0.5)
        assert difference(together.unconditional, alone) < NEAR


# ---------------------------------------------------------------- files


def test_the_first_layout_of_controlnets_loads_as_diffusers_layout_does(tmp_path: Path) -> None:
    unet = small.unet(**SD1)
    network = for_unet(unet)
    first = dict(ldm_control(network))
    assert len(first) == len(network.state_dict())
    for prefix in ("control_model.", ""):
        control = load_controlnet(written(tmp_path / f"{prefix}first.safetensors", small.below(prefix, first)))
        loaded = control.recipe.load("cpu", "float32").model.state_dict()
        assert loaded.keys() == network.state_dict().keys()
        assert all(torch.equal(loaded[name], tensor) for name, tensor in network.state_dict().items())


def ldm_control(network: Any) -> Iterator[tuple[str, Tensor]]:
    """The names of Zhang's own files."""
    names = ("input_blocks.", "middle_block.", "time_embed.", "label_emb.")
    shaped = small.unet(**SD1)
    shaped.load_state_dict(network.state_dict(), strict=False)
    yield from ((name, tensor) for name, tensor in ldm_unet(shaped) if name.startswith(names))
    yield from tensors_of(network, "controlnet_mid_block", "middle_block_out.0", {})
    layers = {"conv_in": 0, **{f"blocks.{n}": 2 * n + 2 for n in range(6)}, "conv_out": 14}
    for new, old in layers.items():
        yield from tensors_of(network, f"controlnet_cond_embedding.{new}", f"input_hint_block.{old}", {})
    for number in range(len(network.controlnet_down_blocks)):
        yield from tensors_of(network, f"controlnet_down_blocks.{number}", f"zero_convs.{number}.0", {})


@pytest.mark.parametrize("kind", ["full_adapter", "full_adapter_xl", "light_adapter"])
def test_the_first_layout_of_adapters_loads_as_diffusers_layout_does(tmp_path: Path, kind: str) -> None:
    edge, blocks = (16 if kind == "full_adapter_xl" else 8), (4 if kind == "light_adapter" else 2)
    adapter = seeded(
        "T2IAdapter", channels=[64, 128, 128], num_res_blocks=blocks, downscale_factor=edge, adapter_type=kind
    )
    first = {}
    for name, tensor in adapter.state_dict().items():
        name = name.removeprefix("adapter.")
        if kind == "light_adapter":
            name = name.replace(".resnets.", ".body.")
        elif name.startswith("body."):
            _, level, *rest = name.split(".")
            within = (
                [str(2 * int(level) + int(rest[1])), *rest[2:]]
                if rest[0] == "resnets"
                else [str(2 * int(level)), *rest]
            )
            name = ".".join(["body", *within])
        first[name] = tensor
    assert len(first) == len(adapter.state_dict())
    for layout, tensors in (("first", first), ("later", adapter.state_dict())):
        control = load_controlnet(written(tmp_path / f"{layout}.safetensors", tensors))
        assert control.families == (("sdxl",) if edge == 16 else ("sd1", "sd2"))
        loaded = control.recipe.load("cpu", "float32").model.state_dict()
        assert loaded.keys() == adapter.state_dict().keys()
        assert all(torch.equal(loaded[name], tensor) for name, tensor in adapter.state_dict().items())


def test_the_layout_of_xlabs_loads_as_diffusers_layout_does(kit: Make, tmp_path: Path) -> None:
    network = kit("flux pixels").steering
    tensors = dict(network.state_dict())
    layers = {"conv_in": 0, **{f"blocks.{n}": 2 * n + 2 for n in range(6)}, "conv_out": 14}
    first = {
        f"input_hint_block.{old}.{leaf}": tensors.pop(f"input_hint_block.{new}.{leaf}")
        for new, old in layers.items()
        for leaf in ("weight", "bias")
    }
    first |= {f"pos_embed_input.{leaf}": tensors.pop(f"controlnet_x_embedder.{leaf}") for leaf in ("weight", "bias")}
    kept = {name: tensors.pop(name) for name in list(tensors) if name.startswith("controlnet_")}
    ends = {f"{name}.{leaf}": torch.zeros(2) for name in ("norm_out.linear", "proj_out") for leaf in ("weight", "bias")}
    blocks = {
        name: tensor
        for name, tensor in small.flux_file(Renamed(tensors | ends, network.config)).items()
        if not name.startswith("final_layer")
    }
    control = load_controlnet(written(tmp_path / "xlabs.safetensors", first | kept | blocks))
    loaded = control.recipe.load("cpu", "float32").model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in network.state_dict().items())


@dataclass
class Renamed:
    """Tensors where a model is asked for."""

    tensors: dict[str, Tensor]
    config: Any

    def state_dict(self) -> dict[str, Tensor]:
        return self.tensors


@pytest.mark.parametrize(
    ("name", "title", "looks_at"),
    [
        ("sd1", "a ControlNet for Stable Diffusion 1.x", "picture"),
        ("sd2", "a ControlNet for Stable Diffusion 2.x", "picture"),
        ("sdxl", "a ControlNet for Stable Diffusion XL", "picture"),
        ("adapter", "a T2I-Adapter for Stable Diffusion 1.x or Stable Diffusion 2.x", "picture"),
        ("sd3", "a ControlNet for Stable Diffusion 3", "latent"),
        ("flux", "a ControlNet for Flux.1", "latent"),
        ("flux pixels", "a ControlNet for Flux.1", "picture"),
    ],
)
def test_a_file_says_what_it_fits(kit: Make, name: str, title: str, looks_at: str) -> None:
    control = kit(name).control
    assert (control.title, control.looks_at) == (title, looks_at)


def test_the_list_of_models_says_what_it_is(kit: Make, tmp_path: Path) -> None:
    found = describe(kit("sdxl").control.recipe.files[0].path, "controlnet")  # type: ignore[attr-defined]
    assert (found.what, found.problem) == ("a ControlNet for Stable Diffusion XL", "")
    other = written(tmp_path / "other.safetensors", {"lora_controlnet": torch.zeros(1)})
    assert "Control-LoRA" in describe(other, "controlnet").problem


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"lllite_unet_input_blocks_1.weight": 1}, "ControlNet-LLLite"),
        ({"lora_controlnet": 1}, "Control-LoRA"),
        ({"decoder.conv_in.weight": 1}, "looks like a VAE. Expected a ControlNet or a T2I-Adapter"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path: Path, tensors: dict[str, int], words: str) -> None:
    path = written(tmp_path / "other.safetensors", {name: torch.zeros(size) for name, size in tensors.items()})
    with pytest.raises(BadValue, match=words) as caught:
        load_controlnet(path)
    assert caught.value.input == "file"


def test_a_controlnet_that_tells_only_of_the_whole_picture_is_known_by_its_configuration(kit: Make) -> None:
    path = kit("sd1").control.recipe.files[0].path  # type: ignore[attr-defined]
    folder = path.parent / "shuffle"
    copied = written(folder / "diffusion_pytorch_model.safetensors", kit("sd1").steering.state_dict())
    assert not load_controlnet(copied).recipe.special  # type: ignore[attr-defined]
    (folder / "config.json").write_text('{"_class_name": "ControlNetModel", "global_pool_conditions": true}')
    pooled = load_controlnet(copied)
    assert pooled.recipe.load("cpu", "float32").model.config.global_pool_conditions


# ---------------------------------------------------------------- what does not fit, told before sampling


@pytest.mark.parametrize(
    ("model", "control", "words"),
    [
        ("sd1", "sdxl", "carries a ControlNet for Stable Diffusion XL, but the model is Stable Diffusion 1.x"),
        (
            "sdxl",
            "adapter",
            "carries a T2I-Adapter for Stable Diffusion 1.x or Stable Diffusion 2.x, but the model is ",
        ),
        ("sd3", "flux", "carries a ControlNet for Flux.1, but the model is Stable Diffusion 3"),
        ("flux", "sd1", "carries a ControlNet for Stable Diffusion 1.x, but the model is Flux.1"),
    ],
)
def test_one_of_another_family_is_refused_before_sampling_naming_both(
    kit: Make, ctx: PlainContext, model: str, control: str, words: str
) -> None:
    made, text = kit(model), Conditioning((part_of(kit(model), 3),))
    steered = apply_control(text, text, kit(control).control, picture(), vae=kit(control).vae)
    with pytest.raises(BadValue, match=words) as caught:
        sample(made.model, steered.positive, text, empty_latent(EDGE, EDGE), ctx, steps=1)
    assert (caught.value.input, ctx.steps) == ("positive", 0)
    with pytest.raises(BadValue, match=words) as caught:
        sample(made.model, text, steered.negative, empty_latent(EDGE, EDGE), ctx, steps=1)
    assert caught.value.input == "negative"


def test_one_for_a_larger_model_of_the_family_is_refused_before_sampling(kit: Make, ctx: PlainContext) -> None:
    made, text = kit("sd1"), Conditioning((part_of(kit("sd1"), 3),))
    larger = replace(made.control, sizes=(768, 2, 320, 640, 1280, 1280))
    steered = apply_control_to_one(text, larger, picture())
    with pytest.raises(
        BadValue, match="made for a model of sizes 768-2-320-640-1280-1280; this model's are 128-1-64-128"
    ):
        sample(made.model, steered, None, empty_latent(EDGE, EDGE), ctx, steps=1)


@pytest.mark.parametrize(
    ("name", "options", "input", "words"),
    [
        ("sd1", {"strength": float("nan")}, "strength", "The strength is nan"),
        ("sd1", {"start": 0.6, "end": 0.5}, "end", "ends at 0.5 of sampling, before it starts at 0.6"),
        ("sd1", {"start": float("nan")}, "start", "at nan of sampling"),
        ("sd1", {"mask": Mask(torch.zeros(1, EDGE, EDGE))}, "mask", "The mask is empty"),
        ("sd1", {"mask": Mask(torch.ones(1, 32, 16))}, "mask", "The mask is 16 x 32, the picture 64 x 64"),
        ("sd1", {"mask": Mask(torch.full((1, EDGE, EDGE), float("nan")))}, "mask", "values that are no numbers"),
        ("union", {}, "kind", "the kind was not said"),
        ("union", {"kind": "blur"}, "kind", "the kind is blur, which it does not know"),
        ("sd3", {"vae": None}, "vae", "a ControlNet for Stable Diffusion 3, which looks at the picture as a latent"),
        ("sd3 inpaint", {}, "mask", "that paints where a mask is white"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_at_its_input(
    kit: Make, name: str, options: dict[str, Any], input: str, words: str
) -> None:
    made = kit(name)
    text = Conditioning((part_of(made, 3),))
    with pytest.raises(BadValue, match=words) as caught:
        apply_control(text, text, made.control, picture(), **{"vae": made.vae} | options)
    assert caught.value.input == input and caught.value.fix


def test_a_mask_of_another_size_is_stretched_on_request(kit: Make) -> None:
    made = kit("sd1")
    text = Conditioning((part_of(made, 3),))
    small = Mask(torch.tensor([[[1.0, 0.0]]]))
    steered = apply_control_to_one(text, made.control, picture(), mask=small, stretch_mask=True)
    seen = steered.parts[0].controls[0].mask
    assert seen is not None and torch.equal(seen > 0.5, left_half().values > 0.5)


def test_a_vae_of_another_family_is_refused(kit: Make) -> None:
    text = Conditioning((part_of(kit("sd3"), 3),))
    with pytest.raises(BadValue, match=r"The VAE is one of Flux\.1, but it is a ControlNet for Stable Diffusion 3"):
        apply_control_to_one(text, kit("sd3").control, picture(), vae=kit("flux").vae)
