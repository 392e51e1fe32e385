"""The gallery: every file once, found by what it was made with, starred, deleted and brought back, exported."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection, create_engine

from server.gallery.query import Clock, read
from server.gallery.thumbnails import SIZE, sweep
from server.graph.facts import Facts, Setting
from server.messages import OutputFile
from server.store import database as database_module
from server.store import gallery, outputs, results, search
from server.store.database import Database
from server.store.gallery import NoIndexError
from server.store.outputs import NewOutput
from server.store.search import Indexed
from tests.server.talk import JSON, Server, Starter

DAY = 86_400.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "loom.sqlite")
    await database.open()
    await database.write(search.prepare)
    yield database
    await database.close()


def picture(path: str, sha256: str = "00") -> OutputFile:
    return OutputFile("9", path, "image/png", width=8, height=4, sha256=sha256)


async def save(database: Database, path: str, created: float, *texts: str, sha256: str = "00", **facts: Any) -> int:
    """Note a file with what it was made with; gives the result's id."""

    def both(connection: Connection) -> int:
        added = outputs.add(connection, NewOutput("job", picture(path, sha256), created))
        search.add(connection, added.result, Indexed(Facts(list(texts), **facts), "A title", path))
        return added.result

    return await database.write(both)


async def names(database: Database, text: str = "", **place: Any) -> list[str]:
    """What a search finds, by the files' names."""
    wanted = read(text, Clock(100 * DAY))
    ask = {"before": None, "skip": 0, "limit": 100, **place}
    found = await database.read(lambda c: gallery.page(c, wanted, **ask))
    return [result.path for result in found]


async def test_a_file_that_jobs_list_again_is_one_result(database: Database) -> None:
    first = await save(database, "a.png", 1.0)
    again = await database.write(lambda c: outputs.add(c, NewOutput("later", picture("a.png"), 9.0)))
    assert again.result == first
    assert await names(database) == ["a.png"]


async def test_another_file_under_the_same_name_is_another_result(database: Database) -> None:
    first = await save(database, "a.png", 1.0, "an old house")
    await database.write(lambda c: results.star(c, [first], True))
    second = await save(database, "a.png", 2.0, "a new boat", sha256="11")
    assert second != first
    assert await names(database, "house") == []
    assert await names(database, "boat -is:starred") == ["a.png"]


async def test_words_are_looked_for_in_what_a_result_was_made_with(database: Database) -> None:
    made: JSON = {"models": ["sdxl/base_1.0.safetensors"], "seeds": ["42"], "settings": [Setting("Sampler", "euler")]}
    await save(database, "one.png", 1.0, "A red house\nat night", avoided=["snow"], **made)
    await save(database, "two.png", 2.0, "a château in the snow", seeds=["421"])
    for text, found in {
        "red": ["one.png"],
        "RED hou": ["one.png"],
        '"red house"': ["one.png"],
        '"house red"': [],
        "chateau": ["two.png"],
        "snow": ["two.png"],
        "negative:snow": ["one.png"],
        "-snow": ["one.png"],
        "seed:42": ["one.png"],
        "42": ["two.png", "one.png"],
        "model:sdxl": ["one.png"],
        "model:base_1": ["one.png"],
        "sampler:euler night": ["one.png"],
        "title:title": ["two.png", "one.png"],
        "name:two": ["two.png"],
        "red snow": [],
        "!!!": ["two.png", "one.png"],
        '" AND ( NEAR': [],
    }.items():
        assert await names(database, text) == found, text


async def test_pages_follow_one_another_without_a_gap(database: Database) -> None:
    ids = [await save(database, f"{number}.png", float(number), "house") for number in range(10)]
    for text in ("", "house"):
        assert await names(database, text, limit=3) == ["9.png", "8.png", "7.png"]
        assert await names(database, text, limit=3, before=ids[7]) == ["6.png", "5.png", "4.png"]
        assert await names(database, text, limit=2, before=ids[7], skip=2) == ["4.png", "3.png"]
        assert await names(database, text, before=ids[0]) == []
        wanted = read(text, Clock(0.0))
        every = await database.read(partial(gallery.ids, wanted=wanted, before=None, skip=0, limit=99))
        assert every == ids[::-1]


async def test_days_say_where_every_result_is(database: Database) -> None:
    noon = 20 * DAY + DAY / 2
    ids = [await save(database, f"{n}.png", at, "house") for n, at in enumerate([noon, noon + 1, noon + DAY])]
    for text in ("", "house"):
        wanted = read(text, Clock(0.0))
        found = await database.read(partial(gallery.days, wanted=wanted, zone=0))
        assert [(day.day, day.count, day.newest) for day in found] == [(21, 1, ids[2]), (20, 2, ids[1])]
        shifted = await database.read(partial(gallery.days, wanted=wanted, zone=12 * 60))
        assert [(day.day, day.count) for day in shifted] == [(22, 1), (21, 2)]


