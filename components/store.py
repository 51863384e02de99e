"""A workload that keeps data."""

from dataclasses import dataclass

import pulumi

from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import contents
from components.deployments import deployment, service_account
from components.metadata import ObjectScope, name_of
from components.readiness import ready_replicas
from components.services import cluster_service
from components.volumes import persistent_volume_claims


@dataclass(frozen=True, kw_only=True)
class StoreArgs:
    """What a `Store` needs to know.

    Attributes:
        deployed: The workload as the environment runs it.
        scope: Where it goes, and the stack that owns the objects.
        kubeconfig: Of the deployer; secret.
    """

    deployed: ResolvedWorkload
    scope: ObjectScope
    kubeconfig: pulumi.Input[str]


class Store(pulumi.ComponentResource):
    """One pod with its identity, its volumes and its Service; what is not in a claimed volume dies with the pod.

    Attributes:
        ready: How many of its replicas are ready.
    """

    ready: pulumi.Output[int]

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Store", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        account = service_account(name, args.deployed.workload.name, args.scope, child)
        [pod_contents] = contents(name, [args.deployed], args.scope, child)
        claims = persistent_volume_claims(name, args.deployed, args.scope, child)
        before = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=claims)) if claims else child
        pods = deployment(name, args.deployed, name_of(account.metadata), pod_contents, args.scope, before)
        self.ready = ready_replicas(pods, args.deployed, args.scope.namespace, args.kubeconfig)
        cluster_service(name, args.deployed, args.scope, child)
        self.register_outputs({"ready": self.ready})
