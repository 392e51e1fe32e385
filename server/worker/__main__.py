"""`python -m server.worker`: the device process. Frames on its standard streams, words on stderr.

It ends when its input ends, whatever it is doing: a worker never outlives the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import os
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from nodes.diffusion.embedding_files import settle_embeddings
from nodes.hub.places import settle
from server.messages import ToWorker
from server.worker.files import Folders
from server.worker.link import Outgoing, claim_pipes, read_frames
from server.worker.session import Options, Session

PATIENCE = 10.0
"""Seconds the end may take before the process is ended without ceremony."""


def main() -> None:
    """Live as a worker. Does not return: a library that will not end must not keep the process."""
    parser = argparse.ArgumentParser(prog="python -m server.worker", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of models, input, results, cache and packs")
    parser.add_argument("--results", type=Path, help="where pictures are saved (default: results in the home folder)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps")
    parser.add_argument("--memory", default="auto", help="auto, normal, low or lowest")
    parser.add_argument("--no-warm-up", action="store_true", help="import the model libraries when a node needs them")
    parser.add_argument("--models", type=Path, action="append", default=[], help="a further folder of models")
    parser.add_argument("--model-paths", type=Path, help="further folders of models, in ComfyUI's format")
    parser.add_argument("--allow-downloads", action="store_true", help="nodes may fetch models from the hub")
    options = parser.parse_args()
    incoming, outgoing = claim_pipes()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the whole group; the parent decides
    # Nothing is fetched from the network unless the user asks for it, and then by a process made for that.
    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "on", "yes", "true")
    settle(options.home.resolve() / "models", options.allow_downloads and not offline)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    results = options.results.resolve() if options.results else None
    folders = Folders.of(options.home.resolve(), results, options.models, options.model_paths)
    settle_embeddings(folders.models.folders("embeddings"))
    out = Outgoing(outgoing)
    code = asyncio.run(live(Options(folders, options.device, not options.no_warm_up, options.memory), incoming, out))
    out.close()
    sys.stderr.flush()
    os._exit(code)


async def live(options: Options, incoming: BinaryIO, out: Outgoing) -> int:
    """One session over these pipes; the exit code."""
    loop = asyncio.get_running_loop()
    session = Session(options, out)

    def heard(message: ToWorker) -> None:
        loop.call_soon_threadsafe(session.heard, message)

    def ended() -> None:
        last = threading.Timer(PATIENCE, os._exit, (1,))
        last.daemon = True
        last.start()
        session.end()

    threading.Thread(target=read_frames, args=(incoming, heard, ended), name="pipe in", daemon=True).start()
    return await session.live()


if __name__ == "__main__":
    main()
