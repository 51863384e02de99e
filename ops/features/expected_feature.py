"""What one feature is meant to be: as its stack wants it, or as the cluster's objects have it where that is gone."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from boutique.names.feature_names import preview_host
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.inventory import ClusterFeature, features, objects
from ops.features.origin import FeatureOrigin, origin
from ops.features.stack_state import StackState, stack_state
from ops.smoke.namespace_objects import DEPLOYMENTS, Namespace
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class Build:
    """What is wanted of one service."""

    version: str
    replicas: int


@dataclass(frozen=True, kw_only=True)
class WantedFeature:
    """A feature as it is meant to be.

    Attributes:
        identity: Which one.
        stack: The stack that owns it.
        url: Its preview link.
        namespace: Where it is.
        services: What it runs, by name.
        is_orphan: Whether its stack is gone.
    """

    identity: FeatureStack
    stack: str
    url: str
    namespace: Namespace
    services: Mapping[str, Build]
    is_orphan: bool


def wanted(project: Path, which: FeatureStack, deadline: Deadline) -> WantedFeature:
    """Return what a feature is meant to be.

    Args:
        project: The folder of the project.
        which: The feature.
        deadline: When to give up.

    Raises:
        OperationError: There is no such feature, nothing of it was deployed, or it cannot be read.
    """
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(stack_state, project, which.stack, deadline.left)
        there = origin(project, which.environment, named="STACK", timeout=deadline.left)
        seen = next((each for each in features(objects(there.namespace)) if each.key == which.key), None)
        state = reading.result()
    stack = seen.stack if seen else which.stack
    if stack != which.stack:
        # Plain `pulumi` may give it any name.
        state = stack_state(project, stack, deadline.left)
    if state is not None and not state.is_feature(which.key, which.environment):
        state = None
    if state is None and seen is None:
        raise OperationError(f"{which}: there is none; `boutique feature list` shows which there are")
    services = _services(state, seen)
    if not services:
        raise OperationError(f"{which}: nothing of it was deployed; deploy it with `boutique feature up`")
    return WantedFeature(
        identity=which,
        stack=stack,
        url=_link(there, which),
        namespace=there.namespace,
        services=services,
        is_orphan=state is None,
    )


def _link(there: FeatureOrigin, which: FeatureStack) -> str:
    return there.entrance.link(preview_host(which.key, there.entrance.host))


def _services(state: StackState | None, seen: ClusterFeature | None) -> dict[str, Build]:
    """Return what is wanted, by the stack: of a Deployment that somebody has deleted, no object tells."""
    section = state.section if state else None
    if section is not None:
        said: Mapping[str, Mapping[str, object]] = section.get("services", {})
        return {
            name: Build(version=str(each["version"]), replicas=int(str(each.get("replicas", 1))))
            for name, each in sorted(said.items())
        }
    replicas = {
        each.content["metadata"]["labels"]["app"]: int(each.content["spec"].get("replicas", 1))
        for each in (seen.objects if seen else ())
        if each.collection == DEPLOYMENTS
    }
    return {
        name: Build(version=each, replicas=replicas[name]) for name, each in (seen.versions if seen else {}).items()
    }
