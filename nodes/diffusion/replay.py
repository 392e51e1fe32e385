"""Networks recorded as CUDA graphs: a step is one launch instead of thousands, which a CPU cannot send fast enough.

The first forward of a shape runs as ever, so a first picture waits for nothing. When a shape comes again it is
recorded, which takes about two forwards, and replayed from then on (Gray, "Getting started with CUDA graphs", NVIDIA
2019). The same kernels run in the same order, so the numbers are the same; the first replay is compared with a plain
forward, and a network that cannot be recorded, or gives something else, runs plainly as before.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

FIRST_RECORDED = 2
"""Uses of a shape, from which on it is recorded."""
MOST = 3
"""Recordings a network keeps: each holds what its shape needs to compute in."""
REMEMBERED = 64
"""Shapes whose uses are counted."""
TOLERANCE = 1e-2
"""Of the largest value, what a replay may differ by from a plain forward in 16 bits."""

Forward = Callable[..., Any]


class Recording(Protocol):
    """A forward on inputs in fixed places of memory."""

    def __call__(self, inputs: list[Tensor]) -> Any:
        """What the forward gives for these; good until the next call."""
        ...


Record = Callable[[Callable[[list[Tensor]], Any], list[Tensor]], Recording]
"""Records a function of tensors, given tensors of the shapes it is to be called with."""


class GraphRecording:
    """A CUDA graph with its inputs. Must be made and called on one thread."""

    def __init__(self, function: Callable[[list[Tensor]], Any], inputs: list[Tensor]) -> None:
        self.inputs = [torch.empty_like(given).copy_(given) for given in inputs]
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # libraries set themselves up in here, which must not be recorded
            function(self.inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        # Another thread may decode meanwhile: what it asks of the device is not this recording's concern.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.output = function(self.inputs)

    def __call__(self, inputs: list[Tensor]) -> Any:
        for place, given in zip(self.inputs, inputs, strict=True):
            place.copy_(given)
        self.graph.replay()
        return self.output


@dataclass
class Known:
    """A shape: how often it came, its recording, and where the weights lay when it was recorded."""

    uses: int = 0
    recording: Recording | None = None
    weights: tuple[int, ...] = ()


class Replayed:
    """Stands in for the `forward` of a network whose shapes come again and again.

    While something acts on the network for the length of a forward (hooks, exchanged layers or attention), it runs
    plainly. Weights may change in place; when they move, what was recorded is recorded anew.
    """

    def __init__(self, network: nn.Module, record: Record = GraphRecording) -> None:
        self.network, self.plain, self.record = network, network.forward, record
        self.known: OrderedDict[Any, Known] = OrderedDict()
        self.layers: tuple[int, ...] | None = None
        """As they are at the first forward, when the model is complete."""
        self.works = True

    def __call__(self, *args: Any, **given: Any) -> Any:
        if not self.works or torch.is_grad_enabled() or not self.is_itself():
            return self.plain(*args, **given)
        inputs: list[Tensor] = []
        try:
            form = form_of((args, given), inputs)
        except TypeError:
            return self.plain(*args, **given)
        known = self.known.setdefault(form, Known())
        self.known.move_to_end(form)
        known.uses += 1
        weights = tuple(tensor.data_ptr() for tensor in tensors_of(self.network))
        if known.recording is not None and known.weights == weights:
            return taken(known.recording(inputs))
        plain = self.plain(*args, **given)
        if known.uses >= FIRST_RECORDED:
            known.recording, known.weights = self.recorded((args, given), inputs, plain), weights
            self.forget_oldest()
        return plain

    def is_itself(self) -> bool:
        """Whether nothing acts on the network."""
        layers = layers_of(self.network)
        self.layers = self.layers or layers
        return layers is not None and layers == self.layers

    def recorded(self, given: Any, inputs: list[Tensor], plain: Any) -> Recording | None:
        """A recording that gives what the plain forward gave; None, and never again, where there is none."""

        def run(tensors: list[Tensor]) -> Any:
            args, named = rebuilt(given, iter(tensors))
            return self.plain(*args, **named)

        try:
            recording = self.record(run, inputs)
            if agree(recording(inputs), plain):
                return recording
            reason = "a replay differs from a plain forward"
        except RuntimeError as error:  # what cannot be recorded, or memory that does not suffice
            reason = str(error).partition("\n")[0]
        self.works = False
        self.known.clear()
        print(f"worker: steps are not replayed as a CUDA graph: {reason}", file=sys.stderr)
        return None

    def forget_oldest(self) -> None:
        recorded = [known for known in self.known.values() if known.recording is not None]
        for known in recorded[:-MOST]:
            known.recording = None
        while len(self.known) > REMEMBERED:
            self.known.popitem(last=False)


def replay_on_gpu(network: nn.Module, device: str) -> None:
    """Have a network's forward recorded where that helps: on an NVIDIA GPU."""
    if device.startswith("cuda"):
        network.forward = Replayed(network)


def layers_of(network: nn.Module) -> tuple[int, ...] | None:
    """Which layers and ways of attention there are, by identity; None while hooks or other forwards act on them."""
    found = []
    for layer in network.modules():
        own = vars(layer)
        if layer is not network and "forward" in own:
            return None
        if own["_forward_hooks"] or own["_forward_pre_hooks"]:
            return None
        found += [id(layer), id(own.get("processor"))]
    return tuple(found)


def tensors_of(network: nn.Module) -> Iterator[Tensor]:
    yield from network.parameters()
    yield from network.buffers()


# ---------------------------------------------------------------- what a forward is given


def form_of(value: Any, tensors: list[Tensor]) -> Any:
    """All of it but the numbers in its tensors, to be compared and looked up; its tensors are added to the list.

    Raises TypeError for what is neither plain nor a tensor.
    """
    if isinstance(value, Tensor):
        tensors.append(value)
        return (tuple(value.shape), value.dtype, value.device)
    if isinstance(value, dict):
        return tuple((name, form_of(each, tensors)) for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return (type(value), *(form_of(each, tensors) for each in value))
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(type(value))


def rebuilt(value: Any, tensors: Iterator[Tensor]) -> Any:
    """The same with other tensors."""
    if isinstance(value, Tensor):
        return next(tensors)
    if isinstance(value, dict):
        return {name: rebuilt(each, tensors) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([rebuilt(each, tensors) for each in value])
    return value


def taken(output: Any) -> Any:
    """A copy: the next replay writes over the original."""
    held: list[Tensor] = []
    form_of(output, held)
    return rebuilt(output, iter([tensor.clone() for tensor in held]))


def agree(one: Any, other: Any) -> bool:
    """Whether two outputs are the same but for rounding."""
    ours: list[Tensor] = []
    theirs: list[Tensor] = []
    if form_of(one, ours) != form_of(other, theirs):
        return False
    pairs = zip(ours, theirs, strict=True)
    return all(bool((a - b).abs().max() <= TOLERANCE * b.abs().max()) for a, b in pairs)
