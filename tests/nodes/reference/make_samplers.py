"""Writes samplers.json, few_steps.json, schedules.json and brownian.json: what k-diffusion and torchsde compute.

    pip install --no-deps k-diffusion==0.1.1.post1 scipy torchsde trampoline boltons tqdm
    python -m tests.nodes.reference.make_samplers

k-diffusion (MIT) walks the toy denoiser. Only its `sampling` module is run; what that imports for training
is stood in for.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tests.nodes.reference.toy import FEW, SIGMAS, ToyNoise, denoise, start

PLAIN = ("euler", "heun", "dpm_2", "lms", "dpmpp_2m")
NOISY = (
    "euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun",
    "dpmpp_3m_sde",
)  # fmt: skip
SCHEDULES: dict[str, tuple[Any, ...]] = {
    "karras": (9, 0.03, 14.6),
    "exponential": (9, 0.03, 14.6),
    "polyexponential": (9, 0.03, 14.6, 1.7),
    "vp": (9,),
}
PATH: dict[str, Any] = {"low": 0.0291672, "high": 14.6146411, "seed": 42, "shape": (1, 2, 2)}
STRETCHES = [(6.0821514, 14.6146411), (9.4, 14.6146411), (2.2322344, 6.0821514), (0.0291672, 0.1697566), (1e-9, 99.0)]


def k_diffusion_sampling() -> Any:
    found = importlib.util.find_spec("k_diffusion")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("k-diffusion is not installed; see above.")
    package = ModuleType("k_diffusion")
    package.__path__ = list(found.submodule_search_locations)
    stand_ins = {"k_diffusion": package, "k_diffusion.utils": ModuleType("utils"), "torchdiffeq": ModuleType("t")}
    stand_ins["torchdiffeq"].odeint = None  # type: ignore[attr-defined]  # imported, never called here
    package.utils = stand_ins["k_diffusion.utils"]  # type: ignore[attr-defined]  # as the real package has it
    package.utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    sys.modules.update(stand_ins)
    return importlib.import_module("k_diffusion.sampling")


def samplers(sampling: Any) -> dict[str, list[float]]:
    torch.set_default_dtype(torch.float64)  # what it makes of floats should be as exact as x
    sigmas = torch.tensor(SIGMAS, dtype=torch.float64)
    # Its lms extrapolates to 0, where ours takes what the model sees; so this one stops before.
    runs: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
        name: (name, (sigmas[:-1] if name == "lms" else sigmas,), {}) for name in PLAIN
    }
    for name in NOISY:
        options: dict[str, Any] = {"noise_sampler": ToyNoise()}
        if name == "dpmpp_2m_sde_heun":
            options["solver_type"] = "heun"
        runs[name] = (name.removesuffix("_heun"), (sigmas,), options)
    runs["dpm_fast"] = ("dpm_fast", (SIGMAS[-2], SIGMAS[0], len(SIGMAS) - 1), {})
    runs["dpm_adaptive"] = ("dpm_adaptive", (SIGMAS[-2], SIGMAS[0]), {})
    return {
        name: getattr(sampling, f"sample_{function}")(denoise, start(), *args, disable=True, **options)
        .flatten()
        .tolist()
        for name, (function, args, options) in runs.items()
    }


def few_steps(sampling: Any) -> dict[str, list[float]]:
    """One and two steps in float32, where the order of sums shows. Some methods cannot take a single step."""
    torch.set_default_dtype(torch.float32)
    made = {}
    for steps, sigmas in FEW.items():
        for name in (*PLAIN, *NOISY):
            noise = ToyNoise()
            options = {"noise_sampler": lambda *_, noise=noise: noise().float()} if name in NOISY else {}
            if name == "lms" or name.endswith("_heun") or (steps == 1 and name.endswith("m_sde")):
                continue
            function = getattr(sampling, f"sample_{name}")
            found = function(denoise, start().float(), torch.tensor(sigmas), disable=True, **options)
            made[f"{name} {steps}"] = found.flatten().tolist()
    fast = sampling.sample_dpm_fast(denoise, start().float(), torch.tensor(FEW[4][-2]), torch.tensor(FEW[4][0]), 4,
                                    disable=True)  # fmt: skip
    return made | {"dpm_fast 4": fast.flatten().tolist()}


def brownian() -> dict[str, Any]:
    tree = importlib.import_module("torchsde").BrownianTree(
        PATH["low"], torch.zeros(PATH["shape"]), PATH["high"], entropy=PATH["seed"]
    )
    whole = (PATH["low"], PATH["high"])
    found = [tree(max(a, whole[0]), min(b, whole[1])).flatten().tolist() for a, b in STRETCHES]
    return PATH | {"stretches": STRETCHES, "increments": found}


def betas() -> list[list[float]]:
    stats = importlib.import_module("scipy.stats")
    shares = [0.001, 0.05, 0.25, 1 / 3, 0.5, 0.7, 0.95, 1.0]
    return [[a, b, share, float(stats.beta.ppf(share, a, b))] for a, b in ((0.6, 0.6), (2.0, 0.7)) for share in shares]


def main() -> None:
    sampling, folder = k_diffusion_sampling(), Path(__file__).parent
    schedules = {name: [list(args), getattr(sampling, f"get_sigmas_{name}")(*args).tolist()]
                 for name, args in SCHEDULES.items()}  # fmt: skip
    (folder / "schedules.json").write_text(json.dumps({"curves": schedules, "beta_quantiles": betas()}) + "\n")
    (folder / "brownian.json").write_text(json.dumps(brownian()) + "\n")
    (folder / "few_steps.json").write_text(json.dumps(few_steps(sampling)) + "\n")
    (folder / "samplers.json").write_text(json.dumps(samplers(sampling)) + "\n")


if __name__ == "__main__":
    main()
