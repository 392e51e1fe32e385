"""Whole models at their real sizes, with random weights: written, recognised, loaded, sampled and decoded.

    python -m tests.full_size sd1                          2 GB on disk, 5 GB of memory
    python -m tests.full_size sd1-inpainting               the same, with 9 input channels
    python -m tests.full_size sd2-v                        3 GB on disk, 6 GB of memory
    python -m tests.full_size sdxl --memory low            7 GB on disk, 11 GB of memory
    python -m tests.full_size sdxl-refiner --memory low    6 GB on disk, 9 GB of memory
    python -m tests.full_size sd3 --memory low             6 GB on disk, 10 GB of memory; SD 3 medium without T5
    python -m tests.full_size sd3.5-large --memory lowest  8 GB on disk, 9 GB of memory; the denoiser alone
    python -m tests.full_size flux1 --memory lowest        12 GB on disk, 13 GB of memory; the denoiser alone
    python -m tests.full_size t5-xxl --memory low          5 GB on disk, 11 GB of memory; the text encoder alone

The file is taken away again. Two steps of 128 x 128 pixels; what comes is noise, but finite noise of the right shape.
The last three are in 8-bit floats. Exit code 1 when something is not as it should be.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.keeping import Keeping
from nodes.diffusion.recipes import PartRecipe, read_checkpoint, read_model, read_text_encoders
from nodes.diffusion.unet import UNetDenoiser
from nodes.editing import inpaint_conditioning
from nodes.latent import decode_latent, empty_latent
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import VAE, Conditioning, Image, Mask, Model, TextEncoder, TextPart
from tests.full_size.cases import CASES, Case
from tests.full_size.writing import write
from tests.nodes.plain import PlainContext

SIZE, STEPS = 128, 2
KEEPING: dict[str, Keeping] = {"normal": "whole", "low": "low", "lowest": "lowest"}
TEXT = "a red fox in the snow"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.full_size", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=CASES)
    parser.add_argument("--memory", choices=KEEPING, default="normal", help="how weights are kept")
    parser.add_argument("--folder", type=Path, help="where the file is written; the system's folder for such files")
    args = parser.parse_args()
    case = CASES[args.model]
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        file = Path(folder) / f"full-{args.model}.safetensors"
        with timed(f"writing {file}"):
            write(file, case.tensors(), case.dtype)
        print(f"{file.stat().st_size / 1e9:.1f} GB", flush=True)
        ctx = KeptContext(keeping=KEEPING[args.memory])
        wrong = read_alone(case, file, ctx) if case.holds == "texts" else go_through(case, file, ctx)
    for one in wrong:
        print(f"WRONG: {one}")
    print(f"highest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB; "
          f"{'not as it should be' if wrong else 'all as it should be'}")  # fmt: skip
    return 1 if wrong else 0


@dataclass
class KeptContext(PlainContext):
    """Keeps weights as it is told, where there are several ways."""

    keeping: Keeping = "whole"

    def weights(self, recipe: Any) -> Any:
        if recipe not in self.loaded:
            known = recipe.sizes(self.device, self.dtype) if isinstance(recipe, PartRecipe) else {}
            way = (self.keeping,) if self.keeping in known else ()
            self.loaded[recipe] = recipe.load(self.device, self.dtype, *way)
        return self.loaded[recipe]


def go_through(case: Case, file: Path, ctx: KeptContext) -> list[str]:
    """Recognise, load, sample and decode; what is not as it should be."""
    model, encoder, vae = read_checkpoint(file) if case.holds == "everything" else (read_model(file), None, None)
    wrong = recognised(case, model.recipe)
    with timed("loading the denoiser"):
        denoiser: Any = ctx.weights(model.recipe)
    if isinstance(denoiser, UNetDenoiser) and denoiser.traits.prediction != case.prediction:
        wrong.append(f"it is taken to predict {denoiser.traits.prediction}")
    with timed("reading two texts"):
        positive = conditioning(encoder, denoiser, ctx, TEXT)
        negative = conditioning(encoder, denoiser, ctx, "")
    start = empty_latent(SIZE, SIZE)
    if vae is not None and denoiser.beside_channels:
        positive, negative, start = painting(vae, positive, negative, ctx)
    with timed(f"{STEPS} steps with both texts at {SIZE} x {SIZE}"):
        latent = sample(model, positive, negative, start, ctx, seed=1, steps=STEPS, guidance=2.0)
    wrong += judged("the latent", latent.samples, shape_of(model))
    if vae is not None:
        with timed("decoding"):
            pixels = decode_latent(vae, latent, ctx).pixels
        wrong += judged("the picture", pixels, (1, SIZE, SIZE, 3))
    return wrong


def read_alone(case: Case, file: Path, ctx: KeptContext) -> list[str]:
    """Recognise and load a text encoder, and let it read."""
    encoder = read_text_encoders([file], case.family)
    wrong = recognised(case, encoder.recipe)
    with timed("loading"):
        ctx.weights(encoder.recipe)
    with timed("reading a text"):
        [part] = encode_text(encoder, ctx, TEXT).parts
    return wrong + judged("what it says", part.embedding, (1, *part.embedding.shape[1:]))


def recognised(case: Case, recipe: Any) -> list[str]:
    assert isinstance(recipe, PartRecipe)
    print(f"recognised as {recipe.family}, {recipe.size / 4e9:.2f} thousand million numbers", flush=True)
    return [] if recipe.family == case.family else [f"it is taken for {recipe.family}"]


def shape_of(model: Model) -> tuple[int, ...]:
    edge = SIZE // model.space.downscale
    return 1, model.space.channels, edge, edge


def conditioning(encoder: TextEncoder | None, denoiser: Any, ctx: PlainContext, text: str) -> Conditioning:
    """What is read of a text; without an encoder, something as wide."""
    if encoder is not None:
        return encode_text(encoder, ctx, text)
    generator = torch.Generator().manual_seed(len(text))
    embedding = torch.randn(1, 256, denoiser.text_width, generator=generator)
    return Conditioning((TextPart(embedding, torch.randn(1, denoiser.pooled_width, generator=generator)),))


def painting(vae: VAE, positive: Conditioning, negative: Conditioning, ctx: PlainContext) -> Any:
    """The texts with a picture and the half of it that is painted, and the latent to start from."""
    picture = torch.rand(1, SIZE, SIZE, 3, generator=torch.Generator().manual_seed(3))
    mask = torch.zeros(1, SIZE, SIZE)
    mask[:, : SIZE // 2] = 1
    with timed("encoding"):
        return inpaint_conditioning(positive, negative, vae, Image(picture), Mask(mask), ctx)


def judged(what: str, values: Tensor, shape: tuple[int, ...]) -> list[str]:
    if tuple(values.shape) != shape:
        return [f"{what} has the shape {tuple(values.shape)}, not {shape}"]
    if not bool(values.isfinite().all()):
        return [f"{what} holds numbers that are not finite"]
    return [] if float(values.std()) > 0 else [f"{what} is the same everywhere"]


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Says what is done and how long it took."""
    begun = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
