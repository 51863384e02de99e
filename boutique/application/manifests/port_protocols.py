"""Which protocol ports of Services speak, as routes and the addresses in callers tell it."""

from collections.abc import Iterator, Mapping

from boutique.application.manifests.entry_import import RouteBackend
from boutique.application.manifests.import_context import texts
from boutique.application.manifests.manifest_set import ManifestSet
from boutique.application.manifests.service_addresses import ServiceAddresses
from boutique.application.manifests.service_pairs import ServicePair

_PORTS = {"http": 80, "https": 443, "grpc": 80}
"""The port of an address without one, by its scheme."""


def spoken_protocols(
    pairs: list[ServicePair], addresses: ServiceAddresses, backends: list[RouteBackend], manifests: ManifestSet
) -> dict[str, dict[int, str]]:
    """Return the protocol above of ports of Services that a route or a caller's URL tells, by workload and port."""
    spoken: dict[str, dict[int, str]] = {}
    for text in _values(pairs, manifests):
        for address in addresses.find(text):
            if address.scheme in _PORTS:
                port = address.port or _PORTS[address.scheme]
                spoken.setdefault(address.workload, {})[port] = address.scheme
    by_address = {address: pair for pair in pairs for address in pair.addresses}
    for backend in backends:
        pair = by_address.get(backend.service)
        ports = (pair.service.spec.get("ports") or []) if pair and pair.service else []
        for port in ports:
            if pair and (backend.port in (port.get("port"), port.get("name")) or len(ports) == 1):
                spoken.setdefault(pair.name, {}).setdefault(port.get("port"), "http")
    return spoken


def _values(pairs: list[ServicePair], manifests: ManifestSet) -> Iterator[str]:
    for pair in pairs:
        for container in (pair.template.get("spec") or {}).get("containers") or []:
            for variable in container.get("env") or []:
                if isinstance(variable, Mapping) and isinstance(variable.get("value"), str):
                    yield variable["value"]
    for config_map in manifests.of_kind("ConfigMap"):
        yield from texts(config_map.content.get("data") or {}).values()
