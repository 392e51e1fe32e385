"""Which files of a repository are needed, and which kind of model they are: from names alone.

Pickled files are never chosen: they could not be opened here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from nodes.hub.names import CHECKPOINTS, Wanted
from nodes.repository import FOLDERS, IMAGE_ENCODER, INDEX, NORMALIZER, SCHEDULER

WEIGHTS = (".safetensors", ".sft", ".gguf")
PICKLED = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".h5", ".msgpack")
PIECE = re.compile(r"(.+)-\d{5}-of-(\d{5})(\.[\w-]+)?\.safetensors")
KINDS: Sequence[tuple[str, str]] = (
    (r"controlnet|control_|t2i.?adapter", "controlnet"),
    (r"ip.?adapter", "ipadapter"),
    (r"clip.?vision|image_encoder", "clip_vision"),
    (r"lora|lycoris|locon", "loras"),
    (r"text_encoder|clip_[lgh]\b|t5xxl|umt5|t5-v1", "text_encoders"),
    (r"taesd|vae.?approx|taef1", "vae_approx"),
    (r"\bvae\b|_vae|vae_|-vae|vae-|/ae\.", "vae"),
    (r"upscal|esrgan|swinir", "upscale_models"),
    (r"embedding|textual.?inversion", "embeddings"),
    (r"hypernetwork", "hypernetworks"),
    (r"gligen", "gligen"),
    (r"\bunet\b|transformer|diffusion_models?\b|\.gguf$", "diffusion_models"),
)
"""The first whose words occur in a file's path, or else in its repository's name, decides."""
MANY = 12


class CannotChoose(ValueError):
    """No file can be chosen: why, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what, self.fix = what, fix


def choose(wanted: Wanted, files: Collection[str], variant: str = "") -> list[str]:
    """The files to fetch, in that order: what makes a folder count as whole comes last. Raises CannotChoose."""
    if wanted.file:
        return choose_one(wanted, files)
    if INDEX in files:
        return choose_parts(wanted, files, variant)
    weights = [file for file in files if file.endswith(WEIGHTS)]
    first = weights[0] if weights else ""
    if weights and (len(weights) == 1 or set(pieces_of(first, files)) == set(weights)):
        return sorted(weights)
    if weights:
        raise CannotChoose(
            f"{wanted.repo} holds {len(weights)} model files.",
            f"Say which: {', '.join(f'{wanted.repo}:{file}' for file in sorted(weights)[:MANY])}"
            + (" …" if len(weights) > MANY else "."),
        )
    if any(file.endswith(PICKLED) for file in files):
        raise CannotChoose(
            f"{wanted.repo} holds pickled files only. Such a file can run any program when it is opened, so none is.",
            "Look for the same model as .safetensors.",
        )
    raise CannotChoose(f"{wanted.repo} holds no model files.", "Look at the name again.")


def choose_one(wanted: Wanted, files: Collection[str]) -> list[str]:
    """One file, or all pieces of the model that it is one of."""
    file = wanted.file
    if file.endswith(PICKLED):
        other = f"{file.rpartition('.')[0]}.safetensors"
        raise CannotChoose(
            f"{file} is pickled. Such a file can run any program when it is opened, so it never is.",
            f"Pull {wanted.repo}:{other}." if other in files else "Look for the same model as .safetensors.",
        )
    if file not in files:
        raise CannotChoose(f"{wanted.repo} has no file {file}.", nearest(wanted, files))
    return pieces_of(file, files)


def nearest(wanted: Wanted, files: Collection[str]) -> str:
    """The model files there are, in words."""
    held = sorted(file for file in files if file.endswith(WEIGHTS))
    if not held:
        return "It holds no model files that can be read here."
    return f"It holds {', '.join(held[:MANY])}{' …' if len(held) > MANY else '.'}"


def choose_parts(wanted: Wanted, files: Collection[str], variant: str) -> list[str]:
    """The weights and configurations of a diffusers folder."""
    chosen: list[str] = []
    is_unclip = any(file.startswith(f"{NORMALIZER}/") for file in files)
    for folder in (*FOLDERS, *((NORMALIZER, IMAGE_ENCODER) if is_unclip else ())):
        held = [file for file in files if file.rpartition("/")[0] == folder]
        if held:
            chosen += part_weights(wanted, folder, held, variant)
            chosen += [file for file in held if file == f"{folder}/config.json"]
    if not chosen:
        raise CannotChoose(f"{wanted.repo} is a diffusers folder without weights.", "Look at the name again.")
    return [*chosen, *([SCHEDULER] if SCHEDULER in files else []), INDEX]


def part_weights(wanted: Wanted, folder: str, held: Sequence[str], variant: str) -> list[str]:
    """One file, or an index with its pieces: of the variant that is asked for, else those with the plainest names."""
    weights = sorted((file for file in held if file.endswith(".safetensors")), key=lambda f: (f.count("."), f))
    if not weights:
        pickled = [file for file in held if file.endswith(PICKLED)]
        if not pickled:
            return []  # a part without weights, such as one that is left out of the model
        raise CannotChoose(
            f"{wanted.repo} has {folder} as {pickled[0]} only, which is pickled and never opened.",
            "Look for the same model as .safetensors.",
        )
    if variant:
        weights = [file for file in weights if variant_of(file) == variant] or weights
    first = weights[0]
    if PIECE.fullmatch(first) is None:
        return [first]
    named = f".index.{variant_of(first)}.json" if variant_of(first) else ".index.json"
    indexes = [file for file in held if file.endswith(f".safetensors{named}")]
    return [*pieces_of(first, held), *indexes[:1]]


def variant_of(file: str) -> str:
    """`fp16` for model.fp16.safetensors and model.fp16-00001-of-00002.safetensors; empty for a plain name."""
    found = re.search(r"\.(\w+)(?:-\d{5}-of-\d{5})?\.safetensors$", file.rpartition("/")[2])
    return found[1] if found else ""


def pieces_of(file: str, files: Collection[str]) -> list[str]:
    """The file, or all pieces of the model that it is one of."""
    found = PIECE.fullmatch(file)
    if found is None:
        return [file]
    alike = [(other, PIECE.fullmatch(other)) for other in files]
    return sorted(other for other, match in alike if match and match.groups() == found.groups())


def kind_of(repo: str, file: str) -> str:
    """The kind of model that a file is, by its path, else by its repository's name."""
    for text in (f"/{file}".lower(), repo.lower()):
        for pattern, kind in KINDS:
            if re.search(pattern, text):
                return kind
    return CHECKPOINTS
