"""Recipes for the parts of models: which files, which family, which part.

Describing a file reads its header only; `load` reads the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nodes.api.said import Sentence
from nodes.diffusion.control.steering import is_steerable
from nodes.diffusion.families import FAMILIES, family_named, reader_of, recognise
from nodes.diffusion.family import Family, Space
from nodes.diffusion.header import Header, UnusableFile, WeightsFile
from nodes.diffusion.keeping import Keeping, kept, size_kept, ways_to_keep, ways_to_keep_texts
from nodes.diffusion.looks import looks_like
from nodes.diffusion.preview import FalseColours, LatentPreview, fit_preview
from nodes.diffusion.sources import open_again, open_sources
from nodes.diffusion.text import TEXT_TITLES, TextKind, TextStack, find_texts, load_texts
from nodes.diffusion.vae import Autoencoder, find_vae, load_vae, vae_config
from nodes.sentences import files as say
from nodes.types import VAE, LatentSpace, Model, TextEncoder

PartName = Literal["denoiser", "text_encoder", "vae", "preview"]
PART_TITLES: dict[PartName, str] = {
    "denoiser": "denoiser", "text_encoder": "text encoder", "vae": "VAE", "preview": "preview",
}  # fmt: skip
TEXTS = ", ".join(TEXT_TITLES.values())
KNOWN = ", ".join(family.title for family in FAMILIES)
APART = say.LOAD_PARTS()
FLOAT_BYTES = 4
DOWNSCALE = 8


@dataclass(frozen=True)
class PartRecipe:
    """Loads one part of a model."""

    sources: tuple[tuple[WeightsFile, ...], ...]
    """Files, those that are pieces of one joined."""
    family: str
    """Empty for a VAE of no certain family."""
    part: PartName
    size: int
    """Bytes of the part in float32."""
    prediction: str = "auto"

    @property
    def title(self) -> str:
        """For people: the file and the part."""
        of = f" of {self.sources[0][0].path.name}" if self.sources else ""
        return f"{PART_TITLES[self.part]}{of}"

    def sizes(self, device: str, dtype: str) -> dict[Keeping, int]:
        """Bytes it takes on a device, by the ways in which it can be kept there."""
        ways: tuple[Keeping, ...] = ("whole",)
        if self.part == "denoiser":
            ways = ways_to_keep(device, dtype)
        elif self.part == "text_encoder":
            ways = ways_to_keep_texts(device, dtype)
        return {way: size_kept(self.size // FLOAT_BYTES, device, dtype, way) for way in ways}

    def load(self, device: str, dtype: str, keeping: Keeping = "whole") -> Any:
        """A `Denoiser`, `TextStack`, `Autoencoder` or a preview. Raises `UnusableFile`."""
        with kept(keeping):
            return self.load_part(device, dtype)

    def load_part(self, device: str, dtype: str) -> Any:
        headers = [open_again(files) for files in self.sources]
        if self.part == "vae":
            return load_first_vae(headers, device, dtype)
        family = family_named(self.family)
        if self.part == "text_encoder":
            return load_stack(family, headers, device, dtype)
        if self.part == "preview":
            return load_preview(family.space, headers, device, dtype)
        for header in headers:
            part = family.find(header)
            if part is not None:
                denoiser = family.load_denoiser(part, self.prediction, device, dtype)
                if is_steerable(denoiser):
                    denoiser.family = family.name
                return denoiser
        raise became(headers[0])


def became(header: Header) -> UnusableFile:
    return UnusableFile(say.HAS_BECOME(file=header.file.path, found=looks_like(header)), say.PICK_AGAIN())


def load_first_vae(headers: Sequence[Header], device: str, dtype: str) -> Autoencoder:
    for header in headers:
        vae = find_vae(header)
        if vae is not None:
            return load_vae(vae, device, dtype)
    raise became(headers[0])


def load_stack(family: Family, headers: Sequence[Header], device: str, dtype: str) -> TextStack:
    parts = {kind: part for kind, part in texts_of(headers).items() if kind in family.texts}
    if not parts or not set(family.needs) <= parts.keys():
        raise UnusableFile(say.NO_TEXT_ENCODER(file=headers[0].name, family=family.title), APART)
    return family.stack(load_texts(parts, device, dtype))


def load_preview(space: Space, headers: Sequence[Header], device: str, dtype: str) -> LatentPreview | FalseColours:
    """The usual VAE's known colours; else a map fitted to the VAE that is there; else false colours."""
    vae = next((found for header in headers if (found := find_vae(header)) is not None), None)
    if space.colours and (vae is None or vae_config(vae)["block_out_channels"] == space.usual_vae):
        return space.colours
    return FalseColours() if vae is None else fit_preview(load_vae(vae, device, dtype), space.downscale)


def read_checkpoint(path: Path, prediction: str = "auto") -> tuple[Model, TextEncoder, VAE]:
    """Describe the parts of a checkpoint or a diffusers folder, reading headers only. Raises `UnusableFile`."""
    headers = open_sources(path)
    family, unit = denoiser_of(path, headers, say.A_CHECKPOINT_OF)
    texts = texts_of(headers)
    missing = [TEXT_TITLES[kind] for kind in family.needs if kind not in texts]
    if missing:
        raise UnusableFile(
            say.LACKS_TEXT_ENCODER(file=path.name, family=family.title, missing=", ".join(missing)), APART
        )
    vae = next((found for header in headers if (found := find_vae(header)) is not None), None)
    if vae is None:
        raise UnusableFile(say.LACKS_VAE(file=path.name, family=family.title), APART)
    space = latent_space(family, headers)
    return (
        Model(recipe_of(headers, family, "denoiser", [unit], prediction), space),
        TextEncoder(recipe_of(headers, family, "text_encoder", list(texts.values()))),
        VAE(recipe_of(headers, family, "vae", [vae]), space),
    )


