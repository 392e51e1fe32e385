"""Samplers, against k-diffusion's results (tests/nodes/reference) and diffusers' schedulers."""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from nodes.diffusion.levels import FlowLevels, NoiseLevels
from nodes.diffusion.noise import Noise
from nodes.diffusion.samplers import NOT_FOR_FLOWS, READ_UNCONDITIONAL, SAMPLERS, SKIP_LAST_BUT_ONE
from nodes.diffusion.samplers.multistep import lagrange_weights, time_weights, varying_weights
from nodes.diffusion.samplers.sa_solver import adams_weights
from nodes.diffusion.schedules.continuous import karras
from nodes.fields import SamplerName
from tests.nodes.reference.toy import FEW, FLOW_SIGMAS, SHAPE, SIGMAS, Toy, ToyNoise, denoise, flow_toy, start
from tests.nodes.tiny import DIFFUSERS

REFERENCE = json.loads((Path(__file__).parent / "reference" / "samplers.json").read_text())
FEW_STEPS = json.loads((Path(__file__).parent / "reference" / "few_steps.json").read_text())
TRAINING = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
OWN_SIGMAS = {"dpm_fast", "dpm_adaptive"}
STOCHASTIC = {
    name for name in SAMPLERS if "ancestral" in name or "sde" in name or name in ("ddpm", "lcm", "seeds_2", "seeds_3")
} | {"sa_solver", "sa_solver_pece"}
FLOWING = [name for name in SAMPLERS if name not in NOT_FOR_FLOWS]

# diffusers hands tensors to numpy in a way that newer numpy dislikes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Noise32(ToyNoise):
    def __call__(self, *_: object) -> Tensor:
        return super().__call__().float()


def final(name: str, x: Tensor, sigmas: tuple[float, ...] = SIGMAS, toy: Toy | None = None, **options: Any) -> Tensor:
    noise = ToyNoise() if x.dtype == torch.float64 else Noise32()
    *_, last = SAMPLERS[name](toy or Toy(), x, sigmas, noise, **options)
    return last.x


