"""The shipped files through the product's own nodes, one call for each node of a workflow: what is measured with it is
what users get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from nodes.control import apply_control, apply_control_to_one, load_controlnet
from nodes.demo import inpainting
from nodes.demo.shipped import FILE
from nodes.diffusion.embedding_files import settle_embeddings
from nodes.editing import inpaint_conditioning
from nodes.inpaint import composite_images, encode_to_inpaint, set_noise_mask
from nodes.latent import decode_latent, empty_latent
from nodes.loaders import load_checkpoint
from nodes.lora import load_lora_for_model
from nodes.preprocess import canny
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.types import Conditioning, Image, Latent, Mask, Model

T = TypeVar("T")
EDGE, STEPS, GUIDANCE = 128, 20, 5.0
STEERED = 2.0
"""Guidance where edges steer: more lets the text pull away from them."""
STYLED = 3.0
"""Guidance with the LoRA: more drives the few inks of a poster apart, and clouds with them."""
PAINTED = 2.0
"""Guidance in a hole: more draws the text's own picture there, which meets what is around it less."""


class Alone:
    """A node's context without a worker: weights stay loaded, and nothing is shown or saved."""

    device, dtype = "cpu", "float32"

    def __init__(self) -> None:
        self._loaded: dict[Any, Any] = {}

    def weights(self, recipe: Any) -> Any:
        if recipe not in self._loaded:
            self._loaded[recipe] = recipe.load(self.device, self.dtype)
        return self._loaded[recipe]

    def track(self, steps: Iterable[T], total: int | None = None) -> Iterator[T]:
        yield from steps

    def save_image(self, image: Any, name: str, format: Any = None) -> list[Path]:
        return []

    def preview(self, picture: Any) -> None: ...

    def file_name(self, pattern: str) -> str:
        return pattern

    def show_image(self, image: Any) -> None: ...

    def show_text(self, text: str) -> None: ...

    def make_room(self, size: int) -> None: ...

    def raise_if_cancelled(self) -> None: ...


class Studio:
    """The demo model with the settings of the examples: 20 steps, guidance 5, 128 x 128."""

    def __init__(self, steps: int = STEPS) -> None:
        self.parts, self.ctx, self.steps = load_checkpoint(FILE), Alone(), steps
        settle_embeddings([FILE.parents[1] / "embeddings"])

    def text(self, words: str) -> Conditioning:
        return encode_text(self.parts.text_encoder, self.ctx, words)

    def draw(
        self,
        positive: Conditioning,
        negative: Conditioning,
        seed: int,
        model: Model | None = None,
        latent: Latent | None = None,
        guidance: float = GUIDANCE,
    ) -> Image:
        """One picture."""
        start = empty_latent(EDGE, EDGE) if latent is None else latent
        done = sample(
            self.parts.model if model is None else model, positive, negative, start, self.ctx,
            seed=seed, steps=self.steps, guidance=guidance, sampler="dpmpp_2m", schedule="karras",
        )  # fmt: skip
        return decode_latent(self.parts.vae, done, self.ctx)

    def drawn(self, words: str, seed: int, model: Model | None = None, guidance: float = GUIDANCE) -> Image:
        """A picture of a text."""
        return self.draw(self.text(words), self.text(""), seed, model, guidance=guidance)

    def steered(
        self, words: str, edges: Image, file: Path, seed: int, guidance: float = STEERED, alone: bool = False
    ) -> Image:
        """A picture of a text, steered by edges through a ControlNet.

        `alone`: on the positive text alone, where guidance multiplies what the edges say as well, and may be as usual.
        """
        if alone:
            positive = apply_control_to_one(self.text(words), load_controlnet(file), edges)
            return self.draw(positive, self.text(""), seed, guidance=guidance)
        texts = apply_control(self.text(words), self.text(""), load_controlnet(file), edges)
        return self.draw(texts.positive, texts.negative, seed, guidance=guidance)

    def edges(self, image: Image, low: float, high: float) -> Image:
        return canny(image, self.ctx, low, high)

    def with_lora(self, file: Path, strength: float = 1.0) -> Model:
        return load_lora_for_model(self.parts.model, file, self.ctx, strength)

    def inpainted(self, words: str, image: Image, mask: Mask, seed: int, joined: bool = True) -> Image:
        """The picture painted anew where the mask is white, by the model with the inpainting LoRA.

        `joined`: with a mask on the latent too, so that the model's own surroundings stay as they are at every step.
        """
        shown = inpaint_conditioning(self.text(words), self.text(""), self.parts.vae, image, mask, self.ctx)
        latent = set_noise_mask(shown.latent, mask) if joined else shown.latent
        model = self.with_lora(inpainting.FILE)
        return self.draw(shown.positive, shown.negative, seed, model, latent, guidance=PAINTED)

    def masked(self, words: str, image: Image, mask: Mask, seed: int) -> Image:
        """The same by the plain model, with a mask on the latent."""
        latent = encode_to_inpaint(self.parts.vae, image, mask, self.ctx, grow=0)
        return self.draw(self.text(words), self.text(""), seed, latent=latent, guidance=PAINTED)

    def over(self, image: Image, painted: Image, mask: Mask) -> Image:
        """The painted part over the original."""
        return composite_images(image, painted, mask)
