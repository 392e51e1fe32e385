"""Measures of what ships beside the demo model: its ControlNet, LoRA, embedding and inpainting, through the product's
own nodes. Every scene asked for shows a held-out (kind, colour) pair that no stage has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nodes.demo import control, style, style_judge, word
from nodes.demo import judge as judging
from nodes.demo.agreement import Agreement, agreement
from nodes.demo.captions import full_caption
from nodes.demo.judge import Judge, seen_in, shown
from nodes.demo.pictures import Pictures, drawn, scenes_of
from nodes.demo.scenes import Scene
from nodes.demo.shipped import read_back
from nodes.demo.studio import GUIDANCE, STEERED, STYLED, Studio
from nodes.demo.style_judge import Shown, look
from nodes.demo.styles import POSTER
from nodes.demo.vae import as_tensor, decode, moments
from nodes.types import Image, Mask

SEED = 777  # of the scenes asked for, as for the model itself
Table: TypeAlias = "list[tuple[str, str]]"
RENDERS = 100  # that the style judge is tested on
RIM = 4  # pixels inside a hole: so near to its border the picture is all but decided by what is around it


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def in_bytes(image: Image) -> Image:
    """As it is saved: in 8 bits."""
    return Image((image.pixels * 255).byte().float() / 255)


def as_image(pixels: np.ndarray) -> Image:
    """Of one uint8 picture, height x width x RGB."""
    return Image(torch.from_numpy(np.array(pixels))[None].float() / 255)


def planes(image: Image) -> Tensor:
    """1 x RGB x height x width, as the judges look at it."""
    return in_bytes(image).pixels.permute(0, 3, 1, 2)


# ---------------------------------------------------------------- ControlNet


def edge_agreement(count: int) -> Table:
    """Edges asked for against those of the picture made, both found by the Canny node at the same slopes."""
    studio, vae = Studio(), read_back().vae
    pictures = drawn(scenes_of(count, SEED, held_out=True))
    found: dict[str, list[Agreement]] = {"steered": [], "guided": [], "alone": [], "ceiling": [], "free": []}

    def compare(name: str, edges: Image, made: Image) -> None:
        again = studio.edges(in_bytes(made), control.LOW, control.HIGH)
        found[name].append(agreement(edges.pixels[0, ..., 0], again.pixels[0, ..., 0]))

    for seed, (scene, pixels) in enumerate(zip(pictures.scenes, pictures.images, strict=True)):
        text, edges = full_caption(scene), studio.edges(as_image(pixels), control.LOW, control.HIGH)
        compare("steered", edges, studio.steered(text, edges, control.FILE, seed))
        compare("guided", edges, studio.steered(text, edges, control.FILE, seed, GUIDANCE))
        compare("alone", edges, studio.steered(text, edges, control.FILE, seed, GUIDANCE, alone=True))
        with torch.no_grad():
            back = decode(vae, moments(vae, as_tensor(pixels[None]))[0]).clamp(-1, 1)
        compare("ceiling", edges, Image((back.permute(0, 2, 3, 1) + 1) / 2))
        if seed % 4 == 0:
            compare("free", edges, studio.draw(studio.text(text), studio.text(""), seed))
    ends = {name: np.array([one.f1 for one in values]) for name, values in found.items()}
    steered = found["steered"]
    return [
        (f"{count} pictures with the ControlNet, guidance {STEERED:g}: F1", f"{ends['steered'].mean():.3f}"),
        ("… precision", f"{np.mean([one.precision for one in steered]):.3f}"),
        ("… recall", f"{np.mean([one.recall for one in steered]):.3f}"),
        ("… worst tenth of the pictures, at most", f"{np.quantile(ends['steered'], 0.1):.3f}"),
        (f"the same, guidance {GUIDANCE:g}: F1", f"{ends['guided'].mean():.3f}"),
        (f"{count} with it on the positive text alone, guidance {GUIDANCE:g}: F1", f"{ends['alone'].mean():.3f}"),
        (f"the most the VAE lets through: {count} true pictures encoded and decoded", f"{ends['ceiling'].mean():.3f}"),
        (f"{len(ends['free'])} pictures of the same texts without the ControlNet", f"{ends['free'].mean():.3f}"),
    ]


# ---------------------------------------------------------------- LoRA


def subjects_right(scenes: list[Scene], seen: list[Shown]) -> Iterator[tuple[str, float]]:
    """Shares of the subjects asked for: of the right kind, colour too, and where they were asked for."""
    hits = [
        (kind == s.kind, (kind, colour) == (s.kind, s.colour))
        for scene, one in zip(scenes, seen, strict=True)
        for s in scene.subjects
        for kind, colour in [one.subjects.get(s.place, ("", ""))]
    ]
    yield "subjects of the right kind in the right place", float(np.mean([kind for kind, _ in hits]))
    yield "… and of the right colour", float(np.mean([both for _, both in hits]))


def style_effect(count: int) -> Table:
    """Pictures with the LoRA and without it, of the same texts and seeds."""
    judge = style_judge.read_back()
    scenes = scenes_of(RENDERS, SEED + 1, held_out=True)
    rows: Table = []
    for name, drawing in (("flat", drawn(scenes)), ("poster", drawn(scenes, style=POSTER))):
        seen = look(judge, shown(drawing.images))
        right_style = float(np.mean([s.style == name for s in seen]))
        rows.append((f"the style judge on {RENDERS} unseen {name} renders", percent(right_style)))
    rows += [(f"{name}, on the poster renders", percent(share)) for name, share in subjects_right(scenes, seen)]
    studio = Studio()
    scenes = scenes_of(count, SEED, held_out=True)
    styled = studio.with_lora(style.FILE)
    for name, model, some, guidance in (
        (f"with the LoRA, guidance {STYLED:g}", styled, scenes, STYLED),
        (f"with the LoRA, guidance {GUIDANCE:g}", styled, scenes, GUIDANCE),
        (f"without it, guidance {STYLED:g}", studio.parts.model, scenes[::2], STYLED),
    ):
        made = [studio.drawn(full_caption(scene), seed, model, guidance) for seed, scene in enumerate(some)]
        seen = [look(judge, planes(image))[0] for image in made]
        posters = percent(float(np.mean([one.style == "poster" for one in seen])))
        rows.append((f"{len(some)} pictures {name}: posters", posters))
        rows += [(f"{name}: {what}", percent(share)) for what, share in subjects_right(some, seen)]
    return rows


# ---------------------------------------------------------------- embedding


def word_effect(count: int) -> Table:
    """The learnt word in place of a colour, against texts with a word that the model does not know and with none."""
    studio, judge = Studio(), style_judge.read_back()
    scenes = [scene for scene in scenes_of(4 * count, SEED + 2) if len(scene.subjects) == 1][:count]
    rows: Table = []
    for name in (f"embedding:{word.FILE.stem}", word.COLOUR, ""):
        seen = []
        for seed, scene in enumerate(scenes):
            plain = scene.subjects[0].colour
            text = full_caption(scene).replace("an " + plain, "a " + plain).replace(f"{plain} ", f"{name} ".lstrip(), 1)
            seen.append(look(judge, planes(studio.drawn(text, seed)))[0])
        there = [one.subjects.get(scene.subjects[0].place, ("", "")) for scene, one in zip(scenes, seen, strict=True)]
        said = f'"a {name} house"' if name else '"a house"'
        lilac = float(np.mean([colour == word.COLOUR for _, colour in there]))
        rows.append((f"{count} texts such as {said}: in lilac", percent(lilac)))
        right = np.mean([kind == scene.subjects[0].kind for scene, (kind, _) in zip(scenes, there, strict=True)])
        rows.append(("… subject of the right kind in the right place", percent(float(right))))
    return rows


# ---------------------------------------------------------------- inpainting


def hole_over(scene: Scene, mask: np.ndarray) -> np.ndarray:
    """A hole over a half of the scene's first subject and what is beside it, 1 where to paint; `mask` shows subjects.

    It begins in the middle of the subject, so that what is painted must go on with what stands there.
    """
    half = {"left": slice(0, 64), "middle": slice(0, 128), "right": slice(64, 128)}[scene.subjects[0].place]
    rows, columns = np.nonzero(mask[:, half] > 127)
    middle, top, bottom = int(columns.mean()) + half.start, rows.min(), rows.max()
    hole = np.zeros(mask.shape, np.float32)
    hole[max(top - 8, 0) : bottom + 8, middle : middle + 44] = 1
    return hole


def rim_of(hole: np.ndarray) -> np.ndarray:
    """The pixels of a hole that are within `RIM` of its border; the picture's own edge is none."""
    kept = functional.max_pool2d(torch.from_numpy(1 - hole)[None, None], 2 * RIM + 1, 1, RIM)[0, 0].numpy()
    rim: np.ndarray = (kept * hole) > 0
    return rim


