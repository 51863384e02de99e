"""Fields of an object that another manager has set after its stack did, read from `metadata.managedFields`.

The API server keeps there, for each writer (field manager), which fields it has set. A writer that changes a field with
a plain update takes it from the others; server-side apply with force takes it back.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boutique.names import labels

REPLICAS = "spec.replicas"

_CONTROLLERS = ("kube-controller-manager", "cloud-controller-manager", "kube-apiserver")
"""The control plane: of what a stack sets, it only changes replicas, for a HorizontalPodAutoscaler."""

_OWN_KEYS = ("app", "istio-injection")
_OWN_PREFIXES = (
    "app.kubernetes.io/",
    "boutique.dev/",
    "elbv2.k8s.aws/",
    "gateway.networking.k8s.io/",
    "kubernetes.io/service-account.name",
    "pod-security.kubernetes.io/",
    "pulumi.com/",
    "sidecar.istio.io/",
)
"""Labels and annotations that a stack writes. Others are additions, such as `kubectl rollout restart` makes."""

Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """What one writer has set of an object that a stack owns.

    Attributes:
        manager: The writer.
        fields: Paths, such as `spec.template.spec.containers[server].image`.
    """

    manager: str
    fields: tuple[str, ...]


def changes_by_others(metadata: Mapping[str, Any], stack: str) -> tuple[FieldChange, ...]:
    """Return what others have set of the fields that a stack sets, by the writer's name.

    What others add stays theirs and is not returned: elements of lists, labels and annotations of their own.

    Args:
        metadata: Of the object, with `managedFields`.
        stack: The one that owns the object.
    """
    entries: list[Mapping[str, Any]] = metadata.get("managedFields") or []
    own = {
        path
        for entry in entries
        if entry.get("manager") == labels.field_manager(stack)
        for path in _paths(entry.get("fieldsV1") or {})
    }
    fields_by_manager: dict[str, list[str]] = {}
    for entry in entries:
        manager = str(entry.get("manager", ""))
        if manager == labels.field_manager(stack):
            continue
        theirs = set(_paths(entry.get("fieldsV1") or {}))
        for path in sorted(theirs - own):
            text = written(path)
            if _is_set_by_stacks(path, theirs) and (manager not in _CONTROLLERS or text == REPLICAS):
                fields_by_manager.setdefault(manager, []).append(text)
    return tuple(
        FieldChange(manager=name, fields=tuple(dict.fromkeys(fields))) for name, fields in fields_by_manager.items()
    )


def written(path: Path) -> str:
    """Return the path of a field as messages have it."""
    text = ""
    for step in path:
        kind, _, name = step.partition(":")
        if kind == "f":
            text += f".{name}" if text else name
        elif kind == "k":
            text += f"[{','.join(map(str, json.loads(name).values()))}]"
        else:
            text += f"[{name}]"
    return text


def _paths(fields: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """Return the path of each leaf, and of each list element that the writer has made (`.`)."""
    for step, below in fields.items():
        if step == ".":
            if path and path[-1].startswith("k:"):
                yield (*path, step)
        elif below:
            yield from _paths(below, (*path, step))
        else:
            yield (*path, step)


def _is_set_by_stacks(path: Path, theirs: set[Path]) -> bool:
    """Say whether a field is one that a stack sets, as far as its path tells."""
    if path[-1] == "." or path[0] == "f:status":
        return False
    if any((*path[: at + 1], ".") in theirs for at, step in enumerate(path) if step.startswith("k:")):
        return False
    if "f:metadata" in path:
        at = path.index("f:metadata")
        if len(path) != at + 3 or path[at + 1] not in ("f:labels", "f:annotations"):
            return False
        key = path[-1].removeprefix("f:")
        return key in _OWN_KEYS or key.startswith(_OWN_PREFIXES)
    return True
