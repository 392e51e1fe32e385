"""What LoRA files call the layers of a model.

Three spellings are in use: kohya's (`lora_unet_down_blocks_0_…`, points written as underscores, layers named as in
diffusers or as in single files), diffusers' (`unet.down_blocks.0.…`) and peft's (`base_model.model.…`). So rather than
taking names apart, every name a layer can have is made, and looked up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nodes.diffusion.layouts import Place, denoiser_places
from nodes.diffusion.patches.tensors import DENOISER

DENOISER_STARTS = ("unet.", "transformer.", "diffusion_model.", "model.diffusion_model.", "")
DENOISER_KOHYA = ("lora_unet_", "lora_transformer_", "lycoris_unet_", "lycoris_")
SCALE, WEIGHT = ".scale", ".weight"
Names = dict[str, Place]
"""Places of layers, that is of tensors without `.weight` or `.bias`, by what files call them."""


def names_of_layers(family: str, tensors: Collection[str]) -> Names:
    """Of a denoiser or of text encoders; `tensors` are named as in `tensors.Tensors`."""
    names: Names = {}
    for network in {name.partition(".")[0] for name in tensors}:
        inner = [name[len(network) + 1 :] for name in tensors if name.startswith(f"{network}.")]
        found = denoiser_names(family, inner) if network == DENOISER else text_names(family, network, inner)
        for alias, place in found:
            targets = tuple(f"{network}.{target}" for target in place.targets)
            names.setdefault(alias, Place(targets, place.halves_swapped))
    return names


def denoiser_names(family: str, tensors: Collection[str]) -> Iterator[tuple[str, Place]]:
    ours = {name.removesuffix(WEIGHT): Place((name.removesuffix(WEIGHT),)) for name in tensors if is_layer(name)}
    files = {
        name.removesuffix(WEIGHT).removesuffix(SCALE): Place(
            tuple(target.removesuffix(WEIGHT) for target in place.targets), place.halves_swapped
        )
        for name, place in denoiser_places(family, tensors).items()
        if all(is_layer(target) for target in place.targets)
    }
    for stem, place in (*ours.items(), *files.items()):
        yield from ((f"{start}{stem}", place) for start in DENOISER_STARTS)
        yield from ((f"{start}{flat(stem)}", place) for start in DENOISER_KOHYA)


def text_names(family: str, network: str, tensors: Collection[str]) -> Iterator[tuple[str, Place]]:
    number = {"clip_l": 1, "clip_h": 1, "clip_g": 1 if family == "sdxl_refiner" else 2, "t5": 3}[network]
    diffusers = 2 if (family, network) == ("flux1", "t5") else number
    starts = ["text_encoder." if diffusers == 1 else f"text_encoder_{diffusers}."]
    file = {"t5": "t5xxl"}.get(network, network)
    starts += [f"{file}.", f"{file}.transformer.", f"text_encoders.{file}.transformer."]
    kohya = [f"lora_te{number}_", *(["lora_te_"] if number == 1 else []), f"lora_{file}_"]
    for name in tensors:
        if is_layer(name):
            stem = name.removesuffix(WEIGHT)
            place = Place((stem,))
            for spelt in (f"text_model.{stem}", stem):
                yield from ((f"{start}{spelt}", place) for start in starts)
                yield from ((f"{start}{flat(spelt)}", place) for start in kohya)


def is_layer(tensor: str) -> bool:
    return tensor.endswith(WEIGHT)


def flat(stem: str) -> str:
    return stem.replace(".", "_")
