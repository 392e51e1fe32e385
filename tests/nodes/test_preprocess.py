"""Pictures made for ControlNets: edges and lines on drawn shapes; depth, poses and regions by small random models."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.api import BadValue
from nodes.diffusion.lines import connected
from nodes.diffusion.palette import palette_of
from nodes.diffusion.pose import FROM_COCO, LIMBS, colour, drawn, frame_of, joints_of, placed, skeleton
from nodes.diffusion.vision import MEAN, STD, fitting_size
from nodes.preprocess import canny, estimate_depth, estimate_pose, line_art, segment, soft_edge, tile_hint
from nodes.types import Image
from tests.nodes.plain import PlainContext

TRANSFORMERS: Any = import_module("transformers")
"""Through Any: the hints of its configurations do not know all that they take."""
EDGE = 48


def square(value: float = 1.0, background: float = 0.0) -> Image:
    """A square from 16 to 32."""
    pixels = torch.full((1, EDGE, EDGE, 3), background)
    pixels[:, 16:32, 16:32] = value
    return Image(pixels)


def turned(image: Image) -> Image:
    return Image(image.pixels.rot90(dims=(1, 2)))


def noise(seed: int = 0) -> Image:
    return Image(torch.rand(1, EDGE, EDGE, 3, generator=torch.Generator().manual_seed(seed)))


# ---------------------------------------------------------------- without a model


def test_canny_draws_the_outline_of_a_square_one_pixel_wide(ctx: PlainContext) -> None:
    edges = canny(square(), ctx).pixels[0, ..., 0]
    assert set(edges.flatten().tolist()) == {0.0, 1.0}
    across = edges[24].nonzero().flatten().tolist()
    assert len(across) == 2 and all(min(abs(x - 16), abs(x - 32)) <= 1 for x in across)
    assert not edges[:14].any() and not edges[19:29, 19:29].any()
    assert ctx.shown


def test_canny_keeps_faint_edges_only_where_they_hang_together_with_clear_ones() -> None:
    possible = torch.zeros(1, 5, 9, dtype=torch.bool)
    possible[0, 1] = possible[0, 4, 2:5] = True
    sure = torch.zeros_like(possible)
    sure[0, 1, 8] = True
    assert torch.equal(connected(sure, possible)[0, 1], torch.ones(9, dtype=torch.bool))
    assert not connected(sure, possible)[0, 4].any()


def test_canny_finds_less_with_higher_slopes(ctx: PlainContext) -> None:
    found = [canny(noise(), ctx, low, high).pixels.sum() for low, high in ((0.1, 0.2), (0.4, 0.8), (2.0, 4.0))]
    assert found[0] > found[1] > found[2] == 0
    assert canny(square(0.6, 0.4), ctx, 0.1, 0.2).pixels.any()
    assert not canny(square(0.6, 0.4), ctx, 0.5, 0.9).pixels.any()


def test_edges_of_a_turned_picture_are_turned(ctx: PlainContext) -> None:
    for make in (soft_edge, line_art):
        assert torch.allclose(make(turned(noise()), ctx).pixels, turned(make(noise(), ctx)).pixels, atol=1e-3)


def test_soft_edges_are_brightest_on_the_rim_and_fall_off_around_it(ctx: PlainContext) -> None:
    row = soft_edge(square(), ctx).pixels[0, 24, :, 0]
    assert row[15:17].min() > 0.8 > row[12] > row[8] >= 0
    assert row[24] < row[16] and row.max() <= 1


def test_a_plain_picture_has_no_edges(ctx: PlainContext) -> None:
    plain = Image(torch.full((1, EDGE, EDGE, 3), 0.7))
    for edges in (canny(plain, ctx), soft_edge(plain, ctx), line_art(plain, ctx)):
        assert float(edges.pixels.max()) < 1e-3


def test_line_art_shows_a_dark_line_white_on_black(ctx: PlainContext) -> None:
    pixels = torch.ones(1, EDGE, EDGE, 3)
    pixels[:, :, 23:25] = 0.2
    lines = line_art(Image(pixels), ctx).pixels[0, 24, :, 0]
    assert lines[23:25].min() > 0.9
    assert lines[:18].max() < 0.1 and lines[30:].max() < 0.1


def test_a_tile_hint_is_what_is_left_when_each_square_becomes_one_pixel(ctx: PlainContext) -> None:
    made = tile_hint(noise(), ctx, 4.0).pixels
    assert made.shape == (1, EDGE, EDGE, 3)
    assert made.std() < noise().pixels.std() / 2
    assert torch.allclose(made.mean(), noise().pixels.mean(), atol=0.01)
    assert torch.equal(tile_hint(noise(), ctx, 1.0).pixels, noise().pixels)


@pytest.mark.parametrize(
    ("call", "input"),
    [
        (lambda ctx: canny(square(), ctx, 0.8, 0.4), "high"),
        (lambda ctx: canny(square(), ctx, float("nan"), 0.4), "low"),
        (lambda ctx: line_art(square(), ctx, float("nan")), "width"),
        (lambda ctx: tile_hint(square(), ctx, 0.5), "factor"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(ctx: PlainContext, call: Callable[[Any], Any], input: str) -> None:
    with pytest.raises(BadValue) as caught:
        call(ctx)
    assert caught.value.input == input and caught.value.fix


# ---------------------------------------------------------------- with a model


def saved(folder: Path, model: Any, **config: Any) -> Path:
    """A model in transformers' layout; the file to pick."""
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    return folder / "model.safetensors"


