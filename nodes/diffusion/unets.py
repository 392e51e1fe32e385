"""The UNets that Stable Diffusion 1.x, 2.x and XL share: found in files, measured, loaded.

Every size is read from the tensors' shapes, so that smaller and larger models of the same build load too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from nodes.diffusion.header import SOURCE, Header, UnusableFile
from nodes.diffusion.keeping import fill_denoiser
from nodes.diffusion.ldm import unet_part
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.read import build_empty, read_there
from nodes.diffusion.unclip import Statistics
from nodes.diffusion.unet import UNetDenoiser, UNetTraits
from nodes.sentences import files as say

PREFIXES = ("model.diffusion_model.", "")
GROUPS, HEAD_WIDTH, SIZE_WIDTH = 32, 64, 256
MARKS = ("v_pred", "ztsnr")
"""Empty tensors that say how a model was trained: it predicts v; its last step is pure noise."""
STATISTICS = ("noise_augmentor.data_mean", "noise_augmentor.data_std")
"""Of what CLIP sees in the pictures that an unCLIP model was trained on."""
NORMALIZER = ("mean", "std")
"""The same in a diffusers folder."""
LABELS = "class_embedding.linear_1.weight"
LATENT, EDITED, PAINTED = 4, 8, 9
"""Input channels: the latent alone; a picture to edit beside it; a mask and a masked picture beside it."""
V_SPREAD = 0.09
"""Above this deviation of the last attention's bias an SD 2.x model predicts v (the rule of thumb of the field)."""


def find_unet(header: Header) -> Header | None:
    """The UNet in a file, named as diffusers names it. Its metadata keep the marks that lie beside it."""
    marks = {mark: "" for mark in MARKS if mark in header.entries}
    for prefix in PREFIXES:
        part = header.part(prefix)
        if "input_blocks.0.0.weight" in part.entries and any(part.below("output_blocks.")):
            part = unet_part(part)
        if "conv_in.weight" in part.entries and any(part.below("up_blocks.")) and any(part.below("down_blocks.")):
            return with_statistics(header, Header(part.files, part.entries, {**header.metadata, **marks}))
    return None


def with_statistics(header: Header, unet: Header) -> Header:
    """An unCLIP UNet with what lies beside it. Files call what it reads of a picture as they call SDXL's sizes."""
    found = next((names for names in (STATISTICS, NORMALIZER) if header.entries.keys() >= set(names)), None)
    if found is None:
        return unet
    named = {
        name.replace("add_embedding.", "class_embedding."): entry
        for name, entry in unet.entries.items()
        if name not in found
    }
    return unet.with_entries(
        {**named, **{ours: header.entries[name] for ours, name in zip(STATISTICS, found, strict=True)}}
    )


def takes(unet: Header, channels: Iterable[int]) -> bool:
    """Whether its first layer takes one of these numbers of channels."""
    shape = unet.entries["conv_in.weight"].shape
    return len(shape) == 4 and shape[1] in channels


def is_linear(unet: Header) -> bool:
    """Whether its attention enters by linear layers (from SD 2.0 on) rather than by convolutions."""
    return any(len(unet.entries[name].shape) == 2 for name in unet.entries if name.endswith(".proj_in.weight"))


def text_width(unet: Header) -> int:
    """Width of the text it reads, 0 when it reads none."""
    return next((e.shape[-1] for n, e in unet.entries.items() if n.endswith(".attn2.to_k.weight")), 0)


def summary_width(unet: Header, sizes: int) -> int:
    """Width of the pooled text it reads beside so many numbers about the picture; 0 when it reads none."""
    name = "add_embedding.linear_1.weight"
    return unet.shape(name, 2)[1] - sizes * SIZE_WIDTH if name in unet.entries else 0


