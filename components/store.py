"""The store that the shop keeps its carts in."""

from dataclasses import dataclass

import pulumi

from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import contents
from components.deployments import deployment, service_account
from components.metadata import ObjectScope, name_of
from components.readiness import ready_replicas
from components.services import cluster_service


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
    """One pod of Redis with its identity and its Service; the data lives and dies with the pod, as upstream's does.

    Attributes:
        ready: How many of its replicas are ready.
    """

    ready: pulumi.Output[int]

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Store", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        account = service_account(name, args.deployed.workload.name, args.scope, child)
        [pod_contents] = contents(name, [args.deployed], args.scope, child)
        pods = deployment(name, args.deployed, name_of(account.metadata), pod_contents, args.scope, child)
        self.ready = ready_replicas(pods, args.deployed, args.scope.namespace, args.kubeconfig)
        cluster_service(name, args.deployed, args.scope, child)
        self.register_outputs({"ready": self.ready})
