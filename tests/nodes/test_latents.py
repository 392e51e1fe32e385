"""Between pictures and latents, and the small pictures of latents."""

from __future__ import annotations

import pytest
import torch

from nodes.api import BadValue
from nodes.diffusion.families import sd1
from nodes.diffusion.preview import LatentPreview, colours_of, draw_pictures, fit_preview
from nodes.latent import decode_latent, empty_latent, encode_image
from nodes.loaders import Checkpoint
from nodes.types import Image, Latent
from tests.nodes.plain import PlainContext


def test_an_empty_latent_has_a_value_for_every_8_pixels_and_no_space_yet() -> None:
    latent = empty_latent(128, 64, 3)
    assert latent.samples.shape == (3, 4, 8, 16)
    assert not latent.samples.any()
    assert latent.space is None


@pytest.mark.parametrize(
    ("width", "height", "place", "fix"), [(100, 64, "width", "96 or 104"), (64, 7, "height", "8 or 8")]
)
def test_a_size_that_8_does_not_divide_is_explained(width: int, height: int, place: str, fix: str) -> None:
    with pytest.raises(BadValue, match=fix) as caught:
        empty_latent(width, height)
    assert caught.value.input == place


def test_pixels_are_float32_rgb_between_0_and_1(tiny: Checkpoint, ctx: PlainContext) -> None:
    pixels = decode_latent(tiny.vae, Latent(torch.randn(2, 4, 4, 6) * 9, tiny.vae.space), ctx).pixels
    assert pixels.shape == (2, 32, 48, 3)
    assert pixels.dtype == torch.float32 and not pixels.is_inference()
    assert pixels.min() >= 0 and pixels.max() <= 1


def test_pictures_of_a_batch_are_decoded_and_encoded_as_single_ones(tiny: Checkpoint, ctx: PlainContext) -> None:
    samples = torch.randn(2, 4, 4, 4)
    both = decode_latent(tiny.vae, Latent(samples, tiny.vae.space), ctx).pixels
    assert torch.equal(both[1:], decode_latent(tiny.vae, Latent(samples[1:], tiny.vae.space), ctx).pixels)
    again = encode_image(tiny.vae, Image(both), ctx).samples
    assert torch.equal(again[1:], encode_image(tiny.vae, Image(both[1:]), ctx).samples)


def test_an_encoded_picture_says_whose_latent_it_is_and_is_the_same_every_time(
    tiny: Checkpoint, ctx: PlainContext
) -> None:
    image = Image(torch.rand(1, 32, 32, 3))
    latent = encode_image(tiny.vae, image, ctx)
    assert latent.space == tiny.vae.space == tiny.model.space
    assert torch.equal(latent.samples, encode_image(tiny.vae, image, ctx).samples)
    assert ctx.texts == []


def test_edges_that_8_does_not_divide_are_cut_evenly_and_the_node_says_so(tiny: Checkpoint, ctx: PlainContext) -> None:
    image = torch.rand(1, 37, 44, 3)
    latent = encode_image(tiny.vae, Image(image), ctx)
    assert torch.equal(latent.samples, encode_image(tiny.vae, Image(image[:, 2:34, 2:42]), ctx).samples)
    assert ctx.texts == ["Cut from 44 x 37 to 40 x 32: latents count in cells of 8."]


def test_a_picture_smaller_than_a_cell_is_refused(tiny: Checkpoint, ctx: PlainContext) -> None:
    with pytest.raises(BadValue, match="4 x 40, smaller than 8 x 8"):
        encode_image(tiny.vae, Image(torch.rand(1, 40, 4, 3)), ctx)


# ---------------------------------------------------------------- previews


class BlockVae:
    """A VAE whose latents are the mean colours of cells, mixed: what a linear preview can undo exactly."""

    mix = torch.tensor([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5], [0.5, 0.0, 1.0], [1.0, 1.0, 1.0]])

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        cells = torch.nn.functional.avg_pool2d(pixels.permute(0, 3, 1, 2), 8)
        return torch.einsum("lc,bchw->blhw", self.mix, cells) * 3 - 1


def test_a_fitted_preview_shows_the_colours_of_pictures_it_never_saw() -> None:
    vae = BlockVae()
    preview = fit_preview(vae, 8)  # type: ignore[arg-type]  # it is asked to encode, no more
    scene = torch.zeros(1, 64, 64, 3)
    scene[:, :32] = torch.tensor([0.3, 0.6, 0.9])
    scene[:, 32:] = torch.tensor([0.2, 0.7, 0.1])
    shown = preview(vae.encode(scene))
    assert shown.shape == (1, 64, 64, 3)
    away_from_the_edge = [0, 10, 20, 44, 54, 63]
    assert (shown - scene)[:, away_from_the_edge].abs().max() < 0.05


def test_a_fit_is_the_same_every_time() -> None:
    first, second = fit_preview(BlockVae(), 8), fit_preview(BlockVae(), 8)  # type: ignore[arg-type]
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(draw_pictures(), draw_pictures())


def test_a_known_map_gives_one_pixel_for_each_latent_value() -> None:
    preview = colours_of(sd1.COLOURS, [0.0, 0.0, 0.0], sd1.SCALE)
    shown = preview(torch.zeros(2, 4, 5, 7))
    assert shown.shape == (2, 5, 7, 3)
    assert torch.equal(shown, torch.full((2, 5, 7, 3), 0.5))


def test_the_preview_of_a_checkpoint_belongs_to_its_own_vae(tiny: Checkpoint, ctx: PlainContext) -> None:
    preview: LatentPreview = ctx.weights(tiny.model.space.preview)
    assert preview.cell == 8
    assert preview(torch.randn(1, 4, 4, 4)).shape == (1, 32, 32, 3)