def unet_config(unet: Header, heads: int | None) -> dict[str, Any]:
    """The UNet's sizes, as diffusers names them; without a number of heads they are 64 wide."""
    levels = range(unet.numbers("down_blocks."))
    channels = tuple(unet.shape(f"down_blocks.{level}.resnets.0.conv2.weight", 4)[0] for level in levels)
    check_sizes(unet, channels, GROUPS if heads else HEAD_WIDTH)
    middle = unet.numbers("mid_block.attentions.0.transformer_blocks.")
    depths = [unet.numbers(f"down_blocks.{level}.attentions.0.transformer_blocks.") for level in levels]
    config: dict[str, Any] = {
        "in_channels": unet.shape("conv_in.weight", 4)[1],
        "out_channels": unet.shape("conv_out.weight", 4)[0],
        "block_out_channels": channels,
        "down_block_types": tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths),
        "up_block_types": tuple("CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(depths)),
        "layers_per_block": unet.numbers("down_blocks.0.resnets."),
        "transformer_layers_per_block": tuple(depth or middle for depth in depths),
        "cross_attention_dim": text_width(unet),
        "attention_head_dim": heads or tuple(width // HEAD_WIDTH for width in channels),
        "use_linear_projection": is_linear(unet),
        "norm_num_groups": GROUPS,
    }
    if "add_embedding.linear_1.weight" in unet.entries:
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": SIZE_WIDTH,
            "projection_class_embeddings_input_dim": unet.shape("add_embedding.linear_1.weight", 2)[1],
        }
    if LABELS in unet.entries:
        labels = unet.shape(LABELS, 2)[1]
        config |= {"class_embed_type": "projection", "projection_class_embeddings_input_dim": labels}
    if "time_embedding.cond_proj.weight" in unet.entries:
        config["time_cond_proj_dim"] = unet.shape("time_embedding.cond_proj.weight", 2)[1]
    return config


def check_sizes(part: Header, widths: tuple[int, ...], group: int) -> None:
    """Raises `UnusableFile` for widths that the build cannot have."""
    if not widths or any(width == 0 or width % group for width in widths):
        raise UnusableFile(say.LAYER_WIDTHS(file=part.name, widths=widths, group=group), SOURCE)


def prediction_of(unet: Header, asked: str) -> Prediction:
    """What it predicts: what was asked for, else what the file says, else noise.

    Files say it by an empty tensor `v_pred`, by the metadata of the Stability model spec, or (diffusers folders) by
    the scheduler's configuration, which the folder's reader puts into the metadata as `prediction_type`.
    """
    said = {unet.metadata.get(key, "").lower() for key in ("modelspec.prediction_type", "prediction_type")}
    if asked in ("eps", "v"):
        return "v" if asked == "v" else "eps"
    return "v" if "v_pred" in unet.metadata or said & {"v", "v_prediction", "v-prediction"} else "eps"


def says_prediction(unet: Header) -> bool:
    keys = ("v_pred", "modelspec.prediction_type", "prediction_type")
    return any(key in unet.metadata for key in keys)


def has_bias_of_v(unet: Header) -> bool:
    """The rule of thumb for SD 2.x, whose files say nothing: one small tensor differs between the two trainings."""
    places = [re.fullmatch(r"up_blocks\.(\d+)\.attentions\.(\d+)\.transformer_blocks\.0\.norm1\.bias", name)
              for name in unet.entries]  # fmt: skip
    last = max((found for found in places if found), key=lambda found: (int(found[1]), int(found[2])), default=None)
    return last is not None and float(read_there(unet.entries[last[0]]).float().std(unbiased=False)) > V_SPREAD


def find_plain_unet(header: Header, linear: bool) -> Header | None:
    """A UNet that reads one text and no summary of it; `linear`: by which layers its attention is entered."""
    unet = find_unet(header)
    if unet is None or not takes(unet, (LATENT, EDITED, PAINTED)):
        return None
    plain = text_width(unet) > 0 and is_linear(unet) == linear and not summary_width(unet, 0)
    return unet if plain else None


def load_unet(
    unet: Header,
    prediction: Prediction,
    scale: float,
    device: str,
    dtype: str,
    heads: int | None = None,
    frame: tuple[int, ...] = (),
) -> UNetDenoiser:
    """Build the UNet, read its weights, and put it behind the face of a denoiser.

    `scale` is that of the family's latents, `frame` the columns of `Told.frame` it reads, `heads` as in `unet_config`.
    """
    config = unet_config(unet, heads)
    traits = UNetTraits(
        text_width=config["cross_attention_dim"],
        prediction=prediction,
        pooled_width=summary_width(unet, len(frame)) if frame else 0,
        frame=frame,
        guidance_width=config.get("time_cond_proj_dim", 0),
        channels=LATENT,
        label_width=unet.shape(LABELS, 2)[1] if LABELS in unet.entries else 0,
        scale=scale,
    )
    model = build_empty("UNet2DConditionModel", config)
    fill_denoiser(model, unet, device, dtype)
    levels = NoiseLevels.scaled_linear(zero_terminal="ztsnr" in unet.metadata)
    denoiser = UNetDenoiser(model, levels, traits, device, dtype)
    if STATISTICS[0] in unet.entries:
        mean, spread = (read_there(unet.entries[name]).float().reshape(1, -1) for name in STATISTICS)
        denoiser.statistics = Statistics(mean, spread)
    return denoiser
