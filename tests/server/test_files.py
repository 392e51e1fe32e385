"""Files, models, cache and catalogue over HTTP."""

from __future__ import annotations

import asyncio
import io
import socket
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image

from server.api import Api
from server.app import Door, build_app
from server.config import PACKAGE_ROOT, Config
from tests.server.talk import JSON, Server, Starter


def picture(kind: str = "PNG", size: tuple[int, int] = (6, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, kind)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it has very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 2**20)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


async def upload(server: Server, data: bytes, name: str = "a.png", field: str = "file") -> tuple[int, JSON]:
    form = aiohttp.FormData(quote_fields=False)  # as browsers send names
    form.add_field(field, io.BytesIO(data), filename=name)
    return await server.ask("POST", "/api/files/input", data=form)


async def test_a_picture_is_uploaded_and_served(server: Server) -> None:
    status, body = await upload(server, picture(), "Ein schönes Bild.png")
    assert (status, body["width"], body["height"]) == (200, 6, 4)
    assert body["name"].startswith("Ein_schönes_Bild-")
    async with server.session.get(f"{server.url}/api/files/input/{body['name']}") as response:
        assert await response.read() == picture()
        tag = {"If-None-Match": response.headers["ETag"]}
    async with server.session.get(f"{server.url}/api/files/input/{body['name']}", headers=tag) as response:
        assert response.status == 304


async def test_a_picture_beside_a_model_is_served_and_weights_are_not(server: Server, config: Config) -> None:
    folder = config.home / "models" / "loras" / "mine"
    folder.mkdir(parents=True)
    (folder / "knit.preview.png").write_bytes(picture())
    (folder / "knit.safetensors").write_bytes(b"weights")
    async with server.session.get(f"{server.url}/api/files/models/loras/mine/knit.preview.png") as response:
        assert (response.status, response.content_type) == (200, "image/png")
        assert await response.read() == picture()
    for path in (
        "loras/mine/knit.safetensors",
        "loras/mine/none.png",
        "loras/..%2Fmine/knit.preview.png",
        "..%2F/x.png",
    ):
        status, _ = await server.ask("GET", f"/api/files/models/{path}")
        assert status in (400, 404), path


async def test_equal_pictures_share_a_name_and_different_ones_do_not(server: Server) -> None:
    names = [(await upload(server, data))[1]["name"] for data in (picture(), picture(), picture(size=(7, 4)))]
    assert names[0] == names[1] != names[2]


async def test_the_ending_follows_the_content(server: Server) -> None:
    for kind, ending in (("JPEG", ".jpg"), ("WEBP", ".webp"), ("GIF", ".gif"), ("BMP", ".bmp"), ("TIFF", ".tif")):
        status, body = await upload(server, picture(kind), "photo.html")
        assert status == 200
        assert body["name"].endswith(ending)


async def test_bad_names_become_harmless(server: Server) -> None:
    names = ("../../x.png", "/etc/passwd", "C:\\x\\NUL.png", "CON", "..", "a\tb.png", "<script>.png", "." * 300, "")
    for name in names:
        status, body = await upload(server, picture(), name)
        assert status == 200, name
        assert "/" not in body["name"]
        assert (server.services.config.input / body["name"]).is_file()


NO_PICTURES = (
    b"",
    b"hello",
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    b"<html>",
    b"%PDF-1.4",
    picture()[:-30],
    picture("JPEG")[:200],
    b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    b"GIF89a" + b"\xff" * 50,
    b"RIFF\0\0\0\0WEBP",
)


async def test_what_is_no_whole_picture_is_refused_and_not_kept(server: Server) -> None:
    for data in NO_PICTURES:
        status, body = await upload(server, data)
        assert status == 400, data
        assert "picture" in body["error"]["what"]
    assert list(server.services.config.input.iterdir()) == []


async def test_a_bomb_is_refused_by_its_size_alone(server: Server) -> None:
    for size in ((50_000, 50_000), (9_000, 9_000), (2**31 - 1, 2**31 - 1), (0, 5)):
        status, body = await upload(server, bomb(*size))
        assert status in (400, 413), size
        assert body["error"]["fix"]
        status, _ = await server.ask("POST", "/api/workflows/open", data=bomb(*size))
        assert status in (400, 413), size
    assert list(server.services.config.input.iterdir()) == []


async def test_an_upload_too_large_is_refused_and_not_kept(start: Starter, config: Config) -> None:
    async with start(limits=replace(config.limits, max_upload=1000)) as server:
        status, _ = await upload(server, b"\0" * 2000)
        assert status == 413
        assert list(config.input.iterdir()) == []


