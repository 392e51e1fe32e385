"""The sentences of the server: the page knows them all, each has a name of its own, and none is said half."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from nodes.api.said import Said, Sentence
from server.graph.problems import Problem
from server.phrases import Phrase, phrase_of

ROOT = Path(__file__).resolve().parents[2]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sentences_script", ROOT / "web" / "scripts" / "sentences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()
DECLARED: dict[str, dict[str, Sentence]] = SCRIPT.declared()
SENTENCES = [sentence for sentences in DECLARED.values() for sentence in sentences.values()]


def tables(tree: ast.Module) -> dict[str, str]:
    """The modules of sentences that a module imports, by the names it gives them."""
    imported = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    found = {one.asname or one.name: f"{node.module}.{one.name}" for node in imported for one in node.names}
    return {name: module for name, module in found.items() if module in DECLARED}


def calls() -> Iterator[tuple[str, str, str, ast.Call | None]]:
    """Where a sentence is named in the program: the place, its module, its name, and the call if it is one."""
    for path in (path for part in ("nodes", "server") for path in (ROOT / part).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = tables(tree)
        if not names:
            continue
        called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield place, names[node.value.id], node.attr, called.get(id(node))


def test_the_page_knows_every_sentence_of_the_server() -> None:
    published = (ROOT / "web" / "src" / "api" / "sentences.gen.json").read_text(encoding="utf-8")
    assert json.loads(published) == SCRIPT.by_code(), "a sentence changed: run `npm run types` in web/"


def test_each_sentence_has_a_code_of_its_own() -> None:
    codes = [sentence.code for sentence in SENTENCES]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9-]+", code) for code in codes)


def test_every_place_of_a_sentence_is_filled_where_it_is_said() -> None:
    for place, module, name, call in calls():
        if call is not None:
            assert {word.arg for word in call.keywords} == DECLARED[module][name].places, f"{place}: {name}"


def test_every_sentence_is_said_somewhere() -> None:
    said = {(module, name) for _, module, name, _ in calls()}
    assert {(module, name) for module, sentences in DECLARED.items() for name in sentences} == said


def test_a_sentence_is_text_that_remembers_what_it_is_about() -> None:
    many = Sentence("test.many", "{count:,} of {what}, {{braces}} and {size:.1f} kept")
    said = many(count=12345, what=Sentence("test.what", "'{name}'")(name="steps"), size=2)
    assert said == "12,345 of 'steps', {braces} and 2.0 kept"
    assert phrase_of(said) == Phrase(
        "test.many", {"count": 12345, "what": Phrase("test.what", {"name": "steps"}), "size": "2.0"}
    )
    with pytest.raises(KeyError):
        many(count=1)


def test_a_problem_carries_both_its_words_and_what_it_says() -> None:
    missing: Said = Sentence("test.missing", "'{input}' is missing.")(input="steps")
    problem = Problem("1", "steps", missing, "Words of a pack.")
    sent = msgspec.json.encode(problem)
    assert msgspec.json.decode(sent, type=Problem) == problem
    told = json.loads(sent)
    assert told["what"] == "'steps' is missing."
    assert told["what_phrase"] == {"code": "test.missing", "values": {"input": "steps"}}
    assert "fix_phrase" not in told
    assert {problem, msgspec.json.decode(sent, type=Problem)} == {problem}
