"""Import the model libraries beside everything else, so that the first picture does not wait for them.

While that goes on, any other thread that wants one of them waits for all of them: two threads importing
parts of one package in different order can see half-made modules, or each other's locks for ever.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

LIBRARIES = (
    "torch",
    "safetensors.torch",
    "transformers.models.clip.modeling_clip",
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_2d_condition",
)
LONGEST = 120.0
"""Seconds after which another thread goes on all the same."""
GUARDED = ("torch", "safetensors", "transformers", "diffusers", "accelerate", "kornia", "huggingface_hub", "tokenizers")


class Warmup:
    """Imports `libraries` on a thread of its own; `done` is set when they are there, or failed to come."""

    def __init__(self, libraries: Sequence[str] = LIBRARIES, guarded: Collection[str] = GUARDED) -> None:
        self._libraries, self._guarded = libraries, guarded
        self.done = threading.Event()
        self.error = ""
        self._thread: threading.Thread | None = None

    def start(self, then: Callable[[], None]) -> None:
        """Begin, and call `then` on that thread at the end."""

        def work() -> None:
            self._import_all()
            then()

        self._thread = threading.Thread(target=work, name="warm-up", daemon=True)
        self._thread.start()

    def _import_all(self) -> None:
        original = builtins.__import__
        importer = threading.get_ident()

        def waiting_import(
            name: str,
            globals: Mapping[str, object] | None = None,
            locals: Mapping[str, object] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> Any:
            if level == 0 and threading.get_ident() != importer and name.partition(".")[0] in self._guarded:
                self.done.wait(LONGEST)
            return original(name, globals, locals, fromlist or (), level)

        builtins.__import__ = waiting_import
        try:
            for library in self._libraries:
                importlib.import_module(library)
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            self.error = f"{type(error).__name__}: {error}"
            print(f"worker: a model library cannot be imported: {self.error}", file=sys.stderr)
        finally:
            builtins.__import__ = original
            calm_collector()
            self.done.set()


def calm_collector() -> None:
    """Let Python look for garbage less often: a library's half million objects live as long as the process.

    A long workflow makes ten objects a node; visiting all others again and again took half of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
