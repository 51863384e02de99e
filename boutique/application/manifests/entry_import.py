"""The workload that people reach from outside, as routes from outside tell it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet
from boutique.application.manifests.service_pairs import ServicePair
from boutique.settings.errors import nearest

ROUTE_KINDS = ("Ingress", "HTTPRoute", "VirtualService")
_PUBLIC_TYPES = ("LoadBalancer", "NodePort")


@dataclass(frozen=True, kw_only=True)
class RouteBackend:
    """A Service that a route from outside leads to.

    Attributes:
        route: The object of the route.
        path: The path that leads there.
        service: The Service's name.
        port: Its port: a number, a name, or None.
    """

    route: ManifestObject
    path: str
    service: str
    port: int | str | None


def route_backends(manifests: ManifestSet) -> Iterator[RouteBackend]:
    """Yield every Service that a route from outside leads to."""
    for route in manifests.of_kind("Ingress"):
        yield from _ingress(route)
    for route in manifests.of_kind("HTTPRoute"):
        for rule in route.spec.get("rules") or []:
            path = next((_value(m.get("path") or {}) for m in rule.get("matches") or []), "/")
            for backend in rule.get("backendRefs") or []:
                yield RouteBackend(route=route, path=path, service=str(backend.get("name")), port=backend.get("port"))
    for route in manifests.of_kind("VirtualService"):
        if [name for name in route.spec.get("gateways") or [] if name != "mesh"]:
            yield from _virtual_service(route)


@dataclass(frozen=True, kw_only=True)
class EntrySearch:
    """What tells the workload that people reach."""

    manifests: ManifestSet
    pairs: list[ServicePair]
    backends: list[RouteBackend]
    """The Services that routes from outside lead to."""
    callers: Mapping[str, set[str]]
    """The workloads that call each workload."""
    web: frozenset[str]
    """The workloads that speak HTTP."""

    @cached_property
    def by_address(self) -> Mapping[str, str]:
        """The workloads by the names of the Services that lead to them."""
        return {address: pair.name for pair in self.pairs for address in pair.addresses}


def find_entry(search: EntrySearch, wanted: str | None, report: ImportReport) -> str:
    """Return the name of the workload that people reach.

    Args:
        search: What tells it.
        wanted: The name that the user gave, of a workload, a Service or a Deployment.
        report: What is left out goes there.

    Raises:
        ManifestError: Nothing tells which it is, or there is none of the given name.
    """
    entry = _named(search, wanted) if wanted else _guess(search, report)
    for backend in search.backends:
        other = search.by_address.get(backend.service)
        if other != entry:
            target = f"{other!r}" if other else f"Service/{backend.service}, which is no workload's"
            report.leave_out(
                backend.route.reference,
                f"path {backend.path}",
                f"leads to {target}; people reach the entry {entry!r} only, so let that hand such requests on",
            )
    return entry


def _named(search: EntrySearch, wanted: str) -> str:
    names = {**{pair.workload.name: pair.name for pair in search.pairs}, **search.by_address}
    if wanted not in names:
        raise ManifestError([f"--entry: {wanted!r}: there is no such workload{nearest(wanted, names)}"])
    return names[wanted]


def _guess(search: EntrySearch, report: ImportReport) -> str:
    routed = [backend for backend in search.backends if backend.service in search.by_address]
    if routed:
        first = min(routed, key=lambda backend: (backend.path.rstrip("/*") != "", backend.path))
        entry = search.by_address[first.service]
        report.note(first.route.reference, f"leads to the entry {entry!r}; hosts are those of the platform's ingress")
        return entry
    services = search.manifests.of_kind("Service")
    public = [service.name for service in services if service.spec.get("type") in _PUBLIC_TYPES]
    entries = sorted({search.by_address[name] for name in public if name in search.by_address} & search.web)
    if not entries:
        serving = {pair.name for pair in search.pairs if pair.service}
        entries = [name for name in sorted(search.web) if not search.callers.get(name, set()) & serving]
    if len(entries) == 1:
        report.note(f"entry {entries[0]!r}", "no route tells it: it is the one that is public, or that no other calls")
        return entries[0]
    names = ", ".join(entries or sorted(search.web) or [pair.name for pair in search.pairs if pair.service]) or "none"
    raise ManifestError(
        [f"no Ingress, HTTPRoute or VirtualService tells which workload people reach; choose one with --entry: {names}"]
    )


def _ingress(route: ManifestObject) -> Iterator[RouteBackend]:
    paths = [path for rule in route.spec.get("rules") or [] for path in (rule.get("http") or {}).get("paths") or []]
    default = route.spec.get("defaultBackend")
    for path in [*paths, *([{"path": "/", "backend": default}] if default else [])]:
        backend = path.get("backend") or {}
        service = backend.get("service") or {}
        port = service.get("port") or {}
        number = port.get("number") or port.get("name")
        if service.get("name"):
            yield RouteBackend(route=route, path=str(path.get("path") or "/"), service=service["name"], port=number)


def _virtual_service(route: ManifestObject) -> Iterator[RouteBackend]:
    for rule in route.spec.get("http") or []:
        path = next((_value(match.get("uri") or {}) for match in rule.get("match") or []), "/")
        for destination in (each.get("destination") or {} for each in rule.get("route") or []):
            port = (destination.get("port") or {}).get("number")
            yield RouteBackend(
                route=route, path=path, service=str(destination.get("host")).partition(".")[0], port=port
            )


def _value(match: Mapping[str, Any]) -> str:
    """Return the path of a match, whichever way it compares."""
    return str(next((match[key] for key in ("value", "exact", "prefix", "regex") if key in match), "/"))