async def test_a_form_that_is_damaged_is_refused(server: Server) -> None:
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    requests: list[dict[str, Any]] = [
        {"data": b"nothing", "headers": head},
        {"data": b"--x\r\n\r\n", "headers": head},
        {"data": b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nabc", "headers": head},
        {"data": b"", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"x", "headers": {"Content-Type": "image/png"}},
    ]
    for request in requests:
        status, body = await server.ask("POST", "/api/files/input", **request)
        assert status in (400, 415), request
        assert body["error"]["what"]
    assert (await upload(server, picture(), field="other"))[0] == 400


# ---------------------------------------------------------------- models, catalogue, cache


async def test_models_are_listed_by_kind_as_the_worker_describes_them(server: Server) -> None:
    (server.services.config.models / "vae").mkdir()
    kinds = (await server.get("/api/models"))["kinds"]
    assert [(model["name"], model["what"]) for model in kinds["loras"]] == [("toy", "a LoRA")]
    assert kinds["vae"] == [], "a kind that has a folder and no files"
    assert set((await server.get("/api/models?kind=loras"))["kinds"]) == {"loras"}
    assert "diffusion_models" in (await server.get("/api/models?kind=unet"))["kinds"], "the present name of a kind"


async def test_one_model_is_described_and_one_that_is_not_there_is_refused(server: Server) -> None:
    assert (await server.get("/api/models/loras/toy"))["files"][0]["name"] == "toy/a.gguf"
    status, body = await server.ask("GET", "/api/models/loras/no/such.safetensors")
    assert status == 404 and "models/loras/no/such.safetensors" in body["error"]["what"]


async def test_the_catalogue_is_sent_once_for_each_revision(server: Server) -> None:
    async with server.session.get(f"{server.url}/api/catalogue") as response:
        tag = {"If-None-Match": response.headers["ETag"]}
        assert set((await response.json())["nodes"]) == {"toy", "source"}
    async with server.session.get(f"{server.url}/api/catalogue", headers=tag) as response:
        assert response.status == 304
        assert await response.read() == b""


async def test_the_catalogue_is_made_anew_on_demand(server: Server) -> None:
    status, body = await server.ask("POST", "/api/catalogue/refresh")
    assert (status, body["revision"]) == (200, (await server.get("/api/catalogue"))["revision"])


async def test_limits_of_the_cache_are_set_told_to_the_worker_and_kept(start: Starter) -> None:
    async with start() as server:
        assert (await server.get("/api/cache"))["memory_limit"] == 1000
        status, use = await server.ask("PUT", "/api/cache", json={"memory": 5, "disk": 6})
        assert status == 200
        assert (use["memory_limit"], use["disk_limit"], use["disk"]) == (5, 6, 2)
        assert (await server.ask("POST", "/api/cache/clear"))[0] == 200
    async with start() as server:
        use = await server.get("/api/cache")
        assert (use["memory_limit"], use["disk_limit"]) == (5, 6)


async def test_what_the_user_chose_in_the_page_is_kept_as_it_was_given(start: Starter) -> None:
    chosen = {"values": {"language": "de", "shortcuts": {"run": ["F5"]}}, "updated": 12.5}
    async with start() as server:
        assert await server.get("/api/settings") == {"values": {}, "updated": 0.0}
        assert await server.ask("PUT", "/api/settings", json=chosen) == (200, chosen)
    async with start() as server:
        assert await server.get("/api/settings") == chosen
        too_much = {"values": {"notes": "x" * 300_000}, "updated": 1}
        assert (await server.ask("PUT", "/api/settings", json=too_much))[0] == 413
        assert await server.get("/api/settings") == chosen


async def test_the_page_is_served_with_the_right_caching(start: Starter, config: Config, tmp_path: Path) -> None:
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>Loom</title>")
    (page / "assets" / "index-abc123.js").write_text("export {}")
    (page / "favicon.svg").write_text("<svg/>")
    async with start(page_folder=page) as server:
        expected = {"/": "no-cache", "/assets/index-abc123.js": "immutable", "/favicon.svg": "no-cache"}
        for path, caching in expected.items():
            async with server.session.get(server.url + path) as response:
                assert response.status == 200
                assert caching in response.headers["Cache-Control"]
        for path in ("/assets/none.js", "/..%2fsecret", "/assets/..%2f..%2fx"):
            async with server.session.get(server.url + path) as response:
                assert response.status == 404


async def test_a_page_that_is_not_built_is_explained(start: Starter, tmp_path: Path) -> None:
    async with start(page_folder=tmp_path) as server, server.session.get(server.url) as response:
        assert response.status == 503
        assert "not built" in await response.text()


async def test_the_page_is_there_before_what_is_behind_it(config: Config, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html><title>Loom</title>")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        door = Door()
        runner = web.AppRunner(build_app(replace(config, page_folder=page), listening.getsockname()[1], door))
        await runner.setup()
        await web.SockSite(runner, listening).start()
        async with aiohttp.ClientSession() as session:
            waiting = asyncio.create_task(session.get(f"http://{host}/api/examples"))
            async with session.get(f"http://{host}/") as response:
                assert response.status == 200
            assert not waiting.done()
            door.open(Api(config))
            async with await waiting as response:
                assert response.status == 200
        await runner.cleanup()


def test_the_front_loads_neither_database_nor_graph() -> None:
    code = "import sys, server.app; print([name for name in ('sqlalchemy', 'networkx', 'PIL') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