async def test_a_clock_put_back_a_little_does_not_mix_the_order(database: Database) -> None:
    await save(database, "first.png", 1000.0)
    await save(database, "second.png", 990.0)
    assert await names(database) == ["second.png", "first.png"]


async def test_only_what_is_starred_of_a_kind_or_of_a_day(database: Database) -> None:
    old = await save(database, "old.png", 10 * DAY)
    await save(database, "new.png", 20 * DAY)
    assert await database.write(lambda c: results.star(c, [old, 999], True)) == [old]
    assert await database.write(lambda c: results.star(c, [old], True)) == []
    assert await names(database, "is:starred") == ["old.png"]
    assert await names(database, "kind:video") == []
    assert await names(database, "after:1970-01-15") == ["new.png"]
    assert await names(database, "before:1970-01-15 kind:image") == ["old.png"]


async def test_models_are_suggested_the_commonest_first(database: Database) -> None:
    for number, model in enumerate(["sdxl/a.safetensors", "sdxl/b.safetensors", "sdxl/b.safetensors", "flux/c.gguf"]):
        await save(database, f"{number}.png", float(number), models=[model])
    found = await database.read(lambda c: search.values(c, "model", "SDXL", 9))
    assert [(each.value, each.count) for each in found] == [("sdxl/b.safetensors", 2), ("sdxl/a.safetensors", 1)]


async def test_a_forgotten_result_leaves_nothing_behind(database: Database) -> None:
    gone = await save(database, "gone.png", 1.0, "house", models=["m"])
    await database.write(lambda c: results.forget(c, [gone]))
    assert await names(database, "house") == []
    assert await database.read(lambda c: (search.values(c, "model", "", 9), outputs.of_job(c, "job"))) == ([], [])


async def test_without_full_text_search_results_are_shown_and_filtered(tmp_path: Path) -> None:
    database = Database(tmp_path / "loom.sqlite")
    await database.open()  # and no index is made
    await save(database, "a.png", 1.0, "house")
    assert await names(database, "kind:image") == ["a.png"]
    with pytest.raises(NoIndexError):
        await names(database, "house")
    await database.write(search.prepare)
    assert await database.read(lambda c: search.read(c, 1)) is None, "it is to be looked at again"
    await database.close()


def test_results_of_an_older_database_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    database_module._migrate(engine, tmp_path, "0001")
    with sqlite3.connect(path) as old:
        old.execute("INSERT INTO jobs (id, document, title, state, created, attempts) VALUES ('j','d','t','done',1,1)")
        for name, created in (("a.png", 1.0), ("b.webm", 2.0), ("a.png", 3.0)):
            media = "video/webm" if name.endswith("webm") else "image/png"
            old.execute(
                "INSERT INTO outputs (job, node, root, path, media_type, width, height, sha256, text, created)"
                " VALUES ('j', '9', 'results', ?, ?, 8, 8, '00', '', ?)", (name, media, created))  # fmt: skip
    old.close()
    database_module._migrate(engine, tmp_path)
    with engine.begin() as connection:
        found = gallery.page(connection, read("", Clock(0.0)), None, 0, 9)
    engine.dispose()
    assert [(one.path, one.kind, one.created, one.document) for one in found] == [
        ("b.webm", "video", 2.0, "d"), ("a.png", "image", 1.0, "d"),
    ]  # fmt: skip


# ---------------------------------------------------------------- over HTTP, with real files


def write_picture(server: Server, name: str = "sub/picture_00001.png") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (600, 300), "teal").save(made, "PNG")
    path = server.services.config.results / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.getvalue())
    return made.getvalue()


async def one_result(server: Server) -> JSON:
    """A job saved a file; gives its result once it can be searched for."""
    await server.run("output")
    write_picture(server)
    while not (found := (await server.get("/api/gallery?q=title:toys"))["results"]):
        await asyncio.sleep(0.01)
    return dict(found[0])


async def test_what_a_job_saves_can_be_searched_for_and_is_told_of(server: Server) -> None:
    async with server.browser() as browser:
        await browser.until_kind("hello")
        await server.submit("output")
        told = await browser.until_kind("resultschanged")
    page = await server.get("/api/gallery?q=title:toys")
    assert [result["id"] for result in page["results"]] == told["results"]
    detail = await server.get(f"/api/gallery/{told['results'][0]}")
    assert (detail["title"], detail["indexed"], detail["result"]["node"]) == ("Toys", True, "1")


async def test_results_that_were_not_looked_at_are_after_the_next_start(start: Starter) -> None:
    async with start() as server:
        await one_result(server)
        await server.services.database.write(lambda c: search.remove(c, 1))
        await server.services.database.write(lambda c: c.exec_driver_sql("UPDATE results SET indexed = 0"))
    async with start() as server:
        while not (await server.get("/api/gallery?q=title:toys"))["results"]:
            await asyncio.sleep(0.01)


