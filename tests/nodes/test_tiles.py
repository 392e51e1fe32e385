"""Large pictures in tiles: no seams, the same picture, and no more in the network than a tile."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from nodes.api import BadValue
from nodes.demo.render import render
from nodes.demo.scenes import Scene, Subject
from nodes.diffusion import vae as vaes
from nodes.diffusion.control.steering import Steerable, is_steerable
from nodes.diffusion.denoiser import Denoiser
from nodes.diffusion.guidance import Guided
from nodes.diffusion.levels import NoiseLevels
from nodes.diffusion.tiled import TiledDenoiser
from nodes.diffusion.tiles import Canvas, Tiling, cut
from nodes.diffusion.told import Told
from nodes.diffusion.vae import Autoencoder
from nodes.diffusion.weaken import Layered, is_layered
from nodes.guidance import perturb_attention
from nodes.latent import decode_in_tiles, decode_latent, empty_latent, encode_image, encode_in_tiles
from nodes.levels import denoiser_of
from nodes.loaders import Checkpoint
from nodes.sampling import sample
from nodes.text import encode_text
from nodes.tiling import tile_model
from nodes.types import Beside, Conditioning, Image, Latent, TextPart, Tiles
from tests.nodes.plain import PlainContext

# ---------------------------------------------------------------- where tiles lie


@settings(max_examples=200, deadline=None)
@given(
    height=st.integers(1, 70), width=st.integers(1, 70), size=st.integers(16, 24), half=st.integers(2, 4),
    margin=st.integers(0, 1), unit=st.sampled_from([1, 2]),
)  # fmt: skip
def test_tiles_cover_a_picture_and_put_it_together_again(
    height: int, width: int, size: int, half: int, margin: int, unit: int
) -> None:
    tiling = Tiling(size // unit * unit, 2 * (half // unit * unit), margin)
    height, width = height * unit, width * unit
    whole = torch.rand(1, 2, height, width)
    canvas = Canvas((1, 2, height, width), tiling)
    tiles = cut(height, width, tiling, unit)
    for tile in tiles:
        assert tile.top % unit == tile.left % unit == 0
        assert tile.height <= tiling.size and tile.width <= tiling.size
        canvas.add(tile, tile.of(whole))
    assert torch.allclose(canvas.whole(), whole, atol=1e-5)
    assert len(tiles) == 1 or max(height, width) > tiling.size


def test_neighbours_overlap_by_what_was_asked_at_least() -> None:
    lefts = sorted({tile.left for tile in cut(64, 300, Tiling(64, 16))})
    assert lefts[0] == 0 and lefts[-1] == 300 - 64
    assert all(second - first <= 48 for first, second in pairwise(lefts))


# ---------------------------------------------------------------- seams


def smooth(*shape: int, seed: int = 0) -> Tensor:
    """Numbers without edges."""
    small = torch.randn((*shape[:2], 4, 4), generator=torch.Generator().manual_seed(seed))
    return functional.interpolate(small, shape[2:], mode="bicubic", align_corners=False)


def jumps(planes: Tensor, lines: list[int]) -> tuple[float, float]:
    """The mean step across these columns, and across all others that lie as deep inside a cell of 8."""
    steps = planes.diff(dim=-1).abs().mean((0, 1, 2))
    here = torch.zeros(len(steps), dtype=torch.bool)
    here[[line - 1 for line in lines]] = True
    alike = torch.zeros_like(here)
    alike[7::8] = True  # borders of cells: decoders with random weights draw the cells themselves
    return float(steps[here].mean()), float(steps[alike & ~here].mean())


def test_a_decoded_picture_has_no_jump_where_tiles_begin_or_end(tiny: Checkpoint, ctx: PlainContext) -> None:
    """Without overlap there is one: the test sees seams where there are some."""
    autoencoder: Autoencoder = ctx.weights(tiny.vae.recipe)
    samples = smooth(1, 4, 16, 48) * 4

    def seams(tiling: Tiling) -> float:
        tiles = cut(16, 48, tiling)
        lines = {edge * 8 for tile in tiles for edge in (tile.left, tile.left + tile.width)} - {0, 48 * 8}
        across, elsewhere = jumps(autoencoder.decode(samples, tiling).permute(0, 3, 1, 2), sorted(lines))
        return across / elsewhere

    assert seams(Tiling(16, 8, 2)) < 1.1
    assert seams(Tiling(16, 0)) > 1.5


@pytest.fixture(scope="module")
def panorama() -> Image:
    """Two scenes side by side, 128 x 256."""
    scenes = [Scene("day", "meadow", "none", (Subject(kind, "red", "left"),), seed=5) for kind in ("house", "tree")]
    pixels = torch.cat([torch.from_numpy(render(scene)[0].copy()) for scene in scenes], dim=1)
    return Image(pixels[None].float() / 255)


def test_tiles_change_a_picture_little_and_not_at_all_when_one_is_enough(
    demo: Checkpoint, ctx: PlainContext, panorama: Image
) -> None:
    whole = encode_image(demo.vae, panorama, ctx)
    tiled = encode_in_tiles(demo.vae, panorama, ctx, tile=128, overlap=64)
    assert tiled.samples.shape == whole.samples.shape and tiled.space == whole.space
    assert 0 < float((tiled.samples - whole.samples).norm() / whole.samples.norm()) < 0.2
    plain = decode_latent(demo.vae, whole, ctx).pixels
    pieced = decode_in_tiles(demo.vae, whole, ctx, tile=128, overlap=64).pixels
    assert pieced.shape == plain.shape
    assert 0 < float((pieced - plain).abs().mean()) < 0.02
    assert torch.equal(decode_in_tiles(demo.vae, whole, ctx, tile=256, overlap=64).pixels, plain)


# ---------------------------------------------------------------- memory


def test_when_memory_is_short_a_picture_is_decoded_in_tiles_and_the_node_says_so(
    tiny: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = PlainContext()
    autoencoder: Autoencoder = ctx.weights(tiny.vae.recipe)
    latent = Latent(smooth(1, 4, 40, 48), tiny.vae.space)
    whole = decode_latent(tiny.vae, latent, ctx).pixels
    assert ctx.texts == []
    monkeypatch.setattr(vaes, "free_bytes", lambda device: autoencoder.bytes_for(36, 36))
    tiled = decode_latent(tiny.vae, latent, ctx).pixels
    assert ctx.texts == ["Memory is short for the whole picture: it is done in tiles of 256 x 256."]
    assert tiled.shape == whole.shape and not torch.equal(tiled, whole)


def test_a_decoder_that_runs_out_of_memory_goes_on_in_tiles(tiny: Checkpoint, ctx: PlainContext) -> None:
    loaded: Autoencoder = ctx.weights(tiny.vae.recipe)
    sizes: list[int] = []

    def decode(samples: Tensor, return_dict: bool) -> Any:
        sizes.append(samples.shape[-1])
        if samples.shape[-1] > 64:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return (samples[:, :3].repeat_interleave(8, 2).repeat_interleave(8, 3),)

    fake = SimpleNamespace(decode=decode, config=loaded.vae.config, parameters=loaded.vae.parameters)
    assert Autoencoder(fake, "cpu").decode(smooth(1, 4, 16, 96)).shape == (1, 128, 768, 3)
    assert sizes == [96, 64, 64]


def test_sizes_of_tiles_that_make_no_sense_are_refused(tiny: Checkpoint, ctx: PlainContext) -> None:
    latent = empty_latent(256, 256)
    with pytest.raises(BadValue, match="A tile cannot be 100 pixels"):
        decode_in_tiles(tiny.vae, latent, ctx, tile=100)
    with pytest.raises(BadValue, match="cannot overlap by 96"):
        tile_model(tiny.model, tile=128, overlap=96)


# ---------------------------------------------------------------- tiled diffusion


class Local:
    """A denoiser that looks a few cells around, and notes what it is shown."""

    levels, text_width, pooled_width, masks_text, device = NoiseLevels.scaled_linear(), 1, 0, False, "cpu"
    beside_channels, longest_edge = 0, 20

    def __init__(self) -> None:
        self.shown: list[tuple[Tensor, Told]] = []

    def predict(self, x: Tensor, sigma: float, told: Told) -> Tensor:
        self.shown.append((x, told))
        return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def text_of(value: float, beside: Beside | None = None) -> Conditioning:
    return Conditioning((TextPart(torch.full((1, 77, 1), value), beside=beside),))


def test_a_model_that_looks_nearby_sees_in_tiles_what_it_sees_at_once() -> None:
    x = torch.randn(2, 4, 40, 56)
    told = Told(torch.zeros(2, 77, 1))
    inner = Local()
    tiled = TiledDenoiser(inner, Tiles(160, 64), 8)
    found, whole = tiled.predict(x, 1.0, told), Local().predict(x, 1.0, told)
    assert {shown.shape[2:] for shown, _ in inner.shown} == {(20, 20)}
    assert (found - whole).abs().max() < 0.06 * whole.abs().max()  # at a tile's end it sees less, and counts little
    assert tiled.longest_edge == 0  # so a model with few places can draw pictures of any size


def test_what_lies_beside_the_latent_and_where_a_tile_lies_go_along() -> None:
    inner = Local()
    beside = torch.arange(40 * 40.0).view(1, 1, 40, 40).expand(1, 4, 40, 40)
    guided = Guided(TiledDenoiser(inner, Tiles(160, 64), 8), text_of(1.0, Beside(beside)), None, 1.0, batch=1)
    guided(torch.randn(1, 4, 40, 40), 1.0)
    for shown, told in inner.shown:
        (window,) = told.windows
        assert (
            told.beside is not None and torch.equal(told.beside, window.of(beside)) and shown.shape[2:] == window.size
        )
    assert len({told.windows for _, told in inner.shown}) == len(inner.shown) == 9


def test_whatever_a_model_has_is_asked_of_it_behind_tiles_too(tiny: Checkpoint, ctx: PlainContext) -> None:
    denoiser = denoiser_of(tile_model(tiny.model, tile=256, overlap=128), ctx)
    assert isinstance(denoiser, TiledDenoiser)
    assert is_layered(denoiser) and is_steerable(denoiser) and not is_layered(Local()) and not is_steerable(Local())
    for protocol in (Layered, Steerable):
        # From Python 3.12 on `isinstance` overlooks what is passed on, so that no Python may answer it.
        with pytest.raises(TypeError):
            isinstance(denoiser, protocol)


def test_tiles_sample_with_every_method_and_show_no_seams(tiny: Checkpoint, ctx: PlainContext) -> None:
    """512 x 512 pixels: the steps from cell to cell are not larger where tiles begin or end."""
    model = tile_model(perturb_attention(tiny.model, 1.0), tile=256, overlap=128)
    text = encode_text(tiny.text_encoder, ctx, "a red house")
    made = sample(model, text, None, empty_latent(512, 512), ctx, steps=1).samples
    lines = [edge for tile in cut(64, 64, Tiling(32, 16), 4) for edge in (tile.left, tile.left + 32)]
    steps = made.diff(dim=3).abs().mean((0, 1, 2))
    here = sorted({line - 1 for line in lines} - {-1, 63})
    elsewhere = [number for number in range(63) if number not in here]
    assert float(steps[here].mean() / steps[elsewhere].mean()) < 1.1


def test_a_latent_no_larger_than_a_tile_is_sampled_as_without(tiny: Checkpoint, ctx: PlainContext) -> None:
    text = encode_text(tiny.text_encoder, ctx, "a red house")
    plain, tiled = (
        sample(model, text, None, empty_latent(64, 64), ctx, steps=2).samples
        for model in (tiny.model, tile_model(tiny.model, 128, 32))
    )
    assert torch.equal(plain, tiled)


def test_a_tiled_model_has_all_that_the_model_has(tiny: Checkpoint, ctx: PlainContext) -> None:
    plain, tiled = denoiser_of(tiny.model, ctx), denoiser_of(tile_model(tiny.model), ctx)
    names = [*Denoiser.__annotations__, "levels", "layers"]
    assert all(getattr(tiled, name) is not None for name in names)
    assert tiled.levels is plain.levels
    with pytest.raises(AttributeError):
        _ = tiled.wings  # type: ignore[attr-defined]
