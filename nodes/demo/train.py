"""`python -m nodes.demo.train STAGE`: one stage, taken up from its last checkpoint.

The order is vae, text2image, judge. `decoder` teaches the VAE's decoder further and leaves the latents as they are;
`export` writes the shipped file from whatever text2image has learnt so far. `controlnet`, `lora`, `embedding`
and `inpaint` learn beside the shipped file and write files of their own.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nodes.demo import control, inpainting, judge, shipped, style, style_judge, word
from nodes.demo.architecture import LATENT_SCALE, Sizes, Vae, build_vae
from nodes.demo.inpainting import Holes
from nodes.demo.pictures import Pictures, cached, kept, scenes_of
from nodes.demo.reading import train_reader
from nodes.demo.styles import FLAT, POSTER, Flat
from nodes.demo.text2image import TextToImage, latents_of, train_text2image
from nodes.demo.training import Plan, default_device, default_work
from nodes.demo.vae import normalise, train_decoder, train_vae

PLANS = {
    "vae": Plan(steps=2800, batch=8, rate=2e-3, hidden_rate=0.008),
    "decoder": Plan(steps=120, batch=8, rate=3e-4, hidden_rate=0.002, warmup=10, decay=0.7, average=0.97),
    "reader": Plan(steps=600, batch=64, rate=1e-3, hidden_rate=0.008, decay=0.5),
    "text2image": Plan(steps=2200, batch=32, rate=1e-3, hidden_rate=0.008, decay=0.2),
    "controlnet": Plan(steps=1580, batch=16, rate=1e-3, hidden_rate=0.004, warmup=50, decay=0.4, save_every=100),
    "lora": Plan(steps=2600, batch=8, rate=1e-3, hidden_rate=0.003, warmup=20, decay=0.5, average=0.98, save_every=50),
    "embedding": Plan(steps=850, batch=8, rate=4e-3, hidden_rate=0, warmup=10, decay=1, average=0.98, save_every=50),
    "inpaint": Plan(
        steps=420, batch=8, rate=2e-3, hidden_rate=0.003, warmup=20, decay=0.5, average=0.98, save_every=50
    ),
}
STAGES = ("vae", "decoder", "text2image", "judge", "export", "controlnet", "lora", "embedding", "inpaint",
          "style-judge")  # fmt: skip
SCENES = {"lora": 1000, "embedding": 1000, "inpaint": 1500}
"""How many scenes a stage sees at most; the others see all that are drawn."""


def learn_vae(pictures: Pictures, plan: Plan, work: Path) -> None:
    """The VAE with its latents normalised, written to `vae.safetensors`."""
    vae = train_vae(pictures, plan, work / "vae.pt")
    unscaled = latents_of(vae, pictures.images[:1000]) / LATENT_SCALE
    device = next(vae.parameters()).device
    normalise(vae, unscaled.mean((0, 2, 3)).to(device), unscaled.std((0, 2, 3)).to(device))
    save_vae(vae, work / "vae.safetensors")
    cached_latents(pictures, work)


def learn_decoder(pictures: Pictures, plan: Plan, work: Path) -> None:
    """The decoder further, into `decoder.safetensors`; what the encoder says does not change."""
    vae = train_decoder(learnt_vae(work), pictures, cached_latents(pictures, work), plan, work / "decoder.pt")
    save_vae(vae, work / "decoder.safetensors")


def save_vae(vae: Vae, file: Path) -> None:
    from safetensors.torch import save_file

    save_file({k: v.contiguous().cpu() for k, v in vae.state_dict().items()}, file)


def learnt_vae(work: Path, further: bool = False) -> Vae:
    """The VAE that was learnt in this folder, else the shipped file's; `further`: with the decoder learnt further."""
    from safetensors.torch import load_file

    file = work / "vae.safetensors"
    if further and (work / "decoder.safetensors").exists():
        file = work / "decoder.safetensors"
    if not file.exists():
        return shipped.read_back().vae.to(default_device())
    vae = build_vae(Sizes())
    vae.load_state_dict(load_file(file))
    return vae.eval().to(default_device())


def cached_latents(pictures: Pictures, work: Path, drawn_in: Flat = FLAT) -> Tensor:
    """Scaled latents of all pictures, computed once for each VAE."""
    file, made_by = work / f"{drawn_in.name}latents-{len(pictures.scenes)}.npy", work / "vae.safetensors"
    if not file.exists() or (made_by.exists() and file.stat().st_mtime < made_by.stat().st_mtime):
        np.save(file, latents_of(learnt_vae(work), pictures.images).numpy())
    return torch.from_numpy(np.load(file))


def learn_text2image(pictures: Pictures, plan: Plan, work: Path, start: Path | None = None) -> None:
    """Text encoder and UNet, the latter from random weights or from those of the file `start`, to the shipped file."""
    latents = cached_latents(pictures, work)
    unet = shipped.read_back(start).unet if start else None
    reader = train_reader(pictures.scenes, replace(PLANS["reader"], seed=plan.seed), work / "reader.pt")
    model = train_text2image(pictures, latents, reader, plan, work / "text2image.pt", start=unet)
    shipped.write(learnt_vae(work, further=True), model)


