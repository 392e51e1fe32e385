"""What holds for every node that ships."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from nodes.api import Input, Node
from tests.nodes.make_reference import PAGE, reference
from tests.nodes.shipped import BUILT_IN, MODULES, PACK, SHIPPED

IDS = {
    "encode_image_vision", "load_clip_vision", "load_unclip_checkpoint", "unclip_conditioning",
    "label_sheet", "limit_pixels",
    "add_latents", "adjust_colours", "batch_of_images", "batch_of_latents", "blend_latents", "blur_image",
    "colour_to_mask", "combine_masks", "composite_images", "composite_latents", "crop_image", "crop_latent",
    "decode_in_tiles", "draw_mask", "encode_in_tiles", "encode_to_inpaint", "extend_image", "feather_mask",
    "fill_masked", "flip_image", "flip_latent", "grow_mask", "image_size", "invert_latent", "join_images",
    "join_latents", "list_images", "list_latents", "match_histogram", "multiply_latent", "number_range",
    "pick_images", "pick_latents", "project_image", "repeat_image", "repeat_latent", "rotate_image", "rotate_latent",
    "scale_image_by", "scale_latent", "scale_latent_by", "scale_mask", "set_noise_mask", "sharpen_image",
    "subtract_latents", "threshold_mask", "tile_model", "walk_latents", "load_upscaler", "upscale_image",
    "apply_control", "apply_control_to_one", "apply_ip_adapter", "load_controlnet", "load_ip_adapter",
    "load_gligen", "put_text_into_box", "load_hypernetwork",
    "canny", "estimate_depth", "estimate_pose", "line_art", "segment", "soft_edge", "tile_hint",
    "average_conditioning", "combine_conditioning", "choose_words", "concat_conditioning", "set_conditioning_area",
    "set_conditioning_mask", "set_conditioning_range", "set_conditioning_strength", "zero_out_conditioning",
    "cfg_zero_star", "dual_guidance", "limit_guidance", "perpendicular_negative", "perturb_attention",
    "project_guidance", "rescale_guidance", "skip_layers",
    "image_to_mask", "inpaint_conditioning", "instruct_pix2pix_conditioning", "invert_mask", "mask_to_image",
    "gits_schedule", "load_from_hub", "set_continuous_levels", "set_prediction", "set_shift", "set_shift_by_size",
    "load_model", "load_text_encoders", "load_vae", "set_guidance", "set_picture_size", "show_picture",
    "add_difference", "add_models", "load_latent", "load_lora", "load_lora_for_model", "merge_blocks", "merge_models",
    "save_checkpoint", "save_latent", "save_lora", "subtract_models",
    "add_noise", "align_your_steps", "blend_images", "choose_sampler", "curve_schedule", "cut_sigmas", "decode_latent",
    "empty_latent", "encode_image", "encode_text", "flux2_schedule", "guide", "integer", "invert", "join_sigmas",
    "load_checkpoint", "load_image", "ltxv_schedule", "math", "no_noise", "noise", "noise_of_latent", "number",
    "plot_sigmas", "preview_image", "reverse_sigmas", "sample", "sample_pieces", "sample_with_diffusers",
    "save_image", "scale_image", "schedule", "seed", "show_noising", "show_predictions", "switch", "text",
    "cache_steps", "turbo_schedule", "write_sigmas",
}  # fmt: skip


ALL = pytest.mark.parametrize("node", SHIPPED, ids=lambda node: node.schema.id)


def all_inputs(node: Node[..., Any]) -> Iterator[Input]:
    for found in node.schema.inputs:
        yield found
        if found.widget and found.widget["kind"] == "variant":
            for inner in found.widget["options"].values():
                yield from inner


def test_these_nodes_ship() -> None:
    assert {node.schema.id for node in BUILT_IN} == IDS
    assert {node.schema.id for node in SHIPPED} - IDS == {
        "darkroom/contact_sheet",
        "darkroom/film_grain",
        "darkroom/vignette",
    }


@ALL
def test_a_node_has_help_for_itself_and_each_input_and_output(node: Node[..., Any]) -> None:
    assert node.schema.help
    assert [found.name for found in all_inputs(node) if not found.help] == []
    assert [output.name for output in node.schema.outputs if not output.help] == []


@ALL
def test_a_node_has_a_category_and_its_numbers_have_sensible_fields(node: Node[..., Any]) -> None:
    assert node.schema.category
    for found in all_inputs(node):
        if found.widget and found.widget["kind"] == "slider":
            assert {"min", "max", "step"} <= found.widget.keys()


def test_reading_all_nodes_needs_no_torch() -> None:
    names = [*MODULES, PACK]
    heavy = {"torch", "diffusers", "transformers", "PIL", "numpy"}
    program = f"import sys, importlib as i; [i.import_module(n) for n in {names}]; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_a_sampler_takes_its_seed_from_a_seed_node_and_its_steps_from_math() -> None:
    types = {node.schema.id: {output.name: output.type for output in node.schema.outputs} for node in BUILT_IN}
    sampler = next(node.schema for node in BUILT_IN if node.schema.id == "sample")
    assert types["seed"]["result"] == sampler.input("seed").type
    assert types["math"]["whole"] == sampler.input("steps").type


def test_the_reference_page_is_the_one_the_nodes_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run python -m tests.nodes.make_reference"
