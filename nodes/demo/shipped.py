"""The shipped file: written in SD1.x's single-file layout, read back through diffusers' converters like any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nodes.demo import tokens
from nodes.demo.architecture import (
    LATENT_SCALE,
    Sizes,
    TextEncoder,
    Unet,
    Vae,
    build_text_encoder,
    build_unet,
    build_vae,
)
from nodes.demo.ldm import TEXT, to_ldm
from nodes.demo.noise import ddim
from nodes.demo.text2image import TextToImage
from nodes.demo.vae import decode

FILE = Path(__file__).parent / "models" / "checkpoints" / "loom-demo.safetensors"

METADATA = {
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.architecture": "stable-diffusion-v1",
    "modelspec.title": "Latent Loom demo model",
    "modelspec.license": "Apache-2.0",
    "modelspec.resolution": "128x128",
    "modelspec.prediction_type": "epsilon",
    "modelspec.description": "Flat-colour scenes, trained by the Latent Loom project on pictures it drew itself.",
    "loom.title": "Latent Loom demo model",
    "loom.licence": "Apache-2.0",
}

EMBEDDING = "embeddings.token_embedding.weight"


def write(vae: Vae, model: TextToImage, path: Path = FILE) -> None:
    """All three parts as fp16; the small token rows grow to the full 49,408, foreign words sharing row 0."""
    from safetensors.torch import save_file

    text = dict(model.reader.encoder.state_dict())
    name = next(k for k in text if k.endswith(EMBEDDING))
    text[name] = text[name][tokens.row_of()]
    whole = to_ldm(model.unet.state_dict(), vae.state_dict(), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous().cpu() for k, v in sorted(whole.items())}, path, METADATA)


@dataclass(frozen=True)
class Shipped:
    """The three parts in float32, ready to sample."""

    vae: Vae
    unet: Unet
    text: TextEncoder

    @torch.no_grad()
    def read(self, texts: list[str]) -> Tensor:
        """(n, 77, width)."""
        states: Tensor = self.text(input_ids=tokens.encode(texts)).last_hidden_state
        return states

    def sample(
        self, texts: list[str], seeds: list[int], guidance: float = 5.0, steps: int = 20, negative: str = ""
    ) -> Tensor:
        """128-pixel pictures in 0..1, (n, 3, 128, 128), by DDIM; one seed a picture, as in the product."""
        noise = torch.cat([torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(s)) for s in seeds])
        unwanted = self.read([negative]).expand(len(texts), -1, -1)
        latents = ddim(self._predict, noise, self.read(texts), unwanted, guidance, steps)
        return self.pictures(latents)

    @torch.no_grad()
    def pictures(self, latents: Tensor) -> Tensor:
        """Pictures in 0..1 of scaled latents."""
        return (decode(self.vae, latents / LATENT_SCALE) / 2 + 0.5).clamp(0, 1)

    def _predict(self, latents: Tensor, times: Tensor, text: Tensor) -> Tensor:
        found: Tensor = self.unet(latents, times, encoder_hidden_states=text).sample
        return found


def read_back(path: Path = FILE, sizes: Sizes | None = None) -> Shipped:
    """The file's parts through diffusers' LDM converters, in float32."""
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
    from safetensors.torch import load_file

    whole = {k: v.float() for k, v in load_file(path).items()}
    sizes = sizes or Sizes()
    vae, unet, text = build_vae(sizes), build_unet(sizes), build_text_encoder(sizes)
    vae.load_state_dict(convert_ldm_vae_checkpoint(dict(whole), vae.config))  # type: ignore[no-untyped-call]
    unet.load_state_dict(convert_ldm_unet_checkpoint(dict(whole), unet.config))  # type: ignore[no-untyped-call]
    prefix = "text_model." if any(k.startswith("text_model.") for k in text.state_dict()) else ""
    text.load_state_dict({prefix + k.removeprefix(TEXT): v for k, v in whole.items() if k.startswith(TEXT)})
    return Shipped(vae.eval(), unet.eval(), text.eval())
