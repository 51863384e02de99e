"""The store that the shop keeps its carts in."""

from dataclasses import dataclass

import pulumi

from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import contents
from components.deployments import deployment, service_account
from components.metadata import name_of
from components.readiness import ready_replicas
from components.services import cluster_service


@dataclass(frozen=True, kw_only=True)
class StoreArgs:
    """What a `Store` needs to know.

    Attributes:
        deployed: The workload as the environment runs it.
        namespace: Where it goes.
        kubeconfig: Of the deployer; secret.
        owner: The stack that owns the objects.
    """

    deployed: ResolvedWorkload
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str]
    owner: str


class Store(pulumi.ComponentResource):
    """One pod of Redis with its identity and its Service; the data lives and dies with the pod, as upstream's does.

    Attributes:
        ready: How many of its replicas are ready.
    """

    ready: pulumi.Output[int]

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Store", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        account = service_account(name, args.deployed.workload.name, args.namespace, args.owner, child)
        [held] = contents(name, [args.deployed], args.namespace, args.owner, child)
        pods = deployment(name, args.deployed, name_of(account.metadata), held, args.namespace, args.owner, child)
        self.ready = ready_replicas(pods, args.deployed, args.namespace, args.kubeconfig)
        cluster_service(name, args.deployed, args.namespace, args.owner, child)
        self.register_outputs({"ready": self.ready})
