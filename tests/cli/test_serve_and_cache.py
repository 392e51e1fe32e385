"""`loom serve` and `loom cache`: a start that is refused says why; the cache is seen, limited and cleared."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from tests.cli.conftest import ROOT, Loom, command, environment, painting


@contextmanager
def serving(home: Path, *more: object) -> Iterator[str]:
    """A server of this home, from its first words to its end; gives its address."""
    arguments = command("serve", "--home", home, "--port", "0", "--no-browser", "--device", "cpu", *more)
    with subprocess.Popen(arguments, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            words = server.stdout.readline()
            yield next(word for word in words.split() if word.startswith("http://"))
        finally:
            server.terminate()
            server.wait(30)


def serve(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command("serve", "--no-browser", *arguments), cwd=ROOT, env=environment(), text=True,
                          capture_output=True, timeout=60, check=False)  # fmt: skip


def test_a_server_answers_and_a_second_one_on_its_home_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        with urlopen(f"{url}/api/system") as answer:
            assert answer.status == 200
        second = serve("--home", tmp_path, "--port", "0")
    assert second.returncode == 1
    assert "Another Latent Loom server" in second.stderr and url in second.stderr and "--home" in second.stderr


def test_a_port_in_use_is_said_with_another_to_take(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = serve("--home", tmp_path, "--port", port)
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr and f"--port {port + 1}" in done.stderr


def test_an_address_beyond_this_computer_is_refused(tmp_path: Path) -> None:
    done = serve("--home", tmp_path, "--host", "0.0.0.0")
    assert done.returncode == 1 and "0.0.0.0" in done.stderr


def test_the_cache_is_shown_limited_and_cleared(loom: Loom, write: Callable[..., Path], home: Path) -> None:
    assert loom("run", write(painting()), "--set", "1.edge=256", "--out", write("", "x").parent).returncode == 0
    shown = loom("cache")
    assert shown.returncode == 0 and "KB of at most 10.0 GB" in shown.stdout, shown
    limited = loom("cache", "--limit", "2GB")
    assert "of at most 2.0 GB" in limited.stdout
    cleared = loom("cache", "--clear")
    assert "of at most 2.0 GB" in cleared.stdout, "a limit is kept for later"
    assert cleared.stdout.startswith("0 bytes")


def test_a_running_server_is_asked_about_its_cache(tmp_path: Path) -> None:
    with serving(tmp_path, "--cache-memory", "1GB") as url:
        with urlopen(f"{url}/api/cache") as answer:
            assert json.load(answer)["memory_limit"] == 2**30
        done = subprocess.run(command("cache", "--limit", "3GB", "--home", tmp_path), cwd=ROOT, env=environment(),
                              text=True, capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "of at most 3.0 GB" in done.stdout
