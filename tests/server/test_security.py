"""Who is refused: other sites' pages, other names of this computer, names that lead out of a folder."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.api import endpoints
from server.app import running
from server.config import Config, StartError
from server.paths import PathError, inside, safe_stem
from server.security import require_loopback
from tests.server.talk import Server, workflow

on_one_server = pytest.mark.asyncio(loop_scope="module")
CHANGING = [
    ("POST", "/api/jobs"),
    ("POST", "/api/jobs/sweep"),
    ("POST", "/api/jobs/x/cancel"),
    ("POST", "/api/jobs/cancel"),
    ("PUT", "/api/workflows/x"),
    ("DELETE", "/api/workflows/x"),
    ("POST", "/api/workflows/open"),
    ("POST", "/api/workflows/check"),
    ("POST", "/api/files/input"),
    ("POST", "/api/catalogue/refresh"),
    ("PUT", "/api/cache"),
    ("POST", "/api/cache/clear"),
    ("POST", "/api/system/memory/free"),
    ("POST", "/api/gallery/star"),
    ("POST", "/api/gallery/trash"),
    ("POST", "/api/gallery/restore"),
    ("POST", "/api/gallery/delete"),
    ("POST", "/api/gallery/exports"),
    ("POST", "/api/jobs/x/move"),
    ("PUT", "/api/queue"),
    ("POST", "/api/queue/clear"),
    ("PUT", "/api/settings"),
    ("POST", "/api/values"),
    ("POST", "/api/tokens"),
    ("PUT", "/api/workflows/x/revisions/{revision:[0-9]+}"),
]
FOREIGN = [
    "null",
    "http://evil.example",
    "https://127.0.0.1:{port}",
    "http://localhost:1",
    "http://127.0.0.1",
    "file://",
]


def foreign(server: Server) -> list[str]:
    """Origins that are not the page's own."""
    return [origin.replace("{port}", server.host.rpartition(":")[2]) for origin in FOREIGN]


def test_every_changing_route_is_in_the_list_above() -> None:
    assert {(e.method, e.path.replace("{id}", "x")) for e in endpoints() if e.method != "GET"} == set(CHANGING)


@on_one_server
async def test_a_page_of_another_origin_changes_nothing(shared: Server) -> None:
    for origin in foreign(shared):
        for method, path in CHANGING:
            status, body = await shared.ask(method, path, json={"workflow": workflow()}, headers={"Origin": origin})
            assert status == 403, (origin, method, path)
            assert body["error"]["fix"]
    assert (await shared.get("/api/jobs"))["jobs"] == []


@on_one_server
async def test_a_page_of_another_origin_gets_no_socket(shared: Server) -> None:
    for origin in foreign(shared):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://{shared.host}/api/events", additional_headers={"Origin": origin}):
                pass
        assert refused.value.response.status_code == 403, origin


@on_one_server
async def test_the_own_page_and_programs_without_a_browser_are_let_in(shared: Server) -> None:
    for headers in ({}, {"Origin": shared.url}, {"Origin": shared.url.replace("127.0.0.1", "localhost")}):
        status, _ = await shared.ask("POST", "/api/jobs/cancel", headers=headers)
        assert status == 200
        async with connect(f"ws://{shared.host}/api/events", additional_headers=headers) as socket:
            assert "hello" in str(await socket.recv())


@on_one_server
async def test_what_the_browser_calls_cross_site_changes_nothing(shared: Server) -> None:
    for site in ("cross-site", "same-site", "nonsense"):
        status, _ = await shared.ask("POST", "/api/jobs/cancel", headers={"Sec-Fetch-Site": site})
        assert status == 403, site


@on_one_server
async def test_a_link_from_another_site_opens_the_page(shared: Server) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with shared.session.get(shared.url, headers=headers) as response:
        assert response.status in (200, 503)


@on_one_server
async def test_a_name_that_is_not_this_servers_is_refused(shared: Server) -> None:
    port = shared.host.rpartition(":")[2]
    for host in ("evil.example", f"localhost.evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", f"127.1:{port}"):
        for path in ("/", "/api/system", "/api/files/results/x.png"):
            async with shared.session.get(shared.url + path, headers={"Host": host}) as response:
                assert response.status == 403, host


@on_one_server
async def test_a_request_without_or_with_two_hosts_is_refused(shared: Server) -> None:
    for head in ("", f"Host: {shared.host}\r\nHost: evil.example\r\n"):
        answer = await raw(shared, f"GET /api/system HTTP/1.1\r\n{head}\r\n".encode())
        assert b" 400 " in answer or b" 403 " in answer


async def raw(server: Server, request: bytes) -> bytes:
    """The first line of the answer to these very bytes."""
    host, port = server.host.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(10):
        line = await reader.readline()
    writer.close()
    return line


