"""Name, labels and annotations of an object, and its name once it is there."""

from collections.abc import Mapping

import pulumi

from boutique.names import labels as labelling
from components.kubernetes_object import Fields


def metadata(
    name: str,
    *,
    owner: str,
    namespace: pulumi.Input[str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> Fields:
    """Return the metadata of an object that one stack owns.

    Args:
        name: Of the object; fixed, since others refer to it.
        owner: The stack.
        namespace: None for an object of the whole cluster.
        labels: None for the ones that every object has.
        annotations: Beside the owner's.
    """
    return {
        "name": name,
        "namespace": namespace,
        "labels": labels or labelling.common(),
        "annotations": {**labelling.owned_by(owner), **(annotations or {})},
    }


def name_of(metadata: pulumi.Output[Fields]) -> pulumi.Output[str]:
    """Return the name of an object, known once it is there: what uses it waits for the object."""
    return metadata.apply(lambda resolved: str(resolved.get("name") or ""))