def difference(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


# ---------------------------------------------------------------- against others


@pytest.mark.parametrize("name", REFERENCE)
def test_it_computes_what_k_diffusion_computes(name: str) -> None:
    wanted = torch.tensor(REFERENCE[name], dtype=torch.float64).view_as(start())
    sigmas = SIGMAS[:-1] if name == "lms" else SIGMAS
    assert difference(final(name, start(), sigmas), wanted) < 1e-6
    # Where steps adapt, the last bit of an error decides on their lengths.
    limit = 1e-4 if name == "dpm_adaptive" else 1e-6
    assert difference(final(name, start().float(), sigmas).double(), wanted) < limit


@pytest.mark.parametrize("case", FEW_STEPS)
def test_it_rounds_as_k_diffusion_does_where_few_steps_make_it_show(case: str) -> None:
    name, steps = case.split()
    wanted = torch.tensor(FEW_STEPS[case]).view(SHAPE)
    assert difference(final(name, start().float(), FEW[int(steps)]), wanted) < 1e-6


def scheduler_of(kind: str, **options: Any) -> Any:
    return getattr(DIFFUSERS, f"{kind}Scheduler")(**options)


def drive(scheduler: Any, x: Tensor, variance_preserving: bool) -> Tensor:
    """Sample the toy through a scheduler, telling it the noise that the toy's clean latent means."""
    looks = [scheduler.sigmas[i] for i in range(len(scheduler.timesteps))]
    for time, sigma in zip(scheduler.timesteps, looks, strict=True):
        grown = x * (1 + sigma**2) ** 0.5 if variance_preserving else x
        noise = (grown - denoise(grown, sigma)) / sigma
        x = scheduler.step(noise, time, x, return_dict=False)[0]
    return x


@pytest.mark.parametrize(
    ("name", "kind"),
    [("euler", "EulerDiscrete"), ("heun", "HeunDiscrete"), ("dpmpp_2m", "DPMSolverMultistep")],
)
def test_it_computes_what_the_scheduler_of_diffusers_computes(name: str, kind: str) -> None:
    scheduler = scheduler_of(kind, use_karras_sigmas=True, **TRAINING)
    scheduler.set_timesteps(8)
    sigmas = tuple(scheduler.sigmas.tolist())
    if name == "heun":  # its table names the sigma of every look, ours that of every step
        sigmas = tuple(dict.fromkeys(sigmas))
    x = start().float()
    preserving = kind == "DPMSolverMultistep"
    wanted = drive(scheduler, x / (1 + sigmas[0] ** 2) ** 0.5 if preserving else x, preserving)
    assert difference(final(name, x, sigmas), wanted) < 1e-5


@pytest.mark.parametrize(("name", "solver"), [("uni_pc", "bh1"), ("uni_pc_bh2", "bh2")])
def test_unipc_computes_what_the_scheduler_of_diffusers_computes(name: str, solver: str) -> None:
    scheduler = scheduler_of("UniPCMultistep", solver_order=3, solver_type=solver, **TRAINING)
    scheduler.set_timesteps(len(SIGMAS) - 1)
    sigmas = (*SIGMAS[:-1], 0.001)  # ours ends here instead of at 0
    scheduler.sigmas = torch.tensor(sigmas)
    wanted = drive(scheduler, start().float() / (1 + sigmas[0] ** 2) ** 0.5, variance_preserving=True)
    assert difference(final(name, start().float()), wanted * (1 + sigmas[-1] ** 2) ** 0.5) < 1e-5


def with_our_noise(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Noise32()
    monkeypatch.setattr(sys.modules[type(scheduler).__module__], "randn_tensor", lambda *_, **__: noise())


def test_ancestral_steps_are_those_of_diffusers(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of("EulerAncestralDiscrete", **TRAINING)
    scheduler.set_timesteps(8)
    with_our_noise(scheduler, monkeypatch)
    sigmas, x = tuple(scheduler.sigmas.tolist()), start().float()
    for time, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        scheduler.scale_model_input(x, time)
        x = scheduler.step((x - denoise(x, sigma)) / sigma, time, x, return_dict=False)[0]
    assert difference(final("euler_ancestral", start().float(), sigmas), x) < 1e-5


def test_ddpm_computes_what_the_scheduler_of_diffusers_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = scheduler_of("DDPM", clip_sample=False, **TRAINING)
    scheduler.set_timesteps(8)
    with_our_noise(scheduler, monkeypatch)
    kept = scheduler.alphas_cumprod[scheduler.timesteps]
    sigmas = (*((1 - kept) / kept).sqrt().tolist(), 0.0)
    x = start().float() / (1 + sigmas[0] ** 2) ** 0.5
    for time, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        grown = x * (1 + sigma**2) ** 0.5
        x = scheduler.step((grown - denoise(grown, sigma)) / sigma, int(time), x, return_dict=False)[0]
    assert difference(final("ddpm", start().float(), sigmas), x) < 1e-5


def test_ddim_computes_what_the_scheduler_of_diffusers_computes() -> None:
    scheduler = scheduler_of("DDIM", clip_sample=False, set_alpha_to_one=True, timestep_spacing="leading", **TRAINING)
    scheduler.set_timesteps(10)
    kept = scheduler.alphas_cumprod[scheduler.timesteps]
    sigmas = (*((1 - kept) / kept).sqrt().tolist(), 0.0)
    x = start().float()
    wanted = x / (1 + sigmas[0] ** 2) ** 0.5
    for time, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        grown = wanted * (1 + sigma**2) ** 0.5
        wanted = scheduler.step((grown - denoise(grown, sigma)) / sigma, int(time), wanted, return_dict=False)[0]
    assert difference(final("ddim", x, sigmas), wanted) < 1e-5


def test_a_flow_walks_as_the_scheduler_of_diffusers_does() -> None:
    scheduler = scheduler_of("FlowMatchEulerDiscrete", shift=3.0)
    scheduler.set_timesteps(8)
    sigmas = tuple(scheduler.sigmas.tolist())
    wanted = start().float()
    for time, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        wanted = scheduler.step((wanted - denoise(wanted, sigma)) / sigma, time, wanted, return_dict=False)[0]
    assert difference(final("euler", start().float(), sigmas, flow_toy()), wanted) < 1e-5


def test_karras_sigmas_of_diffusers_are_ours() -> None:
    scheduler = scheduler_of("EulerDiscrete", use_karras_sigmas=True, **TRAINING)
    scheduler.set_timesteps(12)
    ours = torch.tensor(karras(NoiseLevels.scaled_linear(), 12))
    # diffusers multiplies its alphas up in float32, which shows at the small end.
    assert torch.allclose(ours, scheduler.sigmas, rtol=1e-4)


# ---------------------------------------------------------------- what each name is


EQUAL = {
    ("euler", "ddim"),  # one formula in two coordinates
    ("euler_ancestral", "ddpm"),  # an ancestral Euler step is the posterior of the original process
    ("dpmpp_sde", "dpmpp_sde_gpu"),  # these differ in where noise is drawn: on the CPU there is one place
    ("dpmpp_2m_sde", "dpmpp_2m_sde_gpu"),
    ("dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"),
    ("dpmpp_3m_sde", "dpmpp_3m_sde_gpu"),
}


def test_no_two_names_give_equal_latents_but_the_stated_ones() -> None:
    def run(name: str) -> Tensor:
        noise = Noise(5, torch.Size(SHAPE), "cpu")
        return [step.x for step in SAMPLERS[name](Toy(), start().float(), SIGMAS, noise)][-1]

    results = {name: run(name) for name in SAMPLERS}
    equal = {(a, b) for a, b in combinations(results, 2) if difference(results[a], results[b]) < 1e-6}
    assert equal == EQUAL


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in OWN_SIGMAS])
def test_each_step_is_told_and_the_last_denoised_is_near_the_result(name: str) -> None:
    steps = list(SAMPLERS[name](Toy(), start(), SIGMAS, ToyNoise()))
    assert [step.index for step in steps] == list(range(len(SIGMAS) - 1))
    assert difference(steps[-1].denoised, steps[-1].x) < 0.02


@pytest.mark.parametrize("name", sorted(OWN_SIGMAS))
def test_one_that_chooses_its_own_sigmas_counts_its_own_steps(name: str) -> None:
    steps = list(SAMPLERS[name](Toy(), start(), SIGMAS, ToyNoise()))
    assert [step.index for step in steps] == list(range(len(steps)))


def test_dpm_fast_looks_as_often_as_steps_were_asked_for() -> None:
    for steps in range(2, len(SIGMAS)):
        toy = Toy()
        final("dpm_fast", start(), SIGMAS[-steps - 1 :], toy)
        assert toy.looks == steps


class Exact:
    """A model that always sees the same picture."""

    def __init__(self, picture: Tensor, levels: Any) -> None:
        self.unconditional, self.levels = picture, levels

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self.unconditional


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_the_end_of_an_exact_denoiser_is_its_picture(name: str, steps: int) -> None:
    picture = torch.full(SHAPE, 0.3)
    sigmas = SIGMAS[-steps - 1 :] if steps > 1 else (SIGMAS[0], 0.0)
    x = start().float() * (sigmas[0] / SIGMAS[0])
    *_, last = SAMPLERS[name](Exact(picture, NoiseLevels.scaled_linear()), x, sigmas, Noise32())
    # dpm_fast and dpm_adaptive stop at the last sigma, uni_pc at 0.001.
    assert float((last.x - picture).abs().max()) < (0.2 if name in OWN_SIGMAS else 0.01 if "uni_pc" in name else 1e-5)


@pytest.mark.parametrize("name", FLOWING)
def test_a_flow_ends_at_the_picture_of_an_exact_denoiser(name: str) -> None:
    picture = torch.full(SHAPE, 0.3)
    *_, last = SAMPLERS[name](Exact(picture, FlowLevels(shift=3.0)), torch.randn(SHAPE), FLOW_SIGMAS, Noise32())
    assert float((last.x - picture).abs().max()) < (0.3 if name in OWN_SIGMAS else 0.01 if "uni_pc" in name else 1e-5)


AS_ADDING = {"res_multistep_ancestral", "res_multistep_ancestral_cfg_pp"}
"""Noised as models are that add noise to the picture, as in the peers."""


@pytest.mark.parametrize("name", sorted(STOCHASTIC - NOT_FOR_FLOWS - AS_ADDING))
def test_added_noise_keeps_a_flow_at_its_level(name: str) -> None:
    """With pictures of zeros, x is noise of the strength that its sigma says, at every step."""
    shape, generator = (1, 4, 64, 64), torch.Generator().manual_seed(3)

    class Plenty:
        def fresh(self) -> Tensor:
            return torch.randn(shape, generator=generator)

        def brownian(self, low: float, high: float, on_device: bool = False) -> Any:
            return lambda sigma, following: self.fresh()

    x = torch.randn(shape, generator=generator)
    zero = Exact(torch.zeros(shape), FlowLevels())
    for step, sigma in zip(SAMPLERS[name](zero, x, FLOW_SIGMAS, Plenty()), FLOW_SIGMAS[1:], strict=True):
        assert float(step.x.std()) == pytest.approx(sigma, rel=0.05, abs=1e-5)


@pytest.mark.parametrize("name", sorted(STOCHASTIC))
def test_noise_matters_to_those_that_take_it_and_to_no_other(name: str) -> None:
    other = ToyNoise()
    other.generator.manual_seed(99)
    *_, last = SAMPLERS[name](Toy(), start(), SIGMAS, other)
    assert difference(last.x, final(name, start())) > 1e-4


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in STOCHASTIC])
def test_the_others_draw_no_noise(name: str) -> None:
    list(SAMPLERS[name](Toy(), start(), SIGMAS, None))  # type: ignore[arg-type]  # there is nothing to draw from


