"""A stateless service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from boutique.names import labels
from boutique.workloads.blue_green import BlueGreen
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import contents
from components.deployments import deployment, disruption_budget, service_account
from components.metadata import ObjectScope, name_of
from components.readiness import ready_replicas
from components.services import cluster_service, colour_service, external_address, external_service
from components.smokecheck import await_smoke_check
from components.volumes import persistent_volume_claims


@dataclass(frozen=True, kw_only=True)
class MicroserviceArgs:
    """What a `Microservice` needs to know.

    Attributes:
        deployed: The workload as the environment runs it.
        colours: Its pods in a blue/green release; None for other strategies.
        names: The logical names of their Deployments, by colour.
        scope: Where it goes, and the stack that owns the objects.
        kubeconfig: Of the deployer, for the smoke check before a switch; secret.
        after: The services that have to be updated before this one is; known when they are.
    """

    deployed: ResolvedWorkload
    colours: BlueGreen | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    scope: ObjectScope
    kubeconfig: pulumi.Input[str]
    after: Sequence[pulumi.Input[pulumi.Resource]] = ()


class Microservice(pulumi.ComponentResource):
    """The identity a service runs as, its Deployments, and the Service in front of them.

    Of a blue/green release the Service goes over when the new Deployment is ready and its smoke check has succeeded;
    a failure before that leaves all requests where they are.

    Attributes:
        external_address: Host name or IP of its LoadBalancer Service; None without one.
        ready: How many of the replicas that get requests are ready.
        switched: Known once requests go where they shall.
        updated: The service, known once it is updated.
    """

    external_address: pulumi.Output[str | None]
    ready: pulumi.Output[int]
    switched: pulumi.Output[str]
    updated: pulumi.Output[pulumi.Resource]

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Microservice", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        scope, colours = args.scope, args.colours
        live = colours.live if colours else args.deployed
        variants = colours.variants if colours else (live,)

        account = service_account(name, live.workload.name, scope, child)
        held = contents(name, variants, scope, child)
        claims = persistent_volume_claims(name, live, scope, child)
        deployments = []
        for variant, its in zip(variants, held, strict=True):
            called = args.names[variant.colour] if variant.colour else name
            # The pods that this update leaves out make room for the new ones before these are created.
            in_place = pulumi.ResourceOptions(parent=self, delete_before_replace=True if colours else None)
            before = [*args.after, *claims, *([colour_service(called, variant, scope, in_place)] if colours else [])]
            opts_of_pods = pulumi.ResourceOptions.merge(in_place, pulumi.ResourceOptions(depends_on=before))
            account_name = name_of(account.metadata)
            deployments.append(deployment(called, variant, account_name, its, scope, opts_of_pods))
        serving = deployments[0]
        self.ready = ready_replicas(serving, live, scope.namespace, args.kubeconfig)
        self.updated = self.ready.apply(lambda _: self)
        disruption_budget(name, live, scope, child)
        checked = (
            {labels.CHECKED: await_smoke_check(colours, serving, scope.namespace, args.kubeconfig)} if colours else {}
        )
        switch = pulumi.ResourceOptions(parent=self, depends_on=[serving]) if colours else child
        service = cluster_service(name, live, scope, switch, checked)
        self.switched = service.urn if service else serving.urn
        self.external_address = pulumi.Output.from_input(None)
        if live.external:
            external = external_service(f"{name}-external", live, scope, switch)
            self.external_address = external_address(external)
        self.register_outputs({"externalAddress": self.external_address, "ready": self.ready})
