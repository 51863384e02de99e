"""What a feature is: its key, its branch, and what it deploys beside the baseline of its environment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from boutique.application.application import Application
from boutique.names.feature_names import check_key, feature_key, object_name
from boutique.names.image_reference import Reference
from boutique.routing import route_table
from boutique.settings.feature_settings import ChangedService, Feature
from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads


class ChangeError(ValueError):
    """It is not clear which branch a feature is of."""


@dataclass(frozen=True, kw_only=True)
class FeatureIdentity:
    """What a feature is known by.

    Attributes:
        key: Its key.
        branch: The branch it was built from; None if only the key is known.
    """

    key: str
    branch: str | None


def identity(application: Application, feature: Feature) -> FeatureIdentity:
    """Return what a feature is known by: what it says itself, else the branch that all of its versions share.

    Raises:
        ChangeError: It says nothing, and its versions have no branch or several.
        NamingError: The key is none.
    """
    services = [service.service for service in route_table.services(application.workloads)]
    versions = [service.version for service in feature.services.values() if service.version]
    branches = {version.branch for version in versions}
    branch = feature.branch or (next(iter(branches)) if len(branches) == 1 else None)
    if feature.key:
        return FeatureIdentity(key=check_key(feature.key, services), branch=branch)
    if branch is None:
        raise ChangeError(_unclear(branches))
    if feature.branch is None and (candidate := next((version for version in versions if version.is_candidate), None)):
        release = candidate.semver.finalize_version()
        raise ChangeError(
            f"{candidate} is a candidate of the release {release}, for `boutique release set`, unless {branch!r} is a "
            "branch"
        )
    return FeatureIdentity(key=feature_key(branch, services), branch=branch)


def feature_workloads(
    application: Application,
    environment: Environment,
    feature: Feature,
    key: str,
    secrets: Mapping[str, str] | None = None,
) -> tuple[ResolvedWorkload, ...]:
    """Return the services of a feature as it runs them: the environment's own, with other images.

    Where a caller's published image loses the key on the way to a callee, and the feature changes both, its caller
    calls its callee directly: no route has to tell those calls apart. In an audit it does not: the audit has to see
    that such a call loses the key.
    """
    return tuple(
        replace(
            service,
            feature=key,
            image=_image(service.image, change),
            replicas=change.replicas,
            # An autoscaler names the Deployment of the environment.
            autoscaled=False,
            rollout=service.rollout.model_copy(
                update={"timeout_seconds": feature.timeout_seconds} if feature.timeout_seconds else {}
            ),
            external=False,
            variables={**service.variables, **_banner_variable(service, key), **_direct(service, feature, key)},
        )
        for service in resolve_workloads(application, environment, secrets=secrets)
        if (change := feature.services.get(service.workload.name))
    )


def _image(environment: Reference, change: ChangedService) -> Reference:
    if change.image:
        return change.image
    return environment.with_tag(change.version.text) if change.version else environment


def _banner_variable(each: ResolvedWorkload, key: str) -> Mapping[str, str]:
    banner = each.workload.banner_variable
    return {banner: f"Feature {key}"} if banner else {}


def _direct(each: ResolvedWorkload, feature: Feature, key: str) -> Mapping[str, str]:
    # An audit has to see what is lost.
    losing = () if feature.audit else each.workload.loses_baggage_to
    lost = {name: object_name(name, key) for name in losing if name in feature.services}
    usual = each.workload.addresses()
    return {
        variable: address
        for variable, address in each.workload.addresses(lost).items()
        # An environment that gives the variable another value means it.
        if address != usual[variable] and each.variables[variable] == usual[variable]
    }


def _unclear(branches: Iterable[str | None]) -> str:
    names = sorted(branch for branch in branches if branch)
    return (
        f"the versions are of several branches: {', '.join(names)}"
        if len(names) > 1
        else "some versions name no branch, only numbers"
        if names
        else "the versions name no branch, only numbers"
    )
