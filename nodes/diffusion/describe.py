"""What a model file holds, for a list of models: read from its header alone, whatever kind of file it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nodes.diffusion.control.boxes import read_gligen
from nodes.diffusion.control.pictures import read_ip_adapter
from nodes.diffusion.control.recipes import read_control
from nodes.diffusion.embeddings import read_vectors
from nodes.diffusion.families import FAMILIES, recognise
from nodes.diffusion.header import PICK, Header, UnusableFile
from nodes.diffusion.hypernetwork import FLOAT_BYTES, read_hypernetwork
from nodes.diffusion.looks import looks_like
from nodes.diffusion.patches.files import family_of
from nodes.diffusion.recipes import read_checkpoint, read_model, read_vae, texts_of
from nodes.diffusion.sources import open_sources
from nodes.diffusion.text import TEXT_TITLES
from nodes.diffusion.vae import find_vae
from nodes.sentences import files as say
from nodes.types import VAE, ControlNet, Gligen, IPAdapter

LIES = (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError, OSError)
"""What code may raise over a header that is well formed and makes no sense."""


@dataclass(frozen=True)
class Description:
    """What a file, or a diffusers folder, holds."""

    what: str = ""
    """In words: "Stable Diffusion XL", "a LoRA"."""
    family: str = ""
    """The name of the family of its denoiser; empty when it has none."""
    fits: tuple[str, ...] = ()
    """Names of the families of models that it can be used with; empty when that is not known."""
    parts: tuple[str, ...] = ()
    """Of "denoiser", "CLIP-L", "CLIP-G", "OpenCLIP-H", "T5", "VAE"."""
    dtypes: tuple[str, ...] = ()
    """As safetensors and GGUF spell them, the one of most numbers first."""
    parameters: int = 0
    tensors: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the file says of itself and its training: `modelspec.…`, `ss_…` and whatever else."""
    problem: str = ""
    """Why it cannot be used as a file of its kind, in words; empty when it can."""
    fix: str = ""


def describe(path: Path, kind: str) -> Description:
    """A file or a diffusers folder, as one of `kind` ("checkpoints", "loras", …). Never raises."""
    found = Description()
    try:
        if kind == "embeddings":
            return describe_embedding(path)
        if kind == "hypernetworks":
            return describe_hypernetwork(path)
        headers = open_sources(path)
        found = describe_headers(headers)
        checked = CHECKS.get(kind, pass_all)(path, headers)
        if isinstance(checked, (ControlNet, Gligen, IPAdapter)):
            found = replace(found, what=checked.title)
        found = replace(found, fits=fits_of(kind, headers, checked, found.family))
    except LIES as error:
        problem, fix = words(path, error)
        return replace(found, problem=problem, fix=fix)
    return found


def fits_of(kind: str, headers: list[Header], checked: Any, family: str) -> tuple[str, ...]:
    """The families of models that a file of a kind can be used with, in the order of the table of families."""
    match checked:
        case ControlNet(families=families):
            return families
        case Gligen(sizes=(text, *_)) | IPAdapter(sizes=(text, *_)):
            return READERS.get(text, ())
        case VAE(space=space):
            same = (one for one in FAMILIES if one.space.channels == space.channels)
            return tuple(one.name for one in same if space.name in ("", one.space.name))
    if kind == "loras":
        found = family_of(headers[0])
        return (found,) if found else ()
    return (family,) if kind in ("checkpoints", "diffusion_models") and family else ()


def describe_headers(headers: list[Header]) -> Description:
    """What the files hold together. Raises `UnusableFile`, and any of `LIES` for a header that makes no sense."""
    known = next((found for header in headers if (found := recognise(header)) is not None), None)
    texts = texts_of(headers)
    has_vae = any(find_vae(header) is not None for header in headers)
    entries = [entry for header in headers for entry in header.entries.values()]
    counts: Counter[str] = Counter()
    for entry in entries:
        counts[entry.dtype] += entry.count
    parts = (*(["denoiser"] if known else []), *(TEXT_TITLES[kind] for kind in texts), *(["VAE"] if has_vae else []))
    return Description(
        what=known[0].title if known else looks_like(headers[0]),
        family=known[0].name if known else "",
        parts=parts,
        dtypes=tuple(dtype for dtype, _ in counts.most_common()),
        parameters=sum(counts.values()),
        tensors=len(entries),
        metadata={key: value for header in headers for key, value in header.metadata.items()},
    )


def describe_embedding(path: Path) -> Description:
    """A learned word: a file of some kilobytes, so that it is read whole. Raises `UnusableFile`."""
    found = read_vectors(path)
    sizes = " and ".join(
        f"{len(vectors)} x {vectors.shape[1]}" + (f" for {TEXT_TITLES[kind]}" if kind else "")
        for kind, vectors in found.items()
    )
    parameters = sum(vectors.numel() for vectors in found.values())
    return Description(f"a textual inversion embedding, {sizes}", parameters=parameters, tensors=len(found))


def describe_hypernetwork(path: Path) -> Description:
    """Mostly a pickle, which has no header, so that it is read whole. Raises `UnusableFile`."""
    found = read_hypernetwork(path)
    widths = ", ".join(map(str, found.widths))
    return Description(
        f"a hypernetwork for what is {widths} wide",
        parameters=found.size // FLOAT_BYTES,
        fits=tuple(family for width in found.widths for family in READERS.get(width, ())),
    )


def check_texts(path: Path, headers: list[Header]) -> None:
    if not texts_of(headers):
        wanted = say.A_TEXT_ENCODER(kinds=", ".join(TEXT_TITLES.values()))
        raise UnusableFile(say.LOOKS_LIKE(file=path.name, found=looks_like(headers[0]), wanted=wanted), PICK)


READERS = {768: ("sd1",), 1024: ("sd2",), 2048: ("sdxl",)}
"""The families of models whose UNets read texts so wide."""
CHECKS: Mapping[str, Callable[[Path, list[Header]], Any]] = {
    "checkpoints": lambda path, headers: read_checkpoint(path),
    "diffusion_models": lambda path, headers: read_model(path),
    "text_encoders": check_texts,
    "vae": lambda path, headers: read_vae(path),
    "controlnet": lambda path, headers: read_control(path),
    "ipadapter": lambda path, headers: read_ip_adapter(path),
    "gligen": lambda path, headers: read_gligen(path),
}
"""What says whether a file can be used as one of a kind: that which loads it."""


def pass_all(path: Path, headers: list[Header]) -> None:
    """Of other kinds, every file that can be read is taken for a good one."""


def words(path: Path, error: BaseException) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if isinstance(error, UnusableFile):
        return error.what, error.fix
    if isinstance(error, OSError):
        return say.UNREADABLE_BECAUSE(file=path.name, why=error.strerror or error), say.MAY_OPEN()
    return say.SENSELESS_HEADER(file=path.name, why=type(error).__name__), say.DOWNLOAD_AGAIN()
