"""Training: a run that was stopped and taken up again ends with the same weights as one that was not."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nodes.demo import tokens
from nodes.demo.architecture import LATENT_SCALE, Sizes, build_vae
from nodes.demo.captions import full_caption
from nodes.demo.labels import labels_of
from nodes.demo.muon import orthogonal
from nodes.demo.noise import alphas, ddim, loss_weight, random_times
from nodes.demo.pictures import Pictures, drawn, scenes_of
from nodes.demo.reading import Reader, train_reader
from nodes.demo.scenes import Scene
from nodes.demo.text2image import TextToImage, cells_of, latents_of, train_text2image
from nodes.demo.training import Plan, Run, has_fast_bfloat16, mixed_precision
from nodes.demo.vae import as_tensor, decode, moments, normalise, train_decoder, train_vae

TINY = Sizes(vae=(32, 32, 32, 32), unet=(32, 32), unet_layers=1, text_width=64, text_layers=1)
PLAN = Plan(steps=3, batch=8, rate=1e-3, hidden_rate=1e-3, warmup=1, save_every=2)
VAE_PLAN = replace(PLAN, batch=2)


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return drawn(scenes_of(4, seed=0))


def stop_after_the_first_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Run.save

    def save(run: Run) -> None:
        whole(run)
        raise StoppedError

    monkeypatch.setattr(Run, "save", save)


def equal(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    weights = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in weights)


def test_a_resumed_vae_equals_an_uninterrupted_one_and_a_finished_one_stays(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = train_vae(pictures, VAE_PLAN, tmp_path / "straight.pt", TINY)
    with monkeypatch.context() as patch:
        stop_after_the_first_checkpoint(patch)
        with pytest.raises(StoppedError):
            train_vae(pictures, VAE_PLAN, tmp_path / "stopped.pt", TINY)
    assert equal(straight, train_vae(pictures, VAE_PLAN, tmp_path / "stopped.pt", TINY))
    assert equal(straight, train_vae(pictures, VAE_PLAN, tmp_path / "straight.pt", TINY))


def test_a_resumed_text_to_image_run_equals_an_uninterrupted_one(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latents = torch.randn((4, 4, 16, 16), generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    reader = Reader(TINY)
    straight = train_text2image(pictures, latents, reader, PLAN, tmp_path / "straight.pt", TINY)
    with monkeypatch.context() as patch:
        stop_after_the_first_checkpoint(patch)
        with pytest.raises(StoppedError):
            train_text2image(pictures, latents, reader, PLAN, tmp_path / "stopped.pt", TINY)
    resumed = train_text2image(pictures, latents, reader, PLAN, tmp_path / "stopped.pt", TINY)
    assert equal(straight, resumed)
    fresh = TextToImage(TINY)
    assert not equal(fresh, resumed)


def test_normalised_latents_have_mean_0_and_deviation_1_and_decode_the_same(pictures: Pictures) -> None:
    torch.manual_seed(0)
    vae = build_vae(TINY).eval()
    images = torch.rand((4, 3, 128, 128)) * 2 - 1
    with torch.no_grad():
        mean, log_variance = moments(vae, images)
        before = decode(vae, mean)
        normalise(vae, mean.mean((0, 2, 3)), mean.std((0, 2, 3)))
        after_mean, after_log_variance = moments(vae, images)
    scaled = after_mean * 0.18215
    assert torch.allclose(scaled.mean((0, 2, 3)), torch.zeros(4), atol=1e-4)
    assert torch.allclose(scaled.std((0, 2, 3)), torch.ones(4), atol=1e-4)
    with torch.no_grad():
        assert torch.allclose(decode(vae, after_mean), before, atol=1e-4)
    ratio = (after_log_variance - log_variance).mean((0, 2, 3)) / 2
    assert torch.allclose(ratio.exp(), after_mean.std((0, 2, 3)) / mean.std((0, 2, 3)), rtol=1e-3)
    assert latents_of(vae, pictures.images).shape == (4, 4, 16, 16)


def test_the_rates_warm_up_stay_and_decay() -> None:
    plan = Plan(steps=1000, batch=1, rate=1.0, hidden_rate=1.0, warmup=100, decay=0.3)
    assert plan.rate_at(0) == 0.01
    assert plan.rate_at(99) == plan.rate_at(700) == 1.0
    assert plan.rate_at(850) == pytest.approx(0.5)
    assert plan.rate_at(999) == pytest.approx(0.01)


def test_muons_update_has_singular_values_near_1() -> None:
    matrix = torch.randn((24, 60), generator=torch.Generator().manual_seed(0))
    for shaped in (matrix, matrix.T):
        values = torch.linalg.svdvals(orthogonal(shaped))
        assert values.min() > 0.5
        assert values.max() < 1.3


def test_the_noise_schedule_is_that_of_sd_1() -> None:
    assert alphas()[0].item() == pytest.approx(1 - 0.00085)
    assert alphas()[-1].item() == pytest.approx(0.00466, abs=1e-5)


def test_no_timestep_counts_for_less_than_the_floor() -> None:
    times = torch.arange(1000)
    snr = alphas() / (1 - alphas())
    of_the_picture = loss_weight(times) * snr
    assert of_the_picture.min().item() > 0.6
    assert of_the_picture.max().item() == pytest.approx(5.6)


def test_a_share_of_the_timesteps_falls_into_the_noisiest_third() -> None:
    for share, in_the_third in ((0.0, 1 / 3), (0.5, 2 / 3)):
        times = random_times(4000, torch.Generator().manual_seed(0), share)
        assert 0 <= times.min() < 10 < 990 < times.max() < 1000
        assert (times >= 666).float().mean().item() == pytest.approx(in_the_third, abs=0.05)


def test_ddim_ends_at_the_picture_a_perfect_model_knows() -> None:
    clean = torch.randn((1, 4, 2, 2), generator=torch.Generator().manual_seed(1))

    def knowing(latents: torch.Tensor, times: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        share = alphas()[times].view(-1, 1, 1, 1)
        return (latents - share.sqrt() * clean) / (1 - share).sqrt()

    text = torch.zeros((1, 77, 1))
    assert torch.allclose(ddim(knowing, torch.randn(1, 4, 2, 2), text, text, 5.0, 8), clean, atol=1e-4)


def test_the_encoder_learns_to_read_what_stands_where_and_reads_no_picture_for_it(tmp_path: Path) -> None:
    scenes = scenes_of(64, seed=3)
    plan = replace(PLAN, steps=30, batch=32, hidden_rate=0.008, average=0.5)
    before = loss_of_reading(train_reader(scenes, replace(plan, steps=1), tmp_path / "hardly.pt", TINY), scenes)
    after = loss_of_reading(train_reader(scenes, plan, tmp_path / "reader.pt", TINY), scenes)
    assert after < 0.75 * before


def loss_of_reading(reader: Reader, scenes: list[Scene]) -> float:
    rows = tokens.row_of()[tokens.encode([full_caption(scene) for scene in scenes])]
    with torch.no_grad():
        return reader.loss(reader(rows), rows, labels_of(scenes)).item()


def test_bfloat16_is_used_only_where_the_device_multiplies_it_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    for able, fast in (({}, False), ({"avx512_bf16": True}, True), ({"amx_bf16": True}, True)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert has_fast_bfloat16(cpu) is fast
        with mixed_precision(cpu):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is (torch.bfloat16 if fast else torch.float32)


def test_a_decoder_taught_further_errs_less_and_leaves_every_latent_as_it_was(
    pictures: Pictures, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    vae = build_vae(TINY)
    latents = latents_of(vae, pictures.images)

    def error() -> float:
        with torch.no_grad():
            return (decode(vae, latents / LATENT_SCALE) - as_tensor(pictures.images)).abs().mean().item()

    before = error()
    train_decoder(vae, pictures, latents, replace(VAE_PLAN, steps=8, average=0.0), tmp_path / "decoder.pt")
    assert error() < before
    assert torch.equal(latents_of(vae, pictures.images), latents)


def test_a_subjects_cells_count_more_and_every_picture_counts_the_same(pictures: Pictures) -> None:
    cells = cells_of(pictures.masks)
    assert cells.shape == (4, 1, 16, 16)
    assert torch.allclose(cells.mean(dim=(1, 2, 3)), torch.ones(4))
    inside, outside = cells[cells > cells.median()], cells[:, :, 0]
    assert inside.max() > 3 * outside.max()
