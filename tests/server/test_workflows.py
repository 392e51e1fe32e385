"""Workflows over HTTP: kept with revisions, opened from whatever is dropped, checked, and the examples."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from nodes.api import Input, NodeSchema
from server.examples import Need, example, examples
from server.graph.catalogue import Catalogue
from server.graph.pictures import with_texts
from server.model_folders import gather
from server.paths import PathError
from tests.server.talk import JSON, Server, Starter, toy_catalogue, workflow


async def put(server: Server, document: JSON, revision: int | None) -> tuple[int, JSON]:
    return await server.ask("PUT", "/api/workflows/doc", json={"workflow": document, "revision": revision})


async def test_a_workflow_is_saved_listed_read_and_deleted(server: Server) -> None:
    assert await put(server, workflow(), None) == (200, {"revision": 1})
    assert await put(server, workflow("changed"), 1) == (200, {"revision": 2})
    listed = (await server.get("/api/workflows"))["workflows"]
    assert [(one["id"], one["title"], one["revision"]) for one in listed] == [("doc", "Toys", 2)]
    assert await server.get("/api/workflows/doc") == {"workflow": workflow("changed"), "revision": 2}
    assert await server.get("/api/workflows/doc?revision=1") == {"workflow": workflow(), "revision": 1}
    assert await server.ask("DELETE", "/api/workflows/doc") == (204, None)
    assert (await server.ask("GET", "/api/workflows/doc"))[0] == 404
    assert (await server.ask("DELETE", "/api/workflows/doc"))[0] == 404


async def test_a_save_over_an_older_revision_is_answered_with_both_sides(server: Server) -> None:
    await put(server, workflow("theirs"), None)
    status, body = await put(server, workflow("mine"), None)
    assert status == 409
    assert body["stored"] == {"workflow": workflow("theirs"), "revision": 1}
    assert body["sent"] == {"workflow": workflow("mine"), "revision": None}
    assert body["error"]["fix"]


async def test_on_a_full_disk_a_save_is_refused_in_words_and_goes_on_once_there_is_room(server: Server) -> None:
    await put(server, workflow(), None)
    database = server.services.database
    await database.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1").close())
    large = workflow("".join(str(number) for number in range(50_000)))
    status, body = await put(server, large, 1)
    assert (status, body["error"]["what"]) == (507, "The server's disk is full.")
    assert await server.get("/api/workflows/doc") == {"workflow": workflow(), "revision": 1}
    await database.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1000000").close())
    assert await put(server, large, 1) == (200, {"revision": 2})


async def test_a_save_over_a_deleted_workflow_says_so(server: Server) -> None:
    status, body = await put(server, workflow(), 7)
    assert status == 409
    assert body["stored"] is None


async def test_of_many_saves_over_one_revision_one_wins(server: Server) -> None:
    await put(server, workflow(), None)
    answers = await asyncio.gather(*(put(server, workflow(str(number)), 1) for number in range(20)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 19


async def test_what_is_not_understood_is_kept(server: Server) -> None:
    odd = workflow()
    odd |= {"later": {"a": [1, None, "ü"]}, "extra": {"x": 1}}
    odd["nodes"]["9"] = {"type": "someone/else", "strange": True, "inputs": {"big": {"value": {"deep": [1]}}}}
    await put(server, odd, None)
    assert (await server.get("/api/workflows/doc"))["workflow"] == odd


async def test_a_workflow_is_saved_under_its_own_id_only(server: Server) -> None:
    status, body = await server.ask("PUT", "/api/workflows/other", json={"workflow": workflow(), "revision": None})
    assert status == 400
    assert "id" in body["error"]["what"]
    assert (await server.ask("GET", "/api/workflows/" + "x" * 101))[0] == 400


# ---------------------------------------------------------------- opening


def picture(kind: str, texts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, kind)
    return with_texts(buffer.getvalue(), texts) if kind == "PNG" else buffer.getvalue()


async def open_file(server: Server, data: bytes) -> tuple[int, JSON]:
    return await server.ask("POST", "/api/workflows/open", data=data)


async def test_a_saved_file_and_a_saved_picture_open_as_they_were(server: Server) -> None:
    text = json.dumps(workflow())
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode(), picture("PNG", {"workflow": text, "prompt": "{}"})):
        assert await open_file(server, data) == (200, {"workflow": workflow(), "notices": []})


FOREIGN = (
    (picture("PNG", {}), "no workflow in this picture"),
    (picture("WEBP", {}), "no workflow in this picture"),
    (picture("JPEG", {}), "no workflow in this picture"),
    (picture("PNG", {"parameters": "a house\nSteps: 20, Sampler: Euler a, CFG scale: 7"}), "AUTOMATIC1111"),
    (picture("PNG", {"prompt": '{"3": {"class_type": "KSampler", "inputs": {}}}'}), "ComfyUI"),
    (b'{"last_node_id": 9, "nodes": [{"widgets_values": []}], "links": []}', "ComfyUI"),
    (b"just words", ""),
)


async def test_what_holds_no_workflow_of_ours_is_named(server: Server) -> None:
    for data, words in FOREIGN:
        status, body = await open_file(server, data)
        assert status == 400, data
        assert words in body["error"]["what"]
        assert body["error"]["fix"]


async def test_old_nodes_are_brought_up_to_date_inside_subgraphs_too(start: Starter) -> None:
    document = workflow()
    document["subgraphs"] = {"s": {"nodes": {"a": {"type": "toy", "version": 1, "kept": 5, "inputs": {}}}}}
    async with start(catalogue=toy_catalogue(version=2)) as server:
        status, body = await open_file(server, json.dumps(document).encode())
    assert status == 200
    assert body["workflow"]["nodes"]["1"]["version"] == 2
    assert body["workflow"]["nodes"]["1"]["inputs"] == {"do": "finish", "upgraded": True}
    assert body["workflow"]["subgraphs"]["s"]["nodes"]["a"]["version"] == 2
    assert body["workflow"]["subgraphs"]["s"]["nodes"]["a"]["kept"] == 5
    assert body["notices"] == ["Brought up to date from older versions: node 1, a."]


async def test_a_node_that_cannot_be_brought_up_to_date_stays_and_says_why(start: Starter) -> None:
    async with start(catalogue=toy_catalogue(version=2)) as server:
        status, body = await open_file(server, json.dumps(workflow("stay")).encode())
    assert (status, body["workflow"]) == (200, workflow("stay"))
    assert body["notices"] == ["Node 1 stays as it was saved: It cannot be."]


async def test_unknown_nodes_open_unchanged_and_are_named(server: Server) -> None:
    document = workflow()
    document["nodes"]["2"] = {"type": "pack/unknown", "inputs": {"x": 1}}
    status, body = await open_file(server, json.dumps(document).encode())
    assert (status, body["workflow"]) == (200, document)
    assert body["notices"] == ["Not installed here, and kept as it is: pack/unknown."]


async def test_problems_are_found_without_running(server: Server) -> None:
    wrong = workflow()
    wrong["nodes"]["1"]["inputs"]["value"] = {"link": ["7", "result"]}
    status, body = await server.ask("POST", "/api/workflows/check", json={"workflow": wrong})
    assert status == 200
    assert [(problem["node"], problem["input"]) for problem in body["problems"]] == [("1", "value")]
    assert (await server.get("/api/jobs"))["jobs"] == []


# ---------------------------------------------------------------- examples


def test_examples_are_listed_without_schemas_and_broken_ones(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(
        '{"schema": 1, "title": "Second", "extra": {"description": "Words", "first": true}}'
    )
    (tmp_path / "a.json").write_text('{"schema": 1}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "workflow.schema.json").write_text("{}")
    found = examples(tmp_path)
    assert [(one.name, one.title, one.description, one.first) for one in found] == [
        ("a", "a", "", False),
        ("b", "Second", "Words", True),
    ]
    assert example(tmp_path, "a") == b'{"schema": 1}'
    assert example(tmp_path, "workflow.schema") is None
    with pytest.raises(PathError):
        example(tmp_path, "../a")


def test_an_example_says_what_it_needs_and_what_of_that_is_there(tmp_path: Path) -> None:
    load = {"type": "load_checkpoint", "inputs": {"file": "there.safetensors"}}
    lora = {"type": "load_lora", "inputs": {"file": "style/gone.safetensors"}}
    document = {"schema": 1, "id": "a", "title": "A", "nodes": {"1": load, "2": lora, "3": load, "4": {"type": "none"}}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "models" / "checkpoints" / "there.safetensors").write_bytes(b"")
    (tmp_path / "a.webp").write_bytes(b"picture")

    def loader(id: str, folder: str) -> NodeSchema:
        file = Input("file", "file", "File", "", widget={"kind": "model_file", "folder": folder, "options": []})
        return NodeSchema(id, id, "loaders", "", 1, (file,), (), False)

    loaders = {id: loader(id, folder) for id, folder in (("load_checkpoint", "checkpoints"), ("load_lora", "loras"))}
    catalogue = Catalogue("1", {}, loaders, ())
    (found,) = examples(tmp_path, catalogue, gather(tmp_path, [], None, tmp_path))
    assert found.picture
    assert found.needs == [
        Need("checkpoints", "there.safetensors", True), Need("loras", "style/gone.safetensors", False),
    ]  # fmt: skip


async def test_the_shipped_examples_can_be_had(server: Server) -> None:
    for one in (await server.get("/api/examples"))["examples"]:
        assert (await server.get(f"/api/examples/{one['name']}"))["schema"] == 1
        async with server.session.get(f"{server.url}/api/examples/{one['name']}/picture") as response:
            assert (response.status, response.content_type) == (200, "image/webp")
    assert (await server.ask("GET", "/api/examples/none"))[0] == 404
    assert (await server.ask("GET", "/api/examples/..%2f..%2fpackage"))[0] in (400, 404)
