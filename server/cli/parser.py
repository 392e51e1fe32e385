"""The commands, their options and their help. It parses words into values and does nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

from server import __version__
from server.cli.models_parser import MODELS, add_actions
from server.cli.words import read_size

TOP = """\
Draw workflows for diffusion models in the browser, and run them there or here.

  loom serve                          start the server and open the page
  loom run portrait.json              run a workflow, print the files it saved
  loom check portrait.json            list every problem of a workflow
  loom nodes                          list every node, and the packs that failed
  loom models list                    list the models; pull one from the hub; verify the files
  loom cache                          show, limit or clear the cache

Each command explains itself: loom run --help
"""

SERVE = """\
Starts the server and opens the page in the browser. Ctrl+C stops it; what was running runs again at the next
start.

  loom serve                          on http://127.0.0.1:8420
  loom serve --port 9000 --no-browser
  loom serve --home ~/art --device cpu --cache-disk 50GB

The server answers on this computer alone: it has no login yet, so it takes no other address.
"""

RUN = """\
Runs a workflow without a server: a .json file, or a picture that was saved with its workflow inside.
The saved files are printed on stdout, one a line; progress and errors go to stderr.

  loom run portrait.json --out pictures
  loom run portrait.json --set Sample.steps=30 --set "Text 2.text=a red boat"
  loom run picture_00001.png --set 4.seed=8
  for seed in 1 2 3; do loom run portrait.json --set Seed.seed=$seed; done
  loom run portrait.json --sweep      every combination of the sweep's values; the labelled sheet comes last

NODE is a node's id, or its title when no other node has it. A file for an input is named as in the page. The
same workflow with the same values saves the same bytes as in the server, and both share the cache.

Exit code: 0 done, 1 failed, 2 the workflow is not valid, 130 cancelled.
"""

CHECK = """\
Lists every problem of a workflow: where it is, what is wrong and what to do. Nothing is run.

  loom check portrait.json            exit code 0 when it can run, 2 when it cannot

Warnings, as on nodes that nothing uses, do not keep a workflow from running.
"""

NODES = """\
Lists every node with its inputs and outputs. Packs that failed to import are listed with their tracebacks on
stderr; they harm nothing else.

  loom nodes
  loom nodes --json > nodes.json      the whole catalogue, as the page gets it
"""

CACHE = """\
Shows how much the results of earlier runs take on disk. Removing them loses no picture: what is needed again
is computed again.

  loom cache
  loom cache --limit 20GB             kept for every later start
  loom cache --clear
"""


def size(text: str) -> int:
    try:
        return read_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port; write a number from 0 (any free one) to 65535")
    return int(text)


def setting(text: str) -> tuple[str, str]:
    place, equals, value = text.partition("=")
    if not equals or "." not in place:
        raise argparse.ArgumentTypeError(f"'{text}' is not NODE.INPUT=VALUE; write for example Sample.steps=30")
    return place, value


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; `command` names the module in server.cli that carries it out."""
    top = argparse.ArgumentParser("loom", description=TOP, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"Latent Loom {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    serve = command(commands, "serve", "start the server and open the page", SERVE)
    add_home(serve)
    add_models(serve)
    add_downloads(serve)
    add_device(serve)
    serve.add_argument("--port", type=port, metavar="N", help="where the page is (default: 8420)")
    serve.add_argument("--host", metavar="NAME", help="a name of this computer (default: 127.0.0.1)")
    serve.add_argument("--no-browser", action="store_true", help="do not open a browser")
    serve.add_argument("--cache-memory", type=size, metavar="SIZE", help="results kept in memory at most, from now on")
    serve.add_argument("--cache-disk", type=size, metavar="SIZE", help="results kept on disk at most, from now on")

    run = command(commands, "run", "run a workflow without a server", RUN)
    run.add_argument("workflow", type=Path, help="a workflow, or a picture with one inside")
    run.add_argument(
        "--set", dest="settings", type=setting, action="append", default=[], metavar="NODE.INPUT=VALUE",
        help="give an input another value; may be repeated",
    )  # fmt: skip
    run.add_argument("--out", type=Path, metavar="DIR", help="where to save (default: the home's results)")
    run.add_argument("--sweep", action="store_true", help="run the sweep in the workflow, and make a sheet of it")
    run.add_argument("--to", dest="targets", action="append", metavar="NODE", help="run only what NODE needs")
    run.add_argument("--quiet", "-q", action="store_true", help="show no progress")
    add_home(run)
    add_models(run)
    add_downloads(run)
    add_device(run)

    check = command(commands, "check", "list every problem of a workflow", CHECK)
    check.add_argument("workflow", type=Path, help="a workflow, or a picture with one inside")
    add_home(check)
    add_models(check)

    nodes = command(commands, "nodes", "list every node, and the packs that failed", NODES)
    nodes.add_argument("--json", action="store_true", help="print the whole catalogue as JSON")
    add_home(nodes)
    add_models(nodes)

    models = command(commands, "models", "list the models, pull one from the hub, verify the files", MODELS)
    add_actions(models, command, add_home, add_models)

    cache = command(commands, "cache", "show, limit or clear the cache", CACHE)
    cache.add_argument("--clear", action="store_true", help="remove every kept result")
    cache.add_argument("--limit", type=size, metavar="SIZE", help="keep at most this much on disk")
    add_home(cache)
    return top


def command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, short: str, long: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=short, description=long, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_home(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--home", type=Path, metavar="DIR", help="the folder of models, inputs, results, packs and the database"
    )


def add_models(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--models", dest="extra_models", type=Path, action="append", metavar="DIR",
        help="a further folder of models, as this program, ComfyUI or AUTOMATIC1111 lays it out; may be repeated",
    )  # fmt: skip
    to.add_argument(
        "--model-paths", type=Path, metavar="FILE",
        help="further folders in ComfyUI's format (default: extra_model_paths.yaml in the home folder, if any)",
    )  # fmt: skip


def add_downloads(to: argparse.ArgumentParser) -> None:
    to.add_argument("--allow-downloads", action="store_true", help="let nodes fetch models from the hub")


def add_device(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), help="what computes (default: auto, the best there is)"
    )
    to.add_argument(
        "--memory", choices=("auto", "normal", "low", "lowest"),
        help="how models are kept: whole (normal), slower in half of the memory or less (low), in a quarter and "
        "slightly less exact (lowest), or whole where that fits and low where not (auto, the default)",
    )  # fmt: skip
