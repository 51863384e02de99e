"""Where the images of an application come from: together, or each from its own publisher."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from boutique.names.image_reference import Reference


def share_images(workloads: Mapping[str, dict[str, Any]]) -> dict[str, str] | None:
    """Return where the images of most workloads come from, and take that out of the workloads."""
    references: dict[str, Reference] = {}
    for name, workload in workloads.items():
        try:
            references[name] = Reference.parse(workload.get("image", ""))
        except ValueError:
            continue
    published = {
        name: (image.repository.removesuffix(f"/{name}"), image.tag)
        for name, image in references.items()
        if image.repository.endswith(f"/{name}") and image.tag and not image.digest
    }
    shared = Counter(published.values()).most_common(1)
    is_shared = bool(shared) and shared[0][1] > 1
    tags = Counter(image.tag for image in references.values() if image.tag and not image.digest).most_common(1)
    for name, workload in workloads.items():
        if is_shared and published.get(name) == shared[0][0]:
            del workload["image"]
        elif len(workloads) > 1 and (name not in references or references[name].tag != tags[0][0] or tags[0][1] == 1):
            # Another version than the rest has: others publish it, and no release of all applies to it.
            workload["ownImage"] = True
    return {"repository": shared[0][0][0], "tag": str(shared[0][0][1])} if is_shared else None