def inpainting_effect(count: int) -> Table:
    """Half a subject is painted anew: by a mask on the plain model's latent, by the inpainting model, by both."""
    studio, judge = Studio(), judging.read_back()
    pictures = drawn(scenes_of(count, SEED + 3, held_out=True))
    ways: dict[str, Callable[[str, Image, Mask, int], Image]] = {
        "a mask on the latent, the plain model": studio.masked,
        "the inpainting LoRA alone": partial(studio.inpainted, joined=False),
        "both": studio.inpainted,
    }
    rows: Table = []
    for name, way in ways.items():
        rims, wholes, right = [], [], []
        for seed, (scene, pixels, mask) in enumerate(zip(*_each(pictures), strict=True)):
            hole = hole_over(scene, mask)
            image, where = as_image(pixels), Mask(torch.from_numpy(hole)[None])
            made = in_bytes(studio.over(image, way(full_caption(scene), image, where, seed), where))
            error = (made.pixels - image.pixels).abs()[0].mean(-1).numpy() * 255
            rims.append(error[rim_of(hole)].mean())
            wholes.append(error[hole > 0].mean())
            right.append(whole_scene(judge, scene, made))
        rows += [
            (f"{count} holes, by {name}: error within {RIM} pixels of the border", f"{np.mean(rims):.1f}/255"),
            ("… error in the whole hole", f"{np.mean(wholes):.1f}/255"),
            ("… everything in the picture right", percent(float(np.mean(right)))),
        ]
    return rows


def _each(pictures: Pictures) -> tuple[list[Scene], np.ndarray, np.ndarray]:
    return pictures.scenes, pictures.images, pictures.masks


def whole_scene(judge: Judge, scene: Scene, made: Image) -> bool:
    return judge.see(planes(made))[0] == seen_in(scene)


TOPICS: dict[str, Callable[[int], Table]] = {
    "controlnet": edge_agreement,
    "lora": style_effect,
    "embedding": word_effect,
    "inpaint": inpainting_effect,
}
