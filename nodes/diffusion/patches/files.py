"""LoRA files and their kin, read from their headers: which layer each changes, how, and what fits a model.

A file holds several small tensors for each layer. Which of them there are says how they are put together (changes.py).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nodes.diffusion.families import family_named
from nodes.diffusion.header import SOURCE, Entry, Header, UnusableFile, WeightsFile
from nodes.diffusion.layouts import Place
from nodes.diffusion.looks import looks_like
from nodes.diffusion.patches.changes import Alpha, Change, Kind, changed_shape
from nodes.diffusion.patches.names import names_of_layers
from nodes.diffusion.patches.tensors import FIRST, Readable, Shapes, tensors_of
from nodes.diffusion.read import WEIGHTS
from nodes.diffusion.sources import open_again, read_json
from nodes.diffusion.unets import EDITED, LATENT, PAINTED
from nodes.sentences import files as of_files
from nodes.sentences import models as say

ROLES = {
    "lora_up.weight": "up", "lora_down.weight": "down", "lora_mid.weight": "mid", "lora_up.bias": "up_bias",
    "lora_B.weight": "up", "lora_A.weight": "down", "lora_B.bias": "up_bias",
    "lora.up.weight": "up", "lora.down.weight": "down",
    "lora_linear_layer.up.weight": "up", "lora_linear_layer.down.weight": "down",
    "lora_magnitude_vector": "magnitude", "lora_magnitude_vector.weight": "magnitude", "dora_scale": "dora",
    "alpha": "alpha", "diff": "diff", "diff_b": "diff_b", "w_norm": "diff", "b_norm": "diff_b",
}  # fmt: skip
ROLES |= {role: role for role in (
    "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2", "lokr_w1", "lokr_w1_a", "lokr_w1_b",
    "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
)}  # fmt: skip
ENDS = tuple(sorted(ROLES, key=len, reverse=True))
NEEDED: dict[Kind, set[str]] = {
    "lora": {"up", "down"}, "loha": {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}, "diff": {"diff"},
}  # fmt: skip
BIASES = {"diff_b", "up_bias"}
"""Roles of what changes a layer's bias."""
OLD_PROCESSOR = re.compile(r"\.processor\.(to_\w+?)_lora\.")
ADAPTER = re.compile(r"\.default(_\d+)?(?=\.|$)")
TEXT_STARTS = ("lora_te", "lora_clip_", "lora_t5", "text_encoder", "clip_", "t5xxl.")
CONTEXT_WIDTHS = {768: "sd1", 1024: "sd2", 1280: "sdxl_refiner", 2048: "sdxl"}
"""By the width of the text that the attention of a UNet reads."""
SAID_OF = (
    ("stable-diffusion-v1", "sd1"), ("stable-diffusion-v2", "sd2"), ("stable-diffusion-xl", "sdxl"),
    ("stable-diffusion-3", "sd3"), ("stable-diffusion-v3", "sd3"), ("flux-1", "flux1"),
    ("sd_v1", "sd1"), ("sd_v2", "sd2"), ("sdxl_base", "sdxl"), ("sd3", "sd3"), ("flux1", "flux1"),
)  # fmt: skip
"""Families, and how what files say of their training begins (ModelSpec; kohya's scripts)."""
NAMED = 3
"""Keys that fit nothing which are named; the others are counted."""


@dataclass(frozen=True)
class Fit:
    """What of a file fits a model."""

    changes: tuple[Change, ...]
    unknown: tuple[str, ...]
    """What fits no layer, by the file's names of layers."""
    extra: int
    """Numbers in the weights that are changed."""


@dataclass(frozen=True)
class Layer:
    """What a file holds for one layer."""

    stem: str
    entries: Mapping[str, Entry]
    """By role."""


def layers_in(header: Header) -> tuple[dict[str, Layer], list[str]]:
    """By the file's names; and the tensors whose role is unknown."""
    found: dict[str, dict[str, Entry]] = {}
    unknown: list[str] = []
    for name, entry in header.entries.items():
        said = ADAPTER.sub("", OLD_PROCESSOR.sub(lambda old: f".{new_processor(old[1])}.lora.", name))
        end = next((end for end in ENDS if said.endswith(f".{end}")), None)
        if end is None:
            unknown.append(name)
        else:
            stem = said[: -len(end) - 1].removeprefix("base_model.model.")
            found.setdefault(stem, {})[ROLES[end]] = entry
    return {stem: Layer(stem, entries) for stem, entries in found.items()}, unknown


def new_processor(layer: str) -> str:
    return "to_out.0" if layer == "to_out" else layer


def is_for_text(stem: str) -> bool:
    return stem.startswith(TEXT_STARTS)


