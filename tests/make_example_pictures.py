"""Makes the picture of each example in workflows/: what the example itself saves, small enough for a card.

python -m tests.make_example_pictures            those that have none yet
python -m tests.make_example_pictures NAME...    these, again
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "workflows"
LONGEST = 480
"""Pixels along the longer edge: a card is half as wide, and screens may have two pixels for one."""
QUALITY = 82


def examples() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json"))


def picture_of(example: Path) -> Path:
    return example.with_suffix(".webp")


def make(example: Path) -> None:
    """Run an example and keep the last picture that it saves."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "server", "run", str(example), "--out", folder, "--home", f"{folder}/home"]
        command += ["--sweep"] if json.loads(example.read_text()).get("sweep") else []
        said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
        with Image.open(said.splitlines()[-1]) as saved:
            picture = saved.convert("RGB")
    scale = LONGEST / max(picture.size)
    method = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    size = (round(picture.width * scale), round(picture.height * scale))
    picture.resize(size, method).save(picture_of(example), quality=QUALITY, method=6)
    print(f"{picture_of(example).name}: {size[0]} x {size[1]}", flush=True)


if __name__ == "__main__":
    named = sys.argv[1:]
    for path in examples():
        if path.stem in named or (not named and not picture_of(path).exists()):
            make(path)
