"""The layers: which part may import which. The table below is the one of docs/architecture.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OWN = ("server", "nodes", "custom_nodes")
SCHEMA = ("nodes.api",)
TORCH = ("torch", "diffusers", "transformers", "safetensors", "kornia")


@dataclass(frozen=True)
class Layer:
    """`parts` may import themselves, `own` parts of the project, `others`, and the standard library."""

    parts: tuple[str, ...]
    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


WEB_LIBRARIES = ("aiohttp", "sqlalchemy", "alembic", "msgspec", "PIL", "platformdirs", "psutil",
                 "filelock", "yarl", "multidict")  # fmt: skip
NODES = Layer(("nodes", "custom_nodes"), (*SCHEMA, "nodes"), (*TORCH, "numpy", "PIL", "blake3"))
LAYERS = (
    Layer(("nodes.api",)),
    Layer(("nodes.forms",), (*SCHEMA, "nodes.sentences")),
    Layer(("nodes.types", "nodes.fields"), (*SCHEMA, "nodes.forms", "nodes.sentences"), ("torch",)),
    Layer(("nodes.repository",)),
    Layer(("nodes.sentences",), SCHEMA),
    Layer(("server.sentences",), SCHEMA),
    Layer(("server.phrases",), SCHEMA, ("msgspec",)),
    Layer(("server.messages",), ("server.phrases",), ("msgspec",)),
    Layer(("server.model_folders", "server.model_paths"), ("server.paths",), ("yaml",)),
    Layer(("server.config",), ("server.model_folders",), ("platformdirs", "psutil")),
    Layer(("server.graph",), (*SCHEMA, "server.phrases"), ("msgspec", "networkx", "PIL")),
    Layer(("server.engine",), (*SCHEMA, "server.graph"), ("msgspec", "networkx")),
    Layer(
        ("nodes.diffusion",),
        ("nodes.types", "nodes.repository", "nodes.sentences", "nodes.api.said"),
        (*TORCH, "gguf", "numpy", "PIL", "tokenizers", "blake3", "psutil"),
    ),
    Layer(("nodes.hub",), ("nodes.repository",), ("huggingface_hub", "blake3", "filelock")),
    Layer(("nodes.demo",), ("nodes.diffusion", "nodes.types"), (*TORCH, "numpy", "PIL", "rich", "platformdirs")),
    Layer(("nodes.demo.studio", "nodes.demo.measures", "nodes.demo.evaluate"), ("nodes",), (*TORCH, "numpy", "PIL")),
    NODES,
    Layer(
        ("server.worker",),
        ("server.engine", "server.graph", "server.messages", "server.config", "server.paths", "server.model_folders",
         "server.model_paths", "nodes"),
        (*TORCH, "msgspec", "PIL", "blake3", "numpy", "psutil"),
    ),
    Layer(
        ("server.cli", "server.__main__"),
        ("server.config", "server.graph", "server.messages", "server.workers", "server.store", "server.home",
         "server.app", "server.submit", "server.model_paths", "nodes.hub", "nodes.repository", *SCHEMA),
        ("msgspec", "rich"),
    ),
    Layer(
        ("server",),
        ("server.config", "server.graph", "server.messages", "server.phrases", "server.sentences", "server.store",
         "server.workers", "server.routes", "server.model_folders", "server.model_paths", *SCHEMA),
        WEB_LIBRARIES,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Import:
    """A module is imported by another, at a line; `inside` a function or at the top."""

    source: str
    target: str
    line: int
    inside: bool


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    found = {}
    for package in OWN:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def belongs(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def layer_of(module: str) -> Layer:
    """The layer with the longest name that holds the module."""
    fitting = [(len(part), layer) for layer in LAYERS for part in layer.parts if belongs(module, part)]
    return max(fitting, key=lambda entry: entry[0])[1]


def imports(module: str) -> Iterator[Import]:
    """Everything a module imports, at whatever depth; `from package import module` counts as the module."""
    path = MODULES[module]
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    within = {id(inner) for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolve(module, path, node)
            both = {alias.name: f"{base}.{alias.name}" for alias in node.names}
            names = [whole if whole in MODULES else base for whole in both.values()]
        for name in dict.fromkeys(names):
            yield Import(module, name, node.lineno, id(node) in within)  # type: ignore[attr-defined]


def resolve(module: str, path: Path, node: ast.ImportFrom) -> str:
    """The absolute name of what a `from … import` names."""
    if not node.level:
        return node.module or ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def allowed(found: Import) -> bool:
    layer = layer_of(found.source)
    top = found.target.split(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if top not in OWN:
        return top in layer.others
    if any(belongs(found.target, part) for part in layer.own) or layer_of(found.target) is layer:
        return True
    # A package's own name, as in `from server import __version__`, brings nothing with it.
    return found.target in OWN


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    wrong = [f"line {found.line}: {found.target}" for found in imports(module) if not allowed(found)]
    assert not wrong, f"{module} may not import {'; '.join(wrong)} (see LAYERS in tests/test_architecture.py)"


def test_no_import_of_our_own_hides_inside_a_function() -> None:
    """But for one reason: a node's own work may bring torch, which the list of nodes must not wait for."""
    hidden = [
        f"{found.source}:{found.line} imports {found.target}"
        for module in MODULES
        for found in imports(module)
        if found.inside and found.target in MODULES
        if not (layer_of(module) is NODES and brings_torch(found.target))
    ]
    assert not hidden, "An import inside a function hides a circle; move it to the top:\n" + "\n".join(hidden)


