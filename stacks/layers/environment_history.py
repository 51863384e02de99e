"""What an environment's stack and namespace hold before an update: read before the update changes anything."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pulumi

from boutique.kubernetes import client, kubeconfig, listing
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.outputs import BLUE_GREEN, TARGETS, RecordedBlueGreen, TargetOutput, read_blue_green, read_own
from boutique.settings.stack import Cluster, ExistingCluster
from boutique.targets.namespace_quota import NAME
from boutique.workloads.blue_green import BlueGreen
from boutique.workloads.recorded_blue_green import RecordedRevisions, recorded_revisions
from boutique.workloads.resolved_workload import ResolvedWorkload
from stacks import stack_outputs
from stacks.target_access import ResolvedTarget

_QUOTA = "kubernetes:core/v1:ResourceQuota"

State = Mapping[str, Mapping[str, Any]]
"""The resources of a stack, `type` and `outputs` of each, by URN."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentHistory:
    """An environment as its last updates left it.

    Attributes:
        remembered: The output `colours` of the last successful update, by service; None if there was none.
        recorded: The blue/green Deployments of each service.
        quota: The `hard` section of the target's ResourceQuota in the state; None if this stack has not made one.
        access: Reads the namespace; None before it is there, and where its API server does not let this stack in.
    """

    remembered: Mapping[str, RecordedBlueGreen] | None = field(repr=False)
    recorded: Mapping[str, RecordedRevisions]
    quota: Mapping[str, str] | None
    access: ResolvedTarget | None

    def blue_green(self, services: Sequence[ResolvedWorkload]) -> Mapping[str, BlueGreen]:
        """Return the pods of each blue/green service, by its name."""
        now = datetime.now(UTC)
        return {
            name: BlueGreen.of(
                service,
                (self.remembered or {}).get(name),
                now,
                is_first=self.remembered is None,
                deployed=self.recorded.get(name, RecordedRevisions()).names,
            )
            for service in services
            if service.is_blue_green
            for name in (service.workload.name,)
        }


def read_history(
    services: Sequence[ResolvedWorkload],
    resolved_target: ResolvedTarget | None,
    namespace: str | None,
    target: str,
    cluster: Cluster | None,
) -> EnvironmentHistory:
    """Read what the last updates left.

    Args:
        services: What the environment runs.
        resolved_target: The target, if another stack has it.
        namespace: That of the target, if this stack has it.
        target: The name of the target.
        cluster: Where it is.

    Raises:
        pulumi.RunError: The state cannot be read.
        KubeconfigError: The API server of another stack's target does not answer.
    """
    switched = any(service.is_blue_green for service in services)
    state = stack_outputs.resources() if switched or namespace else {}
    access = resolved_target or _own_access(target, namespace, cluster)
    selecting = (
        listing.list_objects(access.kubeconfig, access.namespace, listing.SERVICES) if access and switched else ()
    )
    return EnvironmentHistory(
        remembered=read_blue_green(stack_outputs.own_output(BLUE_GREEN)) if switched else {},
        recorded=recorded_revisions(state, selecting) if switched else {},
        quota=_quota(state, namespace),
        access=access,
    )


def _quota(state: State, namespace: str | None) -> Mapping[str, str] | None:
    for resource in state.values():
        outputs = resource.get("outputs") or {}
        described = outputs.get("metadata") or {}
        if resource["type"] == _QUOTA and (described.get("name"), described.get("namespace")) == (NAME, namespace):
            hard: Mapping[str, str] | None = (outputs.get("spec") or {}).get("hard")
            return hard
    return None


def _own_access(target: str, namespace: str | None, cluster: Cluster | None) -> ResolvedTarget | None:
    """Return how this stack reaches a target of its own, as its last successful update has left it.

    This very update may make the namespace, renew the token and widen its rights: what does not let it in is no error.
    """
    targets = stack_outputs.own_output(TARGETS)
    if not isinstance(targets, Mapping) or target not in targets:
        return None
    try:
        output = read_own(TargetOutput, pulumi.get_stack(), {TARGETS: targets}, TARGETS, target)
        if output.namespace != namespace:
            return None
        content = output.kubeconfig
        if isinstance(cluster, ExistingCluster):
            # Deployers elsewhere may have another way to the API server.
            paths = kubeconfig.files(cluster.kubeconfig, os.environ)
            content = kubeconfig.through(content, kubeconfig.find(cluster.context, paths))
        client.ensure_reachable(kubeconfig.reached_by(content), f"target {target!r}")
        listing.list_objects(content, namespace, listing.RESOURCE_QUOTAS)
    except (KubeconfigError, ValueError, LookupError, TypeError) as error:
        pulumi.log.warn(
            f"what is in the namespace {namespace!r} cannot be read, so that only the configuration says whether the "
            f"pods fit its quota: {error}"
        )
        return None
    return ResolvedTarget(stack=pulumi.get_stack(), namespace=namespace, kubeconfig=content)
