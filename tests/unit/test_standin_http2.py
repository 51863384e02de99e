"""HTTP ports serve HTTP/2 too, to clients that begin with it, as Envoy does where a port's name says `http2`."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from lab.http import HttpRequest, Response
from lab.standins.http_server import HttpServer
from tests.support.unit.standin_shop import collect_transports, free_port

LARGE = 300_000
"""Bytes: more than one frame, and more than the window of a stream of this server."""
HUGE = 10_000_000
"""Bytes of which two answers are more than the window of a client's connection: 2**24 in httpcore."""

DATA_OF_NO_STREAM = bytes.fromhex("000001000000000000") + b"a"

GOAWAY = bytes.fromhex("0000080700000000")
"""The beginning of a frame of that type: 8 bytes, of no stream."""

Client = httpx.AsyncClient


async def echo(request: HttpRequest) -> Response:
    """Answer with what came, as large as the path says."""
    seen = {"verb": request.verb, "headers": dict(request.headers), "size": len(request.body)}
    padding = " " * HUGE if request.target == "/huge" else ""
    return Response(status=204 if request.target == "/empty" else 200, body=f"{json.dumps(seen)}{padding}".encode())


def serve(question: Callable[[Client, HttpServer], Awaitable[None]], handler: object = echo) -> None:
    async def talk() -> None:
        server = HttpServer(handler)  # type: ignore[arg-type]
        port = free_port()
        await server.start("127.0.0.1", port)
        url = f"http://127.0.0.1:{port}"
        try:
            async with asyncio.timeout(30), Client(base_url=url, http1=False, http2=True, trust_env=False) as client:
                await question(client, server)
        finally:
            await server.stop(5)

    try:
        asyncio.run(talk())
    finally:
        collect_transports()


def test_a_request_and_its_answer() -> None:
    async def ask(client: Client, _: HttpServer) -> None:
        response = await client.post("/x", content=b"a" * LARGE, headers={"baggage": "feature=x"})
        assert response.http_version == "HTTP/2"
        seen = response.json()
        assert (seen["verb"], seen["size"]) == ("POST", LARGE)
        assert seen["headers"]["baggage"] == "feature=x"
        assert seen["headers"]["host"].startswith("127.0.0.1:")

    serve(ask)


def test_a_large_answer_waits_for_the_clients_window() -> None:
    async def ask(client: Client, _: HttpServer) -> None:
        answers = await asyncio.gather(client.get("/huge"), client.get("/huge"))
        assert all(len(answer.content) > HUGE for answer in answers)

    serve(ask)


@pytest.mark.parametrize(("verb", "path", "status"), [("HEAD", "/x", 200), ("GET", "/empty", 204)])
def test_an_answer_without_a_body(verb: str, path: str, status: int) -> None:
    async def ask(client: Client, _: HttpServer) -> None:
        response = await client.request(verb, path)
        assert (response.status_code, response.content) == (status, b"")

    serve(ask)


def test_requests_of_one_connection_do_not_wait_for_each_other() -> None:
    other = asyncio.Event()

    async def meet(request: HttpRequest) -> Response:
        if request.target == "/first":
            await other.wait()
        else:
            other.set()
        return Response()

    async def ask(client: Client, _: HttpServer) -> None:
        first = asyncio.create_task(client.get("/first"))
        await asyncio.sleep(0)
        await client.get("/second")
        assert (await first).status_code == 200

    serve(ask, meet)


def test_a_request_under_way_is_answered_when_the_server_stops() -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: HttpRequest) -> Response:
        arrived.set()
        await go_on.wait()
        return Response(body=b"done")

    async def ask(client: Client, server: HttpServer) -> None:
        request = asyncio.create_task(client.get("/"))
        await arrived.wait()
        stopped = asyncio.create_task(server.stop(20))
        await asyncio.sleep(0.05)
        assert not stopped.done()
        go_on.set()
        assert (await request).content == b"done"
        await stopped

    serve(ask, wait)


def test_nonsense_after_the_preface_ends_the_connection() -> None:
    async def ask(client: Client, _: HttpServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        try:
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + DATA_OF_NO_STREAM)
            frames = await asyncio.wait_for(reader.read(), 5)
            assert GOAWAY in frames
        finally:
            writer.close()

    serve(ask)
