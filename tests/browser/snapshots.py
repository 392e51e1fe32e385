"""What the main views look like: a picture of each, kept in tests/browser/snapshots, and how alike two pictures are.

`python -m tests.browser.snapshots --renew` makes them anew, with a server of its own; look at them before they are
committed. Pictures are compared at a quarter of their size, where letters of another Chromium or another machine look
alike, as a whole and in blocks, where something that moved or changed its colour does not.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import time

from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page

from tests.browser.chrome import ROOT

KEPT = ROOT / "tests" / "browser" / "snapshots"
SHOTS = ROOT / "test-results"
SHRUNK = 4
"""A picture is compared at one part in this many of its width and height."""
BLOCK = 8
"""Pixels of a shrunk picture along the edge of a block: 32 on the screen."""
WHOLE_LIMIT, BLOCK_LIMIT = 1.8, 12
"""How much a channel may differ on average, of 255: over the whole picture, and over any one block of it.
Letters that are softer or bolder differ by 8, a panel that moved by eight pixels by 24 and more."""
KEPT_SHRUNK = 2
"""Pictures are kept at half their size: small, and still to be read by people."""
RENEW = "LOOM_RENEW_SNAPSHOTS"

UNSTEADY = """
.node-chip, .toast, .missing .dim, .results.panel > :not(.all),
.queue-list .job:not([data-state=running], [data-state=queued]) {
  display: none !important;
}
.queue-chip > *, .queue-list .small, .progress, [role=progressbar], .title > .state, .history ol, .history ul,
.history .compared > *, .gallery .grid, .gallery .count, .viewer-info, time {
  visibility: hidden !important;
}
:focus, :focus-visible { outline-color: transparent !important; }
"""
"""Leaves out what another run shows otherwise: times, progress, the focus, and what other tests have made."""


def shoot(page: Page) -> Image.Image:
    """The page as it stands, without what is never the same twice."""
    shot = page.screenshot(animations="disabled", style=UNSTEADY)
    with Image.open(io.BytesIO(shot)) as opened:
        return opened.convert("RGB")


def shrink(picture: Image.Image, by: int) -> Image.Image:
    return picture.resize((picture.width // by, picture.height // by), Image.Resampling.BOX)


def difference(first: Image.Image, second: Image.Image) -> Image.Image:
    """How much the brightest channel differs at each place of two pictures of one size."""
    red, green, blue = ImageChops.difference(first, second).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def unlike(expected: Image.Image, actual: Image.Image) -> str:
    """Why two RGB pictures of one size, already shrunk, are not of one view; no words where they are."""
    if expected.size != actual.size:
        return f"it is {actual.width} x {actual.height} and not {expected.width} x {expected.height}"
    found = difference(expected, actual)
    whole = ImageStat.Stat(found).mean[0]
    if whole > WHOLE_LIMIT:
        return f"it differs by {whole:.1f} of 255 on average, more than {WHOLE_LIMIT:g}"
    blocks = found.resize((-(-found.width // BLOCK), -(-found.height // BLOCK)), Image.Resampling.BOX)
    worst = max(blocks.tobytes())
    if worst > BLOCK_LIMIT:
        place = blocks.tobytes().index(worst)
        x, y = place % blocks.width * BLOCK * SHRUNK, place // blocks.width * BLOCK * SHRUNK
        return f"it differs by {worst} of 255 around ({x}, {y}), more than {BLOCK_LIMIT:g}"
    return ""


def check(page: Page, view: str) -> list[str]:
    """What differs between a view and its snapshot: nothing, or one line. Where it differs, test-results shows how."""
    actual, path = shoot(page), KEPT / f"{view}.webp"
    if RENEW in os.environ:
        shrink(actual, KEPT_SHRUNK).save(path, lossless=True, quality=100, method=6)
        return []
    if not path.exists():
        return [f"{view} has no snapshot: python -m tests.browser.snapshots --renew"]
    with Image.open(path) as opened:
        kept = opened.convert("RGB")
    small = shrink(actual, SHRUNK)
    expected = shrink(kept, SHRUNK // KEPT_SHRUNK)
    reason = unlike(expected, small)
    if not reason:
        return []
    SHOTS.mkdir(exist_ok=True)
    actual.save(SHOTS / f"snapshot_{view}_actual.png")
    kept.save(SHOTS / f"snapshot_{view}_expected.png")
    if expected.size == small.size:
        difference(expected, small).point([min(255, level * 6) for level in range(256)]).save(
            SHOTS / f"snapshot_{view}_difference.png"
        )
    return [f"{view} does not look like its snapshot: {reason}"]


def main() -> int:
    options = argparse.ArgumentParser(description="Snapshots of the page's main views.")
    options.add_argument("--renew", action="store_true", help="keep what the views look like now")
    given = options.parse_args()
    test = "tests/browser/test_access.py::test_every_view_looks_as_it_did_and_axe_finds_nothing_in_it"
    told = {**os.environ, RENEW: "1"} if given.renew else os.environ
    began = time.time()
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", test], cwd=ROOT, env=told, check=False)
    if given.renew:
        for old in KEPT.glob("*.webp"):
            if done.returncode == 0 and old.stat().st_mtime < began - 1:
                old.unlink()  # a view that is no more
        print(f"{sum(path.stat().st_size for path in KEPT.glob('*.webp')) / 1000:.0f} kB in {KEPT.relative_to(ROOT)}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
