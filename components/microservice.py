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
from components.services import cluster_service, external_address, external_service, revision_service
from components.smokecheck import await_smoke_check
from components.volumes import persistent_volume_claims


@dataclass(frozen=True, kw_only=True)
class MicroserviceArgs:
    """What a `Microservice` needs to know.

    Attributes:
        deployed: The workload as the environment runs it.
        blue_green: Its pods in a blue/green release; None for other strategies.
        names: The logical names of their Deployments, by revision.
        scope: Where it goes, and the stack that owns the objects.
        kubeconfig: Of the deployer, for the smoke check before a switch; secret.
        after: The services that have to be updated before this one is; known when they are.
    """

    deployed: ResolvedWorkload
    blue_green: BlueGreen | None = None
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
        scope, blue_green = args.scope, args.blue_green
        active = blue_green.active if blue_green else args.deployed
        variants = blue_green.variants if blue_green else (active,)

        account = service_account(name, active.workload.name, scope, child)
        variant_contents = contents(name, variants, scope, child)
        claims = persistent_volume_claims(name, active, scope, child)
        deployments = []
        for variant, pod_contents in zip(variants, variant_contents, strict=True):
            resource_name = args.names[variant.revision] if variant.revision else name
            # The pods that this update leaves out make room for the new ones before these are created.
            in_place = pulumi.ResourceOptions(parent=self, delete_before_replace=True if blue_green else None)
            own_service = [revision_service(resource_name, variant, scope, in_place)] if blue_green else []
            before = [*args.after, *claims, *own_service]
            opts_of_pods = pulumi.ResourceOptions.merge(in_place, pulumi.ResourceOptions(depends_on=before))
            account_name = name_of(account.metadata)
            deployments.append(deployment(resource_name, variant, account_name, pod_contents, scope, opts_of_pods))
        serving = deployments[0]
        self.ready = ready_replicas(serving, active, scope.namespace, args.kubeconfig)
        self.updated = self.ready.apply(lambda _: self)
        disruption_budget(name, active, scope, child)
        checked = (
            {labels.CHECKED: await_smoke_check(blue_green, serving, scope.namespace, args.kubeconfig)}
            if blue_green
            else {}
        )
        switch = pulumi.ResourceOptions(parent=self, depends_on=[serving]) if blue_green else child
        service = cluster_service(name, active, scope, switch, checked)
        self.switched = service.urn if service else serving.urn
        self.external_address = pulumi.Output.from_input(None)
        if active.external:
            external = external_service(f"{name}-external", active, scope, switch)
            self.external_address = external_address(external)
        self.register_outputs({"externalAddress": self.external_address, "ready": self.ready})
