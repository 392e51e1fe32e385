"""Where noise comes from."""

from __future__ import annotations

import pytest
import torch

from nodes.diffusion.noise import Noise

SIZES = [(4, 16, 16), (4, 9, 9), (4, 1, 1)]


def test_the_start_is_torchs_noise_of_that_seed() -> None:
    torch.manual_seed(42)
    assert torch.equal(Noise(42, torch.Size((2, 4, 8, 8)), "cpu").start, torch.randn(2, 4, 8, 8))


def test_fresh_noise_begins_at_the_seed_again_as_the_reference_pictures_have_it() -> None:
    noise = Noise(42, torch.Size((1, 4, 8, 8)), "cpu")
    torch.manual_seed(42)
    expected = [torch.randn(1, 4, 8, 8) for _ in range(2)]
    assert torch.equal(noise.start, expected[0])
    assert torch.equal(noise.fresh(), expected[0])
    assert torch.equal(noise.fresh(), expected[1])


@pytest.mark.parametrize("size", SIZES)
def test_the_first_image_of_a_batch_has_the_noise_of_the_single_image(size: tuple[int, int, int]) -> None:
    single, batch = Noise(7, torch.Size((1, *size)), "cpu"), Noise(7, torch.Size((3, *size)), "cpu")
    assert torch.equal(batch.start[:1], single.start)
    assert torch.equal(batch.fresh()[:1], single.fresh())
    assert torch.equal(batch.fresh()[:1], single.fresh())


def test_images_of_a_batch_have_noise_of_their_own() -> None:
    noise = Noise(7, torch.Size((3, 4, 8, 8)), "cpu")
    for drawn in (noise.start, noise.fresh()):
        assert not torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[1], drawn[2])


def test_the_largest_seed_works_in_a_batch() -> None:
    assert Noise(2**64 - 1, torch.Size((2, 4, 4, 4)), "cpu").fresh().isfinite().all()


def test_noise_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    Noise(5, torch.Size((1, 4, 4, 4)), "cpu").fresh()
    assert torch.equal(torch.rand(3), expected)
