"""Weights by recipe: loaded once, kept while memory lasts, and let go in the order in which they are least missed.

How much fits is measured, not assumed: other programs need memory too. When it is short, the weights that are
wanted last leave first. Nobody knows the future, but workflows are run again and again: what was asked for after
this recipe the last time will be asked for in the same order again.

A recipe that changes another's weights (a LoRA) never makes a second copy: the base is changed in place when the
recipe is asked for, and put back when the base is asked for some other way. A node that uses both at once says so, and
then has a copy of its own.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import psutil

from server.messages import MemoryUse, ModelInMemory
from server.worker import sentences as say
from server.worker.device import Device

ROOM = 2**30
"""Bytes left free beside the weights, for what is computed with them, and at most this share of all memory."""
ROOM_SHARE = 0.1
REMEMBERED = 256
"""Requests that are remembered."""
Keeping = Literal["whole", "low", "lowest"]
AUTO, NORMAL = "auto", "normal"
SAVING: dict[str, Keeping] = {NORMAL: "whole", "low": "low", "lowest": "lowest"}
"""How weights are kept, by the setting; `auto` takes the first that fits of those that keep the numbers."""
WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


class Recipe(Protocol):
    """As in nodes.types: frozen and hashable; `size` is what it takes in float32, in bytes."""

    @property
    def size(self) -> int: ...

    def load(self, device: str, dtype: str) -> Any: ...


@runtime_checkable
class Thrifty(Protocol):
    """A recipe that can be kept in less memory than whole."""

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        """Bytes on the device, by the way of keeping; "whole" among them."""
        ...

    def load(self, device: str, dtype: str, keeping: Keeping) -> Any: ...


@runtime_checkable
class Changing(Protocol):
    """A recipe that changes what another one loads, in place: the other stays in memory and is never read again."""

    @property
    def base(self) -> Recipe: ...

    def extra(self) -> int:
        """Bytes it takes beside the base, in float32."""
        ...

    def change(self, weights: Any) -> Callable[[], None]:
        """Gives what undoes it, bit for bit. When it raises, nothing has changed."""
        ...


@dataclass(frozen=True)
class Apart:
    """Weights of their own, for a node that uses one base in two ways at once."""

    recipe: Any

    @property
    def size(self) -> int:
        return int(self.recipe.size)

    @property
    def title(self) -> str:
        return _title(self.recipe)

    def sizes(self, device: str, dtype: str) -> Mapping[Keeping, int]:
        sizes: Mapping[Keeping, int] = self.recipe.sizes(device, dtype)
        return sizes

    def load(self, device: str, dtype: str, keeping: Keeping = "whole") -> Any:
        return self.recipe.load(device, dtype, keeping)


class NotEnoughMemory(MemoryError):
    """Weights do not fit, whatever else leaves. `fix` says what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


@dataclass
class Held:
    """Weights in memory. `used` in seconds since 1970."""

    title: str
    weights: Any
    size: int
    keeping: Keeping
    used: float
    changed: Changing | None = None
    """What has changed them for now."""
    undo: Callable[[], None] | None = None


@dataclass(frozen=True)
class Memory:
    """Of the device: bytes in all, and free now."""

    total: int
    free: int


def memory_use(device: Device | None, weights: Weights | None) -> MemoryUse:
    """What the page shows; without a device yet there is only the computer's own memory."""
    system, process = psutil.virtual_memory(), psutil.Process().memory_info().rss
    models = [
        ModelInMemory(held.title, held.size, held.keeping, held.used) for held in (weights.held() if weights else [])
    ]
    if device is None or not device.memory or weights is None:
        return MemoryUse(models, process, system.available, system.total)
    own = weights.memory()
    return MemoryUse(models, process, system.available, system.total, device.name, own.free, own.total)


def measure(device: Device) -> Memory:
    """What is there now; memory that torch holds for reuse counts as free."""
    if device.kind.startswith("cuda"):
        import torch

        free, total = torch.cuda.mem_get_info(device.kind)
        idle = torch.cuda.memory_reserved(device.kind) - torch.cuda.memory_allocated(device.kind)
        return Memory(total, free + idle)
    system = psutil.virtual_memory()
    return Memory(system.total, system.available + psutil.swap_memory().free)


