"""Writes samplers.json: what k-diffusion (0.1.1 from PyPI, MIT) computes for the toy denoiser.

    pip install --no-deps k-diffusion==0.1.1 scipy torchsde tqdm
    python -m tests.nodes.reference.make_samplers

Only its `sampling` module is run; what that imports for training and other samplers is stood in for.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tests.nodes.reference.toy import SIGMAS, ToyNoise, denoise, start

NAMES = {"euler": "euler", "euler_ancestral": "euler_ancestral", "heun": "heun", "dpmpp_2m": "dpmpp_2m"}


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


def main() -> None:
    sampling = k_diffusion_sampling()
    sigmas = torch.tensor(SIGMAS, dtype=torch.float64)
    results = {}
    for name, function in NAMES.items():
        noise = {"noise_sampler": ToyNoise()} if "ancestral" in name else {}
        run = getattr(sampling, f"sample_{function}")
        results[name] = run(denoise, start(), sigmas, disable=True, **noise).flatten().tolist()
    Path(__file__).with_name("samplers.json").write_text(json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
