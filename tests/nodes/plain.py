"""A Context for tests: loads recipes directly on the CPU and keeps what a node shows and saves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class PlainContext:
    """Answers as a worker's context would, without a worker."""

    device: str = "cpu"
    dtype: str = "float32"
    previews: list[Any] = field(default_factory=list)
    saved: list[tuple[Any, str, Any]] = field(default_factory=list)
    shown: list[Any] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    loaded: dict[Any, Any] = field(default_factory=dict)
    steps: int = 0

    def track(self, steps: Iterable[T], total: int | None = None) -> Iterator[T]:
        for step in steps:
            yield step
            self.steps += 1

    def preview(self, picture: Any) -> None:
        self.previews.append(picture() if callable(picture) else picture)

    def save_image(self, image: Any, name: str, format: Any = None) -> list[Path]:
        self.saved.append((image, name, format))
        return [Path(f"{name}_{i:05}.png") for i in range(1, len(image.pixels) + 1)]

    def file_name(self, pattern: str) -> str:
        return pattern

    def show_image(self, image: Any) -> None:
        self.shown.append(image)

    def show_text(self, text: str) -> None:
        self.texts.append(text)

    def weights(self, recipe: Any) -> Any:
        if recipe not in self.loaded:
            self.loaded[recipe] = recipe.load(self.device, self.dtype)
        return self.loaded[recipe]

    def make_room(self, size: int) -> None: ...

    def raise_if_cancelled(self) -> None: ...

    def writes(self) -> list[Any]:
        return []

    def close(self) -> None: ...
