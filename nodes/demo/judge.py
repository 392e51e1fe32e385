"""A small classifier that says what a picture shows. It learns from rendered pictures only, never from sampled ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nodes.demo.labels import HEADS, NOTHING, labels_of
from nodes.demo.pictures import Pictures, drawn, scenes_of
from nodes.demo.scenes import COLOURS, GROUNDS, KINDS, PLACES, SKIES, TIMES, Scene

FILE = Path(__file__).parent / "judge.safetensors"


@dataclass(frozen=True)
class Seen:
    """What a picture shows; `subjects` maps a place to (kind, colour)."""

    time: str
    ground: str
    sky: str
    subjects: dict[str, tuple[str, str]]


class Judge(nn.Module):
    def __init__(self, heads: Sequence[int] = HEADS) -> None:
        """`heads`: how many answers each of its questions has."""
        super().__init__()
        self.heads = tuple(heads)
        widths = (3, 16, 32, 64, 96)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.SiLU()]
        layers += [nn.Conv2d(96, 32, 1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 8 * 8, 128), nn.SiLU()]
        self.body = nn.Sequential(*layers, nn.Linear(128, sum(self.heads)))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Scores of each head for pictures in 0..1, (n, 3, 128, 128)."""
        scores: Tensor = self.body(pictures * 2 - 1)
        return torch.split(scores, list(self.heads), dim=1)

    @torch.no_grad()
    def see(self, pictures: Tensor) -> list[Seen]:
        best = torch.stack([head.argmax(1) for head in self(pictures)], dim=1)
        return [_seen(row) for row in best.tolist()]


def _seen(row: list[int]) -> Seen:
    subjects = {}
    for i, place in enumerate(PLACES):
        kind, colour = row[3 + 2 * i], row[4 + 2 * i]
        if kind != NOTHING:
            subjects[place] = (KINDS[kind], COLOURS[colour])
    return Seen(TIMES[row[0]], GROUNDS[row[1]], SKIES[row[2]], subjects)


def seen_in(scene: Scene) -> Seen:
    """What a perfect judge sees in the scene's picture."""
    subjects = {s.place: (s.kind, s.colour) for s in scene.subjects}
    return Seen(scene.time, scene.ground, scene.sky, subjects)


def pictures_for_judging(count: int, seed: int) -> Pictures:
    """Rendered scenes, a quarter with a held-out pair: a judge has to know every pair, unlike the model it judges."""
    return drawn(scenes_of(count - count // 4, seed) + scenes_of(count // 4, seed, held_out=True), processes=2)


def shown(images: np.ndarray) -> Tensor:
    """uint8 (n, h, w, 3) to float in 0..1, (n, 3, h, w)."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 255


def roughened(pictures: Tensor, random: torch.Generator, contrast: float = 0.0) -> Tensor:
    """Blur, shift, noise and small colour shifts, so that the judge reads scenes and not the renderer's exact edges.

    `contrast`: how much more of it a picture gets at most, as guidance gives it.
    """
    if torch.rand((), generator=random) < 0.5:
        pictures = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    dx, dy = torch.randint(-3, 4, (2,), generator=random).tolist()
    pictures = functional.pad(pictures, (3, 3, 3, 3), mode="replicate")[..., 3 + dy : 131 + dy, 3 + dx : 131 + dx]
    if contrast:
        more = 1 + contrast * torch.rand((len(pictures), 1, 1, 1), generator=random)
        pictures = torch.lerp(pictures.mean(dim=(1, 2, 3), keepdim=True), pictures, more)
    tone = 1 + 0.04 * torch.randn((len(pictures), 3, 1, 1), generator=random)
    return (pictures * tone + 0.02 * torch.randn(pictures.shape, generator=random)).clamp(0, 1)


def train_judge(pictures: Pictures, steps: int = 1600, batch: int = 64, seed: int = 0) -> Judge:
    torch.manual_seed(seed)
    return teach(Judge(), pictures.images, labels_of(pictures.scenes), steps, batch, seed)


def teach(
    judge: Judge, images: np.ndarray, labels: Tensor, steps: int, batch: int, seed: int, contrast: float = 0.0
) -> Judge:
    """Learns the answers, int64 (n, heads), to uint8 pictures (n, h, w, 3); `contrast` as in `roughened`."""
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
    for _ in range(steps):
        chosen = torch.randint(len(images), (batch,), generator=random)
        scores = judge(roughened(shown(images[chosen.numpy()]), random, contrast))
        wanted = labels[chosen]
        loss = torch.stack([functional.cross_entropy(s, wanted[:, i]) for i, s in enumerate(scores)]).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return judge.eval()


def write(judge: Judge, path: Path = FILE) -> None:
    from safetensors.torch import save_file

    save_file({k: v.half().contiguous() for k, v in judge.state_dict().items()}, path)


def read_back(path: Path = FILE, heads: Sequence[int] = HEADS) -> Judge:
    from safetensors.torch import load_file

    judge = Judge(heads)
    judge.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return judge.eval()
