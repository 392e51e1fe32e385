"""Where model files of each kind lie: the home's models folder, the folders a user adds, those that ship.

The web process and the worker search one and the same value, so that what one offers the other finds. Of files
of the same name the first counts. A name never leads out: where a link ends decides, and it may end in the folder
it is in or in any other folder of models that the user gave.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server.model_paths import Listed, kind_named, read_model_paths
from server.paths import PathError, inside, is_name

PATHS_FILE = "extra_model_paths.yaml"
WEIGHTS = frozenset({".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pth", ".bin"})
"""Ends of model files, those that are never opened included: they are listed with the reason."""
BESIDE = {"text_encoders": ("clip",), "diffusion_models": ("unet",), "controlnet": ("t2i_adapter",)}
"""Other folders in which files of a kind lie."""
WEBUI: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("models/Stable-diffusion",),
    "vae": ("models/VAE",),
    "loras": ("models/Lora", "models/LyCORIS"),
    "controlnet": ("models/ControlNet",),
    "upscale_models": ("models/ESRGAN", "models/RealESRGAN", "models/SwinIR", "models/DAT"),
    "embeddings": ("embeddings",),
    "hypernetworks": ("models/hypernetworks",),
    "vae_approx": ("models/VAE-approx",),
    "text_encoders": ("models/text_encoder",),
    "gligen": ("models/GLIGEN",),
}
"""Where AUTOMATIC1111's program and its relatives keep files of each kind, below their own folder."""


@dataclass(frozen=True)
class Tree:
    """A folder that holds a folder for each kind."""

    path: Path

    def folders(self, kind: str) -> Iterator[Path]:
        yield from (self.path / name for name in (kind, *BESIDE.get(kind, ())))

    def kinds(self) -> Iterator[str]:
        if self.path.is_dir():
            others = {name: kind for kind, names in BESIDE.items() for name in names}
            names = sorted(entry.name for entry in self.path.iterdir() if entry.is_dir())
            yield from (others.get(name, name) for name in names if not name.startswith("."))

    def bounds(self) -> Iterator[Path]:
        yield self.path


@dataclass(frozen=True)
class ModelFolders:
    """All places, in the order in which they are searched. `problems` are of the user's settings, in words."""

    places: tuple[Tree | Listed, ...]
    problems: tuple[str, ...] = field(default=(), compare=False)

    def kinds(self) -> list[str]:
        """Every kind that has a folder."""
        return sorted({kind for place in self.places for kind in place.kinds()})

    def folders(self, kind: str) -> list[Path]:
        """Where files of a kind may lie. They need not exist; for what is no kind's name there are none."""
        kind = kind_named(kind)
        if not all(is_name(part) for part in kind.split("/")):
            return []
        return list(dict.fromkeys(folder for place in self.places for folder in place.folders(kind)))

    def find(self, kind: str, name: str) -> Path | None:
        """The file or folder of this name, links followed; None where there is none, or it leads out."""
        bounds = self._bounds()
        for folder in self.folders(kind):
            found = self._inside(folder, name, bounds)
            if found is not None and found.exists():
                return found
        return None

    def files(self, kind: str) -> dict[str, Path]:
        """The files of a kind by name, with forward slashes, each as `find` finds it. Hidden ones are left out."""
        bounds = self._bounds()
        found: dict[str, Path] = {}
        for folder in self.folders(kind):
            for name, real in sorted(_walk(folder, bounds), key=lambda entry: entry[0].lower()):
                if name not in found:
                    path = self._inside(folder, name, bounds) if real.is_symlink() else real
                    if path is not None and path.is_file():
                        found[name] = path
        return found

    def weights(self, kind: str) -> dict[str, Path]:
        """The model files of a kind by name."""
        return {name: path for name, path in self.files(kind).items() if path.suffix.lower() in WEIGHTS}

    def leads_out(self, kind: str, name: str) -> Path | None:
        """Where a link of this name ends that is not followed, to be told."""
        for folder in self.folders(kind):
            try:
                # The whole disk is allowed here: the path is only looked at, never opened.
                path = inside(folder, name, [Path(folder.anchor).resolve()])
                if path.exists():
                    return path
            except (PathError, OSError):
                continue
        return None

    def _bounds(self) -> list[Path]:
        return [bound.resolve() for place in self.places for bound in place.bounds()]

    @staticmethod
    def _inside(folder: Path, name: str, bounds: Sequence[Path]) -> Path | None:
        try:
            return inside(folder, name, bounds)
        except (PathError, OSError):
            return None


def gather(home: Path, extra: Iterable[Path], paths_file: Path | None, package: Path) -> ModelFolders:
    """The places of one start: the home's own, the extra folders, those a paths file names, the shipped ones.

    `paths_file` None is the one in the home folder, if any. `package` holds `nodes/` and `custom_nodes/`.
    What a paths file marks as default comes first, as it does in ComfyUI.
    """
    extra = list(extra)
    file = paths_file or home / PATHS_FILE
    listed = read_model_paths(file) if paths_file or file.is_file() else read_model_paths(None)
    missing = [f"The models folder {folder} does not exist." for folder in extra if not folder.is_dir()]
    packs = [pack / "models" for root in (home / "custom_nodes", package / "custom_nodes") for pack in _folders(root)]
    shipped = [folder for folder in (package / "nodes" / "demo" / "models", *packs) if folder.is_dir()]
    places = [
        *listed.first,
        Tree(home / "models"),
        *(recognise(folder) for folder in extra),
        *listed.rest,
        *map(Tree, shipped),
    ]
    return ModelFolders(tuple(places), (*missing, *listed.problems))


def recognise(folder: Path) -> Tree | Listed:
    """A folder by its layout: of this program and ComfyUI, with or without `models` above, or AUTOMATIC1111's."""
    if (folder / "Stable-diffusion").is_dir() and folder.name == "models":
        folder = folder.parent
    if (folder / "models" / "Stable-diffusion").is_dir():
        return Listed({kind: tuple(folder / name for name in names) for kind, names in WEBUI.items()}, str(folder))
    whole = folder / "models"
    return Tree(whole if (whole / "checkpoints").is_dir() else folder)


def _folders(root: Path) -> list[Path]:
    return sorted(entry for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []


def _walk(folder: Path, bounds: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The files below a folder: each name, and its path but for a link at its end.

    Links to folders are followed where they may be, each folder once. Names that `find` would refuse are left out.
    """
    seen: set[Path] = set()
    for path, folders, files in os.walk(folder, followlinks=True):
        here, real = Path(path), Path(path).resolve()
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if _is_shown(name) and _may_enter(here / name, bounds))
        below = "" if here == folder else f"{here.relative_to(folder).as_posix()}/"
        yield from ((below + name, real / name) for name in files if _is_shown(name))


def _is_shown(name: str) -> bool:
    return not name.startswith(".") and is_name(name)


def _may_enter(folder: Path, bounds: Sequence[Path]) -> bool:
    return not folder.is_symlink() or any(folder.resolve().is_relative_to(bound) for bound in bounds)
