"""Finds the Chromium that the browser tests drive, or installs one: they are never silently skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
MISSING = "needs Chromium: install it or Chrome, or run .venv/bin/python -m playwright install chromium"


def find() -> Path | None:
    """A browser on PATH, in its usual place, or the one Playwright downloaded."""
    for name in NAMES:
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    for place in PLACES:
        if Path(place).exists():
            return Path(place)
    return playwrights_own()


def playwrights_own() -> Path | None:
    """Where Playwright keeps its Chromium, when it has downloaded it."""
    from playwright.sync_api import sync_playwright  # only where nothing else was found: it starts a process

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def ensure() -> str:
    """Install a Chromium if there is none. Returns why that was not possible, or no words."""
    if find():
        return ""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        print("Installing Chromium with apt-get ...", flush=True)
        silent = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, stdin=subprocess.DEVNULL, env=silent, check=False)
    else:
        print("Letting Playwright download its Chromium ...", flush=True)
        download = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(download, stdin=subprocess.DEVNULL, check=False)
    return "" if find() else MISSING
