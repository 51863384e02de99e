"""Compares the fields of manifests with those that the program renders from the imported application."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boutique.application.manifests.application_import import ImportedApplication
from boutique.application.manifests.manifest_fields import Fields, flatten, service_fields, template_fields
from boutique.application.manifests.service_addresses import ServiceAddresses
from boutique.application.manifests.workload_import import PROGRAM_LABELS
from boutique.settings.quantities import api_amount

_DECIDED = (
    (r"spec\.serviceAccount(Name)?", "each workload has a ServiceAccount of its own, of its name"),
    (rf"metadata\.labels\.({'|'.join(map(re.escape, PROGRAM_LABELS))})", "the program gives each pod this label"),
    (r"selector\..*", "the program's own labels select the pods"),
    (r"spec\.(init)?[cC]ontainers\[.*\]\.securityContext\.capabilities\.drop\[.*\]", "all capabilities are dropped"),
    (r"spec\.(init)?[cC]ontainers\[.*\]\.securityContext\.runAsNonRoot", "no pod runs as root"),
)
"""Fields whose values are the program's to choose, with the reason."""
_OF_THE_POD = re.compile(r"spec\.(?:init)?[cC]ontainers\[[^]]*\]\.(securityContext\.runAs(?:User|Group|NonRoot))")
_AMOUNTS = re.compile(r".*\.(cpu|memory|ephemeral-storage|storage|sizeLimit)")


@dataclass(frozen=True, kw_only=True)
class RenderedWorkload:
    """A workload as the program would write it to the API server."""

    template: Mapping[str, Any]
    """The template of its pods."""
    service: Mapping[str, Any] | None
    """The `spec` of its Service; None without one."""
    external: Mapping[str, Any] | None
    """The `spec` of its LoadBalancer Service; None without one."""
    files: Mapping[str, str]
    """The texts that its container finds, by path."""
    pre_stop_seconds: int
    """How long its pods serve on before they end, which comes on top of what the manifest gives them."""


@dataclass(frozen=True, kw_only=True)
class FieldDifference:
    """A field that has another value in the manifest."""

    reference: str
    """The object, such as `Deployment/web`."""
    path: str
    given: str
    rendered: str | None
    """The value that the program writes; None where it does not write the field."""
    reason: str = ""
    """Why the program chooses it; empty for a field that the import could not keep."""


@dataclass
class FieldComparison:
    """How the fields of manifests compare with what the program renders."""

    equal: int = 0
    decided: list[FieldDifference] = field(default_factory=list)
    """Fields that are the program's to choose."""
    differences: list[FieldDifference] = field(default_factory=list)
    """Fields that the import could not keep."""


def compare_fields(imported: ImportedApplication, rendered: Mapping[str, RenderedWorkload]) -> FieldComparison:
    """Return how every field that manifests set on pods, containers and Services compares with what is rendered.

    Args:
        imported: The application.
        rendered: Its workloads as the program renders them, by name.
    """
    addresses = ServiceAddresses(imported.pairs, imported.manifests.namespace)
    result = FieldComparison()
    for pair in imported.pairs:
        workload = rendered[pair.name]
        given = template_fields(pair, imported.manifests, addresses)
        for difference in _differences(pair.workload.reference, given, _template(workload), result):
            _add(difference, result)
        for service, spec in ((pair.service, workload.service), (pair.external, workload.external)):
            if service:
                fields = service_fields(service, pair)
                for difference in _differences(service.reference, fields, dict(flatten(spec or {})), result):
                    _add(difference, result)
    return result


def _template(workload: RenderedWorkload) -> Fields:
    fields = dict(flatten(workload.template))
    grace = "spec.terminationGracePeriodSeconds"
    if grace in fields:
        fields[grace] -= workload.pre_stop_seconds
    return {**fields, **{f"file {path}": text for path, text in workload.files.items()}}


def _differences(reference: str, given: Fields, rendered: Fields, result: FieldComparison) -> Iterator[FieldDifference]:
    for path, value in given.items():
        inherited = _OF_THE_POD.fullmatch(path)
        other = rendered.get(path, rendered.get(f"spec.{inherited[1]}") if inherited else None)
        if other is not None and _is_equal(path, value, other):
            result.equal += 1
        else:
            shown = None if other is None else _shown(other)
            yield FieldDifference(reference=reference, path=path, given=_shown(value), rendered=shown)


def _add(difference: FieldDifference, result: FieldComparison) -> None:
    for pattern, reason in _DECIDED:
        if re.fullmatch(pattern, difference.path):
            result.decided.append(FieldDifference(**{**vars(difference), "reason": reason}))
            return
    result.differences.append(difference)


def _is_equal(path: str, given: object, rendered: object) -> bool:
    if _AMOUNTS.fullmatch(path):
        try:
            return api_amount(given) == api_amount(rendered)
        except ValueError:
            return False
    return _shown(given) == _shown(rendered)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
