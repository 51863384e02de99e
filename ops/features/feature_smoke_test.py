"""The verdict of a feature's smoke test: compares its stack, its pods, and a visit by its preview link."""

from collections.abc import Mapping
from http import HTTPStatus

from boutique.names import labels
from ops.features.expected_feature import Build, WantedFeature
from ops.features.propagation import NO_HOPS, PropagationQuestion, arrival
from ops.smoke.replicas import shortfall, versions
from ops.smoke.running_pods import RunningWorkload
from ops.smoke.smoke_report import ServiceReport, SmokeReport
from ops.smoke.visitor_checks import Outside

_REPAIR = "deploy the feature again"


def result(
    feature: WantedFeature, running: Mapping[str, RunningWorkload] | None, cluster: str, outside: Outside
) -> SmokeReport:
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
    identity = feature.identity
    return SmokeReport(
        subject=f"--feature {identity.name} of {identity.environment}",
        identity={
            "feature": identity.name,
            "key": identity.key,
            "environment": identity.environment,
            "stack": feature.stack,
            "namespace": feature.namespace.name,
            "link": feature.url,
        },
        is_feature=True,
        outside=outside,
        services=services,
        errors=tuple(errors),
        warnings=(*_warnings(feature, services), *outside.warnings),
    )


def _service(
    name: str,
    expected: Build,
    feature: WantedFeature,
    workloads: Mapping[str, RunningWorkload] | None,
    outside: Outside,
) -> ServiceReport:
    running = workloads.get(name) if workloads is not None else None
    identity, namespace = feature.identity, feature.namespace.name
    actual = versions(running) if running else ()
    question = PropagationQuestion(
        application=feature.application,
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
    return ServiceReport(
        name=name,
        version=expected.version,
        replicas=expected.replicas,
        ready=None if workloads is None else running.ready if running else 0,
        running=actual,
        standins=running.standins if running else 0,
        reached=evidence.reached,
        calls={"calls": evidence.calls, "right": evidence.right, "failed": evidence.failed},
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


def _warnings(feature: WantedFeature, services: tuple[ServiceReport, ...]) -> list[str]:
    """Return the warnings about a feature and its services."""
    warnings = [
        f"{service.name}: {failed} of {service.calls['calls'] + failed} calls had no answer"
        for service in services
        if service.calls["calls"] and (failed := service.calls["failed"])
    ]
    if any(service.reached.description == NO_HOPS for service in services):
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
