"""Prints every sentence that the server says by a code, in English, for `npm run types`.

Whatever a module or package named `sentences` declares is found, so a new sentence cannot be forgotten in another
language.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nodes.api.said import Sentence

ROOT = Path(__file__).resolve().parents[2]


def declared() -> dict[str, dict[str, Sentence]]:
    """The sentences by module and name."""
    files = sorted(
        path.relative_to(ROOT)
        for part in ("nodes", "server")
        for name in ("sentences.py", "sentences/[!_]*.py")
        for path in (ROOT / part).rglob(name)
    )
    modules = [".".join(file.with_suffix("").parts) for file in files]
    return {
        module: {
            name: found for name, found in vars(importlib.import_module(module)).items() if isinstance(found, Sentence)
        }
        for module in modules
    }


def by_code() -> dict[str, str]:
    return {found.code: found.english for sentences in declared().values() for found in sentences.values()}


if __name__ == "__main__":
    print(json.dumps(by_code(), indent=1, sort_keys=True, ensure_ascii=False))
