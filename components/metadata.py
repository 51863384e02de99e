"""Name, labels and annotations of an object, and its name once it is there."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from boutique.names import labels as labelling
from boutique.names.labels import Owner
from components.kubernetes_object import Fields


@dataclass(frozen=True, kw_only=True)
class ObjectScope:
    """The namespace of an object and the stack that owns the object.

    Attributes:
        namespace: May arrive late; what uses it waits.
        owner: The stack and the application.
    """

    namespace: pulumi.Input[str]
    owner: Owner


def metadata(
    name: str,
    scope: ObjectScope,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> Fields:
    """Return the metadata of an object in a namespace.

    Args:
        name: Of the object; fixed, since others refer to it.
        scope: Its namespace and its owner.
        labels: None for the ones that every object has.
        annotations: Beside the owner's.
    """
    return {
        **cluster_metadata(name, owner=scope.owner, labels=labels, annotations=annotations),
        "namespace": scope.namespace,
    }


def cluster_metadata(
    name: str,
    *,
    owner: Owner,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> Fields:
    """Return the metadata of an object of the whole cluster; the arguments are those of `metadata`."""
    return {
        "name": name,
        "labels": labels or labelling.common(owner.application),
        "annotations": {**labelling.owned_by(owner.stack), **(annotations or {})},
    }


def name_of(metadata: pulumi.Output[Fields]) -> pulumi.Output[str]:
    """Return the name of an object, known once it is there: what uses it waits for the object."""
    return metadata.apply(lambda resolved: str(resolved.get("name") or ""))
