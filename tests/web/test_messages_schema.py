"""The page's message types follow server/messages.py: the schema they are generated from is current."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"


def test_the_schema_of_the_page_is_the_one_the_messages_have_now() -> None:
    printed = subprocess.run(
        [sys.executable, str(WEB / "scripts" / "messages_schema.py")], capture_output=True, check=True, text=True
    ).stdout
    published = (WEB / "src" / "api" / "messages.schema.json").read_text(encoding="utf-8")
    assert json.loads(printed) == json.loads(published), "server/messages.py changed: run `npm run types` in web/"
