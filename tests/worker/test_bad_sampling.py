"""What cannot be sampled is told in words before sampling starts: every family, through a worker's own process."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.graph.catalogue import Catalogue, from_json
from server.graph.prompt import Link, Prompt, Step
from server.graph.validate import validate
from server.messages import CatalogueReady, JobFailed, JobFinished, Progress
from tests.nodes import tiny_families as small
from tests.nodes.tiny import write_checkpoint
from tests.worker.speaking import SpokenWorker, Story

Write = Callable[[Path], Path]
FAMILIES: dict[str, Write] = {
    "sd1": write_checkpoint,
    "sd2": lambda path: small.sd2().write(path),
    "sdxl": lambda path: small.sdxl().write(path),
    "refiner": lambda path: small.refiner().write(path),
    "sd3": lambda path: small.sd3().write(path),
    "flux": lambda path: small.flux().write(path),
}
OTHERS = {"sd1": "sd3", "sd2": "flux", "sdxl": "sd1", "refiner": "sd3", "sd3": "sdxl", "flux": "sd2"}
"""For each family one whose latents and texts it cannot read."""
INNARDS = re.compile(r"shape|\btensor|torch|mat1|expected input|traceback|\w+Error\b|\[\d+, \d+", re.IGNORECASE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("families") / "home"
    checkpoints = home / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    for name, write in FAMILIES.items():
        write(checkpoints / f"{name}.safetensors")
    return home


@pytest.fixture(scope="module")
def worker(home: Path) -> Iterator[SpokenWorker]:
    with SpokenWorker(home) as worker:
        yield worker


@pytest.fixture(scope="module")
def catalogue(worker: SpokenWorker) -> Catalogue:
    return from_json(bytes(worker.wait_for(CatalogueReady).catalogue))


EACH = pytest.mark.parametrize("family", FAMILIES)


def workflow(family: str, **changes: dict[str, Any]) -> Prompt:
    """Text to picture in one step; `changes` are inputs by node."""
    steps = {
        "load": Step("load_checkpoint", 1, {"file": f"{family}.safetensors"}),
        "text": Step("encode_text", 1, {"text_encoder": Link("load", "text_encoder"), "text": "a fox"}),
        "size": Step("empty_latent", 1, {"width": 64, "height": 64}),
        "sample": Step("sample", 1, {
            "model": Link("load", "model"), "positive": Link("text", "result"), "latent": Link("size", "result"),
            "steps": 1, "guidance": 1.0,
        }),
        "decode": Step("decode_latent", 1, {"vae": Link("load", "vae"), "latent": Link("sample", "result")}),
        "show": Step("preview_image", 1, {"image": Link("decode", "result")}),
    }  # fmt: skip
    return {id: Step(step.type, 1, {**step.inputs, **changes.get(id, {})}) for id, step in steps.items()}


def told(story: Story) -> tuple[str, str, str]:
    """The node, the input and the words of a failure, which came before any step."""
    assert isinstance(story.ending, JobFailed), story.ending
    failure = story.ending.failure
    assert not [said for said in story.heard if isinstance(said, Progress) and said.node == "sample"]
    words = f"{failure.what} {failure.fix}"
    assert not INNARDS.search(words), words
    assert failure.fix
    return failure.node, failure.input, words


# ---------------------------------------------------------------- before the job is taken


@pytest.mark.parametrize(
    ("node", "input", "value", "words"),
    [
        ("sample", "steps", 0, "'steps' is 0, less than 1. Use a value from 1 to 10000."),
        ("sample", "steps", 10_001, "'steps' is 10001, more than 10000."),
        ("sample", "steps", 2.5, "takes whole numbers. Write 2."),
        ("sample", "guidance", math.nan, "'guidance' is NaN, which is not a finite number."),
        ("sample", "guidance", math.inf, "'guidance' is Infinity, which is not a finite number."),
        ("sample", "denoise", 1.5, "'denoise' is 1.5, more than 1."),
        ("sample", "sampler", "euler_b", "'sampler' is \"euler_b\", which is not among its choices. Choose one of eu"),
        ("sample", "schedule", "even", "'schedule' is \"even\", which is not among its choices. Choose one of normal"),
        ("size", "width", 0, "'width' is 0, less than 8."),
        ("size", "height", 20_000, "'height' is 20000, more than 16384."),
        ("load", "file", "gone.safetensors", "gone.safetensors"),
    ],
)
def test_a_value_that_no_model_takes_is_refused_with_the_workflow(
    catalogue: Catalogue, home: Path, node: str, input: str, value: Any, words: str
) -> None:
    def there(folder: str, name: str) -> bool:
        return (home / "models" / folder / name).is_file()

    assert validate(workflow("sd1"), catalogue, there) == []
    (problem,) = validate(workflow("sd1", **{node: {input: value}}), catalogue, there)
    assert (problem.node, problem.input, problem.level) == (node, input, "error")
    assert words in f"{problem.what} {problem.fix}"
    assert problem.fix and not INNARDS.search(problem.what)


# ---------------------------------------------------------------- before the first step


@EACH
def test_a_good_workflow_runs_at_sizes_that_8_divides(worker: SpokenWorker, catalogue: Catalogue, family: str) -> None:
    story = worker.run(workflow(family, size={"width": 72, "height": 56}))
    assert isinstance(story.ending, JobFinished), story.ending
    assert story.states["show"] == "done"


@EACH
def test_a_size_that_8_does_not_divide_is_told_with_those_beside_it(
    worker: SpokenWorker, catalogue: Catalogue, family: str
) -> None:
    node, input, words = told(worker.run(workflow(family, size={"width": 100})))
    assert (node, input) == ("size", "width")
    assert words.endswith("The width is 100, which 8 does not divide. Use 96 or 104.")


@EACH
def test_a_latent_of_another_family_is_told_by_both_names(
    worker: SpokenWorker, catalogue: Catalogue, family: str
) -> None:
    other = {f"other {id}": step for id, step in workflow(OTHERS[family]).items() if id in ("load", "size", "sample")}
    other["other text"] = workflow(OTHERS[family])["text"]
    joined = {
        id: Step(step.type, 1, {
            name: Link(f"other {value.node}", value.output) if isinstance(value, Link) else value
            for name, value in step.inputs.items()
        })
        for id, step in other.items()
    }  # fmt: skip
    prompt = {**joined, **workflow(family, sample={"latent": Link("other sample", "result")})}
    prompt.pop("size")
    node, input, words = told(worker.run(prompt))
    assert (node, input) == ("sample", "latent")
    assert re.search(r"The latent is one of .* channels\), but the model reads those of .* channels\)\.", words)


@EACH
def test_a_text_of_another_family_is_told_by_both_widths(
    worker: SpokenWorker, catalogue: Catalogue, family: str
) -> None:
    prompt = workflow(family, text={"text_encoder": Link("other", "text_encoder")})
    prompt["other"] = Step("load_checkpoint", 1, {"file": f"{OTHERS[family]}.safetensors"})
    node, input, words = told(worker.run(prompt))
    assert (node, input) == ("sample", "positive")
    assert "Take the text encoder from the model's checkpoint." in words


@pytest.mark.parametrize("family", ["sd1", "sd3"])
def test_a_range_without_steps_is_told(worker: SpokenWorker, catalogue: Catalogue, family: str) -> None:
    node, input, words = told(worker.run(workflow(family, sample={"start_step": 5, "steps": 4})))
    assert (node, input) == ("sample", "start_step")
    assert words.endswith("It starts at step 5 of 4, so no step is left. Use 0 to 3.")


def test_a_picture_beyond_the_places_of_stable_diffusion_3_is_told_in_pixels(
    worker: SpokenWorker, catalogue: Catalogue
) -> None:
    """The small one has places for 16 patches of 16 pixels along an edge."""
    node, input, words = told(worker.run(workflow("sd3", size={"width": 264})))
    assert (node, input) == ("sample", "latent")
    assert "264 x 64; the model has places for 256 pixels along an edge" in words


@EACH
def test_a_file_that_vanishes_or_changes_between_runs_is_told_by_its_name(
    worker: SpokenWorker, catalogue: Catalogue, home: Path, family: str
) -> None:
    path = home / "models" / "checkpoints" / f"passing {family}.safetensors"
    (path.parent / f"{family}.safetensors").rename(path)
    prompt = workflow(f"passing {family}", sample={"seed": 8})
    assert isinstance(worker.run(prompt).ending, JobFinished)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert path.name in told(worker.run(prompt))[2]
    path.unlink()
    node, input, words = told(worker.run(prompt))
    assert (node, input) == ("load", "file")
    assert path.name in words
    (path.parent / f"{family}.safetensors").write_bytes(whole)