def open_lora(path: Path) -> Header:
    """The header of a LoRA or one of its kin. Raises `UnusableFile`."""
    stat = path.stat() if path.is_file() else None
    file = WeightsFile(path, stat.st_size if stat else 0, stat.st_mtime_ns if stat else 0)
    header = open_again((file,))
    layers, _ = layers_in(header)
    if any(kinds_of(layer) for layer in layers.values()):
        return header
    begun = next((layer for layer in layers.values() if layer.entries.keys() - {"alpha"}), None)
    if begun is not None:
        raise UnusableFile(
            say.LORA_INCOMPLETE(
                file=path.name, layer=begun.stem, count=len(begun.entries), there=", ".join(sorted(begun.entries))
            ),
            SOURCE,
        )
    raise UnusableFile(
        of_files.LOOKS_LIKE(file=path.name, found=looks_like(header), wanted=of_files.A_LORA_OR_KIN()),
        of_files.PICK_ANOTHER_FILE(),
    )


def kinds_of(layer: Layer) -> list[Kind]:
    """How its tensors are put together, and whether they change its bias too; nothing when some are missing.

    A layer may hold several, such as two factors and a difference: all of them are added.
    """
    roles = layer.entries.keys()
    found: list[Kind] = [kind for kind, needed in NEEDED.items() if needed <= roles]
    if all(f"lokr_w{n}" in roles or {f"lokr_w{n}_a", f"lokr_w{n}_b"} <= roles for n in (1, 2)):
        found.append("lokr")
    return found + (["bias"] if roles & BIASES else [])


@lru_cache(maxsize=64)
def fit(file: WeightsFile, recipe: Readable) -> Fit:
    """What a file changes in a recipe's weights. Raises `UnusableFile` for layers of another size."""
    header = open_again((file,))
    shapes = tensors_of(recipe).shapes
    names = names_of_layers(recipe.family, shapes)
    layers, odd = layers_in(header)
    alpha = usual_alpha(header)
    texts = recipe.part == "text_encoder"
    unknown = [name for name in odd if is_for_text(name) == texts]
    changes: list[Change] = []
    for layer in layers.values():
        place = names.get(layer.stem)
        made = changes_of(layer, place, shapes, alpha) if place is not None else []
        if is_for_text(layer.stem) == texts:
            unknown += left_over(layer, made)
        for change in made:
            check_size(header, recipe, layer, change, shapes)
        changes += made
    touched = {target for change in changes for target in change.targets}
    return Fit(tuple(changes), tuple(unknown), sum(math.prod(shapes[name]) for name in touched))


def changes_of(layer: Layer, place: Place, shapes: Shapes, alpha: Callable[[str], Alpha | None]) -> list[Change]:
    """Of a layer's weight and of its bias, where the model has them."""
    made = []
    for kind in kinds_of(layer):
        leaf = "bias" if kind == "bias" else "weight"
        targets = tuple(f"{target}.{leaf}" for target in place.targets)
        if all(target in shapes for target in targets):
            said = alpha(layer.stem) if "alpha" not in layer.entries else None
            made.append(Change(kind, targets, place.halves_swapped, dict(layer.entries), said))
    return made


def left_over(layer: Layer, made: Sequence[Change]) -> list[str]:
    """What of a file's layer the model has no place for: all of it, or the change of a bias that it does without."""
    if not made:
        return [layer.stem]
    biases = sorted(layer.entries.keys() & BIASES)
    return [] if any(change.kind == "bias" for change in made) else [f"{layer.stem}.{role}" for role in biases]


def check_size(header: Header, recipe: Readable, layer: Layer, change: Change, shapes: Shapes) -> None:
    """Raises `UnusableFile` that names both sides."""
    for role, entry in layer.entries.items():
        if entry.dtype not in WEIGHTS and role != "alpha":
            raise UnusableFile(of_files.TENSOR_FORMAT(file=header.name, name=layer.stem, format=entry.dtype), SOURCE)
    rows = sum(shapes[target][0] for target in change.targets)
    inner = math.prod(shapes[change.targets[0]][1:])
    found = changed_shape(change, (rows, *shapes[change.targets[0]][1:]))
    if found is None:
        raise UnusableFile(say.LORA_DAMAGED(file=header.name, layer=layer.stem), SOURCE)
    if found != (rows, inner) and not widens(change, found, rows, shapes):
        raise UnusableFile(
            say.LORA_OTHER_SIZE(
                file=header.name,
                kind=kind_of_file(header),
                part=recipe.title,
                model=family_named(recipe.family).title,
                layer=layer.stem,
                rows=found[0],
                columns=found[1],
                here_rows=rows,
                here_columns=inner,
            ),
            say.PICK_FOR_MODEL(),
        )


