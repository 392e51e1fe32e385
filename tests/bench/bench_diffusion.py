"""How fast and how large: Stable Diffusion 1.5 at full size with random weights, beside plain diffusers.

    python -m tests.bench.bench_diffusion                     everything; ten minutes on two cores
    python -m tests.bench.bench_diffusion step load           some of it
    python -m tests.bench.bench_diffusion --sizes 256 --repeats 3

What needs a GPU is measured by tests.bench.bench_gpu. Each line gives our figure, plain diffusers' (or the bound) and
their ratio, from one process. The two take turns, so that what else the computer does slows both; medians are shown,
of processor time too, which suffers less.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import torch
from platformdirs import user_cache_path
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.patches.files import open_lora
from nodes.diffusion.patches.recipe import patched
from nodes.diffusion.patches.tensors import tensors_of
from nodes.diffusion.recipes import read_checkpoint
from nodes.diffusion.told import Told
from server.worker.device import Device
from server.worker.memory import Weights
from server.worker.preview import encode_preview
from tests.parity.checkpoint import write_checkpoint

Measured = tuple[float, float]
"""Seconds by the clock, and of the processor."""
TOPICS = ("step", "preview", "decode", "load", "lora", "outside")
FILE = user_cache_path("latent-loom") / "parity" / "random-sd15.safetensors"
LOAD_BOUND = 7.0
MEMORY_BOUND = 1.3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("topics", nargs="*", help=f"of {', '.join(TOPICS)}; all when none is named")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--file", type=Path, default=FILE, help="2.1 GB; written when it is not there")
    parser.add_argument("--load-once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.topics) - set(TOPICS):
        parser.error(f"no topic called {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}")
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    if options.load_once:
        load_once(options.file)
        return
    if not options.file.exists():
        print(f"writing {options.file}", flush=True)
        write_checkpoint(options.file)
    print(f"{platform.processor() or platform.machine()}, {options.threads} threads of {os.cpu_count()} cores, load "
          f"{psutil.getloadavg()[0]:.1f}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}")  # fmt: skip
    topics = options.topics or TOPICS
    if set(topics) & {"step", "preview", "decode", "outside"}:
        with_models(topics, options)
    if "load" in topics:
        loading(options.file, options.threads)
    if "lora" in topics:
        switching(options.file, options.repeats)


# ---------------------------------------------------------------- measuring


def timed(work: Callable[[], Any]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def in_turns(works: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, Measured]:
    """The median of each, measured alternately after one run that is not counted."""
    taken: dict[str, list[Measured]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            measured = timed(work)
            if turn:
                taken[name].append(measured)
    return {name: median(some) for name, some in taken.items()}


def median(some: list[Measured]) -> Measured:
    walls, cpus = zip(*some, strict=True)
    return statistics.median(walls), statistics.median(cpus)


def line(what: str, ours: Measured, theirs: Measured, unit: float = 1.0, name: str = "s") -> None:
    print(
        f"{what:<34} ours {ours[0] * unit:7.2f} {name}  diffusers {theirs[0] * unit:7.2f} {name}  "
        f"ratio {ours[0] / theirs[0]:5.2f}   processor time {ours[1] * unit:7.2f} / {theirs[1] * unit:7.2f}, "
        f"ratio {ours[1] / theirs[1]:5.2f}",
        flush=True,
    )


# ---------------------------------------------------------------- step, preview, decode


def with_models(topics: Any, options: argparse.Namespace) -> None:
    model, _, vae = read_checkpoint(options.file)
    if {"step", "preview", "outside"} & set(topics):
        denoiser = model.recipe.load("cpu", "float32")
        plain = plain_copy("UNet2DConditionModel", model, denoiser)
        for size in options.sizes:
            steps(topics, denoiser, plain, size, options.repeats)
        del denoiser, plain
    if "decode" in topics:
        ours = vae.recipe.load("cpu", "float32")
        theirs = import_module("diffusers").AutoencoderKL(**dict(ours.vae.config)).eval()
        theirs.load_state_dict(ours.vae.state_dict())
        for size in options.sizes:
            latent = torch.randn(1, 4, size // 8, size // 8)
            both = {"ours": lambda at=latent: ours.decode(at), "theirs": lambda at=latent: theirs.decode(at).sample}
            found = in_turns(both, max(2, options.repeats // 2))
            line(f"VAE decode, {size} x {size}", found["ours"], found["theirs"])


def plain_copy(name: str, model: Any, denoiser: Any) -> Any:
    """diffusers' own model with the same weights, before ours are packed; they share memory as long as they can."""
    config = {key: value for key, value in dict(denoiser.unet.config).items() if not key.startswith("_")}
    with torch.device("meta"):
        plain = getattr(import_module("diffusers"), name)(**config)
    plain.load_state_dict(unpacked_state(denoiser.unet), assign=True)
    return plain.eval().requires_grad_(False)


