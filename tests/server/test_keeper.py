"""The keeper of a worker: it notices when one dies, and when one never gets to work."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from server.config import Config, Limits
from server.messages import WorkerChanged
from server.workers.cause import WorkerExit
from server.workers.keeper import Listeners, WorkerKeeper

DEAF = [sys.executable, "-c", "import time; time.sleep(600)"]


async def test_a_worker_that_never_lists_its_nodes_is_started_anew_and_the_reason_told(tmp_path: Path) -> None:
    deaths: list[WorkerExit] = []
    states: list[WorkerChanged] = []
    listeners = Listeners(lambda message: None, lambda header, picture: None, deaths.append, states.append)
    keeper = WorkerKeeper(Config(home=tmp_path, limits=Limits(start_deadline=0.2)), listeners, DEAF)
    await keeper.start()
    first = keeper.pid
    while len(deaths) < 2:
        await asyncio.sleep(0.01)
    await keeper.stop(0.1)
    assert "had not read its nodes after 0.2 s" in deaths[0].what
    assert states[0].worker == "restarting" and keeper.pid != first
