"""The add-ons of EKS that need nodes to run on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import eks

from boutique.eks import iam
from boutique.settings.eks_versions import AddonName
from components.eks.role import role

_STORAGE: AddonName = "aws-ebs-csi-driver"
_STORAGE_ACCOUNT = "ebs-csi-controller-sa"
_NAMESPACE = "kube-system"

_CONFIGURATION: Mapping[AddonName, Mapping[str, Any]] = {
    "coredns": {"replicaCount": 2},
    "eks-pod-identity-agent": {},
    "metrics-server": {"replicas": 2},
}


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """What `Addons` need to know.

    Attributes:
        versions: The version of each.
        scope: What the cluster is called.
        nodes: What they run on.
    """

    versions: Mapping[AddonName, str]
    scope: iam.Scope
    nodes: pulumi.Resource


class Addons(pulumi.ComponentResource):
    """Names for Services, identities for pods, disks, and the measurements that scaling needs.

    Attributes:
        names: Pods find Services by name once it is there.
        identities: Pods get roles of AWS once it is there.
    """

    names: pulumi.Resource
    identities: pulumi.Resource

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Addons", name, None, opts)
        # Earlier, they would wait for nodes until they give up.
        after = pulumi.ResourceOptions(parent=self, depends_on=[args.nodes])
        addons = {
            addon: eks.Addon(
                f"{name}-{addon}",
                cluster_name=args.scope.cluster,
                addon_name=addon,
                addon_version=args.versions[addon],
                configuration_values=json.dumps(configuration) if configuration else None,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                opts=after,
            )
            for addon, configuration in _CONFIGURATION.items()
        }
        self.names, self.identities = addons["coredns"], addons["eks-pod-identity-agent"]
        identity = role(
            f"{name}-{_STORAGE}",
            iam.pod_trust(args.scope, _NAMESPACE, _STORAGE_ACCOUNT),
            [args.scope.managed_policy(iam.STORAGE_POLICY)],
            pulumi.ResourceOptions(parent=self),
        )
        eks.Addon(
            f"{name}-{_STORAGE}",
            cluster_name=args.scope.cluster,
            addon_name=_STORAGE,
            addon_version=args.versions[_STORAGE],
            pod_identity_associations=[
                eks.AddonPodIdentityAssociationArgs(role_arn=identity.arn, service_account=_STORAGE_ACCOUNT)
            ],
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.identities, *identity.policies]),
        )
        self.register_outputs({})
