import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.supervision import published_ports
from lab.supervision.published_ports import Publication

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BIG = 32 * 1024 * 1024


@contextlib.asynccontextmanager
async def publish_handler(handler: Handler) -> AsyncIterator[int]:
    """Serve with the handler, and yield the port at which the outside reaches it."""
    inside = await asyncio.start_server(handler, "127.0.0.1", 0)
    host, port = inside.sockets[0].getsockname()
    listener = published_ports.listen(0)
    servers = await published_ports.serve([Publication(listener, lambda: [(host, port)])])
    try:
        yield listener.getsockname()[1]
    finally:
        for server in (*servers, inside):
            server.close()
        await asyncio.sleep(0.01)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b" and that was all")
    writer.close()
    await writer.wait_closed()


def descriptors() -> int:
    """Return how many descriptors are open: a leaked connection keeps two."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_answer_still_comes_after_the_client_has_said_all() -> None:
    async def run() -> bytes:
        async with publish_handler(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello")
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
        return answer

    assert asyncio.run(run()) == b"hello and that was all"


def test_much_data_passes_a_slow_reader_unharmed_and_without_piling_up() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        for _ in range(BIG // 65536):
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536
        writer.close()
        await writer.wait_closed()

    async def run() -> tuple[int, int]:
        async with publish_handler(flood) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
            await asyncio.sleep(0.5)
            before_reading = sent
            received = 0
            while data := await asyncio.wait_for(reader.read(1 << 20), 10):
                received += len(data)
            writer.close()
            await writer.wait_closed()
        return before_reading, received

    before_reading, received = asyncio.run(run())
    assert received == BIG
    assert before_reading < BIG, "the sender is held back until the other end reads"


def test_client_is_let_go_if_nobody_listens_inside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = unused.getsockname()[1]

    async def run() -> bytes:
        listener = published_ports.listen(0)
        servers = await published_ports.serve([Publication(listener, lambda: [("127.0.0.1", dead)])])
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        with contextlib.suppress(ConnectionResetError):
            await writer.wait_closed()
        for server in servers:
            server.close()
        return answer

    assert asyncio.run(run()) == b""


def test_nothing_is_left_of_ended_connections() -> None:
    ended = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal ended
        await reader.read()
        ended += 1
        writer.close()
        await writer.wait_closed()

    async def run() -> tuple[int, int]:
        async with publish_handler(count) as port:
            before = descriptors()
            for _ in range(50):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"hello")
                writer.close()
                await writer.wait_closed()
            for _ in range(300):
                if ended == 50 and descriptors() <= before:
                    break
                await asyncio.sleep(0.01)
            return before, descriptors()

    before, after = asyncio.run(run())
    assert after <= before
    assert ended == 50, "the server inside learns that its client is gone"


def test_taken_port_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LabError, match=rf"port {port} .*taken by another process.*--port"):
            published_ports.listen(port)


def test_first_free_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = [taken.getsockname()[1], free.getsockname()[1]]
        free.close()
        with published_ports.listen_on_first(ports) as listener:
            assert listener.getsockname()[1] == ports[1]
        with published_ports.listen_on_first(ports[:1]) as listener:
            assert listener.getsockname()[1] not in (0, ports[0])


def test_port_can_be_had_again_at_once() -> None:
    with published_ports.listen(0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            accepted.close()
    published_ports.listen(port).close()


def test_address_that_refuses_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = unused.getsockname()[1]

    async def run() -> bytes:
        inside = await asyncio.start_server(echo, "127.0.0.1", 0)
        alive = inside.sockets[0].getsockname()[1]
        listener = published_ports.listen(0)
        servers = await published_ports.serve(
            [Publication(listener, lambda: [("127.0.0.1", dead), ("127.0.0.1", alive)])]
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        writer.write(b"hello")
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        for server in (*servers, inside):
            server.close()
        await asyncio.sleep(0.01)
        return answer

    assert asyncio.run(run()) == b"hello and that was all"


def test_what_clients_send_before_the_inside_is_connected_is_not_lost() -> None:
    texts = [f"connection {number}".encode() for number in range(100)]
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(published_ports.listen(0))
        clients = [stack.enter_context(socket.create_connection(listener.getsockname())) for _ in texts]
        # All of it, the end included, is there before any connection is accepted.
        for client, text in zip(clients, texts, strict=True):
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
            client.setblocking(False)

        async def receive(client: socket.socket) -> bytes:
            received = b""
            while data := await asyncio.get_running_loop().sock_recv(client, 65536):
                received += data
            return received

        async def run() -> list[bytes]:
            inside = await asyncio.start_server(echo, "127.0.0.1", 0)
            address = inside.sockets[0].getsockname()
            servers = await published_ports.serve([Publication(listener, lambda: [address])])
            answers = await asyncio.wait_for(asyncio.gather(*map(receive, clients)), 60)
            for server in (*servers, inside):
                server.close()
            await asyncio.sleep(0.01)
            return answers

        assert asyncio.run(run()) == [text + b" and that was all" for text in texts]
