"""`python -m nodes.demo.evaluate [TOPIC]`: measures the shipped files and prints Markdown tables.

The judge learnt from rendered pictures only, and every subject asked for is a held-out (kind, colour) pair.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nodes.demo import judge as judging
from nodes.demo.captions import full_caption
from nodes.demo.judge import Judge, Seen, seen_in, shown
from nodes.demo.measures import TOPICS, Table, percent
from nodes.demo.pictures import Pictures, drawn, scenes_of
from nodes.demo.scenes import Scene
from nodes.demo.shipped import Shipped, read_back
from nodes.demo.training import in_threads
from nodes.demo.vae import as_tensor, decode, moments

PROMPT_SEED = 777  # of the scenes asked for
SHEET_SEED = 4242
BATCH = 8


def sampled(model: Shipped, texts: list[str], guidance: float = 5.0, steps: int = 20, negative: str = "") -> Tensor:
    """Pictures in 0..1; text i gets seed i."""

    def some(start: int) -> Tensor:
        seeds = list(range(start, min(start + BATCH, len(texts))))
        return model.sample(texts[start : start + BATCH], seeds, guidance, steps, negative)

    return torch.cat(in_threads(some, range(0, len(texts), BATCH), torch.device("cpu")))


def scores(scenes: list[Scene], seen: list[Seen]) -> dict[str, float]:
    """Shares of right answers, each over the pictures or subjects asked for.

    A kind is right when it stands anywhere in the picture, a colour when that subject (or, failing that,
    what stands in its place) has it, a place when the kind stands where it was asked for. The first subject
    is the held-out pair; the second, in a third of the scenes, is counted apart.
    """
    hits: dict[str, list[bool]] = {}
    for scene, found in zip(scenes, seen, strict=True):
        for name in ("time", "ground", "sky"):
            hits.setdefault(name, []).append(getattr(scene, name) == getattr(found, name))
        hits.setdefault("number of subjects", []).append(len(scene.subjects) == len(found.subjects))
        hits.setdefault("everything at once", []).append(seen_in(scene) == found)
        for which, subject in zip(("", "second "), scene.subjects, strict=False):
            kinds = {kind: (place, colour) for place, (kind, colour) in found.subjects.items()}
            place, colour = kinds.get(subject.kind, (subject.place, found.subjects.get(subject.place, ("", ""))[1]))
            hits.setdefault(f"{which}subject", []).append(subject.kind in kinds)
            hits.setdefault(f"{which}subject colour", []).append(colour == subject.colour)
            hits.setdefault(f"{which}place", []).append(subject.kind in kinds and place == subject.place)
    return {name: sum(values) / len(values) for name, values in hits.items()}


def judge_itself(judge: Judge, count: int = 1000) -> Table:
    """The judge on rendered pictures it never saw."""
    pictures = judging.pictures_for_judging(count, seed=12)
    seen = [s for i in range(0, count, 50) for s in judge.see(shown(pictures.images[i : i + 50]))]
    return [(f"judge on unseen renders: {k}", percent(v)) for k, v in scores(pictures.scenes, seen).items()]


def attributes(model: Shipped, judge: Judge, count: int) -> Table:
    """`count` pictures of held-out pairs, DDIM 20 steps, guidance 5."""
    scenes = scenes_of(count, PROMPT_SEED, held_out=True)
    pictures = sampled(model, [full_caption(scene) for scene in scenes])
    return [(name, percent(share)) for name, share in scores(scenes, judge.see(pictures)).items()]


def subject_errors(pictures: Pictures, error: np.ndarray) -> list[float]:
    """Each subject's largest error of its mean colour over the channels; `error` (n, h, w, 3) in 1/255."""
    worst = []
    half = error.shape[2] // 2
    for scene, mask, difference in zip(pictures.scenes, pictures.masks > 127, error, strict=True):
        sides = [slice(None)] if len(scene.subjects) == 1 else [slice(0, half), slice(half, None)]
        worst += [float(np.abs(difference[:, side][mask[:, side]].mean(axis=0)).max()) for side in sides]
    return worst


