"""Packs: every file and folder is found, and one that fails harms nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.worker.loader import PACKS, Loaded, load_packs, load_shipped, safe_name
from server.worker.marker import ImportMarker

NODE = '''
from nodes.api import node, socket

@socket(colour="#123456")
class Thing: ...

@node(category="test")
def {name}(value: int = 0) -> Thing:
    """Make a thing."""
    return Thing()
'''


@pytest.fixture(autouse=True)
def packs_are_forgotten() -> Iterator[None]:
    yield
    for name in [name for name in sys.modules if name == PACKS or name.startswith(f"{PACKS}.")]:
        del sys.modules[name]


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def load(*roots: Path) -> Loaded:
    loaded = Loaded()
    load_packs(roots, loaded, ImportMarker(None))
    return loaded


def test_files_and_folders_of_any_name_are_packs(tmp_path: Path) -> None:
    loaded = load(
        write(
            tmp_path,
            {
                "single-file.py": NODE.format(name="one"),
                "whole folder/__init__.py": NODE.format(name="two"),
                "3d/shapes.py": NODE.format(name="three"),
                "3d/test_shapes.py": "raise AssertionError('tests are not imported')",
                "package/__init__.py": "",
                "package/inner.py": "from . import other\n" + NODE.format(name="four"),
                "package/other.py": NODE.format(name="five"),
                ".hidden/__init__.py": "1/0",
                "__pycache__/x.py": "1/0",
                "notes.txt": "no Python",
            },
        )
    )
    assert loaded.broken == []
    assert set(loaded.nodes) == {
        "single_file/one", "whole_folder/two", "_3d/three", "package/four", "package/five",
    }  # fmt: skip
    assert loaded.nodes["single_file/one"].schema.outputs[0].type == "single_file/Thing"


def test_a_node_imported_from_elsewhere_is_not_taken_twice(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, {"a.py": "from nodes.image import invert\n" + NODE.format(name="own")}))
    assert set(loaded.nodes) == {"a/own"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f(:", "SyntaxError"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("import sys; sys.exit(2)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def deep(): deep()\ndeep()", "RecursionError"),
        ("from nodes.api import node\n@node(category='x')\ndef bad(value): ...", "NodeError"),
    ],
)
def test_a_pack_that_fails_is_listed_with_its_traceback_and_others_load(tmp_path: Path, code: str, words: str) -> None:
    loaded = load(write(tmp_path, {"bad.py": code, "good.py": NODE.format(name="fine")}))
    (broken,) = loaded.broken
    assert (broken.pack, broken.file) == ("bad", str(tmp_path / "bad.py"))
    assert words in broken.traceback
    assert "importlib" not in broken.traceback
    assert set(loaded.nodes) == {"good/fine"}
    assert f"{PACKS}.bad" not in sys.modules


def test_two_nodes_of_one_name_in_a_pack_are_reported_and_the_first_is_kept(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, {"p/a.py": NODE.format(name="same"), "p/b.py": NODE.format(name="same")}))
    assert loaded.nodes["p/same"].function.__module__ == f"{PACKS}.p.a"
    (broken,) = loaded.broken
    assert "'p/same' is defined in custom_nodes.p.a already" in broken.traceback


def test_the_users_own_pack_comes_before_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    own = write(tmp_path / "own", {"p.py": NODE.format(name="mine")})
    shipped = write(tmp_path / "shipped", {"p/__init__.py": NODE.format(name="theirs")})
    assert set(load(own, shipped).nodes) == {"p/mine"}


def test_looking_again_finds_new_packs_tries_broken_ones_and_drops_those_that_are_gone(tmp_path: Path) -> None:
    write(tmp_path, {"stays.py": NODE.format(name="a"), "goes.py": NODE.format(name="b"), "breaks.py": "1/0"})
    loaded = load(tmp_path)
    kept = loaded.nodes["stays/a"]
    (tmp_path / "goes.py").unlink()
    write(tmp_path, {"breaks.py": NODE.format(name="c"), "comes.py": NODE.format(name="d")})
    load_packs([tmp_path], loaded, ImportMarker(None))
    assert set(loaded.nodes) == {"stays/a", "breaks/c", "comes/d"}
    assert loaded.nodes["stays/a"] is kept
    assert loaded.broken == []


def test_a_pack_that_ended_the_process_twice_is_not_tried_again_until_asked(tmp_path: Path) -> None:
    packs = write(tmp_path / "packs", {"deadly.py": NODE.format(name="a")})
    file = tmp_path / "importing.json"
    file.write_text(json.dumps({"process": 2**22 + 1, "packs": {"deadly": 2}}))
    marker = ImportMarker(file)
    loaded = Loaded()
    load_packs([packs], loaded, marker)
    assert "ended the worker the last 2 times" in loaded.broken[0].traceback
    marker.forgive()
    load_packs([packs], loaded, marker)
    assert (loaded.broken, set(loaded.nodes)) == ([], {"deadly/a"})
    assert ImportMarker(file).refuses("deadly") == ""


def test_the_shipped_nodes_load_without_a_fault() -> None:
    loaded = load_shipped()
    assert loaded.broken == []
    assert {"load_checkpoint", "sample", "save_image"} <= loaded.nodes.keys()


@pytest.mark.parametrize(("name", "expected"), [("a-b c", "a_b_c"), ("2x", "_2x"), ("fine", "fine")])
def test_names_are_made_safe(tmp_path: Path, name: str, expected: str) -> None:
    assert safe_name(tmp_path / name) == expected
