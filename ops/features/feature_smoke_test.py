"""The smoke test of a feature: what its stack wants, what runs, and whether its key leads a visitor there."""

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
    """How one service of a feature is doing.

    Attributes:
        name: Its name.
        wanted: What the feature wants of it.
        ready: How many of its replicas are ready; None if the cluster did not say.
        versions: What they run.
        arrival: Whether its calls arrive there.
        mistakes: A line for everything that is not as it should be.
    """

    name: str
    wanted: Build
    ready: int | None
    versions: tuple[str, ...]
    arrival: Arrival
    mistakes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FeatureSmokeResult:
    """How a feature is doing.

    Attributes:
        feature: As it is meant to be.
        outside: As a visitor of its preview link found it.
        services: How each service is doing.
        mistakes: A line for everything that is not as it should be, with the remedy.
        warnings: A line for what will be wrong soon, and for what nobody can tell.
    """

    feature: WantedFeature
    outside: Outside
    services: tuple[FeatureServiceResult, ...]
    mistakes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def unknown(self) -> int:
        """Of how many services nobody knows whether their calls arrive."""
        return sum(each.arrival.reached.proof is Proof.UNKNOWN for each in self.services)


def result(
    feature: WantedFeature, running: Mapping[str, RunningWorkload] | None, cluster: str, outside: Outside
) -> FeatureSmokeResult:
    """Judge what was found out.

    Args:
        feature: What is wanted.
        running: What runs of it, by service; None if the cluster did not say.
        cluster: Why it did not.
        outside: What a visitor of the preview link found.
    """
    services = tuple(_service(name, build, feature, running, outside) for name, build in feature.services.items())
    mistakes = [
        *([cluster] if cluster else []),
        *(f"{service.name}: {line}" for service in services for line in service.mistakes),
        *_way(feature, outside),
    ]
    warnings = (*_unsure(feature, services), *outside.warnings)
    return FeatureSmokeResult(
        feature=feature, outside=outside, services=services, mistakes=tuple(mistakes), warnings=warnings
    )


def _service(
    name: str, wanted: Build, feature: WantedFeature, everything: Mapping[str, RunningWorkload] | None, outside: Outside
) -> FeatureServiceResult:
    running = everything.get(name) if everything is not None else None
    which, namespace = feature.identity, feature.namespace.name
    runs = versions(running) if running else ()
    question = PropagationQuestion(
        service=name,
        version=wanted.version,
        running=runs,
        key=which.key,
        environment=which.environment,
        namespace=namespace,
        changed=tuple(feature.services),
    )
    mistakes = []
    if everything is not None and running is None:
        mistakes.append(f"is not there; {_REPAIR}")
    if running:
        selector = f"app={name},{labels.FEATURE}={which.key}"
        mistakes += shortfall(running, wanted.replicas, namespace, selector, _REPAIR)
        if runs and runs != (wanted.version,):
            mistakes.append(
                f"runs {' and '.join(runs)}, not {wanted.version}; wait for an update under way, or {_REPAIR}"
            )
    arrived = arrival(question, outside)
    return FeatureServiceResult(
        name=name,
        wanted=wanted,
        ready=None if everything is None else running.ready if running else 0,
        versions=runs,
        arrival=arrived,
        mistakes=(*mistakes, *arrived.mistakes),
    )


def _way(feature: WantedFeature, outside: Outside) -> tuple[str, ...]:
    """Return what is wrong on the way to the feature."""
    if outside.visited and all(one.status == HTTPStatus.NOT_FOUND for one in outside.visited):
        return (
            f"{outside.link}: every page answered 404: no route for that host is in force; "
            f"`boutique routes {feature.identity.environment}` shows which are",
        )
    return outside.mistakes


def _unsure(feature: WantedFeature, services: tuple[FeatureServiceResult, ...]) -> list[str]:
    """Return what is no mistake and should be known."""
    warnings = [
        f"{each.name}: {each.arrival.failed} of {each.arrival.calls + each.arrival.failed} calls had no answer"
        for each in services
        if each.arrival.calls and each.arrival.failed
    ]
    if any(each.arrival.reached.said == NO_HOPS for each in services):
        warnings.append(
            "real images list no hops: which version answered is not known, only what the pages of the preview link "
            "answered and which pods are ready"
        )
    if feature.is_orphan:
        warnings.append(
            f"stack {feature.stack!r} is gone, so this is what the cluster's objects want; "
            f"`boutique feature down {feature.identity.name} --env {feature.identity.environment}` removes them"
        )
    return warnings
