"""The lab's load balancer: which pods a new connection from the host may go to.

It stands in front of one Service, as a cloud's would: the oldest of type LoadBalancer that has a port for HTTPS. The
address that kwok gives to such a Service leads nowhere, so the pods behind it are looked up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.kubernetes.api import Api
from lab.kubernetes.watch import Watch

HTTPS_PORT = 443
HTTP_PORT = 80

_SERVICE_NAME = "kubernetes.io/service-name"

Objects = Mapping[str, Any]
Address = tuple[str, int]


class LoadBalancer:
    """Follows the Services and their endpoints, and spreads connections over those that are ready."""

    def __init__(self, api: Api) -> None:
        self._services: Objects = {}
        self._slices: Objects = {}
        self._turn = 0
        self._watches = (
            Watch(api, "/api/v1/services", self.see_services),
            Watch(api, "/apis/discovery.k8s.io/v1/endpointslices", self.see_slices),
        )

    def start(self) -> None:
        """Start the watches; the API server may come up later."""
        for watch in self._watches:
            watch.start()

    def addresses(self, port: int) -> Sequence[Address]:
        """Return where a new connection to a port of the Service may go: the next pod in turn first."""
        addresses = ready(self._services, self._slices, port)
        if not addresses:
            return ()
        self._turn += 1
        first = self._turn % len(addresses)
        return (*addresses[first:], *addresses[:first])

    def see_services(self, services: Objects) -> None:
        """Record all Services; may be called from any thread."""
        self._services = services

    def see_slices(self, slices: Objects) -> None:
        """Record all EndpointSlices; may be called from any thread."""
        self._slices = slices


def ready(services: Objects, slices: Objects, port: int) -> tuple[Address, ...]:
    """Return the addresses that serve a port of the Service in front of which the load balancer stands.

    Pods that are about to end are no longer ready, though they still serve:
    https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions

    Args:
        services: All Services.
        slices: All EndpointSlices.
        port: The Service's port.
    """
    service = _front(services)
    if service is None:
        return ()
    names = {service_port.get("name", "") for service_port in service["spec"]["ports"] if service_port["port"] == port}
    metadata = service["metadata"]
    return tuple(
        sorted(
            (address, slice_port["port"])
            for endpoint_slice in slices.values()
            if endpoint_slice["metadata"]["namespace"] == metadata["namespace"]
            and (endpoint_slice["metadata"].get("labels") or {}).get(_SERVICE_NAME) == metadata["name"]
            for slice_port in endpoint_slice.get("ports") or []
            if (slice_port.get("name") or "") in names
            for endpoint in endpoint_slice.get("endpoints") or []
            if endpoint.get("conditions", {}).get("ready") is not False
            for address in endpoint["addresses"]
        )
    )


def _front(services: Objects) -> Any:  # noqa: ANN401 - an object of the API server
    candidates = [
        service
        for service in services.values()
        if service["spec"].get("type") == "LoadBalancer"
        and any(port["port"] == HTTPS_PORT for port in service["spec"].get("ports", []))
    ]
    return min(
        candidates,
        key=lambda service: (service["metadata"]["creationTimestamp"], service["metadata"]["uid"]),
        default=None,
    )
