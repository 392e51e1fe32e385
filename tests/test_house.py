"""The two commands of the README: what they call, what they install, and what an install exposes."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEST_COMMAND = "python3 .ci/fresh.py test"
PINS = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINNED = {line.split("==")[0].lower().replace("_", "-") for line in PINS if "==" in line}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone has of the page's sources, enough to see whether it must be built."""
    for name in ("src", "public"):
        (tmp_path / "web" / name).mkdir(parents=True)
    shutil.copy(ROOT / "web" / "build.py", tmp_path / "web")
    for name in ("index.html", "package.json", "package-lock.json", "src/main.ts", "src/main.test.ts"):
        (tmp_path / "web" / name).write_text(name, encoding="utf-8")
    return tmp_path


def test_ci_runs_the_test_command_of_the_readme_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == [f"exec {TEST_COMMAND}"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert TEST_COMMAND in readme and "python3 .ci/fresh.py serve" in readme


def test_the_first_command_needs_the_standard_library_alone() -> None:
    for name in ("fresh.py", "checks.py", "chromium.py"):
        text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
        found = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
        assert found <= set(sys.stdlib_module_names) | {"chromium"}, name


def test_every_library_the_tests_use_has_one_exact_version_and_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=\[]", line)[0].lower() for line in wanted}
    assert names - PINNED == set()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in PINS if not line.startswith("#"))


def test_users_get_ranges_and_not_pins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert all(">=" in line and "==" not in line for line in project["dependencies"])


def test_the_page_is_built_again_when_a_source_of_it_changed_and_only_then(clone: Path) -> None:
    build = load(clone / "web" / "build.py")
    state = build.digest(build.sources())
    (clone / "web" / "src" / "main.test.ts").write_text("another test", encoding="utf-8")
    assert build.digest(build.sources()) == state
    (clone / "web" / "src" / "main.ts").write_text("another page", encoding="utf-8")
    assert build.digest(build.sources()) != state


def test_without_node_the_way_to_get_it_is_said(clone: Path, tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "SYSTEMROOT": "C:\\Windows"}
    command = [sys.executable, "-S", str(clone / "web" / "build.py")]
    done = subprocess.run(command, env=nothing, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install" in done.stderr and "Traceback" not in done.stderr


def test_an_environment_is_kept_while_what_it_was_made_from_stays_the_same() -> None:
    fresh = load(ROOT / ".ci" / "fresh.py")
    assert fresh.wanted({"dev"}) == json.loads(json.dumps(fresh.wanted({"dev"})))
    assert fresh.wanted({"dev"}) != fresh.wanted(set())


def test_a_check_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci" / "checks.py"), "spelling"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert "spelling" in done.stderr and "pytest" in done.stderr


def test_only_the_programs_own_packages_can_be_imported_from_elsewhere(tmp_path: Path) -> None:
    try:
        importlib.metadata.distribution("latent-loom")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"Latent Loom is not installed here; {TEST_COMMAND} installs it")
    code = "import server, nodes, custom_nodes\ntry:\n    import tests\nexcept ImportError:\n    print('hidden')"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "hidden"