def random(make: Any, config: Any) -> Any:
    torch.manual_seed(3)
    return make(config).eval().requires_grad_(False)


def normal(pixels: Tensor) -> Tensor:
    return (pixels.permute(0, 3, 1, 2) - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


@pytest.fixture(scope="module")
def depth_model() -> Any:
    config = TRANSFORMERS.DPTConfig(
        hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=EDGE,
        patch_size=8, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 16, 16, 16], fusion_hidden_size=16,
        is_hybrid=False, reassemble_factors=[4, 2, 1, 0.5],
    )  # fmt: skip
    return random(TRANSFORMERS.DPTForDepthEstimation, config)


def test_depth_is_what_the_model_says_from_far_black_to_near_white(
    depth_model: Any, tmp_path: Path, ctx: PlainContext
) -> None:
    file = saved(tmp_path / "depth", depth_model, size={"height": EDGE, "width": EDGE}, image_mean=MEAN, image_std=STD)
    said = depth_model(pixel_values=normal(noise().pixels)).predicted_depth
    made = estimate_depth(noise(), ctx, file).pixels
    wanted = torch.nn.functional.interpolate(said[:, None], (EDGE, EDGE), mode="bicubic")[:, 0]
    wanted = (wanted - wanted.min()) / (wanted.max() - wanted.min())
    assert torch.allclose(made[..., 0], wanted, atol=1e-4)
    assert (float(made.min()), float(made.max())) == pytest.approx((0.0, 1.0))


def test_each_picture_of_a_batch_has_the_depth_that_it_has_alone(
    depth_model: Any, tmp_path: Path, ctx: PlainContext
) -> None:
    file = saved(tmp_path / "depth", depth_model, size={"height": EDGE, "width": EDGE})
    both = estimate_depth(Image(torch.cat([noise(1).pixels, noise(2).pixels])), ctx, file).pixels
    assert torch.equal(both[1:], estimate_depth(noise(2), ctx, file).pixels)


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"size": {"height": 384, "width": 384}}, (384, 384)),
        ({"size": {"height": 518, "width": 518}, "keep_aspect_ratio": True, "ensure_multiple_of": 14}, (392, 518)),
        ({"size": {"shortest_edge": 120}}, (120, 160)),
        ({"size": 96}, (96, 96)),
        ({"do_resize": False}, (240, 320)),
        ({}, (240, 320)),
    ],
)
def test_a_picture_is_scaled_as_the_models_configuration_says(config: dict[str, Any], wanted: tuple[int, int]) -> None:
    """Of 320 x 240."""
    assert fitting_size(config, 240, 320) == wanted


def test_regions_have_the_colours_of_the_palette(tmp_path: Path, ctx: PlainContext) -> None:
    config = TRANSFORMERS.SegformerConfig(
        num_labels=5, hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 1, 1],
        decoder_hidden_size=16,
    )  # fmt: skip
    model = random(TRANSFORMERS.SegformerForSemanticSegmentation, config)
    file = saved(tmp_path / "regions", model, size={"height": EDGE, "width": EDGE}, image_mean=MEAN, image_std=STD)
    logits = model(pixel_values=normal(noise().pixels)).logits
    numbers = torch.nn.functional.interpolate(logits, (EDGE, EDGE), mode="bilinear").argmax(1)
    assert torch.equal(segment(noise(), ctx, file).pixels, palette_of(5, None)[numbers])
    colours = [[10 * n, 20, 255 - n] for n in range(5)]
    (file.parent / "palette.json").write_text(json.dumps(colours))
    assert torch.equal(segment(noise(), ctx, file).pixels, (torch.tensor(colours) / 255)[numbers])
    assert torch.equal(segment(noise(), ctx, file, "spread").pixels, palette_of(5, None)[numbers])
    (file.parent / "palette.json").write_text("[[1, 2, 3]]")
    with pytest.raises(BadValue, match="does not hold 5 colours"):
        segment(noise(), ctx, file)


def test_colours_of_regions_differ() -> None:
    assert len({tuple(colour) for colour in palette_of(150, None).tolist()}) == 150


