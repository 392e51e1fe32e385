"""Poses of people: ViTPose's joints (Xu et al. 2022), drawn as the skeletons that ControlNets know (OpenPose)."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image as Pictures
from PIL import ImageDraw
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.vision import Vision

AROUND = 1.25
"""How much larger than its box a person is cut out."""
LEAST = 0.3
"""Below this a joint is not drawn."""
SHOULDERS = (5, 6)
FROM_COCO = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""OpenPose's 18 joints by the numbers of COCO's 17; the neck, which COCO lacks, is between the shoulders."""
LIMBS = ((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
         (0, 14), (14, 16), (0, 15), (15, 17))  # fmt: skip
DIMMED = 0.6
"""How bright limbs are beside joints."""
Box = tuple[float, float, float, float]


def joints_of(vision: Vision, planes: Tensor, box: Box) -> Tensor:
    """COCO's 17 joints of the person in a box of one picture (1 x RGB x height x width).

    float32, 17 x (x, y, certainty), in pixels. `box`: left, top, width, height in pixels.
    """
    rows, columns = vision.size_for(*planes.shape[2:])
    centre, size = frame_of(box, columns / rows)
    cut = functional.grid_sample(planes, grid_of(centre, size, planes, (rows, columns)), align_corners=True)
    more = {"dataset_index": torch.zeros(1, dtype=torch.long, device=vision.device)} if has_experts(vision) else {}
    with torch.inference_mode():
        maps = vision.model(pixel_values=vision.prepared(cut, (rows, columns)), **more).heatmaps[0].float().cpu()
    return placed(maps, centre, size)


def has_experts(vision: Vision) -> bool:
    return getattr(getattr(vision.model.config, "backbone_config", None), "num_experts", 1) > 1


def frame_of(box: Box, ratio: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Middle and size of what is cut out: the box with something around, in the model's ratio of width to height."""
    left, top, width, height = box
    width, height = max(width, height * ratio), max(height, width / ratio)
    return (left + box[2] / 2, top + box[3] / 2), (width * AROUND, height * AROUND)


def grid_of(centre: Sequence[float], size: Sequence[float], planes: Tensor, wanted: tuple[int, int]) -> Tensor:
    """Where each pixel of the cut lies in the picture, -1..1 between the middles of its outermost pixels."""
    height, width = planes.shape[2:]
    x = torch.linspace(centre[0] - size[0] / 2, centre[0] + size[0] / 2, wanted[1]) / max(width - 1, 1) * 2 - 1
    y = torch.linspace(centre[1] - size[1] / 2, centre[1] + size[1] / 2, wanted[0]) / max(height - 1, 1) * 2 - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None].to(planes.dtype)


def placed(maps: Tensor, centre: Sequence[float], size: Sequence[float]) -> Tensor:
    """The peak of each map (joints x height x width), a quarter of a place towards its higher neighbour."""
    count, height, width = maps.shape
    certainty, place = maps.flatten(1).max(dim=1)
    x, y = (place % width).float(), (place // width).float()
    around = functional.pad(maps[None], (1, 1, 1, 1), mode="replicate")[0]
    joint, row, column = torch.arange(count), place // width + 1, place % width + 1
    x += 0.25 * torch.sign(around[joint, row, column + 1] - around[joint, row, column - 1])
    y += 0.25 * torch.sign(around[joint, row + 1, column] - around[joint, row - 1, column])
    return torch.stack(
        [x / (width - 1) * size[0] + centre[0] - size[0] / 2, y / (height - 1) * size[1] + centre[1] - size[1] / 2,
         certainty],
        dim=1,
    )  # fmt: skip


def skeleton(joints: Tensor) -> list[tuple[float, float] | None]:
    """OpenPose's 18 joints; None for those that are not certain enough."""
    sure = [(float(x), float(y)) if certainty >= LEAST else None for x, y, certainty in joints.tolist()]
    left, right = (sure[number] for number in SHOULDERS)
    neck = None if left is None or right is None else ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    return [neck if number is None else sure[number] for number in FROM_COCO]


def drawn(people: Sequence[Sequence[tuple[float, float] | None]], height: int, width: int) -> Tensor:
    """Skeletons on black, height x width x RGB, 0..1: limbs, then joints, each in a colour of its own."""
    picture = Pictures.new("RGB", (width, height))
    pen, thick = ImageDraw.Draw(picture), max(1, round(min(height, width) / 128))
    for joints in people:
        for number, (first, second) in enumerate(LIMBS):
            start, end = joints[first], joints[second]
            if start is not None and end is not None:
                pen.line([start, end], fill=colour(number, DIMMED), width=2 * thick)
        for number, place in enumerate(joints):
            if place is not None:
                x, y = place
                pen.ellipse((x - thick, y - thick, x + thick, y + thick), fill=colour(number))
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255)


def colour(number: int, bright: float = 1.0) -> tuple[int, int, int]:
    """One of 18 hues around the circle."""
    red, green, blue = colorsys.hsv_to_rgb(number / 18, 1.0, bright)
    return int(red * 255), int(green * 255), int(blue * 255)
