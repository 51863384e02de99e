"""The records of a cluster's DNS, made of its Services and their endpoints.

Specification: https://github.com/kubernetes/dns/blob/master/docs/specification.md
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

DOMAIN = "cluster.local"

_SERVICES = f"svc.{DOMAIN}"
_SLICE_SERVICE = "kubernetes.io/service-name"


class ServiceLocation(NamedTuple):
    """Where a port of a Service is: the target and the port of an SRV record."""

    port: int
    target: str


class ClusterRecords:
    """The records by their names, in lower case and without the last dot."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.aliases: dict[str, str] = {}
        self.locations: dict[str, list[ServiceLocation]] = {}
        self.names: dict[str, list[str]] = {}
        """Of addresses: what a reverse lookup answers."""
        self._parents: set[str] = {DOMAIN}

    def has(self, name: str) -> bool:
        """Say whether a name exists, with records of any kind or with names below it."""
        return name in self.addresses or name in self.aliases or name in self.locations or name in self._parents

    def add_address(self, name: str, address: str) -> None:
        """Add an address of a name."""
        self.addresses.setdefault(name, []).append(address)
        self._add_parents(name)

    def add_alias(self, name: str, target: str) -> None:
        """Add another name of a name."""
        self.aliases[name] = target
        self._add_parents(name)

    def add_location(self, name: str, location: ServiceLocation) -> None:
        """Add where a service is."""
        self.locations.setdefault(name, []).append(location)
        self._add_parents(name)

    def _add_parents(self, name: str) -> None:
        parent = name.partition(".")[2]
        while parent and parent not in self._parents:
            self._parents.add(parent)
            parent = parent.partition(".")[2]


def build_records(services: Iterable[Mapping[str, Any]], slices: Iterable[Mapping[str, Any]]) -> ClusterRecords:
    """Return the records of Services and EndpointSlices."""
    records = ClusterRecords()
    endpoints: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for endpoint_slice in slices:
        metadata = endpoint_slice["metadata"]
        service = (metadata.get("labels") or {}).get(_SLICE_SERVICE, "")
        endpoints.setdefault((metadata["namespace"], service), []).append(endpoint_slice)
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        name = f"{metadata['name']}.{metadata['namespace']}.{_SERVICES}"
        if spec.get("type") == "ExternalName":
            records.add_alias(name, spec["externalName"].lower().rstrip("."))
        elif spec.get("clusterIP") == "None":
            _add_endpoints(records, name, spec, endpoints.get((metadata["namespace"], metadata["name"]), []))
        elif spec.get("clusterIP"):
            records.add_address(name, spec["clusterIP"])
            records.names.setdefault(spec["clusterIP"], []).append(name)
            for port in spec.get("ports", []):
                _add_locations(records, name, port, [ServiceLocation(port["port"], name)])
    return records


def _add_endpoints(
    records: ClusterRecords, name: str, spec: Mapping[str, Any], slices: Iterable[Mapping[str, Any]]
) -> None:
    """Add the records of a headless Service: each of its endpoints has a name of its own."""
    seen: set[tuple[str, str]] = set()
    for endpoint_slice in slices:
        for address, host in _addresses(endpoint_slice, unready=bool(spec.get("publishNotReadyAddresses"))):
            target = f"{host or address.replace('.', '-')}.{name}"
            if (address, target) not in seen:
                seen.add((address, target))
                records.add_address(name, address)
                records.add_address(target, address)
                records.names.setdefault(address, []).append(target)
            for port in endpoint_slice.get("ports") or []:
                _add_locations(records, name, port, [ServiceLocation(port["port"], target)])


def _addresses(endpoint_slice: Mapping[str, Any], *, unready: bool) -> Iterator[tuple[str, str]]:
    if endpoint_slice.get("addressType") != "IPv4":
        return
    for endpoint in endpoint_slice.get("endpoints") or []:
        if unready or (endpoint.get("conditions") or {}).get("ready") is not False:
            yield from ((address, endpoint.get("hostname") or "") for address in endpoint["addresses"])


def _add_locations(
    records: ClusterRecords, name: str, port: Mapping[str, Any], locations: Iterable[ServiceLocation]
) -> None:
    """Add the records of a port: of a name of its own if it has one, and without it of all ports together."""
    protocol = port.get("protocol", "TCP").lower()
    for location in locations:
        if port.get("name"):
            records.add_location(f"_{port['name']}._{protocol}.{name}", location)
        records.add_location(name, location)
