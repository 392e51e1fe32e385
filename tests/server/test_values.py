"""What a link carries, asked over HTTP: found past everything that only leads on, and never run for."""

from __future__ import annotations

from typing import Any

from tests.server.talk import JSON, Server, workflow


def with_source(**nodes: JSON) -> JSON:
    document = workflow()
    document["nodes"] |= {"s": {"type": "source"}, **nodes}
    return document


async def value(server: Server, document: JSON, node: str, output: str = "result", **more: Any) -> JSON:
    wanted = {"workflow": document, "node": node, "output": output, **more}
    status, body = await server.ask("POST", "/api/values", json=wanted)
    assert status == 200, body
    return dict(body)


async def test_a_kept_value_is_told_with_its_pictures(server: Server) -> None:
    found = await value(server, with_source(), "s")
    assert (found["value"]["kind"], found["value"]["text"]) == ("text", "s.result")
    assert found["pictures"] == [{"url": "/api/files/previews/seen%20it.png", "width": 8, "height": 4}]
    assert found["earlier"] is False
    assert (await server.get("/api/queue")) == {"queued": 0, "running": 0, "paused": False}


async def test_a_value_of_the_last_run_is_said_to_be_earlier(server: Server) -> None:
    assert (await value(server, with_source(), "s", job="abc"))["earlier"] is True


async def test_a_value_that_is_not_kept_is_no_error(server: Server) -> None:
    assert await value(server, with_source(), "1") == {"value": None, "pictures": [], "earlier": False}
    assert (await value(server, with_source(), "nowhere"))["value"] is None


async def test_reroutes_and_bypassed_nodes_lead_to_their_source(server: Server) -> None:
    document = with_source(
        r={"type": "reroute", "inputs": {"value": {"link": ["s", "result"]}}},
        b={"type": "toy", "mode": "bypass", "inputs": {"value": {"link": ["r", "result"]}}},
    )
    assert (await value(server, document, "r"))["value"]["text"] == "s.result"
    assert (await value(server, document, "b"))["value"]["text"] == "s.result"


async def test_a_subgraph_is_looked_into_from_outside_and_inside(server: Server) -> None:
    inside = {
        "inputs": {},
        "outputs": {"given": {"type": "int"}},
        "nodes": {
            "source": {"type": "source"},
            "out": {"type": "subgraph_output", "inputs": {"given": {"link": ["source", "result"]}}},
        },
    }
    document = {**with_source(i={"type": "subgraph:u"}), "subgraphs": {"u": inside}}
    assert (await value(server, document, "i", "given"))["value"]["text"] == "i/source.result"
    assert (await value(server, document, "i/source"))["value"]["text"] == "i/source.result"


async def test_a_reroute_of_a_constant_carries_the_constant(server: Server) -> None:
    document = with_source(r={"type": "reroute", "inputs": {"value": 5}})
    found = await value(server, document, "r")
    assert (found["value"]["kind"], found["value"]["text"]) == ("number", "5")


async def test_nonsense_is_refused_in_words(server: Server) -> None:
    for body in ({}, {"workflow": 1, "node": "s", "output": "x"}, {"workflow": workflow(), "node": "", "output": "x"}):
        status, answer = await server.ask("POST", "/api/values", json=body)
        assert status == 400
        assert answer["error"]["what"]
        assert answer["error"]["fix"]


async def test_while_no_worker_listens_it_is_said(server: Server) -> None:
    await server.services.dispatcher.keeper.stop(1.0)
    status, answer = await server.ask(
        "POST", "/api/values", json={"workflow": with_source(), "node": "s", "output": "result"}
    )
    assert status == 503
    assert answer["error"]["fix"]
