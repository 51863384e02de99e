"""Has the cluster's DNS answered, from the first pod on that runs an image."""

import asyncio
import logging
from typing import TYPE_CHECKING

from lab.nodeagent.cluster_services import ClusterServices
from lab.supervision import network

if TYPE_CHECKING:
    from lab.dns.cluster_records import ClusterRecords

_PAUSE = 0.5
_LOG = logging.getLogger(__name__)


class ClusterNameServer:
    """The cluster's DNS: nothing of it is loaded in a lab without images."""

    def __init__(self, services: ClusterServices) -> None:
        self._services = services
        self._version = -1
        self._records: ClusterRecords | None = None
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer, unless it does already.

        Raises:
            OSError: The port is taken.
        """
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self._start())
        await asyncio.shield(self._starting)

    async def ensure(self) -> None:
        """Begin to answer, as soon as that is possible: programs run already that ask."""
        while True:
            try:
                await self.start()
            except OSError as error:
                _LOG.warning("the cluster's DNS does not answer yet: %s", error)
                await asyncio.sleep(_PAUSE)
            else:
                return

    async def _start(self) -> None:
        from lab.dns.dns_server import PORT, serve_dns

        await self._services.follow_endpoints()
        await serve_dns(network.LAB_ADDRESS, PORT, self._current)
        _LOG.info("the cluster's DNS answers at %s", network.LAB_ADDRESS)

    def _current(self) -> "ClusterRecords":
        from lab.dns.cluster_records import build_records

        if self._records is None or self._version != self._services.version:
            self._version = self._services.version
            self._records = build_records(self._services.services, self._services.slices)
        return self._records
