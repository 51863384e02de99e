"""Versions and replica errors of one service's pods."""

from boutique.names.image_reference import version_of
from ops.smoke.running_pods import RunningWorkload


def versions(running: RunningWorkload) -> tuple[str, ...]:
    """Return the versions of the running images."""
    return tuple(version_of(image) for image in running.images)


def shortfall(running: RunningWorkload, replicas: int, namespace: str, selector: str, repair: str) -> list[str]:
    """Return the errors in the number of pods, with the remedy.

    Args:
        running: The running workload.
        replicas: How many replicas the stack wants.
        namespace: The namespace of the pods.
        selector: The label selector of the pods.
        repair: The remedy for another number of replicas.
    """
    if running.replicas != replicas:
        return [f"was scaled to {running.replicas}, {running.ready} ready, and the stack wants {replicas}; {repair}"]
    if running.ready >= replicas:
        return []
    trouble = f" ({'; '.join(running.trouble)})" if running.trouble else ""
    return [
        f"{running.ready} of {replicas} replicas are ready{trouble}; "
        f"look at `kubectl -n {namespace} describe pods -l {selector}`"
    ]
