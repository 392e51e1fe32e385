"""Find nodes: in the shipped modules, and in every file and folder of the custom_nodes folders.

Nothing registers itself: a module is imported and the `Node` objects defined in it are collected, as pytest
collects tests. A pack that fails harms nothing; it is listed with its traceback.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import nodes
from nodes.api import Node
from server.graph.catalogue import BrokenPack
from server.worker.marker import ImportMarker

PACKS = "custom_nodes"
NOT_NODES = {"api", "types", "fields", "diffusion", "demo", "hub", "sentences"}
"""Parts of `nodes` that hold no nodes."""
NOT_IMPORTED = re.compile(r"_|test|conftest|setup$|install$")
"""Files of a pack that are not imported by themselves, by the start of their names."""


@dataclass
class Loaded:
    """What was found: nodes by id, and what could not be imported."""

    nodes: dict[str, Node[..., Any]] = field(default_factory=dict)
    broken: list[BrokenPack] = field(default_factory=list)
    packs: set[str] = field(default_factory=set)

    def add(self, pack: str, file: str, found: Iterable[Node[..., Any]]) -> None:
        """Take nodes in; an id that is taken stays with the node that had it first."""
        for one in found:
            id = one.schema.id
            if id in self.nodes:
                first = self.nodes[id].function.__module__
                what = f"The node '{id}' is defined in {first} already. Rename one of the two functions.\n"
                self.broken.append(BrokenPack(pack, file, what))
            else:
                self.nodes[id] = one


def load_shipped() -> Loaded:
    """The nodes of the modules in `nodes`."""
    loaded = Loaded()
    for module in pkgutil.iter_modules(nodes.__path__):
        if module.name not in NOT_NODES and not module.name.startswith("_"):
            name = f"{nodes.__name__}.{module.name}"
            _load(loaded, "", f"nodes/{module.name}.py", partial(_import_shipped, name))
    return loaded


def load_packs(roots: Iterable[Path], loaded: Loaded, marker: ImportMarker) -> None:
    """Make `loaded` hold the packs of these folders.

    Those that are loaded stay as they are, broken ones are tried again, those whose files are gone leave.
    """
    loaded.broken = [each for each in loaded.broken if not each.pack or each.pack in loaded.packs]
    prepare_parent()
    found = {safe_name(path): path for path in _entries(roots)}
    for gone in loaded.packs - found.keys():
        _forget(gone, loaded)
    for pack, path in found.items():
        if pack in loaded.packs:
            continue
        refused = marker.refuses(pack)
        if refused:
            loaded.broken.append(BrokenPack(pack, str(path), refused))
            continue
        with marker.importing(pack):
            whole = _load(loaded, pack, str(path), partial(import_pack, pack, path))
        if whole:
            loaded.packs.add(pack)
        else:
            _forget(pack, loaded)


def _load(loaded: Loaded, pack: str, file: str, modules: Callable[[], list[ModuleType]]) -> bool:
    """Import modules and take their nodes in. Whatever importing raises, an exit included, is listed as broken."""
    try:
        found = list(nodes_of(modules()))
    except BaseException as error:  # the import is foreign code: it may raise anything and must harm nothing
        text = "".join(traceback.format_exception(type(error), error, _own_frames(error.__traceback__)))
        loaded.broken.append(BrokenPack(pack, file, text))
        return False
    loaded.add(pack, file, found)
    return True


def nodes_of(modules: Iterable[ModuleType]) -> Iterator[Node[..., Any]]:
    """The nodes defined in these modules, in their order; those they only import from elsewhere are left out."""
    for module in modules:
        for value in list(vars(module).values()):
            if isinstance(value, Node) and value.function.__module__ == module.__name__:
                yield value


def safe_name(path: Path) -> str:
    """A module's name for a file or folder of any name: `my-pack` becomes `my_pack`."""
    stem = path.stem if path.is_file() else path.name
    name = re.sub(r"\W", "_", stem)
    return name if not name[:1].isdigit() else f"_{name}"


def prepare_parent() -> None:
    """Make `custom_nodes` a package that has no folder: its members are imported from where they lie."""
    if PACKS not in sys.modules:
        parent = ModuleType(PACKS, "Packs of nodes; see server.worker.loader.")
        parent.__path__ = []
        sys.modules[PACKS] = parent


def _import_shipped(name: str) -> list[ModuleType]:
    return [importlib.import_module(name)]


def import_pack(pack: str, path: Path) -> list[ModuleType]:
    """Import a file, or a folder and the modules in it. Raises whatever its code raises."""
    name = f"{PACKS}.{pack}"
    if path.is_file():
        return [_execute(name, path, None)]
    start = path / "__init__.py"
    if start.is_file():
        _execute(name, start, path)
    else:
        package = ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    for each in sorted(path.glob("*.py")):
        if not NOT_IMPORTED.match(each.stem):
            importlib.import_module(f"{name}.{each.stem}")
    return [module for key, module in list(sys.modules.items()) if key == name or key.startswith(f"{name}.")]


def _execute(name: str, file: Path, folder: Path | None) -> ModuleType:
    places = [str(folder)] if folder is not None else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _forget(pack: str, loaded: Loaded) -> None:
    """Take out what a broken pack left, so that a later try begins anew."""
    name = f"{PACKS}.{pack}"
    loaded.packs.discard(pack)
    for key in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[key]
    loaded.nodes = {id: one for id, one in loaded.nodes.items() if one.schema.pack != pack}


def _entries(roots: Iterable[Path]) -> Iterator[Path]:
    """The packs in these folders: the first of a name counts, so that a user's own comes before a shipped one."""
    seen: set[str] = set()
    for root in roots:
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            is_pack = path.is_dir() or path.suffix == ".py"
            if is_pack and not path.name.startswith((".", "__")) and safe_name(path) not in seen:
                seen.add(safe_name(path))
                yield path


def _own_frames(found: TracebackType | None) -> TracebackType | None:
    """A traceback from the first frame on that is neither ours nor the import system's."""
    while found is not None:
        file = found.tb_frame.f_code.co_filename
        if file != __file__ and not file.startswith("<frozen") and Path(file).parent.name != "importlib":
            return found
        found = found.tb_next
    return None
