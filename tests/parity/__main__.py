"""Compares whole runs with what ComfyUI computed for the same file, text, seed, sampler and schedule.

    python -m tests.parity                       every reference, about a minute each on two cores
    python -m tests.parity euler__normal lms__karras
    python -m tests.parity cond_weighted         what the text encoder says, a second
    python -m tests.parity --data FOLDER         references of your own

Each `SAMPLER__SCHEDULE.latent.npy` of the folder is a final latent as the VAE decodes it, each `cond_….npy` what the
text encoder says; run.json beside them says what was run. The product's own nodes run it again in float32 on the CPU.
Exit code 1 when one is off.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from platformdirs import user_cache_path

from nodes.latent import empty_latent
from nodes.loaders import Checkpoint, load_checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from tests.nodes.plain import PlainContext
from tests.parity.checkpoint import write_checkpoint

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-4
SUFFIX = ".latent.npy"
TEXT = "cond_"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="SAMPLER__SCHEDULE, or cond_…; all when none is named")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of references")
    parser.add_argument("--cache", type=Path, default=user_cache_path("latent-loom") / "parity",
                        help="where the checkpoint of 2.1 GB is written, once")  # fmt: skip
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    known = sorted(path.stem for path in args.data.glob(f"{TEXT}*.npy"))
    known += sorted(path.name.removesuffix(SUFFIX) for path in args.data.glob(f"*{SUFFIX}"))
    if unknown := set(args.names) - set(known):
        parser.error(f"no reference called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return compare(args.names or known, args.data, args.cache / "random-sd15.safetensors")


def compare(names: list[str], data: Path, file: Path) -> int:
    """Print a line for each reference; 1 when one is farther off than `TOLERANCE`."""
    if not file.exists():
        print(f"writing {file} (2.1 GB)", flush=True)
        write_checkpoint(file)
    plan: dict[str, Any] = json.loads((data / "run.json").read_text(encoding="utf-8"))
    checkpoint, ctx = load_checkpoint(file), PlainContext()
    worst = 0.0
    for name in names:
        begun = time.monotonic()
        if name.startswith(TEXT):
            [part] = encode_text(checkpoint.text_encoder, ctx, plan["texts"][name]).parts
            off = difference(part.embedding.numpy(), np.load(data / f"{name}.npy"))
        else:
            off = difference(run(checkpoint, ctx, name, plan), np.load(data / (name + SUFFIX)))
        worst = max(worst, off)
        verdict = "ok" if off <= TOLERANCE else "OFF"
        print(f"{verdict:3}  {off:.1e}  {name:40} {time.monotonic() - begun:6.0f} s", flush=True)
    print(f"worst {worst:.1e} of {len(names)}, {TOLERANCE:.0e} allowed")
    return int(worst > TOLERANCE)


def run(checkpoint: Checkpoint, ctx: PlainContext, name: str, plan: dict[str, Any]) -> np.ndarray[Any, Any]:
    sampler, schedule = name.split("__")
    names: dict[str, Any] = {"sampler": sampler, "schedule": schedule}
    positive, negative = (encode_text(checkpoint.text_encoder, ctx, plan[text]) for text in ("positive", "negative"))
    made = sample(
        checkpoint.model,
        positive,
        negative,
        empty_latent(plan["width"], plan["height"]),
        ctx,
        seed=plan["seed"],
        steps=plan["steps"],
        guidance=plan["guidance"],
        denoise=plan["denoise"],
        **names,
    )
    found: np.ndarray[Any, Any] = made.samples.numpy()
    return found


def difference(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> float:
    """The relative distance in the L2 norm."""
    return float(np.linalg.norm(found.astype(np.float64) - wanted) / np.linalg.norm(wanted.astype(np.float64)))


if __name__ == "__main__":
    sys.exit(main())
