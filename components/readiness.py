"""The moment from which the pods of a Deployment are those that were asked for."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from boutique.kubernetes import rollout_status
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.kubernetes_object import KubernetesObject


def ready_replicas(
    serving: KubernetesObject, deployed: ResolvedWorkload, namespace: pulumi.Input[str], kubeconfig: pulumi.Input[str]
) -> pulumi.Output[int]:
    """Return how many replicas are ready, known once all of the Deployment's pods are those that were asked for.

    Of several Deployments that are updated at once, pulumi-kubernetes may take the status from before an update for the
    one after it: the events of a namespace are shared, and it does not ask which generation the first one is of
    (`waitUntilDeploymentControllerReconciles` in provider/pkg/await/deployment.go). The generation of such a
    status shows it; then the program asks the API server.

    Args:
        serving: The Deployment.
        deployed: What was asked for. Pods on their way out are not counted.
        namespace: Where it is.
        kubeconfig: Of its deployer; secret.

    Raises:
        pulumi.RunError: As soon as it is certain that they do not get ready; what depends on the output is not made.
    """

    def ready(status: Mapping[str, Any] | None) -> int:
        count = int((status or {}).get("readyReplicas") or 0)
        # For a moment after a rolling update old pods are ready beside new ones.
        return count if deployed.autoscaled else min(count, deployed.replicas)

    replicas = serving.status.apply(ready)
    if pulumi.runtime.is_dry_run():
        return replicas

    async def await_rollout(generation: int, seen: int | None, replicas: int, content: str, where: str) -> int:
        if seen is None or seen >= generation:
            return replicas
        try:
            await asyncio.to_thread(
                rollout_status.wait, content, where, deployed.name, deployed.rollout.timeout_seconds
            )
        except rollout_status.NotReadyError as failure:
            raise pulumi.RunError(
                f"Deployment {deployed.name} of version {deployed.image.version} does not get ready: {failure}; look "
                f"at `kubectl -n {where} describe deployment/{deployed.name}`"
            ) from None
        return deployed.replicas

    generation = serving.metadata.apply(lambda described: int(described.get("generation") or 0))
    seen = serving.status.apply(lambda status: (status or {}).get("observedGeneration"))
    outputs = pulumi.Output.all(generation, seen, replicas, kubeconfig, namespace)
    return pulumi.Output.unsecret(outputs.apply(lambda values: await_rollout(*values)))
