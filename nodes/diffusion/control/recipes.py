"""ControlNets and T2I-Adapters in files: which family they fit, and recipes that load them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nodes.diffusion.control import flux, sd3, unet
from nodes.diffusion.families import family_named
from nodes.diffusion.header import Header, UnusableFile, WeightsFile
from nodes.diffusion.looks import looks_like
from nodes.diffusion.sources import open_again, open_files, pieces_of, read_json
from nodes.sentences import files as say
from nodes.types import ControlNet

Build = Literal["unet", "adapter", "sd3", "flux"]
FLOAT_BYTES = 4
FIND: dict[Build, Callable[[Header], Header | None]] = {
    "unet": unet.find_control, "flux": flux.find_control, "sd3": sd3.find_control, "adapter": unet.find_adapter,
}  # fmt: skip
OTHERS = {
    "lora_controlnet": say.A_CONTROL_LORA(),
    "lllite_unet": say.A_LLLITE(),
    "difference": say.A_CONTROL_DIFFERENCE(),
}
"""Parts of names that tell what is not read here."""


@dataclass(frozen=True)
class ControlRecipe:
    """Loads a network that steers."""

    files: tuple[WeightsFile, ...]
    build: Build
    size: int
    """Bytes in float32."""
    special: bool
    """Of a UNet's: it keeps only what is true of the whole picture (shuffle). Of SD 3's: it knows no summary."""

    @property
    def title(self) -> str:
        """For people: the file."""
        return f"ControlNet {self.files[0].path.name}"

    def load(self, device: str, dtype: str) -> Any:
        """A `nodes.diffusion.control.steering.Net`. Raises `UnusableFile`."""
        header = open_again(self.files)
        part = FIND[self.build](header)
        if part is None:
            raise UnusableFile(say.NOT_AS_IT_WAS(file=header.name), say.PICK_AGAIN())
        match self.build:
            case "unet":
                return unet.load_control(part, self.special, device, dtype)
            case "adapter":
                return unet.load_adapter(part, device, dtype)
            case "sd3":
                return sd3.load_control(part, self.special, device, dtype)
            case "flux":
                return flux.load_control(part, device, dtype)


def read_control(path: Path) -> ControlNet:
    """Describe a ControlNet or a T2I-Adapter, reading its header only. Raises `UnusableFile`."""
    header = open_files(pieces_of(path))
    for sign, what in OTHERS.items():
        if any(sign in name for name in header.entries):
            raise UnusableFile(say.CONTROL_OF_OTHER_KIND(file=path.name, kind=what), say.WHOLE_CONTROLNET())
    for build, find in FIND.items():
        part = find(header)
        if part is not None:
            return describe(path, build, part)
    raise UnusableFile(
        say.LOOKS_LIKE(file=path.name, found=looks_like(header), wanted=say.A_CONTROL()),
        say.PICK_ANOTHER_FILE(),
    )


def describe(path: Path, build: Build, part: Header) -> ControlNet:
    families, sizes = fitting(build, part)
    size = FLOAT_BYTES * sum(entry.count for entry in part.entries.values())
    recipe = ControlRecipe(part.files, build, size, is_special(path, build, part))
    kind = "T2I-Adapter" if build == "adapter" else "ControlNet"
    latent = build == "sd3" or (build == "flux" and not flux.reads_pixels(part))
    return ControlNet(
        recipe,
        title=f"a {kind} for {' or '.join(family_named(name).title for name in families)}",
        families=families,
        sizes=sizes,
        kinds=kinds_of(build, part),
        looks_at="latent" if latent else "picture",
        paints=build == "sd3" and sd3.takes_mask(part),
    )


def fitting(build: Build, part: Header) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The families it fits, and the sizes that its model must have. Its whole build is measured on the way."""
    match build:
        case "unet":
            unet.control_config(part)
            return (unet.family_of(part),), unet.control_sizes(part)
        case "adapter":
            return unet.adapter_families(part), unet.adapter_sizes(part)
        case "sd3":
            sd3.control_config(part, zero_summary=True)
            return ("sd3",), sd3.control_sizes(part)
        case "flux":
            flux.control_config(part)
            return ("flux1",), flux.control_sizes(part)


def kinds_of(build: Build, part: Header) -> tuple[str, ...]:
    """The pictures that a union knows, by the order of its kind; those beyond the known ones are numbered."""
    count = 0
    known: tuple[str, ...] = unet.UNION_KINDS
    if build == "unet" and unet.is_union(part):
        count = part.shape("task_embedding", 2)[0]
    elif build == "flux":
        count, known = flux.kinds_of(part), flux.UNION_KINDS
    return tuple(known[n] if n < len(known) else f"kind {n}" for n in range(count))


def is_special(path: Path, build: Build, part: Header) -> bool:
    """What shapes cannot tell is said by diffusers' configuration beside the file, else by rules of the field."""
    config = read_json(path.parent / "config.json")
    if "ControlNet" not in str(config.get("_class_name", "")):
        config = {}
    if build == "unet":
        return bool(config.get("global_pool_conditions", "shuffle" in path.name.lower()))
    if build != "sd3":
        return False
    plain = not sd3.takes_mask(part) and "context_embedder.weight" in part.entries
    return bool(config.get("force_zeros_for_pooled_projection", plain))
