"""The Deployment of a workload and the limit on voluntary disruptions that goes with it."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from boutique.kubernetes.field_managers import REPLICAS
from boutique.names import labels
from boutique.settings.rollout import RECREATE
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import Contents
from components.metadata import metadata
from components.pods import pod

# Of a ReplicaSet that comes back, scaled to nothing at first, pulumi-kubernetes may say that all its pods are ready
# (checkReplicaSetStatus in provider/pkg/await/deployment.go). With none kept, each way back is a rollout that is
# awaited; former releases are in the history of the stack.
_OLD_REPLICA_SETS = 0


def deployment(
    name: str,
    deployed: ResolvedWorkload,
    account: pulumi.Input[str],
    contents: Contents,
    namespace: pulumi.Input[str],
    owner: str,
    opts: pulumi.ResourceOptions,
    annotations: Mapping[str, str] | None = None,
) -> apps.v1.Deployment:
    """Create a Deployment, whose pods run under a ServiceAccount; `readiness` says from when on they are there."""
    rollout = deployed.rollout
    timeout = f"{rollout.timeout_seconds}s"
    return apps.v1.Deployment(
        name,
        metadata=metadata(
            deployed.name,
            namespace=namespace,
            owner=owner,
            labels={**deployed.labels, **labels.version(deployed.image.version)},
            annotations=annotations,
        ),
        spec=apps.v1.DeploymentSpecArgs(
            replicas=deployed.replicas,
            revision_history_limit=_OLD_REPLICA_SETS,
            min_ready_seconds=rollout.min_ready_seconds,
            progress_deadline_seconds=rollout.timeout_seconds,
            strategy=apps.v1.DeploymentStrategyArgs(type="Recreate")
            if deployed.strategy == RECREATE
            else apps.v1.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=rollout.surge),
            ),
            selector=meta.v1.LabelSelectorArgs(match_labels=deployed.selector),
            template=pod(deployed, account, contents),
        ),
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
                # The provider then leaves the field to who has set it, and does not take it back.
                ignore_changes=[REPLICAS] if deployed.autoscaled else None,
            ),
        ),
    )


def disruption_budget(
    name: str, deployed: ResolvedWorkload, namespace: pulumi.Input[str], owner: str, opts: pulumi.ResourceOptions
) -> policy.v1.PodDisruptionBudget | None:
    """Create the PodDisruptionBudget of a workload with replicas; with one pod it would only block node upgrades.

    Of an autoscaled workload there is always one: how many pods it has is not known here.

    Of a blue/green release it counts the pods of all colours, so that it outlives every switch.
    """
    if (deployed.replicas == 1 and not deployed.autoscaled) or not deployed.availability.disruption_budget:
        return None
    return policy.v1.PodDisruptionBudget(
        name,
        metadata=metadata(deployed.service_name, namespace=namespace, owner=owner, labels=deployed.service_labels),
        spec=policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            unhealthy_pod_eviction_policy="AlwaysAllow",
            selector=meta.v1.LabelSelectorArgs(match_labels=labels.selector(deployed.workload.name, deployed.feature)),
        ),
        opts=opts,
    )


def service_account(
    name: str, workload: str, namespace: pulumi.Input[str], owner: str, opts: pulumi.ResourceOptions
) -> core.v1.ServiceAccount:
    """Create the identity a workload runs as: one per service, so that policies can tell callers apart."""
    return core.v1.ServiceAccount(
        name,
        metadata=metadata(workload, namespace=namespace, owner=owner, labels=labels.workload(workload)),
        opts=opts,
    )
