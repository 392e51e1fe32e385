"""Models of transformers that look at pictures: depth, poses, regions. They are read from folders on this disk alone.

Pictures are prepared here from the model's own preprocessor_config.json, on tensors: transformers' own ways need
torchvision or a detour over 8 bits.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from nodes.diffusion.header import UnusableFile
from nodes.diffusion.sources import read_json
from nodes.sentences import files as say

Task = Literal["depth", "pose", "segmentation", "detection"]
CLASSES: dict[Task, str] = {
    "depth": "AutoModelForDepthEstimation", "pose": "VitPoseForPoseEstimation",
    "segmentation": "AutoModelForSemanticSegmentation", "detection": "AutoModelForObjectDetection",
}  # fmt: skip
WORDS: dict[Task, str] = {
    "depth": say.A_DEPTH_MODEL(), "pose": say.A_POSE_MODEL(), "segmentation": say.A_SEGMENTATION_MODEL(),
    "detection": say.A_DETECTION_MODEL(),
}  # fmt: skip
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, where a model says nothing."""
FOCAL = ("rt_detr", "rt_detr_v2", "d_fine", "deformable_detr", "conditional_detr")
"""Detectors that give each kind of thing a probability of its own."""


@dataclass(frozen=True)
class VisionRecipe:
    """Loads a model that looks at pictures."""

    folder: Path
    task: Task
    size: int
    """Bytes of its weights."""
    modified: int
    """Nanoseconds since 1970: another file is another recipe."""

    @property
    def title(self) -> str:
        """For people."""
        return f"{WORDS[self.task]} {self.folder.name}"

    def load(self, device: str, dtype: str) -> Vision:
        """Raises `UnusableFile`."""
        maker = getattr(import_module("transformers"), CLASSES[self.task])
        import_module("transformers.utils.logging").disable_progress_bar()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = maker.from_pretrained(
                    self.folder, local_files_only=True, use_safetensors=True, dtype=getattr(torch, dtype)
                )
        except (OSError, ValueError, KeyError, ImportError, AttributeError, RuntimeError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise UnusableFile(
                say.CANNOT_LOAD_AS(file=self.folder.name, kind=WORDS[self.task], why=reason[:200]),
                say.OF_THAT_KIND(),
            ) from error
        return Vision(model.to(device).eval(), read_json(self.folder / "preprocessor_config.json"), device)


def read_vision(path: Path, task: Task) -> VisionRecipe:
    """Describe the model whose weights file this is. Raises `UnusableFile`."""
    if not read_json(path.parent / "config.json"):
        raise UnusableFile(
            say.WITHOUT_CONFIG(file=path.name, folder=path.parent.name),
            say.PUT_CONFIG(),
        )
    if path.suffix != ".safetensors":
        raise UnusableFile(say.NO_WEIGHTS_FILE(file=path.name), say.GET_MODEL_FILE())
    stat = path.stat()
    return VisionRecipe(path.parent, task, stat.st_size, stat.st_mtime_ns)


class Vision:
    """A model, and how it wants its pictures."""

    def __init__(self, model: Any, config: Mapping[str, Any], device: str) -> None:
        self.model, self.config, self.device = model, config, device
        self.mean = torch.tensor(config.get("image_mean") or MEAN).view(1, 3, 1, 1)
        self.std = torch.tensor(config.get("image_std") or STD).view(1, 3, 1, 1)

    def prepared(self, planes: Tensor, size: tuple[int, int]) -> Tensor:
        """Pictures (batch x RGB x height x width, 0..1) in a size, as the model reads them."""
        scaled = functional.interpolate(planes, size, mode="bicubic", antialias=True, align_corners=False)
        if self.config.get("do_normalize", True):
            scaled = (scaled - self.mean) / self.std
        return scaled.to(self.device, self.model.dtype)

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """The size, height first, that the model looks at pictures of this size in."""
        return fitting_size(self.config, height, width)

    def look(self, planes: Tensor) -> Any:
        """What the model says of pictures (batch x RGB x height x width, 0..1)."""
        with torch.inference_mode():
            return self.model(pixel_values=self.prepared(planes, self.size_for(*planes.shape[2:])))


def fitting_size(config: Mapping[str, Any], height: int, width: int) -> tuple[int, int]:
    """By a preprocessor's configuration: a fixed size, one of kept proportions, or one by the shortest edge."""
    size, unit = config.get("size") or {}, int(config.get("ensure_multiple_of") or 1)
    if isinstance(size, int):
        size = {"height": size, "width": size}
    if not config.get("do_resize", True) or not size:
        across, down = 1.0, 1.0
    elif "shortest_edge" in size:
        across = down = size["shortest_edge"] / min(height, width)
    else:
        across, down = size["width"] / width, size["height"] / height
        if config.get("keep_aspect_ratio"):  # by the edge that changes least, as DPT was trained
            across = down = across if abs(1 - across) < abs(1 - down) else down
    rows, columns = (max(unit, round(length * by / unit) * unit) for length, by in ((height, down), (width, across)))
    return rows, columns


def depth_of(vision: Vision, pixels: Tensor) -> Tensor:
    """How near each pixel is, batch x height x width, 0 (farthest) to 1; pixels: batch x height x width x RGB."""
    found = [nearness(vision, one[None]) for one in pixels.permute(0, 3, 1, 2)]
    return torch.cat(found)


def nearness(vision: Vision, planes: Tensor) -> Tensor:
    depth = vision.look(planes).predicted_depth.float().cpu()[:, None]
    depth = functional.interpolate(depth, planes.shape[2:], mode="bicubic", align_corners=False)[:, 0]
    if measures_distance(vision.model.config):
        depth = -depth
    least, most = depth.amin((1, 2), keepdim=True), depth.amax((1, 2), keepdim=True)
    return (depth - least) / (most - least).clamp(min=torch.finfo(torch.float32).tiny)


def measures_distance(config: Any) -> bool:
    """Whether larger numbers are farther away; most models say the inverse."""
    metric = getattr(config, "depth_estimation_type", "relative") == "metric"
    return metric or config.model_type in ("zoedepth", "glpn", "depth_pro", "prompt_depth_anything")


def segments_of(vision: Vision, pixels: Tensor) -> Tensor:
    """The number of the region's kind at each pixel, int64, batch x height x width."""
    found = []
    for one in pixels.permute(0, 3, 1, 2):
        logits = vision.look(one[None]).logits.float().cpu()
        found.append(functional.interpolate(logits, one.shape[1:], mode="bilinear", align_corners=False).argmax(1))
    return torch.cat(found)


def people_of(vision: Vision, planes: Tensor, least: float) -> list[tuple[float, float, float, float]]:
    """Boxes around people in one picture (1 x RGB x height x width): left, top, width, height in pixels."""
    found, config = vision.look(planes), vision.model.config
    person = next((number for number, name in config.id2label.items() if name.lower() == "person"), None)
    if person is None:
        raise UnusableFile(say.KNOWS_NO_PEOPLE(), say.TAKE_COCO())
    logits = found.logits.float().cpu()[0]
    chances = logits.sigmoid() if config.model_type in FOCAL else logits.softmax(-1)
    height, width = planes.shape[2:]
    boxes = []
    for chance, (x, y, across, down) in zip(
        chances[:, int(person)], found.pred_boxes.float().cpu()[0].tolist(), strict=True
    ):
        if chance >= least:
            boxes.append(((x - across / 2) * width, (y - down / 2) * height, across * width, down * height))
    return boxes
