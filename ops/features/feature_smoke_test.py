"""The verdict of a feature's smoke test: compares its stack, its pods, and a visit by its preview link."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from boutique.names import labels
from ops.features.expected_feature import Build, WantedFeature
from ops.features.propagation import NO_HOPS, Arrival, PropagationQuestion, arrival
from ops.smoke.reached_services import Proof
from ops.smoke.replicas import shortfall, versions
from ops.smoke.running_pods import RunningWorkload
from ops.smoke.visitor_checks import Outside

_REPAIR = "deploy the feature again"


@dataclass(frozen=True, kw_only=True)
class FeatureServiceResult:
    """The verdict on one service of a feature.

    Attributes:
        name: The name of the service.
        expected: The build that the feature wants.
        ready: How many replicas are ready; None if the cluster did not answer.
        versions: The versions that its pods run.
        arrival: The evidence that its calls reach the feature's build.
        errors: One line per error.
    """

    name: str
    expected: Build
    ready: int | None
    versions: tuple[str, ...]
    arrival: Arrival
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FeatureSmokeResult:
    """The verdict on a feature.

    Attributes:
        feature: Its expected state.
        outside: The result of a visit by its preview link.
        services: The verdict on each service.
        errors: One line per error, with the remedy.
        warnings: One line per error to come, and per check that was not possible.
    """

    feature: WantedFeature
    outside: Outside
    services: tuple[FeatureServiceResult, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def unknown(self) -> int:
        """The number of services whose calls may or may not reach the feature."""
        return sum(service.arrival.reached.proof is Proof.UNKNOWN for service in self.services)


def result(
    feature: WantedFeature, running: Mapping[str, RunningWorkload] | None, cluster: str, outside: Outside
) -> FeatureSmokeResult:
    """Return the verdict on a feature.

    Args:
        feature: Its expected state.
        running: Its running workloads by service; None if the cluster did not answer.
        cluster: The error of the cluster; empty without one.
        outside: The result of a visit by the preview link.
    """
    services = tuple(_service(name, build, feature, running, outside) for name, build in feature.services.items())
    errors = [
        *([cluster] if cluster else []),
        *(f"{service.name}: {line}" for service in services for line in service.errors),
        *_visit_errors(feature, outside),
    ]
    warnings = (*_warnings(feature, services), *outside.warnings)
    return FeatureSmokeResult(
        feature=feature, outside=outside, services=services, errors=tuple(errors), warnings=warnings
    )


def _service(
    name: str,
    expected: Build,
    feature: WantedFeature,
    workloads: Mapping[str, RunningWorkload] | None,
    outside: Outside,
) -> FeatureServiceResult:
    running = workloads.get(name) if workloads is not None else None
    identity, namespace = feature.identity, feature.namespace.name
    actual = versions(running) if running else ()
    question = PropagationQuestion(
        service=name,
        version=expected.version,
        running=actual,
        key=identity.key,
        environment=identity.environment,
        namespace=namespace,
        changed=tuple(feature.services),
    )
    errors = []
    if workloads is not None and running is None:
        errors.append(f"has no Deployment; {_REPAIR}")
    if running:
        selector = f"app={name},{labels.FEATURE}={identity.key}"
        errors += shortfall(running, expected.replicas, namespace, selector, _REPAIR)
        if actual and actual != (expected.version,):
            errors.append(
                f"runs {' and '.join(actual)}, not {expected.version}; wait for an update under way, or {_REPAIR}"
            )
    evidence = arrival(question, outside)
    return FeatureServiceResult(
        name=name,
        expected=expected,
        ready=None if workloads is None else running.ready if running else 0,
        versions=actual,
        arrival=evidence,
        errors=(*errors, *evidence.errors),
    )


def _visit_errors(feature: WantedFeature, outside: Outside) -> tuple[str, ...]:
    """Return the errors between the visitor and the feature."""
    if outside.visited and all(page.status == HTTPStatus.NOT_FOUND for page in outside.visited):
        return (
            f"{outside.link}: every page answered 404: no route for that host is in force; "
            f"`boutique routes {feature.identity.environment}` shows which are",
        )
    return outside.errors


def _warnings(feature: WantedFeature, services: tuple[FeatureServiceResult, ...]) -> list[str]:
    """Return the warnings about a feature and its services."""
    warnings = [
        f"{service.name}: {calls.failed} of {calls.calls + calls.failed} calls had no answer"
        for service in services
        if (calls := service.arrival).calls and calls.failed
    ]
    if any(service.arrival.reached.description == NO_HOPS for service in services):
        warnings.append(
            "real images list no hops: which version answered is unknown, only what the pages of the preview link "
            "answered and which pods are ready"
        )
    if feature.is_orphan:
        warnings.append(
            f"stack {feature.stack!r} is gone, so this is what the cluster's objects want; "
            f"`boutique feature down {feature.identity.name} --env {feature.identity.environment}` removes them"
        )
    return warnings
