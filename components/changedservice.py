"""A service that a branch changed, beside the baseline's."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from boutique.names import labels
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import contents
from components.deployments import deployment
from components.readiness import ready_replicas
from components.services import cluster_service


@dataclass(frozen=True, kw_only=True)
class ChangedServiceArgs:
    """What a `FeatureService` needs to know.

    Attributes:
        deployed: The workload as the feature runs it.
        namespace: The environment's.
        kubeconfig: Of the features' deployer; secret.
        owner: The stack that owns the objects.
        annotations: Beside the owner's.
    """

    deployed: ResolvedWorkload
    namespace: pulumi.Input[str]
    kubeconfig: pulumi.Input[str]
    owner: str
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
        [held] = contents(name, [args.deployed], args.namespace, args.owner, child, args.annotations)
        pods = deployment(name, args.deployed, account, held, args.namespace, args.owner, child, annotations)
        cluster_service(name, args.deployed, args.namespace, args.owner, child, args.annotations)
        self.register_outputs({"ready": ready_replicas(pods, args.deployed, args.namespace, args.kubeconfig)})