def read_model(path: Path, prediction: str = "auto") -> Model:
    """Describe a denoiser, alone in its file or not. Raises `UnusableFile`."""
    headers = open_sources(path)
    family, part = denoiser_of(path, headers, say.A_MODEL_OF)
    return Model(recipe_of(headers, family, "denoiser", [part], prediction), latent_space(family, headers))


def read_text_encoders(paths: Sequence[Path], family_name: str = "auto") -> TextEncoder:
    """Describe the text encoders of a family, from one or several files. Raises `UnusableFile`."""
    headers = [header for path in dict.fromkeys(paths) for header in open_sources(path)]
    for header in headers:
        if not find_texts(header):
            raise UnusableFile(
                say.LOOKS_LIKE(file=header.name, found=looks_like(header), wanted=say.A_TEXT_ENCODER(kinds=TEXTS)),
                say.PICK_ANOTHER_FILE(),
            )
    texts = texts_of(headers)
    held = ", ".join(TEXT_TITLES[kind] for kind in texts)
    family = reader_of(texts) if family_name == "auto" else family_named(family_name)
    if family is None:
        raise UnusableFile(say.READ_TOGETHER_BY_NONE(held=held), say.SAY_OR_LEAVE_OUT())
    missing = [TEXT_TITLES[kind] for kind in family.needs if kind not in texts]
    if missing or not texts.keys() & set(family.texts):
        wanted = ", ".join(TEXT_TITLES[kind] for kind in family.texts)
        raise UnusableFile(say.OTHER_TEXT_ENCODERS(family=family.title, wanted=wanted, held=held), say.ADD_MISSING())
    used = [part for kind, part in texts.items() if kind in family.texts]
    return TextEncoder(recipe_of(headers, family, "text_encoder", used))


def read_vae(path: Path) -> VAE:
    """Describe a VAE, alone in its file or not. Raises `UnusableFile`."""
    headers = open_sources(path)
    for header in headers:
        vae = find_vae(header)
        if vae is not None:
            found = next((known for header in headers if (known := recognise(header)) is not None), None)
            if found is not None:
                family = found[0]
                return VAE(recipe_of(headers, family, "vae", [vae]), latent_space(family, headers))
            channels = vae_config(vae)["latent_channels"]
            return VAE(recipe_of(headers, None, "vae", [vae]), space_of_channels(channels, headers))
    raise UnusableFile(
        say.LOOKS_LIKE(file=path.name, found=looks_like(headers[0]), wanted=say.A_VAE()), say.PICK_ANOTHER_FILE()
    )


def denoiser_of(path: Path, headers: Sequence[Header], wanted: Sentence) -> tuple[Family, Header]:
    for header in headers:
        found = recognise(header)
        if found is not None:
            return found
    raise UnusableFile(
        say.LOOKS_LIKE(file=path.name, found=looks_like(headers[0]), wanted=wanted(known=KNOWN)),
        say.PICK_ANOTHER_FILE(),
    )


def texts_of(headers: Sequence[Header]) -> dict[TextKind, Header]:
    """The text models of all files. Raises `UnusableFile` when two files hold the same one."""
    found: dict[TextKind, Header] = {}
    for header in headers:
        for kind, part in find_texts(header).items():
            if kind in found:
                raise UnusableFile(
                    say.BOTH_HOLD(first=found[kind].name, second=header.name, part=TEXT_TITLES[kind]),
                    say.LEAVE_ONE_OUT(),
                )
            found[kind] = part
    return found


def recipe_of(
    headers: Sequence[Header], family: Family | None, part: PartName, used: Sequence[Header], prediction: str = "auto"
) -> PartRecipe:
    """`used` are the parts whose weights it loads. What a diffusers folder says of the prediction is kept."""
    if part == "denoiser" and prediction == "auto":
        said = used[0].metadata.get("prediction_type", "")
        prediction = {"v_prediction": "v", "epsilon": "eps"}.get(said, prediction)
    entries = {entry for one in used for entry in one.entries.values()}
    size = FLOAT_BYTES * sum(one.count for one in entries)
    sources = tuple(header.files for header in headers)
    return PartRecipe(sources, family.name if family else "", part, size, prediction)


def latent_space(family: Family, headers: Sequence[Header]) -> LatentSpace:
    space = family.space
    preview = PartRecipe(tuple(header.files for header in headers), family.name, "preview", 0)
    return LatentSpace(
        space.name, space.title, space.channels, space.downscale, space.scale, space.shift, preview=preview
    )


def space_of_channels(channels: int, headers: Sequence[Header]) -> LatentSpace:
    """The space of a VAE whose file does not tell it from others: it fits every model of so many channels."""
    family = next((family for family in FAMILIES if family.space.channels == channels), None)
    if family is None:
        raise UnusableFile(say.LATENT_CHANNELS(file=headers[0].name, channels=channels), APART)
    return LatentSpace("", f"{channels} channels", channels, DOWNSCALE, 1.0, 0.0, latent_space(family, headers).preview)