class Weights:
    """What recipes gave on one device. Safe to use from several threads; loads one at a time."""

    def __init__(
        self,
        device: Device,
        mode: str = AUTO,
        budget: int | None = None,
        measured: Callable[[Device], Memory] = measure,
    ) -> None:
        """`budget`: bytes that weights may take even where more is free."""
        self._device, self._mode, self._budget, self._measured = device, mode, budget, measured
        self._held: dict[Recipe, Held] = {}
        self._asked: deque[Recipe] = deque(maxlen=REMEMBERED)
        self._lock = threading.RLock()

    def get(self, recipe: Recipe, beside: Sequence[Recipe] = ()) -> Any:
        """The weights of a recipe, good until another recipe for the same base is asked for.

        `beside`: what is asked for and still used, by this node and by those that run beside it, in that order, so that
        it must stay as it is. Raises what the recipe's `load` and `change` raise, and NotEnoughMemory.
        """
        with self._lock:
            key = _base(recipe)
            if next((other for other in beside if _base(other) == key), recipe) != recipe:
                key, recipe = Apart(recipe), Apart(recipe)
            held = self._held.get(key)
            if held is None:
                held = self._bring(key)
            self._change(held, key, recipe)
            self._asked.append(key)
            held.used = time.time()
            return held.weights

    def make_room(self, size: int, beside: Sequence[Recipe]) -> None:
        """Have so many bytes free, while `beside` stay. Raises NotEnoughMemory."""
        with self._lock:
            used = {_base(recipe) for recipe in beside} | {Apart(recipe) for recipe in beside}
            leaving = [recipe for recipe in self._held if recipe not in used and self._held[recipe].size]
            leaving.sort(key=lambda recipe: self._held[recipe].used)
            self._let_go(leaving, lambda: size <= self.memory().free)
            memory = self.memory()
            if size > memory.free:
                raise NotEnoughMemory(
                    say.COMPUTING_NEEDS(
                        size=_size(size), free=_size(memory.free), total=_size(memory.total), holders=self._holders()
                    ),
                    say.SMALLER_PICTURE(),
                )

    def held(self) -> list[Held]:
        """What is in memory, the largest first. Does not wait for what is being loaded."""
        return sorted((held for held in list(self._held.values()) if held.size), key=lambda held: -held.size)

    def memory(self) -> Memory:
        return self._measured(self._device)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            _give_back()

    def after_shortage(self) -> str:
        """A node ran out of memory: every model leaves, so that the next job finds room. What to tell the user."""
        with self._lock:
            memory = self.memory()
            what = f"{_size(memory.free)} of {_size(memory.total)} were free, and {self._holders()}."
            self.clear()
        return (
            f"{what} Every model has left memory now, so run it again; if it is still too much, make the picture "
            f"or the batch smaller, or start with --memory {self._next_mode()}."
        )

    # ------------------------------------------------------------ bringing weights in (the lock is held)

    def _change(self, held: Held, key: Recipe, recipe: Recipe) -> None:
        """Have the weights as the recipe says: what changed them for another is undone first."""
        wanted = recipe if isinstance(recipe, Changing) else None
        if held.changed == wanted:
            return
        if held.undo is not None:
            held.undo()
            held.changed, held.undo = None, None
        if wanted is None:
            return
        self._make_room(wanted.extra() // (1 if self._device.dtype == "float32" else 2), key)
        try:
            held.undo = wanted.change(held.weights)
        except Exception as error:
            if not is_shortage(error):
                raise
        if held.undo is None:
            print("worker: memory is short; every other model leaves it", file=sys.stderr)
            self._held = {key: held}
            _give_back()
            held.undo = wanted.change(held.weights)
        held.changed = wanted

    def _bring(self, recipe: Recipe) -> Held:
        keeping, size = self._choose(recipe)
        self._make_room(size, recipe)
        try:
            weights = self._load(recipe, keeping)
        except Exception as error:
            if not is_shortage(error):
                raise
            weights = None
        if weights is None:
            # Outside the handler, which would keep the half-loaded weights alive.
            print("worker: memory is short; every other model leaves it", file=sys.stderr)
            self.clear()
            weights = self._load(recipe, keeping)
        held = Held(_title(recipe), weights, size, keeping, time.time())
        self._held[recipe] = held
        return held

    def _load(self, recipe: Recipe, keeping: Keeping) -> Any:
        device, dtype = self._device.kind, self._device.dtype
        if isinstance(recipe, Thrifty) and keeping != SAVING[NORMAL]:
            return recipe.load(device, dtype, keeping)
        return recipe.load(device, dtype)

    def _choose(self, recipe: Recipe) -> tuple[Keeping, int]:
        """How to keep the weights and the bytes they take. Raises NotEnoughMemory."""
        sizes = self._sizes(recipe)
        known = list(sizes)
        wanted = SAVING.get(self._mode, SAVING[NORMAL])
        first = known.index(wanted) if wanted in known else len(known) - 1
        exact = [each for each in known if each != SAVING["lowest"]]
        tried = exact if self._mode == AUTO else [known[first]]
        keeping = next((each for each in tried if sizes[each] <= self._most(_room)), tried[-1])
        size = sizes[keeping]
        if size <= self._most():
            return keeping, size
        memory = self.memory()
        raise NotEnoughMemory(
            say.MODEL_NEEDS(
                model=_title(recipe),
                size=_size(size),
                free=_size(memory.free),
                total=_size(memory.total),
                holders=self._holders(),
            ),
            say.SMALLER_MODEL(mode=self._next_mode()),
        )

    def _sizes(self, recipe: Recipe) -> Mapping[Keeping, int]:
        if isinstance(recipe, Thrifty):
            return recipe.sizes(self._device.kind, self._device.dtype)
        return {SAVING[NORMAL]: recipe.size // (1 if self._device.dtype == "float32" else 2)}

    def _most(self, apart: Callable[[Memory], int] = lambda memory: 0) -> int:
        """Bytes that one model could take if all others left, apart from some."""
        memory = self.memory()
        most = memory.free + sum(held.size for held in self._held.values()) - apart(memory)
        return most if self._budget is None else min(most, self._budget)

    def _make_room(self, size: int, wanted: Recipe) -> None:
        """Let weights go until the new ones fit with room to compute, those first that are missed last."""
        leaving = [recipe for recipe in self._by_next_use(wanted) if self._held[recipe].size and recipe != wanted]
        self._let_go(leaving, lambda: self._fits(size))

    def _let_go(self, leaving: Sequence[Recipe], enough: Callable[[], bool]) -> None:
        """Let these go one after the other until there is enough."""
        for recipe in leaving:
            if enough():
                return
            del self._held[recipe]
            _give_back()

    def _fits(self, size: int) -> bool:
        memory = self.memory()
        held = sum(held.size for held in self._held.values())
        if self._budget is not None and held + size > self._budget:
            return False
        return size + _room(memory) <= memory.free

    def _by_next_use(self, wanted: Recipe) -> list[Recipe]:
        """The recipes held, those first that are likely to be asked for last; those never seen to follow before all."""
        asked = list(self._asked)
        before = len(asked) - 1 - asked[::-1].index(wanted) if wanted in asked else None
        following = asked[before + 1 :] if before is not None else []
        never = len(following)
        next_use = {recipe: following.index(recipe) if recipe in following else never for recipe in self._held}
        return sorted(self._held, key=lambda recipe: (-next_use[recipe], self._held[recipe].used))

    # ------------------------------------------------------------ words

    def _holders(self) -> str:
        held = self.held()
        if not held:
            return say.NO_HOLDERS()
        parts = ", ".join(f"{one.title} {_size(one.size)}" for one in held[:3])
        return say.HOLDERS(size=_size(sum(one.size for one in held)), models=parts)

    def _next_mode(self) -> str:
        return "low" if self._mode == NORMAL else "lowest"


def _room(memory: Memory) -> int:
    return min(ROOM, int(memory.total * ROOM_SHARE))


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in WORDS)


def _base(recipe: Recipe) -> Recipe:
    """The recipe whose weights it uses."""
    return recipe.base if isinstance(recipe, Changing) else recipe


def _title(recipe: Recipe) -> str:
    return str(getattr(recipe, "title", "") or type(recipe).__name__)


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _give_back() -> None:
    """Let the system have what nobody holds any more."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        # The C library keeps what was freed in small pieces; musl has no such call.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
