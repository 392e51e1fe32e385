"""Where the program's folders are and what it allows: one frozen value, made at start and passed on.

Nothing here is global and nothing is read from the environment; importing this module costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
import psutil

from server.model_folders import ModelFolders, gather

MEBIBYTE = 2**20
GIBIBYTE = 2**30
PACKAGE_ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds `server/` and `nodes/`: the repository, or site-packages."""


class StartError(Exception):
    """The program cannot start: `what` happened, and the `fix`, in words for the person at the terminal."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what = what
        self.fix = fix


@dataclass(frozen=True)
class Limits:
    """What a request, a queue or a wait may grow to before it is refused."""

    max_body: int = 32 * MEBIBYTE
    """Bytes of a JSON body or of a workflow."""
    max_upload: int = 100 * MEBIBYTE
    """Bytes of an uploaded picture."""
    max_pixels: int = 80_000_000
    """Width times height of an uploaded picture; below the size at which Pillow starts to warn of bombs."""
    max_nodes: int = 100_000
    max_queue: int = 10_000
    """Jobs waiting; one more is answered 429."""
    cancel_deadline: float = 10.0
    """Seconds a worker has to give a cancelled job up before it is killed."""
    start_deadline: float = 120.0
    """Seconds a worker has to import its nodes before it is started anew; a pack may import large libraries."""
    stop_deadline: float = 5.0
    """Seconds a worker has to end by itself when the server stops."""


def default_home() -> Path:
    """The folder of this user's models, results and database, as the platform wants it."""
    return Path(platformdirs.user_data_dir("LatentLoom", appauthor=False))


def default_cache_memory() -> int:
    """A quarter of the computer's memory, at most 8 GiB."""
    return min(int(psutil.virtual_memory().total) // 4, 8 * GIBIBYTE)


@dataclass(frozen=True)
class Config:
    """Everything that can be set when the program starts, and the folders that follow from it."""

    home: Path = field(default_factory=default_home)
    host: str = "127.0.0.1"
    port: int = 8420
    device: str = "auto"
    memory: str = "auto"
    """How much of it models may take: auto, normal, low, lowest."""
    open_browser: bool = False
    limits: Limits = field(default_factory=Limits)
    cache_memory: int = field(default_factory=default_cache_memory)
    cache_disk: int = 10 * GIBIBYTE
    results_folder: Path | None = None
    """Where `loom run --out` saves; None: in the home folder."""
    page_folder: Path | None = None
    """Another built page than the one that belongs to the program."""
    extra_models: tuple[Path, ...] = ()
    """Further folders of models, searched after the home's own."""
    model_paths: Path | None = None
    """A list of further folders in ComfyUI's format; None: `extra_model_paths.yaml` in the home folder, if any."""
    allow_downloads: bool = False
    """Whether a node may fetch models from the hub. Opening a workflow never does."""

    @property
    def models(self) -> Path:
        """Where the user's own model files go, and the only place where any are ever written."""
        return self.home / "models"

    @property
    def model_folders(self) -> ModelFolders:
        """Where `checkpoints/…` and its like are looked for, in order."""
        return gather(self.home, self.extra_models, self.model_paths, PACKAGE_ROOT)

    @property
    def input(self) -> Path:
        return self.home / "input"

    @property
    def results(self) -> Path:
        return self.results_folder or self.home / "results"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def previews(self) -> Path:
        return self.cache / "previews"

    @property
    def packs(self) -> tuple[Path, ...]:
        """Folders whose entries are packs: the user's own, then the shipped ones (read-only)."""
        return (self.home / "custom_nodes", PACKAGE_ROOT / "custom_nodes")

    @property
    def database(self) -> Path:
        return self.home / "loom.sqlite"

    @property
    def page(self) -> Path:
        """The built page: the folder named, else the one inside an installed package, else `web/dist`."""
        packaged = PACKAGE_ROOT / "server" / "page"
        if self.page_folder is not None:
            return self.page_folder
        return packaged if packaged.is_dir() else PACKAGE_ROOT / "web" / "dist"

    @property
    def examples(self) -> Path:
        """The example workflows (read-only)."""
        return PACKAGE_ROOT / "workflows"

    def make_folders(self) -> None:
        """Make the folders of `home` that are missing. Raises StartError where that is not allowed."""
        wanted = (self.models, self.input, self.results, self.previews, self.packs[0])
        try:
            for folder in wanted:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"The home folder {self.home} cannot be used: {error.strerror or error}.",
                "Choose another with --home, or give yourself the right to write there.",
            ) from error
