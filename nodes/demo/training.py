"""What both stages share: seeds, learning rate, averaged weights, checkpoints.

Every random number of a step comes from `(seed, step)` alone, so that a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import platformdirs
import torch
from torch import Tensor, nn

from nodes.demo.muon import Muon, is_hidden, orthogonal_cost

T = TypeVar("T")
R = TypeVar("R")
SHARES = 2  # of a batch on a CPU, a fixed number: the sum of their gradients depends on it in the last bits
Share = Callable[[], Tensor]  # the mean loss of one part of a batch


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn. Resuming with other `steps` moves the decay, which is how a run ends early."""

    steps: int
    batch: int
    rate: float  # of AdamW
    hidden_rate: float  # of Muon
    warmup: int = 200
    decay: float = 0.3
    average: float = 0.998
    seed: int = 0
    save_every: int = 250

    def rate_at(self, step: int) -> float:
        """The share of the full rates: warm up, stay, then decay linearly to 1% (warmup-stable-decay)."""
        up = min(1.0, (step + 1) / self.warmup)
        down = min(1.0, (self.steps - step) / max(1.0, self.decay * self.steps))
        return up * max(0.01, down)


def random_of(seed: int, step: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def default_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself. A CPU that only imitates it takes ten times float32's time."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def mixed_precision(device: torch.device) -> torch.autocast:
    """A step in bfloat16 where that is the faster way, in float32 elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device))


def default_work() -> Path:
    return platformdirs.user_cache_path("latent-loom") / "demo"


def shares_of(batch: int, device: torch.device) -> list[slice]:
    """How a batch is shared out: two halves on a CPU, which is a third faster than eighths; a GPU takes it whole."""
    count = SHARES if device.type == "cpu" and batch % SHARES == 0 else 1
    return [slice(i * batch // count, (i + 1) * batch // count) for i in range(count)]


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(SHARES, initializer=torch.set_num_threads, initargs=(1,))


def in_threads(work: Callable[[T], R], items: Sequence[T], device: torch.device) -> list[R]:
    """The work on each item: on a CPU by a few threads with one core each, in turn on a GPU or where torch has one.

    Threads that meet once a step get on far better than single operations split in two, on a busy machine above all.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or len(items) == 1 or threads == 1:
        return [work(item) for item in items]
    torch.set_num_threads(1)
    done = list(_pool().map(work, items))
    torch.set_num_threads(threads)
    return done


@dataclass
class Run:
    """One stage's learning state: the weights, their average, the optimizer, the next step."""

    model: nn.Module
    plan: Plan
    checkpoint: Path
    step: int = 0
    average: dict[str, Tensor] = field(default_factory=dict)
    _losses: list[float] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.device = next(self.model.parameters()).device
        named = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        self.weights = [p for _, p in named]
        hidden = sorted((p for n, p in named if is_hidden(n, p)), key=orthogonal_cost)
        other = [p for n, p in named if not is_hidden(n, p)]
        dtype = torch.bfloat16 if has_fast_bfloat16(self.device) else torch.float32
        halves = [Muon(half, self.plan.hidden_rate, dtype) for half in (hidden[::2], hidden[1::2]) if half]
        self.optimizers: list[tuple[torch.optim.Optimizer, float]] = [(muon, self.plan.hidden_rate) for muon in halves]
        if other:
            adam = torch.optim.AdamW(other, lr=self.plan.rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
            self.optimizers.append((adam, self.plan.rate))
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        if self.checkpoint.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True, map_location="cpu")
        self.model.load_state_dict(state["model"])
        for (optimizer, _), saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.average = {k: v.to(self.device) for k, v in state["average"].items()}
        self.step = state["step"]

    def save(self) -> None:
        """Write beside and rename, so that a run killed here leaves the last whole checkpoint."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        beside = self.checkpoint.with_suffix(".part")
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer, _ in self.optimizers],
            "average": self.average,
            "step": self.step,
        }
        torch.save(state, beside)
        beside.replace(self.checkpoint)

    def learn(self, shares: Sequence[Share]) -> None:
        """One optimizer step on the mean loss of the equal shares, then the average, the log, the checkpoint."""
        found = in_threads(self._gradients, shares, self.device)
        self._take_gradients([gradients for _, gradients in found])
        self._step_optimizers()
        self._follow()
        self.step += 1
        self._losses.append(sum(loss for loss, _ in found) / len(found))
        if self.step % 50 == 0:
            self._report()
        if self.step % self.plan.save_every == 0 or self.step == self.plan.steps:
            self.save()

    def _gradients(self, share: Share) -> tuple[float, tuple[Tensor | None, ...]]:
        with torch.enable_grad():
            loss = share()
            return loss.item(), torch.autograd.grad(loss, self.weights, allow_unused=True)

    def _take_gradients(self, found: list[tuple[Tensor | None, ...]]) -> None:
        """The mean of the shares' gradients, summed in place: these are copies of the whole model."""
        for weight, *gradients in zip(self.weights, *found, strict=True):
            first, *others = gradients
            if first is not None:
                for other in others:
                    first += other
                first /= len(gradients)
            weight.grad = first

    def _step_optimizers(self) -> None:
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        share = self.plan.rate_at(self.step)
        for optimizer, rate in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        in_threads(lambda pair: pair[0].step(), self.optimizers, self.device)

    def _follow(self) -> None:
        keep = min(self.plan.average, (self.step + 1) / (self.step + 10))
        names = [name for name, value in self.average.items() if value.is_floating_point()]
        weights = self.model.state_dict()
        with torch.no_grad():
            torch._foreach_lerp_([self.average[n] for n in names], [weights[n] for n in names], 1 - keep)

    def restart_average(self) -> None:
        """After a change of the weights that no optimizer made: the old average is of another model."""
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def _report(self) -> None:
        mean = sum(self._losses) / len(self._losses)
        each = (time.monotonic() - self._since) / len(self._losses)
        left = each * (self.plan.steps - self.step) / 60
        where = f"step {self.step}/{self.plan.steps} loss {mean:.5f} rate {self.plan.rate_at(self.step):.0%}"
        sys.stdout.write(f"{where} {each:.2f} s/step {left:.0f} min left\n")
        sys.stdout.flush()
        self._losses.clear()
        self._since = time.monotonic()
