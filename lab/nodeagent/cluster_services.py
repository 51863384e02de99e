"""The Services of the cluster and, once something needs them, their endpoints."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from lab.kubernetes.api import Api
from lab.kubernetes.watch import Watch

_SLICES = "/apis/discovery.k8s.io/v1/endpointslices"

Objects = Mapping[str, Any]
Subscribe = Callable[[Callable[[Objects], None]], Callable[[Objects], None]]


class ClusterServices:
    """The Services and the EndpointSlices as they are now."""

    def __init__(self, api: Api, in_loop: Subscribe, changed: Callable[[], None]) -> None:
        """Prepare to follow.

        Args:
            api: The API server.
            in_loop: Makes a callback for a watch, whose thread is another, one of this event loop.
            changed: Is called when Services or endpoints have changed.
        """
        self._api = api
        self._in_loop = in_loop
        self._changed = changed
        self._services: Objects = {}
        self._slices: Objects = {}
        self._known: asyncio.Event | None = None
        self.version = 0
        """Is another one after every change."""

    @property
    def services(self) -> Collection[Mapping[str, Any]]:
        """The Services."""
        return self._services.values()

    @property
    def slices(self) -> Collection[Mapping[str, Any]]:
        """The EndpointSlices; none before `follow_endpoints()`."""
        return self._slices.values()

    def see_services(self, services: Objects) -> None:
        """Take note of the Services as they are now."""
        self._services = services
        self._note()

    async def follow_endpoints(self) -> None:
        """Follow the EndpointSlices from now on, and wait until they are known."""
        if self._known is None:
            self._known = asyncio.Event()
            Watch(self._api, _SLICES, self._in_loop(self._see_slices)).start()
        await self._known.wait()

    def _see_slices(self, slices: Objects) -> None:
        self._slices = slices
        self._note()
        if self._known is not None:
            self._known.set()

    def _note(self) -> None:
        self.version += 1
        self._changed()
