"""Connects to what listens on the loopback of a pod."""

import asyncio
import socket
from http import HTTPStatus

import h11

from lab.http import Wire, encode_headers
from lab.nodeagent import networks
from lab.supervision import network


async def connect(network_of: int, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a port on the loopback of another process' network.

    Raises:
        OSError: No process listens there, or the network is gone.
    """
    # A socket belongs to the network in which it was created, no matter which process uses it.
    connection = await asyncio.to_thread(networks.inside, network_of, lambda: socket.socket(socket.AF_INET))
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (network.LOOPBACK, port))
        return await asyncio.open_connection(sock=connection)
    except BaseException:
        connection.close()
        raise


async def get(network_of: int, port: int, path: str) -> bytes:
    """Return what a server in another process' network answers to a request.

    Raises:
        OSError: It does not answer, or not with what was asked for.
    """
    reader, writer = await connect(network_of, port)
    wire = Wire(h11.CLIENT, (reader, writer))
    try:
        headers = [("host", f"{network.LOOPBACK}:{port}"), ("connection", "close")]
        await wire.send(h11.Request(method="GET", target=path, headers=encode_headers(headers)), h11.EndOfMessage())
        head = await wire.next_event()
        if not isinstance(head, h11.Response) or head.status_code != HTTPStatus.OK:
            message = f"{path} is answered by {head!r}"
            raise OSError(message)
        return await wire.body()
    except h11.ProtocolError as error:
        raise OSError(str(error)) from error
    finally:
        wire.close()
