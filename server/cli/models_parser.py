"""The words of `loom models`: its three actions, their options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MODELS = """\
Lists the models there are, fetches one from the hub, or checks that files are what they were.

  loom models list
  loom models pull stable-diffusion-v1-5/stable-diffusion-v1-5
  loom models verify
"""

LIST = """\
Lists every model file as its header describes it: nothing is loaded. What cannot be used is shown with the reason.

  loom models list
  loom models list loras --json       with the training data that the files tell of
  loom models list --models /mnt/comfy --models /mnt/stable-diffusion-webui
"""

PULL = """\
Fetches a model from the hub into the home's models folder. An interrupted pull goes on where it ended, and what
has arrived is checked by hash. Pickled files are never fetched.

  loom models pull stable-diffusion-v1-5/stable-diffusion-v1-5     what a diffusers folder needs, into checkpoints
  loom models pull madebyollin/sdxl-vae-fp16-fix:sdxl_vae.safetensors --kind vae
  loom models pull OWNER/NAME --revision v2 --variant fp16

Where the kind is not said it is taken from the names. A token for gated and private models is read from HF_TOKEN,
another hub from --endpoint or HF_ENDPOINT. The places of the models are printed on stdout, one a line.

Exit code: 0 done, 1 failed, 2 the name is not valid, 130 cancelled; what has arrived by then is kept.
"""

VERIFY = """\
Reads model files whole and compares their hashes with what is known: what the hub promised when they were pulled,
and what they were when they were last read.

  loom models verify                  every file
  loom models verify vae checkpoints/sd15.safetensors

Exit code: 0 when no file is damaged or unreadable, else 1.
"""

Command = Callable[..., argparse.ArgumentParser]
Add = Callable[[argparse.ArgumentParser], None]


def add_actions(models: argparse.ArgumentParser, command: Command, add_home: Add, add_models: Add) -> None:
    """The actions of `loom models`; `action` names the one that was typed."""
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = command(actions, "list", "list the models there are", LIST)
    listing.add_argument("kinds", nargs="*", metavar="KIND", help="checkpoints, loras, vae, … (default: every kind)")
    listing.add_argument("--json", action="store_true", help="print all that is known, as JSON")

    pull = command(actions, "pull", "fetch a model from the hub", PULL)
    pull.add_argument("name", metavar="OWNER/NAME[:FILE]", help="a repository, or one file of it")
    pull.add_argument("--revision", default="main", metavar="NAME", help="a branch, a tag or a commit (default: main)")
    pull.add_argument("--kind", default="", metavar="KIND", help="the folder it goes to: checkpoints, loras, vae, …")
    pull.add_argument("--variant", default="", metavar="NAME", help="of a diffusers folder, such as fp16")
    pull.add_argument("--endpoint", default="", metavar="URL",
                      help="another hub (default: HF_ENDPOINT, or huggingface.co)")  # fmt: skip
    pull.add_argument("--quiet", "-q", action="store_true", help="show no progress")

    verify = command(actions, "verify", "check that files are what they were", VERIFY)
    verify.add_argument("names", nargs="*", metavar="KIND[/NAME]", help="what to check (default: everything)")

    for action in (listing, pull, verify):
        add_home(action)
    for action in (listing, verify):
        add_models(action)
