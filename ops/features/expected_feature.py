"""The expected state of a feature: by its stack, or by the cluster's objects if the stack is gone."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from boutique.application.application import Application
from boutique.kubernetes.listing import DEPLOYMENTS
from boutique.names.feature_names import preview_host
from boutique.outputs import Origin
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.inventory import ClusterFeature, features, objects
from ops.features.origin import namespace_of, origin
from ops.features.stack_state import StackState, stack_state
from ops.pulumi.stack_application import read_application
from ops.smoke.namespace_objects import Namespace
from support.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class Build:
    """The expected version and replicas of one service."""

    version: str
    replicas: int


@dataclass(frozen=True, kw_only=True)
class WantedFeature:
    """The expected state of a feature.

    Attributes:
        identity: Its name, key and environment.
        stack: The stack that owns it.
        url: Its preview link.
        namespace: The namespace of its objects.
        application: The application of the environment.
        services: The expected builds by the name of the service.
        is_orphan: Whether its stack is gone.
    """

    identity: FeatureStack
    stack: str
    url: str
    namespace: Namespace
    application: Application
    services: Mapping[str, Build]
    is_orphan: bool


def read_expected_feature(project: Path, feature: FeatureStack, deadline: Deadline) -> WantedFeature:
    """Return the expected state of a feature.

    Args:
        project: The folder of the project.
        feature: The feature.
        deadline: When to give up.

    Raises:
        OperationError: The feature does not exist, was never deployed, or cannot be read.
    """
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(stack_state, project, feature.stack, deadline.left)
        environment = origin(project, feature.environment, named="STACK", timeout=deadline.left)
        namespace = namespace_of(environment)
        observed = next((candidate for candidate in features(objects(namespace)) if candidate.key == feature.key), None)
        state = reading.result()
    stack = observed.stack if observed else feature.stack
    if stack != feature.stack:
        # With `pulumi` alone, the stack may have any name.
        state = stack_state(project, stack, deadline.left)
    if state is not None and not state.is_feature(feature.key, feature.environment):
        state = None
    if state is None and observed is None:
        raise OperationError(f"{feature}: no such feature; `boutique feature list` lists them")
    services = _services(state, observed)
    if not services:
        raise OperationError(f"{feature}: nothing of it was deployed; deploy it with `boutique feature up`")
    return WantedFeature(
        identity=feature,
        stack=stack,
        url=_preview_link(environment, feature),
        namespace=namespace,
        application=read_application(project, environment.application.reference),
        services=services,
        is_orphan=state is None,
    )


def _preview_link(environment: Origin, feature: FeatureStack) -> str:
    return environment.entrance.link(preview_host(feature.key, environment.entrance.host))


def _services(state: StackState | None, observed: ClusterFeature | None) -> dict[str, Build]:
    """Return the expected builds, by the stack first: a deleted Deployment leaves no object."""
    if state and state.feature:
        return {
            name: Build(version=service.version_name, replicas=service.replicas)
            for name, service in sorted(state.feature.services.items())
        }
    replicas = {
        item.content["metadata"]["labels"]["app"]: int(item.content["spec"].get("replicas", 1))
        for item in (observed.objects if observed else ())
        if item.collection == DEPLOYMENTS
    }
    return {
        name: Build(version=version, replicas=replicas[name])
        for name, version in (observed.versions if observed else {}).items()
    }
