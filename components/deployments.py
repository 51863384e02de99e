"""The Deployment of a workload and the limit on voluntary disruptions that goes with it."""

from collections.abc import Mapping

import pulumi

from boutique.kubernetes.field_managers import REPLICAS
from boutique.names import labels
from boutique.settings.rollout import RECREATE
from boutique.workloads.pod_template import pod_template
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import Contents
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata

# Of a ReplicaSet that comes back, scaled to nothing at first, pulumi-kubernetes may say that all its pods are ready
# (checkReplicaSetStatus in provider/pkg/await/deployment.go). With none kept, each way back is a rollout that is
# awaited; former releases are in the history of the stack.
_OLD_REPLICA_SETS = 0


def deployment(
    name: str,
    deployed: ResolvedWorkload,
    account: pulumi.Input[str],
    contents: Contents,
    scope: ObjectScope,
    opts: pulumi.ResourceOptions,
    annotations: Mapping[str, str] | None = None,
) -> KubernetesObject:
    """Create a Deployment, whose pods run under a ServiceAccount; `readiness` says from when on they are there."""
    rollout = deployed.rollout
    timeout = f"{rollout.timeout_seconds}s"
    return KubernetesObject(
        name,
        "apps/v1",
        "Deployment",
        pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
                # The provider then leaves the field to who has set it, and does not take it back.
                ignore_changes=[REPLICAS] if deployed.autoscaled else None,
            ),
        ),
        metadata=metadata(
            deployed.name,
            scope,
            labels={**deployed.labels, **labels.version(deployed.image.version)},
            annotations=annotations,
        ),
        spec={
            "replicas": deployed.replicas,
            "revisionHistoryLimit": _OLD_REPLICA_SETS,
            "minReadySeconds": rollout.min_ready_seconds,
            "progressDeadlineSeconds": rollout.timeout_seconds,
            "strategy": {"type": "Recreate"}
            if deployed.strategy == RECREATE
            else {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": rollout.surge}},
            "selector": {"matchLabels": deployed.selector},
            "template": pod_template(deployed, account, contents.files, contents.secrets),
        },
    )


def disruption_budget(
    name: str, deployed: ResolvedWorkload, scope: ObjectScope, opts: pulumi.ResourceOptions
) -> KubernetesObject | None:
    """Create the PodDisruptionBudget of a workload with replicas; with one pod it would only block node upgrades.

    Of an autoscaled workload there is always one: how many pods it has is not known here.

    Of a blue/green release it counts the pods of all revisions, so that it outlives every switch.
    """
    if (deployed.replicas == 1 and not deployed.autoscaled) or not deployed.availability.disruption_budget:
        return None
    return KubernetesObject(
        name,
        "policy/v1",
        "PodDisruptionBudget",
        opts,
        metadata=metadata(deployed.service_name, scope, labels=deployed.service_labels),
        spec={
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": labels.selector(deployed.workload.name, deployed.feature)},
        },
    )


def service_account(name: str, workload: str, scope: ObjectScope, opts: pulumi.ResourceOptions) -> KubernetesObject:
    """Create the identity a workload runs as: one per service, so that policies can tell callers apart."""
    described = metadata(workload, scope, labels=labels.workload(scope.owner.application, workload))
    return KubernetesObject(name, "v1", "ServiceAccount", opts, metadata=described)