def cached_edges(pictures: Pictures, work: Path) -> np.ndarray:
    """What the ControlNet sees of all pictures, found once."""
    file = work / f"edges-{len(pictures.scenes)}.npy"
    if not file.exists():
        np.save(file, control.edges_of(pictures.images))
    return np.load(file)  # type: ignore[no-any-return]


def learn_control(pictures: Pictures, plan: Plan, work: Path) -> None:
    latents, edges = cached_latents(pictures, work), cached_edges(pictures, work)
    control.write(control.train_control(shipped.read_back(), pictures, latents, edges, plan, work / "controlnet.pt"))


def learn_style(plan: Plan, work: Path, count: int) -> None:
    posters, base = cached(count, plan.seed, work, os.cpu_count() or 1, POSTER), shipped.read_back()
    adapter = style.train_style(base, posters, cached_latents(posters, work, POSTER), plan, work / "lora.pt")
    style.write(adapter, base)


def learn_word(plan: Plan, work: Path, count: int) -> None:
    scenes = word.in_colour(scenes_of(count, plan.seed), plan.seed)
    pictures = kept(scenes, f"{word.COLOUR}-{count}", work, os.cpu_count() or 1)
    base = shipped.read_back()
    latents = latents_of(base.vae, pictures.images)
    word.write(word.train_word(base, pictures, latents, plan, work / "embedding.pt"))


def learn_inpainting(pictures: Pictures, plan: Plan, work: Path) -> None:
    base = shipped.read_back()
    latents, holes = cached_latents(pictures, work), cached_holes(pictures, plan.seed, work)
    adapter = inpainting.train_inpainting(base, pictures, latents, holes, plan, work / "inpaint.pt")
    inpainting.write(adapter, base)


def cached_holes(pictures: Pictures, seed: int, work: Path) -> Holes:
    """What the inpainting model is shown of all pictures, computed once."""
    file = work / f"holes-{len(pictures.scenes)}.npz"
    if not file.exists():
        holes = inpainting.holes_in(learnt_vae(work), pictures.images, seed)
        np.savez(file, cells=holes.cells.numpy(), seen=holes.seen.numpy())
    with np.load(file) as found:
        return Holes(torch.from_numpy(found["cells"]), torch.from_numpy(found["seen"]))


def learn_style_judge(work: Path) -> None:
    """It learns from rendered pictures alone and is tested on others."""
    cores = os.cpu_count() or 1
    coloured = kept(word.in_colour(scenes_of(800, 13), 13), f"{word.COLOUR}-judged-800", work, cores)
    flat, posters = cached(2000, 0, work, cores), cached(2000, 0, work, cores, POSTER)
    style_judge.write(style_judge.train_style_judge(flat, coloured, posters))


def export(work: Path) -> None:
    model = TextToImage(Sizes())
    state = torch.load(work / "text2image.pt", weights_only=True, map_location="cpu")
    model.load_state_dict(state["average"])
    shipped.write(learnt_vae(work, further=True), model)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m nodes.demo.train", description=__doc__)
    options.add_argument("stage", choices=STAGES)
    options.add_argument("--work", type=Path, default=default_work(), help="where checkpoints and drawn pictures lie")
    options.add_argument("--steps", type=int, help="fewer or more steps; the learning rate's decay moves with them")
    options.add_argument("--batch", type=int)
    options.add_argument("--scenes", type=int, default=16_000, help="how many scenes are drawn")
    options.add_argument(
        "--start", type=Path, help="text2image: begin with the UNet of this file, not with random weights"
    )
    options.add_argument("--seed", type=int, default=0)
    return options


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    if given.stage == "export":
        export(given.work)
        return
    if given.stage == "judge":
        judge.write(judge.train_judge(judge.pictures_for_judging(9000, seed=11)))
        return
    if given.stage == "style-judge":
        learn_style_judge(given.work)
        return
    usual = PLANS[given.stage]
    plan = replace(usual, steps=given.steps or usual.steps, batch=given.batch or usual.batch, seed=given.seed)
    count = min(given.scenes, SCENES.get(given.stage, given.scenes))
    if given.stage == "lora":
        learn_style(plan, given.work, count)
        return
    if given.stage == "embedding":
        learn_word(plan, given.work, count)
        return
    pictures = cached(count, given.seed, given.work, os.cpu_count() or 1)
    if given.stage == "vae":
        learn_vae(pictures, plan, given.work)
    elif given.stage == "decoder":
        learn_decoder(pictures, plan, given.work)
    elif given.stage == "controlnet":
        learn_control(pictures, plan, given.work)
    elif given.stage == "inpaint":
        learn_inpainting(pictures, plan, given.work)
    else:
        learn_text2image(pictures, plan, given.work, given.start)


if __name__ == "__main__":
    main()