@pytest.fixture(scope="module")
def pose_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    backbone = TRANSFORMERS.VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        out_indices=[2],
    )  # fmt: skip
    model = random(
        TRANSFORMERS.VitPoseForPoseEstimation, TRANSFORMERS.VitPoseConfig(backbone_config=backbone, num_labels=17)
    )
    return saved(tmp_path_factory.mktemp("pose"), model, size={"height": 64, "width": 48})


def test_joints_lie_in_what_is_cut_out_around_a_person(pose_file: Path, ctx: PlainContext) -> None:
    """The cut is a quarter larger than the box, in the model's proportions; a peak may lean out by a quarter."""
    from nodes.preprocess import vision_of

    vision = vision_of(ctx, "pose", pose_file, "model")
    picture = torch.rand(1, 3, 160, 120, generator=torch.Generator().manual_seed(4))
    joints = joints_of(vision, picture, (20.0, 20.0, 60.0, 80.0))
    centre, size = frame_of((20.0, 20.0, 60.0, 80.0), 48 / 64)
    assert (centre, size) == ((50.0, 60.0), (75.0, 100.0))
    assert joints.shape == (17, 3)
    assert ((joints[:, 0] - 50).abs() <= 37.5 + 2).all() and ((joints[:, 1] - 60).abs() <= 50 + 2).all()
    maps = torch.zeros(1, 16, 12)
    maps[0, 0, 11] = 0.9
    assert placed(maps, centre, size)[0].tolist() == pytest.approx([50 + 37.5, 60 - 50, 0.9], abs=2.5)


def test_a_peak_leans_a_quarter_towards_its_higher_neighbour() -> None:
    maps = torch.zeros(1, 5, 5)
    maps[0, 2, 2], maps[0, 2, 3], maps[0, 1, 2] = 1.0, 0.5, 0.4
    assert placed(maps, (2.0, 2.0), (4.0, 4.0))[0].tolist() == pytest.approx([2.25, 1.75, 1.0])


def test_a_skeleton_has_a_neck_between_the_shoulders_and_leaves_out_what_is_not_certain() -> None:
    joints = torch.tensor([[float(n), 10.0 * n, 0.9] for n in range(17)])
    joints[9, 2] = 0.1  # the left wrist
    found = skeleton(joints)
    assert found[1] == (5.5, 55.0) and found[0] == (0.0, 0.0) and found[2] == (6.0, 60.0)
    assert found[FROM_COCO.index(9)] is None
    assert len(found) == 18 and max(max(limb) for limb in LIMBS) == 17


def test_a_skeleton_is_drawn_in_the_colours_of_openpose() -> None:
    joints: list[tuple[float, float] | None] = [None] * 18
    joints[1], joints[2] = (32.0, 32.0), (96.0, 32.0)
    picture = drawn([joints], 64, 128)
    assert (picture[32, 64] * 255).round().tolist() == list(colour(0, 0.6)) == [153, 0, 0]
    assert (picture[32, 96] * 255).round().tolist() == list(colour(2)) == [255, 170, 0]
    assert not picture[:16].any()


def test_a_pose_is_drawn_for_each_person_that_is_found(pose_file: Path, tmp_path: Path, ctx: PlainContext) -> None:
    config = TRANSFORMERS.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=[EDGE, EDGE],
        num_detection_tokens=4, id2label={0: "N/A", 1: "person"}, label2id={"N/A": 0, "person": 1},
    )  # fmt: skip
    finder = saved(
        tmp_path / "finder", random(TRANSFORMERS.YolosForObjectDetection, config), size={"height": EDGE, "width": EDGE}
    )
    none = estimate_pose(noise(), ctx, pose_file, finder, certainty=1.0).pixels
    assert none.shape == (1, EDGE, EDGE, 3) and not none.any()
    assert estimate_pose(noise(), ctx, pose_file).pixels.shape == (1, EDGE, EDGE, 3)


# ---------------------------------------------------------------- models that are not there


@pytest.mark.parametrize(
    ("call", "folder"),
    [
        (estimate_depth, "models/depth/NAME"),
        (estimate_pose, "models/pose/NAME"),
        (segment, "models/segmentation/NAME"),
    ],
)
def test_without_a_model_the_error_says_which_files_go_where(ctx: PlainContext, call: Any, folder: str) -> None:
    with pytest.raises(BadValue, match="none is picked") as caught:
        call(noise(), ctx)
    assert folder in caught.value.fix and "config.json" in caught.value.fix


def test_weights_without_their_configuration_are_refused_in_words(tmp_path: Path, ctx: PlainContext) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(BadValue, match=r"lies without its config\.json"):
        estimate_depth(noise(), ctx, file)


def test_a_model_of_another_kind_is_refused_in_words(pose_file: Path, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match="cannot be loaded as a depth model") as caught:
        estimate_depth(noise(), ctx, pose_file)
    assert caught.value.input == "model"
