"""Serves the kubelet's API to the API server alone."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import h11

from lab.http import Wire
from lab.kubelet.exchange import Exchange
from lab.kubelet.refusal import Refusal
from lab.kubernetes import certificates
from lab.kubernetes.nodes import KUBELET_PORT
from lab.supervision import network

_LOG = logging.getLogger(__name__)

Handler = Callable[[Exchange], Awaitable[None]]


async def serve(pki: Path, handle: Handler) -> asyncio.Server:
    """Begin to serve, at the address that the nodes give as theirs.

    Args:
        pki: The folder of the cluster's certificates.
        handle: Answers a request, or raises a Refusal.
    """

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, h11.RemoteProtocolError):
            await _exchange(reader, writer, handle)
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki / certificates.AUTHORITY_FILE)
    context.load_cert_chain(pki / certificates.KUBELET_FILE)
    context.verify_mode = ssl.CERT_REQUIRED
    return await asyncio.start_server(accept, network.LAB_ADDRESS, KUBELET_PORT, ssl=context)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler) -> None:
    # Pods reach this port too, and a certificate of the cluster's can be anybody's: the name is what counts.
    if _common_name(writer) != certificates.KUBELET_CLIENT:
        return
    wire = Wire(h11.SERVER, (reader, writer))
    request = await wire.next_event()
    if not isinstance(request, h11.Request):
        return
    await wire.body()
    exchange = Exchange(request, wire, (reader, writer))
    try:
        await handle(exchange)
    except Refusal as refusal:
        await exchange.answer(f"{refusal}\n", status=refusal.status)
    except ValueError as error:
        _LOG.warning("%s: %s", request.target.decode("latin-1"), error)


def _common_name(writer: asyncio.StreamWriter) -> str:
    names = writer.get_extra_info("peercert").get("subject", ())
    return next((value for part in names for key, value in part if key == "commonName"), "")
