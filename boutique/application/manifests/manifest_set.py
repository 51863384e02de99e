"""Kubernetes objects of one namespace, by kind and name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ManifestObject:
    """One object as its manifest describes it."""

    group: str
    """The API group; empty for the core."""
    kind: str
    name: str
    namespace: str | None
    content: Mapping[str, Any]
    source: str
    """The file."""

    @property
    def reference(self) -> str:
        """What messages call it, such as `Deployment/web`."""
        return f"{self.kind}/{self.name}"

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its `spec`; empty without one."""
        value: Mapping[str, Any] = self.content.get("spec") or {}
        return value

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its `metadata`."""
        value: Mapping[str, Any] = self.content["metadata"]
        return value


@dataclass(frozen=True, kw_only=True)
class ManifestSet:
    """The objects that an application is imported from."""

    manifests: tuple[ManifestObject, ...]
    namespace: str | None
    """Their namespace; None where none names one."""
    skipped: int = 0
    """How many objects of other namespaces were left out."""

    @cached_property
    def _by_kind(self) -> Mapping[str, list[ManifestObject]]:
        by_kind: dict[str, list[ManifestObject]] = {}
        for manifest in self.manifests:
            by_kind.setdefault(manifest.kind, []).append(manifest)
        return by_kind

    def of_kind(self, *kinds: str) -> list[ManifestObject]:
        """Return the objects of some kinds, in the order of the kinds."""
        return [manifest for kind in kinds for manifest in self._by_kind.get(kind, [])]

    def get(self, kind: str, name: str) -> ManifestObject | None:
        """Return one object; None if there is none of that name."""
        return next((manifest for manifest in self.of_kind(kind) if manifest.name == name), None)