@pytest.mark.parametrize("name", sorted(STOCHASTIC - {"lcm", "ddpm", "er_sde"}))
def test_without_eta_nothing_is_drawn(name: str) -> None:
    class Nothing:
        def fresh(self) -> Tensor:
            raise AssertionError("drew noise")

        def brownian(self, low: float, high: float, on_device: bool = False) -> Any:
            return lambda sigma, following: self.fresh()

    options = {"s_noise": 0.0} if name == "dpmpp_sde" else {}
    list(SAMPLERS[name](Toy(), start(), SIGMAS, Nothing(), eta=0.0, **options))  # type: ignore[call-arg]


class Agreeing(Toy):
    """One whose negative text says what the positive one does."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        seen = super().__call__(x, sigma)
        self.unconditional = seen
        return seen


@pytest.mark.parametrize("name", sorted(READ_UNCONDITIONAL))
def test_cfg_plus_plus_is_its_plain_sampler_when_both_texts_agree(name: str) -> None:
    plain = name.replace("_cfg_pp", "")
    assert difference(final(name, start(), toy=Agreeing()), final(plain, start())) < 1e-6
    assert difference(final(name, start()), final(plain, start())) > 1e-3


# euler_ancestral_cfg_pp divides a flow's step otherwise between going down and noise, as in the peers.
@pytest.mark.parametrize("name", sorted(READ_UNCONDITIONAL - {"euler_ancestral_cfg_pp"}))
def test_so_it_is_with_flows(name: str) -> None:
    x, plain, agreeing = start() / SIGMAS[0], name.replace("_cfg_pp", ""), Agreeing(FlowLevels())
    assert difference(final(name, x, FLOW_SIGMAS, agreeing), final(plain, x, FLOW_SIGMAS, flow_toy())) < 1e-6
    assert difference(final(name, x, FLOW_SIGMAS, flow_toy()), final(plain, x, FLOW_SIGMAS, flow_toy())) > 1e-3


def test_the_dropdown_names_exactly_the_samplers_there_are() -> None:
    assert set(get_args(SamplerName)) == set(SAMPLERS)
    assert set(SAMPLERS) >= SKIP_LAST_BUT_ONE | READ_UNCONDITIONAL | NOT_FOR_FLOWS


def test_every_sampler_names_its_source() -> None:
    for name, sampler in SAMPLERS.items():
        described = getattr(sampler, "func", sampler).__doc__ or ""
        module = __import__(getattr(sampler, "func", sampler).__module__, fromlist=["x"]).__doc__ or ""
        assert any(word in described + module for word in ("20", "k-diffusion", "Carzit")), name


# ---------------------------------------------------------------- coefficients


def test_weights_of_equal_steps_are_those_of_adams_and_bashforth() -> None:
    sigmas = (5.0, 4.0, 3.0, 2.0, 1.0)
    assert lagrange_weights(sigmas, 3, 4) == pytest.approx([-55 / 24, 59 / 24, -37 / 24, 9 / 24])
    assert varying_weights([-1.0, -1.0]) == pytest.approx([3 / 2, -1 / 2])


def test_weights_of_slopes_make_up_the_whole_step() -> None:
    times = torch.tensor([0.9, 0.7, 0.4, 0.3])
    assert sum(lagrange_weights(SIGMAS, 3, 4)) == pytest.approx(SIGMAS[4] - SIGMAS[3])
    assert sum(varying_weights([-0.2, -0.5, -1.0])) == pytest.approx(1)
    assert len(time_weights((4.0, 3.0, 2.0, 1.0), 2, 3, times=times)) == 3


def test_stochastic_adams_weights_make_up_an_exponential_step() -> None:
    weights = adams_weights([-2.0, -1.0, 0.0], 0.0, 0.7, 0.5)
    assert sum(weights) == pytest.approx(1 - 2.718281828459045 ** (-1.25 * 0.7))
