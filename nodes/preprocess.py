"""Nodes that make of a picture what ControlNets steer by: edges, lines, depth, poses, regions."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from nodes.api import BadValue, Context, ModelFile, Number, node
from nodes.fields import Fraction, ImageOut
from nodes.loaders import said_in_words
from nodes.sentences import pictures as say
from nodes.types import Image

if TYPE_CHECKING:
    from torch import Tensor

    from nodes.diffusion.vision import Task

Slope = Annotated[float, Number(min=0.0, max=4.0, step=0.05)]
Width = Annotated[float, Number(min=0.5, max=8.0, step=0.1)]
Factor = Annotated[float, Number(min=1.0, max=64.0, step=0.5)]
Weight = Annotated[float, Number(min=0.0, max=100.0, step=1.0)]
DepthFile = Annotated[Path, ModelFile("depth")]
PoseFile = Annotated[Path, ModelFile("pose")]
SegmentationFile = Annotated[Path, ModelFile("segmentation")]
DetectionFile = Annotated[Path, ModelFile("detection")]
EXAMPLES = {
    "depth": "depth-anything/Depth-Anything-V2-Small-hf",
    "pose": "usyd-community/vitpose-base-simple",
    "segmentation": "nvidia/segformer-b0-finetuned-ade-512-512",
}


@node(category="control/preprocess")
def canny(image: Image, ctx: Context, low: Slope = 0.4, high: Slope = 0.8) -> ImageOut:
    """Find edges, one pixel wide, white on black (Canny 1986), for ControlNets named canny.

    Args:
        image: The picture.
        low: How steep an edge must be where it hangs together with a clear one. From black to white is about 2.
        high: How steep a clear edge is.

    Returns:
        The edges.
    """
    from nodes.diffusion.lines import canny as edges

    if not (math.isfinite(low) and math.isfinite(high)) or low < 0:
        raise BadValue("low", say.SLOPES(low=low, high=high), say.USUAL_SLOPES())
    if high < low:
        raise BadValue("high", say.SLOPES_REVERSED(high=high, low=low), say.USE_SLOPES())
    return shown(ctx, edges(image.pixels, low, high))


@node(category="control/preprocess")
def soft_edge(image: Image, ctx: Context) -> ImageOut:
    """Find edges, wide and soft, bright where they are strong, for ControlNets named softedge or hed.

    No model is needed: it is the steepest slope over three scales, so it sees texture where a trained one sees none.

    Args:
        image: The picture.

    Returns:
        The edges, white on black.
    """
    from nodes.diffusion.lines import soft_edges

    return shown(ctx, soft_edges(image.pixels))


@node(category="control/preprocess")
def line_art(
    image: Image, ctx: Context, width: Width = 1.0, sharpness: Weight = 15.0, threshold: Fraction = 0.5
) -> ImageOut:
    """Find lines as a pen would draw them, white on black, for ControlNets named lineart or scribble.

    No model is needed: it is a difference of Gaussians (Winnemöller 2012). Large dark shapes come out filled.

    Args:
        image: The picture, or a drawing.
        width: How wide a line is, in pixels.
        sharpness: How much rims count against brightness; 0 shows dark areas alone.
        threshold: How dark a line is: more finds fainter ones.

    Returns:
        The lines.
    """
    from nodes.diffusion.lines import line_art as lines

    if not 0.5 <= width <= 8:
        raise BadValue("width", say.WIDTH(width=width), say.USE_LINE_WIDTH())
    if not 0 <= sharpness <= 100 or not 0 <= threshold <= 1:
        raise BadValue("sharpness", say.SHARPNESS(sharpness=sharpness, threshold=threshold), say.USUAL_SHARPNESS())
    return shown(ctx, lines(image.pixels, width, sharpness, threshold))


@node(category="control/preprocess")
def tile_hint(image: Image, ctx: Context, factor: Factor = 4.0) -> ImageOut:
    """Take the fine detail out of a picture, for ControlNets named tile, which paint it in anew.

    Args:
        image: The picture.
        factor: How many pixels along an edge become one; 1 leaves the picture as it is.

    Returns:
        The coarse picture, as large as before.
    """
    from nodes.diffusion.lines import tiled

    if not 1 <= factor <= 64:
        raise BadValue("factor", say.REDUCTION(factor=factor), say.USUAL_REDUCTION())
    made = Image(tiled(image.pixels, factor))
    ctx.show_image(made)
    return made


@node(category="control/preprocess")
def estimate_depth(image: Image, ctx: Context, model: DepthFile | None = None) -> ImageOut:
    """Estimate how far everything is: near is white, far is black, for ControlNets named depth.

    Args:
        image: The picture.
        model: The model.safetensors of a folder in models/depth, such as Depth Anything or DPT in transformers' layout
            (with config.json and preprocessor_config.json).

    Returns:
        The depth.
    """
    from nodes.diffusion.vision import depth_of

    return shown(ctx, depth_of(vision_of(ctx, "depth", model, "model"), image.pixels))


@node(category="control/preprocess")
def estimate_pose(
    image: Image, ctx: Context, model: PoseFile | None = None, detector: DetectionFile | None = None,
    certainty: Fraction = 0.5,
) -> ImageOut:  # fmt: skip
    """Find people's poses and draw them as skeletons, for ControlNets named openpose.

    Args:
        image: The picture.
        model: The model.safetensors of a folder in models/pose: ViTPose in transformers' layout (with config.json and
            preprocessor_config.json).
        detector: The model.safetensors of a folder in models/detection, such as RT-DETR, which finds the people.
            Without one the whole picture is taken for one person.
        certainty: How sure the detector must be of a person.

    Returns:
        The skeletons on black: body and head; hands and faces are not looked at.
    """
    import torch

    from nodes.diffusion.pose import drawn, joints_of, skeleton
    from nodes.diffusion.vision import people_of

    vision = vision_of(ctx, "pose", model, "model")
    finder = None if detector is None else vision_of(ctx, "detection", detector, "detector")
    height, width = image.pixels.shape[1:3]
    made = []
    for planes in image.pixels.permute(0, 3, 1, 2)[:, None]:
        boxes = [(0.0, 0.0, float(width), float(height))]
        if finder is not None:
            boxes = said_in_words("detector", partial(people_of, finder, planes, certainty))
        made.append(drawn([skeleton(joints_of(vision, planes, box)) for box in boxes], height, width))
    picture = Image(torch.stack(made))
    ctx.show_image(picture)
    return picture


@node(category="control/preprocess")
def segment(
    image: Image, ctx: Context, model: SegmentationFile | None = None, colours: Literal["model", "spread"] = "model"
) -> ImageOut:
    """Find regions and paint each kind of thing (sky, tree, house …) in a colour of its own, for ControlNets named seg.

    Args:
        image: The picture.
        model: The model.safetensors of a folder in models/segmentation, such as SegFormer in transformers' layout (with
            config.json and preprocessor_config.json).
        colours: Those of the palette.json in the model's folder, a list of [red, green, blue], which should be the
            ones that the ControlNet was trained with; or hues spread evenly. Without that file they are spread.

    Returns:
        The regions.
    """
    from nodes.diffusion.palette import palette_of
    from nodes.diffusion.vision import segments_of

    vision = vision_of(ctx, "segmentation", model, "model")
    numbers = segments_of(vision, image.pixels)
    known = None if colours == "spread" or model is None else model.parent / "palette.json"
    palette = said_in_words("model", lambda: palette_of(vision.model.config.num_labels, known))
    made = Image(palette[numbers])
    ctx.show_image(made)
    return made


def vision_of(ctx: Context, task: Task, file: Path | None, input: str) -> Any:
    """The model of a file. Raises BadValue, which says where such a file goes."""
    from nodes.diffusion.vision import WORDS, read_vision

    if file is None:
        raise BadValue(
            input,
            say.MODEL_MISSING(model=WORDS[task]),
            say.PUT_MODEL(example=EXAMPLES[task], task=task),
        )
    return said_in_words(input, lambda: ctx.weights(read_vision(file, task)))


def shown(ctx: Context, values: Tensor) -> Image:
    """Grey values as a picture, which the node shows."""
    from nodes.diffusion.lines import as_pixels

    image = Image(as_pixels(values))
    ctx.show_image(image)
    return image
