"""A stateless service of the shop."""

from dataclasses import dataclass

import pulumi

from boutique.deployed import Deployed
from components.deployments import deployment, disruption_budget, ready_replicas, service_account
from components.metadata import name_of
from components.services import cluster_service, external_address, external_service


@dataclass(frozen=True, kw_only=True)
class MicroserviceArgs:
    """What a `Microservice` needs to know.

    Attributes:
        deployed: The workload as the environment runs it.
        namespace: Where it goes.
        owner: The stack that owns the objects.
    """

    deployed: Deployed
    namespace: pulumi.Input[str]
    owner: str


class Microservice(pulumi.ComponentResource):
    """The identity a service runs as, its Deployment, and the Service in front of it.

    Attributes:
        external_address: Host name or IP of its LoadBalancer Service; None without one.
        ready: How many of its replicas are ready.
    """

    external_address: pulumi.Output[str | None]
    ready: pulumi.Output[int]

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Microservice", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        deployed = args.deployed

        account = service_account(name, deployed.workload.name, args.namespace, args.owner, child)
        pods = deployment(name, deployed, name_of(account.metadata), args.namespace, args.owner, child)
        self.ready = ready_replicas(pods, deployed.replicas)
        disruption_budget(name, deployed, args.namespace, args.owner, child)
        cluster_service(name, deployed, args.namespace, args.owner, child)
        self.external_address = pulumi.Output.from_input(None)
        if deployed.external:
            external = external_service(f"{name}-external", deployed, args.namespace, args.owner, child)
            self.external_address = external_address(external)
        self.register_outputs({"externalAddress": self.external_address, "ready": self.ready})