async def test_a_thumbnail_is_small_and_may_be_kept(server: Server) -> None:
    result = await one_result(server)
    async with server.session.get(server.url + result["thumbnail"]) as answer:
        assert (answer.status, answer.content_type) == (200, "image/webp")
        assert "immutable" in answer.headers["Cache-Control"]
        with Image.open(io.BytesIO(await answer.read())) as small:
            assert small.size == (SIZE, SIZE // 2)
        tag = answer.headers["ETag"]
    async with server.session.get(server.url + result["thumbnail"], headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


async def test_a_thumbnail_of_what_is_gone_or_no_picture_is_refused_in_words(server: Server) -> None:
    results_folder = server.services.config.results
    (results_folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    for name in ("none.png", "bad.png"):
        status, body = await server.ask("GET", f"/api/files/thumbnails/{name}")
        assert status == 404 and body["error"]["fix"]


async def test_many_who_ask_at_once_get_one_thumbnail(server: Server) -> None:
    write_picture(server, "a.png")
    await asyncio.gather(*(server.session.get(f"{server.url}/api/files/thumbnails/a.png") for _ in range(20)))
    assert len(list((server.services.config.cache / "thumbnails").glob("*/*"))) == 1


def test_the_oldest_thumbnails_go_first(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.webp").write_bytes(b"12345")
    sweep(tmp_path, 10)
    assert len(list(tmp_path.glob("*/*"))) == 2


async def test_a_deleted_result_waits_in_the_trash_and_comes_back(server: Server) -> None:
    result = await one_result(server)
    place = server.services.config.results / "sub" / "picture_00001.png"
    chosen = {"json": {"ids": [result["id"]]}}
    assert await server.ask("POST", "/api/gallery/trash", **chosen) == (200, {"ids": [result["id"]], "problem": ""})
    assert not place.exists()
    assert (await server.get("/api/gallery"))["results"] == (await server.get("/api/outputs"))["outputs"] == []
    waiting = (await server.get("/api/gallery?q=is:trash"))["results"][0]
    assert (await server.session.get(server.url + waiting["url"])).status == 200
    assert (await server.session.get(server.url + waiting["thumbnail"])).status == 200
    await server.ask("POST", "/api/gallery/restore", **chosen)
    assert place.exists()
    assert (await server.get("/api/gallery"))["results"][0]["id"] == result["id"]


async def test_a_result_whose_place_is_taken_stays_in_the_trash(server: Server) -> None:
    chosen = {"json": {"ids": [(await one_result(server))["id"]]}}
    await server.ask("POST", "/api/gallery/trash", **chosen)
    write_picture(server)
    _, answer = await server.ask("POST", "/api/gallery/restore", **chosen)
    assert answer["ids"] == [] and "picture_00001" in answer["problem"]
    assert len((await server.get("/api/gallery?q=is:trash"))["results"]) == 1


async def test_only_what_is_in_the_trash_is_deleted_for_good(server: Server) -> None:
    chosen = {"json": {"ids": [(await one_result(server))["id"]]}}
    assert (await server.ask("POST", "/api/gallery/delete", **chosen))[1]["ids"] == []
    await server.ask("POST", "/api/gallery/trash", **chosen)
    assert len((await server.ask("POST", "/api/gallery/delete", **chosen))[1]["ids"]) == 1
    assert [path for path in server.services.config.results.rglob("*") if path.is_file()] == []
    assert (await server.get("/api/gallery?q=is:trash"))["results"] == []


async def test_the_trash_is_emptied_after_a_while(start: Starter) -> None:
    async with start() as server:
        result = await one_result(server)
        await server.ask("POST", "/api/gallery/trash", json={"ids": [result["id"]]})
        await server.services.database.write(lambda c: c.exec_driver_sql("UPDATE results SET trashed = 1.0"))
    async with start() as server:
        while (await server.get("/api/gallery?q=is:trash"))["results"]:
            await asyncio.sleep(0.01)


async def test_an_export_is_a_zip_of_the_files_and_says_what_is_missing(server: Server) -> None:
    result = await one_result(server)
    content = write_picture(server)
    for workflows in (True, False):
        body = {"ids": [result["id"]], "workflows": workflows}
        _, ready = await server.ask("POST", "/api/gallery/exports", json=body)
        assert ready["count"] == 1
        async with server.session.get(server.url + ready["url"]) as answer:
            with zipfile.ZipFile(io.BytesIO(await answer.read())) as zipped:
                assert zipped.testzip() is None
                assert {name: zipped.read(name) for name in zipped.namelist()} == {"sub/picture_00001.png": content}
    (server.services.config.results / "sub" / "picture_00001.png").unlink()
    async with server.session.get(server.url + ready["url"]) as answer:
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as zipped:
            assert zipped.read("missing.txt") == b"sub/picture_00001.png\n"
    assert (await server.get(f"/api/gallery/{result['id']}"))["bytes"] is None
