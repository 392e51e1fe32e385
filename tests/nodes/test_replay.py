"""Networks that are recorded and replayed: the same numbers, and plain forwards wherever something acts on them.

What a GPU does is stood in for by a recording that runs the network again on inputs in fixed places; the real one is
tried where there is a CUDA device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nodes.diffusion.replay import MOST, GraphRecording, Replayed


class Network(nn.Module):
    """Reads a tensor, and more tensors by name, as UNets read what ControlNets add."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor, added: tuple[Tensor, ...] = (), scale: float = 1.0) -> tuple[Tensor]:
        return (self.last(self.first(x).relu()) * scale + sum(added),)


class Recorder:
    """Makes recordings; counts them and their replays."""

    def __init__(self, error: float = 0.0) -> None:
        self.made = self.replayed = 0
        self.error = error

    def __call__(self, function: Callable[[list[Tensor]], Any], inputs: list[Tensor]) -> Any:
        self.made += 1
        places = [given.clone() for given in inputs]
        output = function(places)

        def replay(new: list[Tensor]) -> Any:
            self.replayed += 1
            for place, given in zip(places, new, strict=True):
                place.copy_(given)
            for into, fresh in zip(output, function(places), strict=True):
                into.copy_(fresh + self.error)
            return output

        return replay


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def made(error: float = 0.0) -> tuple[Network, Recorder]:
    network, recorder = Network(), Recorder(error)
    network.forward = Replayed(network, recorder)  # type: ignore[method-assign]
    return network, recorder


def plain(network: Network, *args: Any, **given: Any) -> Tensor:
    return Network.forward(network, *args, **given)[0]


def test_the_first_forward_is_plain_and_a_shape_that_comes_again_is_replayed_with_the_same_numbers() -> None:
    network, recorder = made()
    for turn in range(5):
        x, added = torch.randn(2, 4), (torch.randn(2, 4),)
        assert torch.equal(network(x, added=added)[0], plain(network, x, added=added))
        assert recorder.made == min(turn, 1)
    assert recorder.replayed == 1 + 3  # once to compare


def test_other_shapes_and_other_constants_are_others() -> None:
    network, recorder = made()
    for given in ({"x": torch.ones(1, 4)}, {"x": torch.ones(2, 4)}, {"x": torch.ones(1, 4), "scale": 2.0}) * 3:
        assert torch.equal(network(**given)[0], plain(network, **given))
    assert recorder.made == 3


def test_what_was_given_is_not_written_over_by_the_next() -> None:
    network, _ = made()
    x = torch.randn(1, 4)
    given = [network(x * turn)[0] for turn in range(4)]
    assert all(torch.equal(one, plain(network, x * turn)) for turn, one in enumerate(given))


def test_while_something_acts_on_a_layer_it_is_not_replayed() -> None:
    network, recorder = made()
    x = torch.randn(1, 4)
    for _ in range(3):
        network(x)
    replayed = recorder.replayed
    hook = network.first.register_forward_hook(lambda layer, args, output: output * 0)
    assert torch.equal(network(x)[0], network.last.bias[None])
    hook.remove()
    network.first.forward = lambda input: input.new_zeros(1, 8)  # type: ignore[method-assign]
    assert torch.equal(network(x)[0], network.last.bias[None])
    del network.first.forward
    assert recorder.replayed == replayed
    assert torch.equal(network(x)[0], plain(network, x)) and recorder.replayed == replayed + 1


def test_weights_may_change_in_place_and_when_they_move_it_is_recorded_anew() -> None:
    network, recorder = made()
    x = torch.randn(1, 4)
    for _ in range(3):
        network(x)
    network.last.weight.data.mul_(2)
    assert torch.equal(network(x)[0], plain(network, x)) and recorder.made == 1
    network.last.weight = nn.Parameter(torch.randn(4, 8), requires_grad=False)
    for _ in range(2):
        assert torch.equal(network(x)[0], plain(network, x))
    assert recorder.made == 2


def test_a_network_that_cannot_be_recorded_runs_plainly_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    network = Network()

    def refuse(function: Any, inputs: Any) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    network.forward = Replayed(network, refuse)  # type: ignore[method-assign]
    x = torch.randn(1, 4)
    for _ in range(4):
        assert torch.equal(network(x)[0], plain(network, x))
    assert capsys.readouterr().err.count("operation not permitted") == 1


def test_a_recording_that_gives_something_else_is_never_used() -> None:
    network, recorder = made(error=0.5)
    x = torch.randn(1, 4)
    for _ in range(4):
        assert torch.equal(network(x)[0], plain(network, x))
    assert (recorder.made, recorder.replayed) == (1, 1)


def test_only_the_newest_recordings_are_kept() -> None:
    network, recorder = made()
    shapes = [torch.randn(size, 4) for size in range(1, MOST + 2)]
    for x in shapes:
        network(x), network(x)
    before = recorder.replayed
    network(shapes[-1])
    assert recorder.replayed == before + 1
    network(shapes[0])
    assert recorder.replayed == before + 2 and recorder.made == MOST + 2  # recorded again, and compared


def test_with_gradients_it_runs_plainly() -> None:
    with torch.inference_mode(False):
        network, recorder = made()
        x = torch.randn(1, 4, requires_grad=True)
        for _ in range(3):
            network(x)[0].sum().backward()
    assert recorder.made == 0 and x.grad is not None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_a_recorded_unet_gives_what_a_plain_one_gives() -> None:
    torch.manual_seed(0)
    unet: Any = import_module("diffusers").UNet2DConditionModel(
        block_out_channels=(32, 64), cross_attention_dim=32, attention_head_dim=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ).cuda().half().eval()  # fmt: skip
    ordinary = unet.forward
    unet.forward = Replayed(unet, GraphRecording)
    for _ in range(4):
        x, text = torch.randn(2, 4, 32, 32).cuda().half(), torch.randn(2, 77, 32).cuda().half()
        time = torch.rand(2).cuda() * 999
        ours = unet(x, time, text, return_dict=False)[0]
        theirs = ordinary(x, time, text, return_dict=False)[0]
        assert torch.allclose(ours, theirs, atol=1e-2)
    assert unet.forward.works
