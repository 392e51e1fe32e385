"""Nonsense by mouse and keys leaves no error in the console, and workflows that the server reads."""

from __future__ import annotations

import subprocess
import sys

from tests.browser.chrome import ROOT

ACTIONS = 1_000


def test_a_thousand_random_actions_leave_sound_workflows_and_no_error(server: str) -> None:
    command = [sys.executable, "-m", "tests.browser.monkey", "--server", server, "--no-runs", "--seed", "20"]
    done = subprocess.run([*command, "--actions", str(ACTIONS)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