def reconstruction(model: Shipped, count: int) -> Table:
    """Whole held-out scenes through the VAE and back."""
    pictures = drawn(scenes_of(count, PROMPT_SEED, held_out=True))

    def difference(start: int) -> np.ndarray:
        images = as_tensor(pictures.images[start : start + BATCH])
        with torch.no_grad():
            back = decode(model.vae, moments(model.vae, images)[0]).clamp(-1, 1)
        return ((back - images) * 127.5).permute(0, 2, 3, 1).numpy()

    error = np.concatenate(in_threads(difference, range(0, count, BATCH), torch.device("cpu")))
    psnr = 10 * np.log10(255**2 / np.square(error).mean(axis=(1, 2, 3)))
    worst = np.array(subject_errors(pictures, error))
    return [
        ("VAE: mean PSNR of whole scenes", f"{psnr.mean():.1f} dB"),
        ("VAE: lowest PSNR", f"{psnr.min():.1f} dB"),
        ("VAE: subjects with mean colour within 10/255", percent(float((worst <= 10).mean()))),
    ]


def guidance_effect(model: Shipped, judge: Judge, count: int) -> Table:
    scenes = scenes_of(count, PROMPT_SEED, held_out=True)
    texts = [full_caption(scene) for scene in scenes]
    rows: Table = []
    by_guidance = {guidance: sampled(model, texts, guidance) for guidance in (1.0, 6.0)}
    for guidance, pictures in by_guidance.items():
        found = scores(scenes, judge.see(pictures))
        shares = ", ".join(f"{k} {percent(found[k])}" for k in ("everything at once", "subject", "subject colour"))
        rows.append((f"guidance {guidance:g}", shares))
    apart = (by_guidance[1.0] - by_guidance[6.0]).abs().mean().item() * 255
    return [*rows, ("guidance 1 against 6: mean difference of a pixel", f"{apart:.1f}/255")]


def negative_effect(model: Shipped, judge: Judge, count: int) -> Table:
    """How often the unwanted thing is seen when the text leaves it open, without and with the negative text."""

    def share(text: str, negative: str, has: Callable[[Seen], bool]) -> float:
        return float(np.mean([has(s) for s in judge.see(sampled(model, [text] * count, negative=negative))]))

    cases: tuple[tuple[str, str, Callable[[Seen], bool]], ...] = (
        ("a red house on a meadow", "night", lambda s: s.time == "night"),
        ("a white castle at night", "stars", lambda s: s.sky == "stars"),
        ("a green tree", "snow", lambda s: s.ground == "snow"),
        ("a house", "a red house", lambda s: any(c == "red" for _, c in s.subjects.values())),
    )
    return [
        (f'"{text}", negative "{no}"', f"{percent(share(text, '', has))} → {percent(share(text, no, has))}")
        for text, no, has in cases
    ]


def sheet(model: Shipped, path: Path, columns: int = 8) -> list[str]:
    """Seeds 0 to 63, none chosen, on drawn prompts, half of them held-out pairs. Returns the prompts."""
    scenes = scenes_of(32, SHEET_SEED, held_out=True) + scenes_of(32, SHEET_SEED)
    texts = [full_caption(scene) for scene in scenes]
    pictures = (sampled(model, texts) * 255).byte().permute(0, 2, 3, 1).numpy()
    rows = [np.concatenate(list(pictures[i : i + columns]), axis=1) for i in range(0, len(texts), columns)]
    Image.fromarray(np.concatenate(rows)).save(path, quality=90)
    return texts


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m nodes.demo.evaluate", description=__doc__)
    options.add_argument("topic", nargs="?", choices=TOPICS, help="what ships beside the model; else the model itself")
    options.add_argument("--count", type=int, help="how many pictures are judged: 500 of the model, 100 of a topic")
    options.add_argument("--few", type=int, default=32, help="how many for the guidance and negative texts")
    options.add_argument("--sheet", type=Path, help="also write the contact sheet of seeds 0-63 here")
    given = options.parse_args(arguments)
    if given.topic:
        print_table(TOPICS[given.topic](given.count or 100))
        return
    count = given.count or 500
    model, judge = read_back(), judging.read_back()
    if given.sheet:
        texts = sheet(model, given.sheet)
        sys.stdout.writelines(f"{i}. {text}\n" for i, text in enumerate(texts))
    steps: tuple[Callable[[], Table], ...] = (
        lambda: judge_itself(judge),
        lambda: reconstruction(model, count),
        lambda: attributes(model, judge, count),
        lambda: guidance_effect(model, judge, given.few),
        lambda: negative_effect(model, judge, given.few),
    )
    for measure in steps:
        print_table(measure())


def print_table(table: Table) -> None:
    sys.stdout.writelines(f"| {name} | {value} |\n" for name, value in table)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
