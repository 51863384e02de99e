"""Which Service stands in front of which workload."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet

WORKLOAD_KINDS = ("Deployment", "StatefulSet")
_VERSION_LABELS = ("version", "app.kubernetes.io/version", "track", "helm.sh/chart")
"""Labels by which the versions of one workload differ."""


@dataclass(frozen=True, kw_only=True)
class ServicePair:
    """A workload with the Services in front of it."""

    name: str
    """What the workload is called: the name of its Service, where it has one."""
    workload: ManifestObject
    service: ManifestObject | None = None
    external: ManifestObject | None = None
    """A LoadBalancer Service beside the normal one."""
    versions: tuple[ManifestObject, ...] = ()
    """Further versions that the Service selects too."""
    addresses: tuple[str, ...] = ()
    """The names of all Services that lead to it."""

    @property
    def template(self) -> Mapping[str, Any]:
        """The template of its pods."""
        value: Mapping[str, Any] = self.workload.spec.get("template") or {}
        return value


def pod_labels(workload: ManifestObject) -> Mapping[str, str]:
    """Return the labels of a workload's pods."""
    metadata = (workload.spec.get("template") or {}).get("metadata") or {}
    labels: Mapping[str, str] = metadata.get("labels") or {}
    return labels


def is_headless(service: ManifestObject) -> bool:
    """Tell whether a Service has no address of its own."""
    return service.spec.get("clusterIP") == "None"


def pair_services(manifests: ManifestSet, report: ImportReport) -> list[ServicePair]:
    """Return the workloads with their Services, in the order of the manifests."""
    workloads = manifests.of_kind(*WORKLOAD_KINDS)
    selected = {service.name: _selected(service, workloads, report) for service in manifests.of_kind("Service")}
    hidden = {version.reference for targets in selected.values() for version in targets[1:]}
    pairs = []
    for workload in workloads:
        if workload.reference in hidden:
            continue
        group = [s for s in manifests.of_kind("Service") if workload in selected[s.name][:1]]
        versions = next((selected[s.name][1:] for s in group if len(selected[s.name]) > 1), [])
        pairs.append(_pair(workload, group, tuple(versions), selected, report))
    for service in manifests.of_kind("Service"):
        if any(target.reference in hidden for target in selected[service.name][:1]):
            report.leave_out(service.reference, "", "is for one version of a workload; a feature has its own Service")
    return _named_apart(pairs, report)


def _selected(
    service: ManifestObject, workloads: Iterable[ManifestObject], report: ImportReport
) -> list[ManifestObject]:
    """Return the workload that a Service selects, and further versions of it after the first."""
    selector = service.spec.get("selector")
    if service.spec.get("type") == "ExternalName":
        report.leave_out(service.reference, "", "is a name for a host outside; write that host into the variables")
        return []
    if not selector:
        report.leave_out(service.reference, "", "selects no pods; write the address that it stands for into variables")
        return []
    matches = [w for w in workloads if selector.items() <= pod_labels(w).items()]
    if not matches:
        report.leave_out(service.reference, "", "selects the pods of no workload among the manifests")
        return []
    if len(matches) == 1 or _are_versions(matches):
        return matches
    first = next((w for w in matches if w.name == service.name), matches[0])
    others = ", ".join(w.reference for w in matches if w is not first)
    report.leave_out(
        service.reference,
        "",
        f"selects pods of {first.reference} and of {others}; a Service has one workload: {first.reference}",
    )
    return [first]


def _are_versions(workloads: Iterable[ManifestObject]) -> bool:
    """Tell whether workloads are the same but for their version: by the labels of their pods."""
    labels = [{k: v for k, v in pod_labels(w).items() if k not in _VERSION_LABELS} for w in workloads]
    return all(each == labels[0] for each in labels)


def _pair(
    workload: ManifestObject,
    group: list[ManifestObject],
    versions: tuple[ManifestObject, ...],
    selected: Mapping[str, list[ManifestObject]],
    report: ImportReport,
) -> ServicePair:
    def rank(service: ManifestObject) -> tuple[bool, bool, bool, bool]:
        return (
            len(selected[service.name]) < len(versions) + 1,
            is_headless(service),
            service.spec.get("type", "ClusterIP") != "ClusterIP",
            service.name != workload.name,
        )

    services = sorted(group, key=rank)
    service = services[0] if services else None
    external = next((s for s in services[1:] if s.spec.get("type") == "LoadBalancer"), None)
    for other in services[1:]:
        if other is not external:
            report.leave_out(
                other.reference, "", f"a workload has one Service; {workload.reference} has {services[0].reference}"
            )
    name = service.name if service else workload.name.replace(".", "-")
    return ServicePair(
        name=name,
        workload=workload,
        service=service,
        external=external,
        versions=versions,
        addresses=tuple(s.name for s in services),
    )


def _named_apart(pairs: list[ServicePair], report: ImportReport) -> list[ServicePair]:
    """Return the workloads with different names: a Service keeps its own."""
    taken = {pair.name for pair in pairs if pair.service}
    named = []
    for pair in pairs:
        name, number = pair.name, 2
        while not pair.service and name in taken:
            name, number = f"{pair.name}-{number}", number + 1
        if name != pair.name:
            report.note(pair.workload.reference, f"is called {name!r}: a Service of another workload has its name")
        taken.add(name)
        named.append(replace(pair, name=name))
    return named
