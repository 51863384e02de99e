"""The smoke check between a Deployment that is ready and the Service that sends it requests."""

import asyncio

import pulumi

from boutique.workloads import smoke_check
from boutique.workloads.blue_green import BlueGreen
from components.kubernetes_object import KubernetesObject


def await_smoke_check(
    blue_green: BlueGreen, serving: KubernetesObject, namespace: pulumi.Input[str], kubeconfig: pulumi.Input[str]
) -> pulumi.Output[str]:
    """Return the revision that gets requests, known once its smoke check has succeeded.

    Args:
        blue_green: The pods of the service.
        serving: The Deployment of those that shall get the requests.
        namespace: Where it is.
        kubeconfig: Of its deployer; secret.

    Raises:
        pulumi.RunError: As soon as the check has failed; what needs the name is not made then.
    """
    active = blue_green.active
    check = active.rollout.pre_promotion_check
    # What a new environment's service calls may not be there yet; `boutique smoke` tests the whole of it.
    if check is None or not blue_green.is_new or blue_green.is_first or pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(active.revision or "")

    async def run_check(outputs: list[str]) -> str:
        try:
            await asyncio.to_thread(smoke_check.run, active, check, *outputs)
        except smoke_check.SmokeCheckError as failure:
            raise pulumi.RunError(str(failure)) from None
        return active.revision or ""

    # The Deployment's status is known when all of its pods are available.
    outputs = pulumi.Output.all(kubeconfig, namespace, serving.status.apply(lambda _: "")).apply(lambda all_: all_[:2])
    return pulumi.Output.unsecret(outputs.apply(run_check))
