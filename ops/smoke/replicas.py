"""What is said about the pods of one service."""

from boutique.names.image_reference import Reference
from ops.smoke.running_pods import RunningWorkload


def versions(running: RunningWorkload) -> tuple[str, ...]:
    """Return what runs."""
    return tuple(_version(image) for image in running.images)


def shortfall(running: RunningWorkload, wanted: int, namespace: str, selector: str, repair: str) -> list[str]:
    """Return what is wrong with the number of pods, with the remedy.

    Args:
        running: What runs.
        wanted: How many replicas the stack wants.
        namespace: Where it runs.
        selector: What picks its pods.
        repair: How it becomes again as the stack wants it.
    """
    if running.replicas != wanted:
        return [f"was scaled to {running.replicas}, {running.ready} ready, and the stack wants {wanted}; {repair}"]
    if running.ready >= wanted:
        return []
    trouble = f" ({'; '.join(running.trouble)})" if running.trouble else ""
    return [
        f"{running.ready} of {wanted} replicas are ready{trouble}; "
        f"look at `kubectl -n {namespace} describe pods -l {selector}`"
    ]


def _version(image: str) -> str:
    try:
        return Reference.parse(image).version
    except ValueError:
        # Somebody else's image, without a tag.
        return image