def unpacked_state(unet: Any) -> dict[str, Tensor]:
    state = dict(unet.state_dict())
    for name, module in unet.named_modules():
        if hasattr(module, "unpack"):
            state[f"{name}.weight"] = module.unpack()
    return state


def steps(topics: Any, denoiser: Any, plain: Any, size: int, repeats: int) -> None:
    """Both texts in one forward, which is how either is fastest here."""
    x = torch.randn(2, 4, size // 8, size // 8)
    told = Told(torch.randn(2, 77, denoiser.text_width))
    time_of = torch.tensor([500.0, 500.0])
    works: dict[str, Callable[[], Any]] = {
        "ours": lambda: denoiser.predict(x, 1.5, told),
        "theirs": lambda: plain(x, time_of, told.tokens).sample,
    }
    found = in_turns(works, repeats)
    if "step" in topics:
        line(f"step with guidance, {size} x {size}", found["ours"], found["theirs"])
    step = found["ours"][0]
    if "preview" in topics:
        from nodes.diffusion.families.sd1 import SPACE

        colours = SPACE.colours
        assert colours is not None
        shown = in_turns({"preview": lambda: encode_preview(colours(x[:1]))}, 20)["preview"]
        print(f"{'preview, ' + str(size):<34} {shown[0] * 1e3:7.2f} ms, {shown[0] / step:.2%} of a step (bound: 2%)")
    if "outside" in topics:
        outside(denoiser, size, step)


def outside(denoiser: Any, size: int, step: float) -> None:
    """What a run of the sampler adds to its forwards: noise, guidance, the sampler's sums."""
    from nodes.diffusion.guidance import Guided
    from nodes.diffusion.sample import Walk, walk
    from nodes.types import Conditioning, LatentSpace, TextPart

    class Instant:
        """The same denoiser, without its network."""

        levels, device = denoiser.levels, "cpu"
        text_width, pooled_width, masks_text = denoiser.text_width, 0, False

        def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
            return x

    nothing: Any = None
    text = Conditioning((TextPart(torch.randn(1, 77, denoiser.text_width)),))
    space = LatentSpace("sd1", "", 4, 8, 0.18215, 0.0, nothing)
    sigmas = [14.6 * (1 - at / 20) for at in range(21)]

    def run() -> None:
        instant: Any = Instant()
        guided = Guided(instant, text, text, 7.0, 1)
        for _ in walk(guided, torch.zeros(1, 4, size // 8, size // 8), space, Walk("dpmpp_2m", sigmas, 1)):
            pass

    alone = in_turns({"run": run}, 5)["run"][0]
    share = alone / (alone + 20 * step)
    print(f"{'outside the model, ' + str(size):<34} {alone * 1e3:7.2f} ms in 20 steps, {share:.3%} (bound: 3%)")


# ---------------------------------------------------------------- loading


def loading(file: Path, threads: int) -> None:
    """From the file to all three parts ready in float32, in a process that has its libraries, file in page cache."""
    with file.open("rb") as opened:
        while opened.read(2**24):
            pass
    command = [sys.executable, "-m", "tests.bench.bench_diffusion", "--load-once", "--threads", str(threads)]
    subprocess.run([*command, "--file", str(file)], check=True)


def load_once(file: Path) -> None:
    import_module("diffusers.models.unets.unet_2d_condition")
    import_module("diffusers.models.autoencoders.autoencoder_kl")
    import_module("transformers.models.clip.modeling_clip")
    process = psutil.Process()
    before = process.memory_info().rss
    peak, ended = [before], threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            peak.append(max(peak[-1], process.memory_info().rss))

    threading.Thread(target=watch, daemon=True).start()
    loaded: list[Any] = []
    found = timed(lambda: loaded.extend(part.recipe.load("cpu", "float32") for part in read_checkpoint(file)))
    ended.set()
    high = max(peak[-1], highest_memory())
    weights = sum(part.recipe.size for part in read_checkpoint(file))
    print(
        f"{'load, fp16 file to float32':<34} ours {found[0]:7.2f} s  bound {LOAD_BOUND:.2f} s   processor time "
        f"{found[1]:.2f}\n{'peak memory of loading':<34} ours {(high - before) / weights:7.2f} x the weights' "
        f"{weights / 2**30:.2f} GiB  bound {MEMORY_BOUND:.2f}"
    )


def highest_memory() -> int:
    """Bytes. Linux hands the other figure, getrusage's, down from the process that started this one."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


# ---------------------------------------------------------------- LoRA


def switching(file: Path, repeats: int) -> None:
    """A LoRA of rank 16 on every linear layer of attention: to another strength, and away; what is read meanwhile."""
    model = read_checkpoint(file)[0]
    weights = Weights(Device("cpu", "float32", "CPU"), "normal")
    with TemporaryDirectory() as folder:
        lora = open_lora(write_lora(Path(folder) / "lora.safetensors", model.recipe))
        strong, weak = (patched(model.recipe, lora, strength) for strength in (1.0, 0.5))
        loaded = timed(lambda: weights.get(model.recipe))
        read_before, memory = bytes_read(), psutil.Process().memory_info().rss
        added = timed(lambda: weights.get(strong))
        grown, whole = psutil.Process().memory_info().rss - memory, lora.file.size
        turns = [timed(partial(weights.get, recipe)) for _ in range(repeats) for recipe in (weak, strong)]
        each = (bytes_read() - read_before) / (1 + len(turns))
        away = timed(lambda: weights.get(model.recipe))
    print(
        f"{'load the base':<34} ours {loaded[0]:7.2f} s\n{'add a LoRA':<34} ours {added[0]:7.2f} s   "
        f"{grown / 2**20:.0f} MiB more\n{'switch its strength':<34} ours {median(turns)[0]:7.2f} s   processor time "
        f"{median(turns)[1]:.2f}   {each / 2**20:.1f} MiB read, the LoRA is {whole / 2**20:.1f}, the base "
        f"{file.stat().st_size / 2**20:.0f}\n{'take it away':<34} ours {away[0] * 1e3:7.2f} ms",
        flush=True,
    )


def bytes_read() -> int:
    return int(psutil.Process().io_counters().read_chars)


def write_lora(path: Path, recipe: Any, rank: int = 16) -> Path:
    shapes = {name: shape for name, shape in tensors_of(recipe).shapes.items() if ".attn" in name and len(shape) == 2}
    made: dict[str, Tensor] = {}
    for name, (rows, columns) in shapes.items():
        stem = name.removeprefix("denoiser.").removesuffix(".weight")
        made[f"unet.{stem}.lora_A.weight"] = torch.randn(rank, columns, dtype=torch.float16)
        made[f"unet.{stem}.lora_B.weight"] = 0.01 * torch.randn(rows, rank, dtype=torch.float16)
    save_file(made, str(path))
    return path


if __name__ == "__main__":
    main()
