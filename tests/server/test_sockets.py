"""The events: numbered without gaps, resumed after a break, bounded for a browser that does not read."""

from __future__ import annotations

import asyncio
import socket

from server.messages import Event, NodeChange, NodesChanged, QueueChanged
from server.routes.bodies import decode
from server.sockets import EventLog, SocketLimits
from tests.server.talk import Server


async def test_events_are_numbered_without_a_gap(server: Server) -> None:
    async with server.browser() as browser:
        hello = await browser.read()
        await browser.until_ended(await server.submit("output"))
        numbers = [event["seq"] for event in browser.events]
    assert isinstance(hello, dict)
    assert numbers == list(range(hello["seq"], hello["seq"] + len(numbers)))


async def test_a_browser_that_comes_back_gets_what_it_missed(server: Server) -> None:
    async with server.browser() as before, server.browser() as steady:
        hello = await before.until_kind("hello")
        await before.until_ended(await server.submit("finish"))
        seen = before.events[-3]["seq"]
        last = await server.submit("output")
        await steady.until_ended(last)
        async with server.browser(f"?after={seen}&epoch={hello['epoch']}") as back:
            await back.until_kind("hello")
            await back.until_ended(last)
    missed = [event for event in steady.events if event["event"]["kind"] != "hello" and event["seq"] > seen]
    got = [event for event in back.events if event["event"]["kind"] != "hello"]
    assert got[: len(missed)] == missed


async def test_a_new_browser_is_told_the_state_and_no_history(server: Server) -> None:
    await server.run("finish")
    async with server.browser() as browser:
        hello = await browser.until_kind("hello")
        job = await server.submit("finish")
        first = await browser.read()
    assert hello["worker"] == "ready"
    assert isinstance(first, dict)
    assert first["event"]["job"]["id"] == job


async def test_a_browser_of_an_earlier_server_gets_only_the_new_epoch(server: Server) -> None:
    await server.run("finish")
    async with server.browser("?after=3&epoch=earlier") as browser:
        assert (await browser.until_kind("hello"))["epoch"] != "earlier"
        await server.submit("finish")
        event = await browser.read()
        assert isinstance(event, dict)
        assert event["event"]["kind"] == "jobchanged"


async def test_a_number_that_was_never_given_means_starting_anew(server: Server) -> None:
    for after in (10**9, 10**17):
        async with server.browser(f"?after={after}&epoch={server.services.hub.epoch}") as browser:
            await browser.until_kind("hello")
            await browser.until_kind("resync")


async def test_a_browser_that_missed_too_much_is_told_to_start_anew(server: Server) -> None:
    for number in range(25_000):
        server.services.hub.publish(QueueChanged(number, 0))
    async with server.browser(f"?after=5&epoch={server.services.hub.epoch}") as browser:
        await browser.until_kind("resync")


async def test_a_browser_that_never_reads_is_cut_off_and_harms_no_other(server: Server) -> None:
    host, port = server.host.split(":")
    silent = socket.create_connection((host, int(port)))
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    silent.sendall(
        f"GET /api/events HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    hub = server.services.hub
    while not hub.clients:
        await asyncio.sleep(0.005)
    change = NodesChanged("job", [NodeChange(f"node {i}", "done", "x" * 100) for i in range(1000)])
    async with server.browser() as browser:
        await browser.until_kind("hello")
        for _ in range(200):
            hub.publish(change)
            await browser.until_kind("nodeschanged")
        assert len(browser.events) == 201
        assert (await server.run("finish"))[0]["state"] == "done"
        async with asyncio.timeout(20):
            while hub.clients > 1:
                await asyncio.sleep(0.02)
    silent.close()


async def test_what_a_browser_says_is_ignored(server: Server) -> None:
    async with server.browser() as browser:
        for said in ("{}", "x" * 4000, b"\0" * 100):
            await browser.connection.send(said)
        await browser.until_ended(await server.submit("finish"))


async def test_events_of_a_large_job_grow_with_its_nodes_and_no_faster(server: Server) -> None:
    sizes = []
    for count in (1000, 2000, 4000):
        async with server.browser() as browser:
            await browser.until_kind("hello")
            await browser.until_ended(await server.submit(f"many:{count}"))
            sizes.append(browser.received)
    assert sizes[2] - sizes[1] < 2.2 * (sizes[1] - sizes[0])


async def test_the_address_says_that_it_is_a_socket(server: Server) -> None:
    status, body = await server.ask("GET", "/api/events")
    assert status == 400
    assert "WebSocket" in body["error"]["what"]
    assert (await server.ask("GET", "/api/events?after=-1"))[0] == 400


def test_the_log_keeps_as_much_as_it_may_in_events_and_bytes() -> None:
    log = EventLog(SocketLimits(kept_events=5, kept_bytes=300))
    sent = [log.add(QueueChanged(number, 0)) for number in range(20)]
    assert log.since(20) == []
    assert log.since(17) == sent[17:]
    assert log.since(10) is None
    assert log.since(21) is None
    newest = decode(sent[-1], Event)
    assert newest.seq == 20
