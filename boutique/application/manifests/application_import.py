"""Imports an application from Kubernetes manifests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boutique.application.container import called_workloads
from boutique.application.manifests.entry_import import ROUTE_KINDS, EntrySearch, find_entry, route_backends
from boutique.application.manifests.image_import import share_images
from boutique.application.manifests.import_context import ImportContext
from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet
from boutique.application.manifests.port_protocols import spoken_protocols
from boutique.application.manifests.security_import import DEFAULT_USER
from boutique.application.manifests.service_addresses import ServiceAddresses
from boutique.application.manifests.service_pairs import WORKLOAD_KINDS, ServicePair, pair_services
from boutique.application.manifests.service_report import report_service_fields
from boutique.application.manifests.settings_import import import_settings, other_objects
from boutique.application.manifests.workload_import import import_workload

_READ_KINDS = {
    *WORKLOAD_KINDS, *ROUTE_KINDS, "Service", "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim",
    "HorizontalPodAutoscaler", "PodDisruptionBudget", "Namespace", "Gateway",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What manifests do not tell of an application."""

    name: str
    """What it is called."""
    entry: str | None = None
    """The workload that people reach; None to find it in the routes."""
    session_cookie: str | None = None
    """The cookie with the id of a visitor's session."""
    session_header: str | None = None
    """The header with the id of a client's session."""


@dataclass(frozen=True, kw_only=True)
class ImportedApplication:
    """An application as its file has it, and what there is to say beside it."""

    content: dict[str, Any]
    report: ImportReport
    pairs: tuple[ServicePair, ...]
    manifests: ManifestSet = field(repr=False)


def import_application(manifests: ManifestSet, options: ImportOptions) -> ImportedApplication:
    """Return the application that manifests describe.

    Args:
        manifests: The objects.
        options: What they do not tell.

    Raises:
        ManifestError: They have no workload, or do not tell which one people reach.
    """
    report = ImportReport()
    pairs = pair_services(manifests, report)
    if not pairs:
        raise ManifestError(["the manifests have no Deployment and no StatefulSet; an application has workloads"])
    addresses = ServiceAddresses(tuple(pairs), manifests.namespace)
    backends = list(route_backends(manifests))
    spoken = spoken_protocols(pairs, addresses, backends, manifests)
    workloads: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        context = ImportContext(pair=pair, manifests=manifests, addresses=addresses, report=report)
        workloads[pair.name] = import_workload(context, spoken.get(pair.name, {}))
        report.versions.update({pair.name: [_version(v) for v in pair.versions]} if pair.versions else {})
        report_service_fields(pair, report)
    callers = _callers(workloads)
    search = EntrySearch(
        manifests=manifests,
        pairs=pairs,
        backends=backends,
        callers=callers,
        web=frozenset(
            name for name, workload in workloads.items() if any(map(_speaks_http, workload.get("ports", ())))
        ),
    )
    entry = find_entry(search, options.entry, report)
    _put_http_first(workloads[entry])
    import_settings(manifests, pairs, {n for n, w in workloads.items() if w.get("stateful")}, report)
    other_objects(manifests, _READ_KINDS, report)
    _note_uncalled(pairs, callers, entry, report)
    if report.without_user:
        report.note(
            ", ".join(report.without_user),
            f"the manifests tell no user, so they run as the environment's, {DEFAULT_USER} by default; where an image "
            "needs its own, write it under `user`",
        )
    if manifests.skipped:
        report.note(
            f"namespace {manifests.namespace}", f"{manifests.skipped} objects of other namespaces are not in it"
        )
    session = {"sessionCookie": options.session_cookie, "sessionHeader": options.session_header}
    content = {
        "name": options.name,
        "images": share_images(workloads),
        "entry": {"workload": entry, **{key: value for key, value in session.items() if value}},
        "workloads": workloads,
    }
    return ImportedApplication(
        content={key: value for key, value in content.items() if value},
        report=report,
        pairs=tuple(pairs),
        manifests=manifests,
    )


def _version(workload: ManifestObject) -> str:
    containers = ((workload.spec.get("template") or {}).get("spec") or {}).get("containers") or [{}]
    return f"{workload.name}: {containers[0].get('image')}"


def _callers(workloads: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    callers: dict[str, set[str]] = {}
    for name, workload in workloads.items():
        for callee in (*called_workloads(workload.get("calls") or {}), *(workload.get("callsByName") or ())):
            callers.setdefault(callee, set()).add(name)
    return callers


def _note_uncalled(pairs: list[ServicePair], callers: Mapping[str, set[str]], entry: str, report: ImportReport) -> None:
    for pair in pairs:
        if pair.service and pair.name != entry and not callers.get(pair.name):
            report.note(
                pair.service.reference,
                "no variable, argument or file has its address; name it under `callsByName` of those that call it, or "
                "the environment's policies refuse their calls",
            )


def _put_http_first(entry: dict[str, Any]) -> None:
    """Put the port first that speaks HTTP, where people come in."""
    entry["ports"] = sorted(entry.get("ports") or [], key=lambda port: not _speaks_http(port))


def _speaks_http(port: Mapping[str, Any]) -> bool:
    """Tell whether a port of a Service speaks HTTP, by its name or its appProtocol."""
    return "port" in port and (port.get("appProtocol") or port["name"]).split("-")[0] in ("http", "http2")
