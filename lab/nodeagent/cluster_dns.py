"""Has the cluster's DNS answered, from the first pod on that runs an image."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lab.kubernetes.api import Api
from lab.kubernetes.watch import Watch
from lab.supervision import network

if TYPE_CHECKING:
    from lab.dns.cluster_records import ClusterRecords

_SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
_LOG = logging.getLogger(__name__)

Objects = Mapping[str, Any]
Subscribe = Callable[[Callable[[Objects], None]], Callable[[Objects], None]]


class ClusterNameServer:
    """The cluster's DNS: nothing of it is loaded in a lab without images."""

    def __init__(self, api: Api, in_loop: Subscribe) -> None:
        """Prepare to answer.

        Args:
            api: The API server.
            in_loop: Makes a callback for a watch, whose thread is another, one of this event loop.
        """
        self._api = api
        self._in_loop = in_loop
        self._services: Objects = {}
        self._slices: Objects = {}
        self._records: ClusterRecords | None = None
        self._starting: asyncio.Task[None] | None = None

    def see_services(self, services: Objects) -> None:
        """Take note of the Services as they are now."""
        self._services = services
        self._records = None

    async def start(self) -> None:
        """Begin to answer, unless it does already.

        Raises:
            OSError: The port is taken.
        """
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        from lab.dns.dns_server import PORT, serve_dns

        Watch(self._api, _SLICES, self._in_loop(self._see_slices)).start()
        await serve_dns(network.LAB_ADDRESS, PORT, self._current)
        _LOG.info("the cluster's DNS answers at %s", network.LAB_ADDRESS)

    def _see_slices(self, slices: Objects) -> None:
        self._slices = slices
        self._records = None

    def _current(self) -> "ClusterRecords":
        from lab.dns.cluster_records import build_records

        if self._records is None:
            self._records = build_records(self._services.values(), self._slices.values())
        return self._records
