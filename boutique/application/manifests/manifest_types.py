"""Whether the fields of manifests are those of the API, and their values of the right type."""

from collections.abc import Iterator
from typing import Any

from boutique.application.api_fields import field_errors
from boutique.application.manifests.manifest_set import ManifestObject

_VERSIONS = {
    "ConfigMap": ("v1",),
    "Deployment": ("apps/v1",),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "autoscaling/v1"),
    "Ingress": ("networking.k8s.io/v1",),
    "PersistentVolumeClaim": ("v1",),
    "PodDisruptionBudget": ("policy/v1",),
    "Secret": ("v1",),
    "Service": ("v1",),
    "ServiceAccount": ("v1",),
    "StatefulSet": ("apps/v1",),
}
"""The versions of the API that each kind is read in; further fields are checked in the first."""
_FORMER_GROUPS = ("extensions", "apps", "policy", "autoscaling", "networking.k8s.io")
_UNCHECKED = ("Secret", "autoscaling/v1")
"""A kind whose values no message repeats, and a version that no table has."""
_MATCHES: Any = [{"path": {"value": "string"}, "uri": {"*": "string"}}]
_ROUTES: Any = {
    "HTTPRoute": {"spec": {"rules": [{"matches": _MATCHES, "backendRefs": [{"name": "string", "port": "integer"}]}]}},
    "VirtualService": {
        "spec": {
            "gateways": ["string"],
            "http": [
                {
                    "match": _MATCHES,
                    "route": [{"destination": {"host": "string", "port": {"number": "integer"}}}],
                }
            ],
        }
    },
}
"""What is read of routes that are no part of Kubernetes itself."""
_METADATA: Any = {"metadata": {"namespace": "string", "labels": {"*": "string"}, "annotations": {"*": "string"}}}


def full_kind(kind: str, version: str) -> str:
    """Return a kind, with its group where another group's has the same name, such as Knative's `Service`."""
    group = version.rpartition("/")[0]
    own = {each.rpartition("/")[0] for each in _VERSIONS.get(kind, (version,))} | set(_FORMER_GROUPS)
    return kind if group in own or kind not in _VERSIONS else f"{kind}.{group}"


def type_errors(manifest: ManifestObject) -> Iterator[str]:
    """Yield a line for each field of a manifest that the API does not have, and for each value of the wrong type."""
    version, versions = str(manifest.content.get("apiVersion")), _VERSIONS.get(manifest.kind)
    if versions and version not in versions:
        yield f"{manifest.reference}: apiVersion: {version!r}: must be {' or '.join(versions)}"
        return
    checked = manifest.kind if versions and not {manifest.kind, version} & set(_UNCHECKED) else None
    for types in filter(None, (_METADATA, checked or _ROUTES.get(manifest.kind))):
        for error in field_errors(manifest.content, types, is_whole=True):
            yield f"{manifest.reference}: {error}"