def brings_torch(module: str) -> bool:
    """Whether a module is of the part that computes, or imports torch itself."""
    return belongs(module, "nodes.diffusion") or any(found.target == "torch" for found in imports(module))


def test_listing_the_nodes_does_not_import_torch() -> None:
    written = [module for module, path in MODULES.items() if "\n@node(" in path.read_text(encoding="utf-8")]
    code = f"import sys, {', '.join(written)}\nprint([name for name in ('torch', 'diffusers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_modules_import_each_other_in_a_circle() -> None:
    own = {module: {found.target for found in imports(module) if found.target in MODULES} for module in MODULES}
    circle = find_circle(own)
    assert not circle, " -> ".join(circle)


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """A path that ends where it began, or nothing. Packages on the way to a module do not count."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            module, left = waiting.pop()
            if left:
                done.add(path.pop())
            elif module in path:
                return [*path[path.index(module) :], module]
            elif module not in done:
                path.append(module)
                waiting.append((module, True))
                waiting += [(target, False) for target in graph[module] if target != module]
    return []


def test_the_server_imports_neither_torch_nor_any_node_module() -> None:
    code = (
        "import sys, server.api, server.app, server.cli.serve\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in ('torch', 'diffusers', 'transformers', 'numpy')"
        " or name.startswith(('server.engine', 'server.worker.', 'nodes.')) and not name.startswith('nodes.api')]\n"
        "print(' '.join(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_nothing_is_ever_unpickled_or_evaluated() -> None:
    """Model files and values are data: no call in the product can turn them into code."""
    forbidden = {"eval", "exec", "pickle.load", "pickle.loads", "torch.load", "marshal.loads", "shelve.open"}
    found = []
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden and not is_safe(node):
                found.append(f"{module}:{node.lineno} calls {ast.unparse(node.func)}")
    assert not found, "\n".join(found)


def is_safe(call: ast.Call) -> bool:
    """`torch.load(…, weights_only=True)` builds tensors alone."""
    return any(word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in call.keywords)


def test_the_tops_of_server_and_nodes_stay_nearly_empty() -> None:
    for package in ("server", "nodes"):
        lines = (ROOT / package / "__init__.py").read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 5, f"{package}/__init__.py grows; packs of other programs import modules of that name"


def test_every_library_that_is_imported_is_declared_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=\[]", line)[0].replace("-", "_") for line in project["dependencies"]}
    names = {"PIL": "pillow", "yaml": "pyyaml"}
    found = {found.target.split(".")[0] for module in MODULES for found in imports(module)}
    wanted = {names.get(name, name) for name in found - set(OWN) - set(sys.stdlib_module_names)}
    assert declared - wanted == set(), "declared, and nothing imports them"
    assert wanted - declared == set(), "imported, and not declared"
