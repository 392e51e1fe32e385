"""Where noise comes from."""

from __future__ import annotations

import pytest
import torch

from nodes.diffusion.noise import Noise, NoiseChoice

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


def noise_of(seed: int, batch: int = 1, **choice: object) -> Noise:
    return Noise(seed, torch.Size((batch, 4, 8, 8)), "cpu", NoiseChoice(**choice))  # type: ignore[arg-type]


def test_a_batch_can_start_from_a_seed_for_each_image() -> None:
    batch = noise_of(7, 3, seed_each=True)
    for i in range(3):
        assert torch.equal(batch.start[i : i + 1], noise_of(7 + i).start)
    fresh = batch.fresh()
    assert torch.equal(fresh[2:], noise_of(9).fresh())


def test_each_image_of_a_batch_has_the_brownian_path_of_its_seed() -> None:
    batch, single = noise_of(7, 3).brownian(0.03, 14.6), noise_of(9).brownian(0.03, 14.6)
    assert torch.equal(batch(5.0, 2.0)[2:], single(5.0, 2.0))


def test_a_brownian_stretch_is_standard_normal_and_turns_sign_with_its_direction() -> None:
    between = Noise(1, torch.Size((1, 4, 64, 64)), "cpu").brownian(0.03, 14.6)
    down, up = between(9.0, 4.0), between(4.0, 9.0)
    assert torch.equal(down, -up)
    assert float(down.std()) == pytest.approx(1, rel=0.03)


def test_a_variation_turns_the_noise_and_keeps_its_strength() -> None:
    plain, other = noise_of(1).start, noise_of(2).start
    assert torch.equal(noise_of(1, variation_seed=2, variation=0.0).start, plain)
    assert torch.allclose(noise_of(1, variation_seed=2, variation=1.0).start, other, atol=1e-5)
    half = noise_of(1, variation_seed=2, variation=0.5).start
    assert float(half.norm()) == pytest.approx(float(plain.norm() + other.norm()) / 2, rel=0.02)
    near = noise_of(1, variation_seed=2, variation=0.1).start
    assert float((near - plain).norm()) < float((half - plain).norm())


def test_a_variation_of_the_same_seed_is_the_same_noise() -> None:
    assert torch.allclose(noise_of(1, variation_seed=1, variation=0.5).start, noise_of(1).start, atol=1e-5)


def test_given_noise_is_taken_and_repeated_over_the_batch() -> None:
    given = torch.randn(2, 4, 8, 8)
    start = noise_of(1, 3, given=given).start
    assert torch.equal(start, given[[0, 1, 0]])


def test_noise_of_the_device_is_its_own_generators() -> None:
    torch.manual_seed(3)
    assert torch.equal(noise_of(3, on_device=True).start, torch.randn(1, 4, 8, 8))
