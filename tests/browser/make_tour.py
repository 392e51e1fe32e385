"""Makes the pictures of docs/tour.md: the main views as they are now, small enough for a page.

python -m tests.browser.make_tour --server http://127.0.0.1:8420

The server's home needs the pack tests/packs/bench.py, as the tests of the browser give it; an empty gallery is best.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.browser.board import Board
from tests.browser.chrome import ROOT, chromium
from tests.browser.views import walk

FOLDER = ROOT / "docs" / "images"
SHOWN = (
    "start",
    "missing",
    "running",
    "palette",
    "queue",
    "inspector",
    "outline",
    "history",
    "settings",
    "gallery",
    "mask",
)
WIDTH = 1080
QUALITY = 72


def keep(shot: bytes, view: str) -> None:
    with Image.open(io.BytesIO(shot)) as opened:
        height = round(opened.height * WIDTH / opened.width)
        small = opened.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    small.save(FOLDER / f"tour-{view}.webp", quality=QUALITY, method=6)


def main() -> None:
    options = argparse.ArgumentParser(description="Makes the pictures of the tour.")
    options.add_argument("--server", required=True)
    server = options.parse_args().server
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        size = {"width": 1440, "height": 900}
        page = browser.new_page(viewport=size, base_url=server, color_scheme="dark", reduced_motion="reduce")  # type: ignore[arg-type]  # its type is not exported
        page.goto("/")
        board = Board(page)
        expect(board.node("save_image")).to_be_visible()
        for view in walk(board, Path(folder)):
            if view in SHOWN:
                keep(page.screenshot(), view)
        browser.close()


if __name__ == "__main__":
    main()
