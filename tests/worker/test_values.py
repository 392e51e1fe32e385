"""What a link carries, asked of a real worker: from the cache alone, as the workflow stands or as it last ran."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import torch

from nodes.types import Image, Latent, LatentSpace, Mask
from server.graph.prompt import Link, Prompt, Step, encode
from server.messages import FoundValue, InspectValue, ValueInspected
from server.worker.values import SHOWN, LastRuns, Values
from tests.worker.speaking import SpokenWorker, make_home


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpokenWorker]:
    with SpokenWorker(make_home(tmp_path_factory.mktemp("values"))) as worker:
        yield worker


def inspect(
    worker: SpokenWorker, prompt: Prompt, node: str, output: str = "result", job: str = ""
) -> FoundValue | None:
    worker.send(InspectValue("ask", msgspec.Raw(encode(prompt)), node, output, job))
    return worker.wait_for(ValueInspected).found


def counting(value: int) -> Prompt:
    return {
        "n": Step("toys/number", 1, {"value": value}, ""),
        "t": Step("toys/tell", 1, {"value": Link("n", "result")}, ""),
    }


def test_a_value_is_told_as_the_workflow_stands_and_as_it_last_ran(worker: SpokenWorker) -> None:
    assert inspect(worker, counting(7), "n") is None
    worker.run(counting(7), "first")
    found = inspect(worker, counting(7), "n", job="first")
    assert found is not None
    assert (found.value.text, found.earlier) == ("7", False)
    assert inspect(worker, counting(8), "n") is None
    changed = inspect(worker, counting(8), "n", job="first")
    assert changed is not None
    assert (changed.value.text, changed.earlier) == ("7", True)


def test_what_does_not_exist_is_not_kept(worker: SpokenWorker) -> None:
    worker.run(counting(9))
    assert inspect(worker, counting(9), "n", "nonsense") is None
    assert inspect(worker, counting(9), "nowhere") is None
    assert inspect(worker, {"x": Step("no/such", 1, {}, "")}, "x") is None


def test_a_value_is_told_while_a_job_runs(worker: SpokenWorker) -> None:
    worker.run(counting(11))
    worker.start({"slow": Step("toys/linger", 1, {"seconds": 0.5}, ""), **counting(12)}, "long", targets=["slow"])
    found = inspect(worker, counting(11), "n")
    assert found is not None
    assert found.value.text == "11"


class Greys:
    """A preview recipe that shows the first channel."""

    size = 0

    def load(self, device: str, dtype: str) -> object:
        return lambda samples: samples[:, :1].movedim(1, -1).expand(-1, -1, -1, 3)


def drawing() -> Values:
    class Loading:
        def get(self, recipe: Greys) -> object:
            return recipe.load("cpu", "float32")

    loading: Any = Loading
    nothing: Any = None  # only its drawing is asked
    return Values(nothing, nothing, nothing, nothing, nothing, loading, nothing, LastRuns())


def test_images_masks_and_latents_are_drawn() -> None:
    draw = drawing()._drawn
    assert draw(Image(torch.zeros(9, 4, 5, 3))).shape == (SHOWN, 4, 5, 3)
    assert draw(Mask(torch.zeros(2, 4, 5))).shape == (2, 4, 5, 1)
    space = LatentSpace("toy", "Toy", 4, 8, 1.0, 0.0, Greys())
    assert draw(Latent(torch.zeros(1, 4, 6, 7), space)).shape == (1, 6, 7, 3)
    assert draw(Latent(torch.zeros(1, 4, 6, 7))) is None
    assert draw({"a": 1}) is None
    assert draw(5) is None
