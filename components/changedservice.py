"""A service that a branch changed, beside the baseline's."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from boutique.names import labels
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import contents
from components.deployments import deployment
from components.metadata import ObjectScope
from components.readiness import ready_replicas
from components.services import cluster_service


@dataclass(frozen=True, kw_only=True)
class ChangedServiceArgs:
    """What a `FeatureService` needs to know.

    Attributes:
        deployed: The workload as the feature runs it.
        scope: The environment's namespace, and the stack that owns the objects.
        kubeconfig: Of the features' deployer; secret.
        annotations: Beside the owner's.
    """

    deployed: ResolvedWorkload
    scope: ObjectScope
    kubeconfig: pulumi.Input[str]
    annotations: Mapping[str, str]


class FeatureService(pulumi.ComponentResource):
    """A Deployment and the Service in front of it; only the feature's routes lead to it.

    Its pods run as the baseline's: under that ServiceAccount, policies let them call and be called alike.
    """

    def __init__(self, name: str, args: ChangedServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:ChangedService", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = args.deployed.workload.name
        annotations = {**args.annotations, **labels.ENDING_BY_ITSELF}
        [pod_contents] = contents(name, [args.deployed], args.scope, child, args.annotations)
        pods = deployment(name, args.deployed, account, pod_contents, args.scope, child, annotations)
        cluster_service(name, args.deployed, args.scope, child, args.annotations)
        self.register_outputs({"ready": ready_replicas(pods, args.deployed, args.scope.namespace, args.kubeconfig)})
