"""What the import of one workload can look up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet
from boutique.application.manifests.service_addresses import ServiceAddresses
from boutique.application.manifests.service_pairs import ServicePair


@dataclass(frozen=True, kw_only=True)
class ImportContext:
    """One workload among the manifests."""

    pair: ServicePair
    manifests: ManifestSet
    addresses: ServiceAddresses
    report: ImportReport

    @property
    def reference(self) -> str:
        """What messages call it, such as `Deployment/web`."""
        return self.pair.workload.reference

    def leave_out(self, what: str, reason: str) -> None:
        """Report a field that the file of an application cannot say."""
        self.report.leave_out(self.reference, what, reason)

    def note(self, text: str) -> None:
        """Report what was chosen."""
        self.report.note(self.reference, text)

    def config_map(self, name: object) -> ManifestObject | None:
        """Return a ConfigMap among the manifests."""
        return self.manifests.get("ConfigMap", name) if isinstance(name, str) else None


def split(fields: Mapping[str, Any], keys: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return those fields that have a key in a workload, and the rest.

    Args:
        fields: Part of a manifest.
        keys: The keys, each with those within it; an empty mapping takes a field as a whole.
    """
    taken: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in keys:
            rest[key] = value
        elif keys[key] and isinstance(value, Mapping):
            inner, left = split(value, keys[key])
            taken[key] = inner
            if left:
                rest[key] = left
        else:
            taken[key] = value
    return taken, rest


def texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the entries of a ConfigMap's `data`, as the texts that the API server makes of them."""
    return {key: value if isinstance(value, str) else "" for key, value in data.items()}
