"""Whether an update of an environment or a feature fits the namespace, asked before the update changes anything."""

from collections.abc import Iterable, Mapping, Sequence

import pulumi

from boutique.application.application import Application
from boutique.checks.limit_range import limit_refusals
from boutique.checks.load import StackSettings
from boutique.checks.quota_fit import environment_refusals, feature_refusals, feature_room, target_room
from boutique.kubernetes import listing
from boutique.names import labels
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.stack import Environment, Platform
from boutique.targets import namespace_quota, target_names
from boutique.targets.namespace_quota import NAME, Quota
from boutique.targets.quota import hard_limits
from boutique.workloads.blue_green import BlueGreen
from boutique.workloads.object_names import object_names
from boutique.workloads.pod_demand import Amounts, PodSet, deployed_pod_set, pod_set, total_peak
from boutique.workloads.recorded_blue_green import RecordedRevisions
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from stacks.layers.environment_history import EnvironmentHistory, read_history
from stacks.target_access import ResolvedTarget, TargetAccess


def prepare(
    settings: StackSettings, secrets: Mapping[str, str], target: str, target_access: TargetAccess | None
) -> EnvironmentHistory:
    """Read what the last updates of an environment left, and refuse one that its namespace has no room for.

    Args:
        settings: Of the stack, with an environment.
        secrets: Those of its services, by name.
        target: Where it goes.
        target_access: The same as another stack tells it; None if this stack has it.

    Raises:
        SettingsError: The update does not fit.
        pulumi.RunError: The stack's state cannot be read.
        KubeconfigError: The API server of another stack's target does not answer.
    """
    section, platform = settings.environment, settings.platform
    if section is None:
        raise ValueError("there is no environment to prepare")
    services = resolve_workloads(settings.application, section, settings.release, secrets)
    where = target_names.namespace(platform, target) if platform else None
    history = read_history(
        services, target_access.resolved_target if target_access else None, where, target, settings.cluster
    )
    meshed = target_access.meshed if target_access else bool(platform and platform.mesh)
    if history.access:
        _check_environment(
            settings.application,
            section,
            services,
            history,
            history.access,
            target=target,
            platform=platform,
            meshed=meshed,
        )
    return history


def _check_environment(
    application: Application,
    section: Environment,
    services: Sequence[ResolvedWorkload],
    history: EnvironmentHistory,
    access: ResolvedTarget,
    *,
    target: str,
    platform: Platform | None,
    meshed: bool,
) -> None:
    """Refuse an update that does not fit, with the key, what is needed, what the quota gives, and the remedy."""
    revisions = history.blue_green(services)
    pods = _pods(services, revisions)
    present, others = _present(access, pulumi.get_stack(), deleted_first(history, revisions), meshed=meshed)
    new = {pod.name: pod_set(pod, meshed=meshed) for pod in pods}
    quotas = _in_force(
        application, namespace_quota.quotas(access.kubeconfig, access.namespace), history.quota, platform, target
    )
    need = _need(access, quotas, present, new, pods)
    room = target_room(
        target,
        owner=None if platform else access.stack,
        meshed=meshed,
        is_read=True,
        others=sorted(others - new.keys()),
    )
    items = namespace_quota.limits(access.kubeconfig, access.namespace)
    refusals = [
        *limit_refusals(services, items, meshed=meshed, section="boutique:environment"),
        *environment_refusals(application, section, quotas, need, room),
    ]
    if refusals:
        raise SettingsError(refusals)


def check_feature(
    application: Application, services: Sequence[ResolvedWorkload], access: ResolvedTarget, *, meshed: bool
) -> Sequence[ErrorLine]:
    """Return a line for each thing of a feature that its namespace has no room for.

    Args:
        application: That of the environment.
        services: What it changes.
        access: Reads the namespace.
        meshed: Whether each pod has a proxy.

    Raises:
        KubeconfigError: The API server does not answer.
    """
    new = {service.name: pod_set(service, meshed=meshed) for service in services}
    present, others = _present(access, pulumi.get_stack(), set(), meshed=meshed)
    quotas = namespace_quota.quotas(access.kubeconfig, access.namespace)
    need = _need(access, quotas, present, new, services)
    room = feature_room(access.namespace, meshed=meshed, others=sorted(others - new.keys()))
    items = namespace_quota.limits(access.kubeconfig, access.namespace)
    return [
        *limit_refusals(services, items, meshed=meshed, section=f"stack {access.stack!r}: boutique:environment"),
        *feature_refusals(application, services, quotas, need, room),
    ]


def deleted_first(history: EnvironmentHistory, revisions: Mapping[str, BlueGreen]) -> set[str]:
    """Return the names of the Deployments that are deleted before new ones are created."""
    return {
        f"{name}-{revision}"
        for name, blue_green in revisions.items()
        for revision in history.recorded.get(name, RecordedRevisions()).deleted_first(name, blue_green.names)
    }


def _pods(services: Iterable[ResolvedWorkload], revisions: Mapping[str, BlueGreen]) -> list[ResolvedWorkload]:
    """Return every set of pods that the update deploys."""
    return [
        pods
        for service in services
        for pods in (revisions[service.workload.name].variants if service.workload.name in revisions else (service,))
    ]


def _present(
    access: ResolvedTarget, stack: str, gone: set[str], *, meshed: bool
) -> tuple[Mapping[str, PodSet], set[str]]:
    """Return the Deployments of the namespace that are there throughout the update, and those of other stacks."""
    deployments = [
        deployment
        for deployment in listing.list_objects(access.kubeconfig, access.namespace, listing.DEPLOYMENTS)
        if deployment["metadata"]["name"] not in gone
    ]
    owners = {
        deployment["metadata"]["name"]: deployment["metadata"].get("annotations", {}).get(labels.OWNER)
        for deployment in deployments
    }
    return (
        {deployment["metadata"]["name"]: deployed_pod_set(deployment, meshed=meshed) for deployment in deployments},
        {name for name, owner in owners.items() if owner != stack},
    )


def _in_force(
    application: Application,
    quotas: Sequence[Quota],
    recorded: Mapping[str, str] | None,
    platform: Platform | None,
    target: str,
) -> Sequence[Quota]:
    """Return the quotas that hold when the update starts pods: it may change the target's itself."""
    if platform is None:
        return quotas
    configured = hard_limits(application.workloads, platform.targets[target].replicas)
    if recorded == configured:
        return quotas
    return [Quota.of(NAME, configured), *(quota for quota in quotas if quota.name != NAME)]


def _need(
    access: ResolvedTarget,
    quotas: Sequence[Quota],
    present: Mapping[str, PodSet],
    new: Mapping[str, PodSet],
    pods: Iterable[ResolvedWorkload],
) -> Amounts:
    counts = namespace_quota.object_counts(access.kubeconfig, access.namespace, quotas, object_names(pods))
    return {**total_peak(present, new), **counts}