def widens(change: Change, found: tuple[int, int], rows: int, shapes: Shapes) -> bool:
    """Whether a change of so many rows, and numbers a row, is of a UNet's first layer, and it or the model reads less.

    A model that reads the noisy latent alone becomes one that paints or edits, and what was trained for such a model
    fits one that does.
    """
    if change.targets != (FIRST,) or found[0] != rows or len(shapes[FIRST]) != 4:
        return False
    reads, window = shapes[FIRST][1], math.prod(shapes[FIRST][2:])
    both = {reads * window, found[1]}
    return LATENT * window in both and both <= {channels * window for channels in (LATENT, EDITED, PAINTED)}


def first_shape(changes: Iterable[Change], shapes: Shapes) -> tuple[int, ...]:
    """Of a UNet's first layer, after these changes; `shapes` are those before them."""
    rows, reads, *window = shapes[FIRST]
    for change in changes:
        if change.targets == (FIRST,) and change.kind != "bias":
            found = changed_shape(change, shapes[FIRST])
            reads = reads if found is None else max(reads, found[1] // math.prod(window))
    return (rows, reads, *window)


def describe_misfit(header: Header, recipe: Readable) -> tuple[str, str]:
    """What is said of a file none of whose layers a model has, and what to do."""
    layers, _ = layers_in(header)
    model = family_named(recipe.family).title
    if layers and all(is_for_text(stem) for stem in layers):
        return say.LORA_FOR_TEXT_ALONE(file=header.name), say.USE_LOAD_LORA()
    what = say.LORA_FITS_NOWHERE(file=header.name, kind=kind_of_file(header), part=recipe.title, model=model)
    return what, say.PICK_FOR_MODEL()


def kind_of_file(header: Header) -> str:
    """Which models it was made for, in words, as far as its names and sizes tell."""
    family = family_of(header)
    return say.LORA_FOR(family=family_named(family).title) if family else say.LORA_FOR_OTHERS()


def family_of(header: Header) -> str:
    """The family it was made for, by its layers, else by what it says; empty when nothing tells."""
    for name, entry in header.entries.items():
        if re.search(r"double_blocks|single_blocks|single_transformer_blocks", name):
            return "flux1"
        if re.search(r"joint_blocks|attn\W?add_q_proj|attn_add_q_proj", name):
            return "sd3"
        reads = re.search(r"attn2[._](processor\.)?to_[kv]", name) and re.search(r"down|lora_A|hada_w[12]_b", name)
        if reads and len(entry.shape) >= 2 and entry.shape[1] in CONTEXT_WIDTHS and "joint" not in name:
            return CONTEXT_WIDTHS[entry.shape[1]]
    if any(name.startswith("lora_te2_") for name in header.entries):
        return "sdxl"
    said = (header.metadata.get("modelspec.architecture", ""), header.metadata.get("ss_base_model_version", ""))
    return next((family for start, family in SAID_OF for text in said if text.startswith(start)), "")


def usual_alpha(header: Header) -> Callable[[str], Alpha | None]:
    """Alpha of layers that hold none: what diffusers' metadata or peft's file beside it say, else none."""
    try:
        said: Any = json.loads(header.metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        said = None
    path = header.file.path
    if path.name == "adapter_model.safetensors":
        said = read_json(path.with_name("adapter_config.json"))
    if not isinstance(said, dict):
        return lambda stem: None

    def of(stem: str) -> Alpha | None:
        network, _, layer = stem.partition(".")
        start = f"{network}." if f"{network}.lora_alpha" in said else ""
        inner = layer if start else stem
        usual = said.get(f"{start}lora_alpha", said.get(f"{start}alpha"))  # peft's LoHa and LoKr say `alpha`
        found = by_pattern(said.get(f"{start}alpha_pattern"), inner, usual)
        if not is_number(found):
            return None
        rank = by_pattern(said.get(f"{start}rank_pattern"), inner, said.get(f"{start}r"))
        root = said.get(f"{start}use_rslora") is True
        return Alpha(float(found), root, float(rank) if is_number(rank) else None)

    return of


def by_pattern(patterns: Any, layer: str, usual: Any) -> Any:
    """What peft's configuration says of a layer: patterns are expressions for the end of its name, the first counts."""
    for pattern, value in patterns.items() if isinstance(patterns, dict) else ():
        try:
            if re.match(rf"(.*\.)?({pattern})$", layer):
                return value
        except re.error:
            continue
    return usual


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def names_told(unknown: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(unknown) - NAMED
    return ", ".join(unknown[:NAMED]) + (f" and {more} more" if more > 0 else "")
