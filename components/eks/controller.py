"""What makes load balancers for a cluster on EKS."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks, iam

from boutique.eks import controller
from boutique.eks import iam as documents
from boutique.helm.releases import Descriptions, load_balancer_controller
from boutique.settings.eks_settings import LoadBalancerControllerSettings as Settings
from components.eks.role import role
from components.release import release


@dataclass(frozen=True, kw_only=True)
class LoadBalancerControllerArgs:
    """What a `LoadBalancerController` needs to know.

    Attributes:
        settings: Which one.
        scope: What the cluster is called, and where it is.
        vpc: The VPC of its nodes.
        after: What has to be there before its pods are.
        descriptions: Those of its Helm release; known once that is not stuck.
    """

    settings: Settings
    scope: documents.Scope
    vpc: pulumi.Input[str]
    after: Sequence[pulumi.Resource]
    descriptions: pulumi.Input[Descriptions]


class LoadBalancerController(pulumi.ComponentResource):
    """The AWS Load Balancer Controller, with rights on the load balancers of this cluster only.

    It has to outlive the Services whose load balancers it made: else these are left, and the VPC cannot be deleted.

    Attributes:
        ready: Makes load balancers, and removes them.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:LoadBalancerController", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, scope = args.settings, args.scope

        identity = role(name, documents.pod_trust(scope, controller.NAMESPACE, controller.NAME), [], child)
        rights = iam.RolePolicy(
            name,
            role=identity.name,
            policy=pulumi.Output.from_input(args.vpc).apply(
                lambda vpc: json.dumps(documents.load_balancer_controller(scope, vpc))
            ),
            opts=child,
        )
        # Pods get a role when they start, so it is given before.
        association = eks.PodIdentityAssociation(
            name,
            cluster_name=scope.cluster,
            namespace=controller.NAMESPACE,
            service_account=controller.NAME,
            role_arn=identity.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
        )
        self.ready = release(
            name,
            load_balancer_controller(
                {
                    **controller.values(cluster=scope.cluster, region=scope.region, replicas=settings.replicas),
                    "vpcId": args.vpc,
                }
            ),
            settings.charts,
            settings.version,
            controller.NAMESPACE,
            args.descriptions,
            pulumi.ResourceOptions(parent=self, depends_on=[rights, association, *args.after]),
        )
        self.register_outputs({})
