"""Weights in memory: what stays, what leaves first, how much is kept, and what is said when nothing helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from server.engine.failures import fault_of
from server.worker.context import Bench, Users, WorkerContext
from server.worker.device import Device
from server.worker.memory import Keeping, Memory, NotEnoughMemory, Weights, is_shortage

MIB = 2**20
CPU = Device("cpu", "float32", "CPU")


@dataclass(frozen=True)
class Plain:
    """A recipe of so many MiB."""

    name: str
    mib: int

    @property
    def size(self) -> int:
        return self.mib * MIB

    def load(self, device: str, dtype: str) -> Any:
        COMPUTER.load(self.name)
        return self.name


@dataclass(frozen=True)
class Shrinking(Plain):
    """One that can be kept in half and in a quarter of the memory."""

    title = "denoiser of big.safetensors"

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        return {"whole": self.size, "low": self.size // 2, "lowest": self.size // 4}

    def load(self, device: str, dtype: str, keeping: str = "whole") -> Any:
        COMPUTER.load(self.name)
        return f"{self.name} {keeping}"


@dataclass
class Computer:
    """Memory that other programs use too, and what was loaded into it."""

    total: int = 1000 * MIB
    others: int = 0
    loads: list[str] = field(default_factory=list)
    fails: list[BaseException] = field(default_factory=list)
    refuses: list[BaseException] = field(default_factory=list)
    """Raised by changes."""

    def load(self, name: str) -> None:
        self.loads.append(name)
        if self.fails:
            raise self.fails.pop(0)

    def weights(self, mode: str = "auto", budget: int | None = None) -> Weights:
        def measured(_: Device) -> Memory:
            return Memory(self.total, self.total - self.others - sum(held.size for held in made.held()))

        made = Weights(CPU, mode, budget, measured)
        return made


COMPUTER = Computer()


@pytest.fixture(autouse=True)
def computer() -> Computer:
    COMPUTER.__init__()  # type: ignore[misc]
    return COMPUTER


def names(weights: Weights) -> set[str]:
    return {str(held.weights) for held in weights.held()}


def ask(weights: Weights, recipes: Sequence[Plain]) -> None:
    for recipe in recipes:
        weights.get(recipe)


TEXT, UNET, VAE = Plain("text", 200), Plain("unet", 500), Plain("vae", 150)


def test_what_fits_is_loaded_once_and_stays(computer: Computer) -> None:
    weights = computer.weights()
    ask(weights, [TEXT, UNET, VAE] * 3)
    assert computer.loads == ["text", "unet", "vae"]
    assert [(held.title, held.size) for held in weights.held()] == [
        ("Plain", 500 * MIB), ("Plain", 200 * MIB), ("Plain", 150 * MIB),
    ]  # fmt: skip


def test_memory_that_other_programs_take_is_measured(computer: Computer) -> None:
    weights = computer.weights()
    ask(weights, [TEXT, UNET])
    computer.others = 150 * MIB
    weights.get(VAE)
    assert names(weights) == {"unet", "vae"}


def test_a_budget_holds_even_where_more_is_free(computer: Computer) -> None:
    weights = computer.weights(budget=700 * MIB)
    ask(weights, [TEXT, UNET, VAE])
    assert names(weights) == {"unet", "vae"}


def test_without_a_past_the_least_recently_used_leaves_first(computer: Computer) -> None:
    computer.total = 900 * MIB
    weights = computer.weights()
    ask(weights, [UNET, TEXT, VAE])
    assert names(weights) == {"text", "vae"}


def test_with_a_past_what_is_wanted_last_leaves_first(computer: Computer) -> None:
    """Run after run asks for a, b, c. Two fit: the least recently used would always be the one that is wanted next."""
    computer.total = 1000 * MIB
    a, b, c = (Plain(name, 300) for name in "abc")
    weights = computer.weights(budget=700 * MIB)
    ask(weights, [a, b, c] * 2)
    computer.loads.clear()
    ask(weights, [a, b, c] * 4)
    assert len(computer.loads) <= 6  # the least recently used: 12


def test_all_that_was_let_go_counts_as_free(computer: Computer) -> None:
    weights = computer.weights()
    ask(weights, [TEXT, UNET])
    weights.clear()
    assert (weights.held(), weights.memory().free) == ([], computer.total)


@pytest.mark.parametrize("mib, keeping, size", [(500, "whole", 500), (1200, "low", 600)], ids=str)
def test_auto_keeps_as_much_as_fits(computer: Computer, mib: int, keeping: str, size: int) -> None:
    weights = computer.weights()
    assert weights.get(Shrinking("big", mib)) == f"big {keeping}"
    (held,) = weights.held()
    assert (held.keeping, held.size, held.title) == (keeping, size * MIB, "denoiser of big.safetensors")


def test_auto_never_changes_the_numbers_but_says_how_that_would_help(computer: Computer) -> None:
    with pytest.raises(NotEnoughMemory, match=r"needs 1\.4 GiB") as caught:
        computer.weights().get(Shrinking("big", 2800))
    assert caught.value.fix.endswith("or start with --memory lowest.")
    assert computer.weights("lowest").get(Shrinking("big", 2800)) == "big lowest"


@pytest.mark.parametrize("mode, keeping", [("normal", "whole"), ("low", "low"), ("lowest", "lowest")])
def test_the_setting_decides_what_auto_would_measure(computer: Computer, mode: str, keeping: str) -> None:
    weights = computer.weights(mode)
    assert weights.get(Shrinking("big", 400)) == f"big {keeping}"
    assert weights.get(TEXT) == "text"  # what cannot be kept in less is kept whole


def test_what_cannot_fit_is_refused_before_it_is_read_with_all_sizes_and_the_next_one_works(
    computer: Computer,
) -> None:
    weights = computer.weights("normal")
    weights.get(TEXT)
    with pytest.raises(NotEnoughMemory) as caught:
        weights.get(Shrinking("big", 4096))
    assert str(caught.value) == (
        "denoiser of big.safetensors needs 4.0 GiB; 800 MiB of 1000 MiB are free, and models hold 200 MiB "
        "(Plain 200 MiB)."
    )
    assert caught.value.fix == "Close other programs, take a smaller model, or start with --memory low."
    assert computer.loads == ["text"]
    assert weights.get(VAE) == "vae"


def test_room_to_compute_in_is_made_by_what_is_not_in_use(computer: Computer) -> None:
    weights = computer.weights()
    for recipe in (TEXT, UNET, VAE):
        weights.get(recipe)
    weights.make_room(weights.memory().free + MIB, beside=[UNET])
    assert [held.title for held in weights.held()] == ["Plain", "Plain"], "one was enough"
    with pytest.raises(
        NotEnoughMemory, match=r"^This takes more than 1000 MiB to compute; .* MiB of 1000 MiB are"
    ) as caught:
        weights.make_room(1000 * MIB, beside=[UNET])
    assert caught.value.fix.startswith("Make the picture or the batch smaller")
    assert len(weights.held()) == 1, "what is in use stays"


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")]
)
def test_a_load_that_runs_short_is_tried_again_alone(computer: Computer, error: BaseException) -> None:
    weights = computer.weights()
    weights.get(TEXT)
    computer.fails = [error]
    assert weights.get(UNET) == "unet"
    assert names(weights) == {"unet"}


def test_another_error_of_a_load_is_the_callers(computer: Computer) -> None:
    computer.fails = [RuntimeError("the shapes in memory differ")]
    with pytest.raises(RuntimeError, match="shapes"):
        computer.weights().get(UNET)
    assert computer.loads == ["unet"]


@pytest.mark.parametrize(
    "error, short",
    [
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shared memory file not found"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_a_shortage_is_told_from_other_errors(error: BaseException, short: bool) -> None:
    assert is_shortage(error) is short


def test_a_node_that_runs_short_is_told_what_held_the_memory_and_all_of_it_leaves(computer: Computer) -> None:
    weights = computer.weights()
    weights.get(UNET)
    context = WorkerContext("n", bench(weights))
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 68719476736 bytes.")
    try:
        raise error
    except RuntimeError:
        context.close()
    told: Any = error
    assert told.fix == (
        "500 MiB of 1000 MiB were free, and models hold 500 MiB (Plain 500 MiB). Every model has left memory now, so "
        "run it again; if it is still too much, make the picture or the batch smaller, or start with --memory lowest."
    )
    assert weights.held() == []


def test_an_allocation_that_truly_fails_is_told_with_all_sizes_and_the_next_one_works(computer: Computer) -> None:
    weights = computer.weights()
    weights.get(UNET)
    context = WorkerContext("n", bench(weights))
    with pytest.raises(RuntimeError) as caught:
        try:
            torch.empty(2**55, dtype=torch.uint8)
        except RuntimeError:
            context.close()
            raise
    fault = fault_of(caught.value, "n", "Sample")
    assert fault.what.startswith("Sample: the memory did not suffice when it asked for 36028797018963968 bytes.")
    assert fault.fix.startswith("500 MiB of 1000 MiB were free, and models hold 500 MiB (Plain 500 MiB).")
    assert weights.get(UNET) == "unet"


# ---------------------------------------------------------------- changed in place


@dataclass(frozen=True)
class Base(Plain):
    """Loads something that can be changed: a list of what has been done to it."""

    def load(self, device: str, dtype: str, keeping: str = "whole") -> Any:
        COMPUTER.load(self.name)
        return [self.name]

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        return {"whole": self.size}


@dataclass(frozen=True)
class Changed:
    """Its base with one thing done to it."""

    base: Base
    what: str
    mib: int = 10

    @property
    def size(self) -> int:
        return self.base.size

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        return self.base.sizes(device, dtype)

    def extra(self) -> int:
        return self.mib * MIB

    def load(self, device: str, dtype: str, keeping: str = "whole") -> Any:
        weights = self.base.load(device, dtype, keeping)
        self.change(weights)
        return weights

    def change(self, weights: Any) -> Callable[[], None]:
        if COMPUTER.refuses:
            raise COMPUTER.refuses.pop()
        weights.append(self.what)
        return lambda: weights.remove(self.what)


BASE = Base("base", 300)
CRAYON, NEON = Changed(BASE, "crayon"), Changed(BASE, "neon")


def test_changes_take_turns_on_one_base_which_is_read_once(computer: Computer) -> None:
    weights = computer.weights()
    turns: list[tuple[Base | Changed, list[str]]] = [
        (CRAYON, ["base", "crayon"]), (NEON, ["base", "neon"]), (BASE, ["base"]), (NEON, ["base", "neon"]),
        (CRAYON, ["base", "crayon"]),
    ]  # fmt: skip
    for recipe, wanted in turns:
        assert weights.get(recipe) == wanted
        assert weights.get(recipe) == wanted
    assert computer.loads == ["base"]
    assert [held.size for held in weights.held()] == [BASE.size]


def test_a_node_that_uses_one_base_in_two_ways_has_both_right(computer: Computer) -> None:
    context = WorkerContext("n", bench(computer.weights()))
    crayon, plain, neon = (context.weights(recipe) for recipe in (CRAYON, BASE, NEON))
    assert (crayon, plain, neon) == (["base", "crayon"], ["base"], ["base", "neon"])
    assert context.weights(CRAYON) is crayon and context.weights(BASE) is plain


def test_two_nodes_take_turns_without_a_copy(computer: Computer) -> None:
    weights = computer.weights()
    for recipe in (CRAYON, BASE, NEON):
        WorkerContext("n", bench(weights)).weights(recipe)
    assert computer.loads == ["base"]


def test_room_is_made_for_what_changes(computer: Computer) -> None:
    computer.total = 700 * MIB
    weights = computer.weights()
    ask(weights, [TEXT, BASE])
    weights.get(Changed(BASE, "all of it", 200))
    assert names(weights) == {"['base', 'all of it']"}


def test_a_change_that_runs_short_is_tried_again_alone(computer: Computer) -> None:
    weights = computer.weights()
    ask(weights, [TEXT, BASE])
    computer.refuses = [MemoryError()]
    assert weights.get(CRAYON) == ["base", "crayon"]
    assert len(weights.held()) == 1


def test_a_change_that_is_refused_leaves_the_base(computer: Computer) -> None:
    weights = computer.weights()
    weights.get(CRAYON)
    computer.refuses = [ValueError("the file is gone")]
    with pytest.raises(ValueError, match="gone"):
        weights.get(NEON)
    assert weights.get(BASE) == ["base"]
    assert weights.get(NEON) == ["base", "neon"]


def test_what_left_memory_comes_back_as_it_is_asked_for(computer: Computer) -> None:
    weights = computer.weights()
    weights.get(CRAYON)
    weights.clear()
    assert weights.get(BASE) == ["base"]
    assert computer.loads == ["base", "base"]


def bench(weights: Weights) -> Bench:
    class Silent:
        def flush(self) -> None: ...

    nothing: Any = None
    events: Any = Silent()
    return Bench("j", nothing, events, nothing, nothing, lambda: CPU, lambda: weights, lambda: False, Users())
