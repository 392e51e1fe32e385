"""Prints the JSON Schema of every message the page reads, for `npm run types`.

The schema comes from server/messages.py alone, so the page's types cannot say anything else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from server import messages


def schema() -> dict[str, Any]:
    """One schema whose definitions are the messages and their parts, in a fixed order."""
    roots = [messages.Event, messages.PreviewHeader, messages.MemoryUse]
    _, definitions = msgspec.json.schema_components(roots, ref_template="#/definitions/{name}")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Messages",
        "type": "object",
        "properties": {root.__name__: {"$ref": f"#/definitions/{root.__name__}"} for root in roots},
        "definitions": {name: definitions[name] for name in sorted(definitions)},
    }


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1, sort_keys=True))