@on_one_server
async def test_every_answer_limits_what_a_browser_may_do_with_it(shared: Server) -> None:
    for path in ("/", "/api/system", "/api/nothing", "/nothing"):
        async with shared.session.get(shared.url + path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith(
                "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'self'"
            )
            assert "frame-ancestors 'none'" in policy


# ---------------------------------------------------------------- files

TRAVERSALS = [
    "../loom.sqlite",
    "..%2floom.sqlite",
    "%2e%2e/loom.sqlite",
    "%2e%2e%2floom.sqlite",
    "a/../../loom.sqlite",
    "..%5cloom.sqlite",
    "%2fetc/passwd",
    "/etc/passwd",
    "C:%5cWindows%5cwin.ini",
    "C:/Windows/win.ini",
    "x.png%00.txt",
    "NUL",
    "con.png",
    "aux",
    "LPT1.png",
    "link.png",
    "folder/x",
    "x.png::$DATA",
    "x.png.",
    "x.png%20",
    "a" * 300,
    "a/" * 600,
    "%ff%fe",
    ".",
    "./x.png",
]


@pytest.mark.parametrize("folder", ["input", "results", "previews"])
@on_one_server
async def test_no_name_leads_out_of_its_folder(shared: Server, folder: str) -> None:
    home = shared.services.config.home
    root: Path = getattr(shared.services.config, folder)
    (root / "x.png").write_bytes(b"inside")
    (home / "secret").mkdir(exist_ok=True)
    (home / "secret" / "x").write_bytes(b"outside")
    (root / "link.png").symlink_to(home / "loom.sqlite")
    (root / "folder").symlink_to(home / "secret")
    for name in TRAVERSALS:
        request = f"GET /api/files/{folder}/{name} HTTP/1.1\r\nHost: {shared.host}\r\n\r\n"
        line = await raw(shared, request.encode())
        assert line.split()[1] in (b"400", b"404"), name
    assert await raw(shared, request.replace(name, "x.png").encode()) == b"HTTP/1.1 200 OK\r\n"


SHOWN = ["a.png", "a.JPG", "a.webp", "a.mp4", "a.wav"]
DOWNLOADED = ["a.svg", "a.html", "a.xhtml", "a.xml", "a.js", "a.pdf", "a.txt", "a", "a.png.html", "a.htm", "a.mhtml"]


@pytest.mark.parametrize("names", [SHOWN, DOWNLOADED])
@on_one_server
async def test_only_media_are_shown_in_place(shared: Server, names: list[str]) -> None:
    for name in names:
        (shared.services.config.results / name).write_bytes(b"<script>alert(1)</script>")
        async with shared.session.get(f"{shared.url}/api/files/results/{name}") as response:
            assert response.status == 200
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in response.headers["Content-Security-Policy"]
            kind, disposition = response.content_type.partition("/")[0], response.headers.get("Content-Disposition")
            assert (kind in ("image", "audio", "video"), disposition is None) == (names is SHOWN, names is SHOWN)


@given(st.text(max_size=60))
def test_whatever_the_name_the_path_is_inside_or_refused(name: str) -> None:
    root = Path("/srv/folder")
    try:
        path = inside(root, name)
    except PathError:
        return
    assert path.is_relative_to(root)
    assert path != root


@given(st.text(max_size=60))
def test_whatever_the_name_its_safe_stem_names_a_file(name: str) -> None:
    root = Path("/srv/folder")
    assert inside(root, f"{safe_stem(name)}-0123.png").parent == root


# ---------------------------------------------------------------- start


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "", "127.0.0.1.evil.example"])
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(StartError, match="this computer only"):
        require_loopback(host)


def test_loopback_addresses_are_accepted() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        require_loopback(host)


async def test_a_port_in_use_is_said_with_another_to_try(config: Config, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} is in use.*--port {port + 1}"):
            async with running(Config(home=config.home, port=port)):
                pass


async def test_a_second_server_on_the_same_home_is_refused_with_the_address_of_the_first(server: Server) -> None:
    with pytest.raises(StartError, match=rf"process {os.getpid()}, {server.url}.*--home"):
        async with running(server.services.config):
            pass


async def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartError, match="cannot be used"):
        async with running(Config(home=tmp_path / "file" / "home")):
            pass


async def test_the_lock_of_a_killed_server_is_free(config: Config) -> None:
    code = (
        "import sys, os; from pathlib import Path; from server.config import Config; from server.home import *\n"
        "lock = HomeLock(Config(home=Path(sys.argv[1]))); lock.take(); lock.describe(Holder(os.getpid(), 'x'))\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(config.home), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(StartError, match=f"process {holder.pid}"):
        async with running(config):
            pass
    holder.kill()
    await holder.wait()
    async with running(config, command=[sys.executable, "-c", "pass"]):
        pass
