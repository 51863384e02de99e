"""The control plane of a cluster on EKS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_eks
from pulumi_aws import cloudwatch, eks, kms

from boutique.eks import iam
from boutique.settings.eks_settings import EksCluster
from boutique.settings.eks_versions import AddonName
from components.eks.network import Subnets


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """What a `ControlPlane` needs to know.

    Attributes:
        settings: How the cluster is configured.
        scope: What it is called, and where it is.
        subnets: Where its API server and its nodes have addresses.
        addons: The versions of its add-ons.
    """

    settings: EksCluster
    scope: iam.Scope
    subnets: Subnets
    addons: Mapping[AddonName, str]


class ControlPlane(pulumi.ComponentResource):
    """A cluster without nodes: its API server, who may use it, and what every node runs.

    Attributes:
        kubeconfig: As JSON, for users with credentials of AWS and `aws` on PATH; secret.
        cluster: The cluster itself, for what has to come after it.
    """

    kubeconfig: pulumi.Output[str]
    cluster: pulumi.Output[eks.Cluster]

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:ControlPlane", name, None, opts)
        settings, cluster_name = args.settings, args.scope.cluster
        kept = pulumi.ResourceOptions(parent=self, protect=settings.protect)

        key = kms.Key(
            name,
            description=f"Secrets in the API server of {cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=kept,
        )
        # EKS would make it by itself, and keep it for ever.
        log = cloudwatch.LogGroup(
            name,
            name=f"/aws/eks/{cluster_name}/cluster",
            retention_in_days=settings.log_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        cluster = pulumi_eks.Cluster(
            name,
            name=cluster_name,
            version=settings.version,
            upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type=settings.support.upper()),
            deletion_protection=settings.protect,
            authentication_mode=pulumi_eks.AuthenticationMode.API,
            access_entries=_admins(settings.admins, args.scope),
            vpc_id=args.subnets.vpc,
            private_subnet_ids=args.subnets.private,
            public_subnet_ids=args.subnets.public or None,
            kubernetes_service_ip_address_range=str(settings.service_cidr),
            endpoint_private_access=True,
            # Said in any case: only then does it wait until the API server answers.
            endpoint_public_access=bool(settings.public_cidrs),
            public_access_cidrs=list(map(str, settings.public_cidrs)) or None,
            encryption_config_key_arn=key.arn,
            enabled_cluster_log_types=list(settings.logs),
            # Nodes are a managed group of the group that EKS makes; two kinds of group would not reach each other.
            skip_default_node_group=True,
            skip_default_security_groups=True,
            create_instance_role=False,
            # Pods get roles by Pod Identity.
            create_oidc_provider=False,
            bootstrap_self_managed_addons=False,
            vpc_cni_options=pulumi_eks.VpcCniOptionsArgs(
                addon_version=args.addons["vpc-cni"], enable_network_policy=True
            ),
            kube_proxy_addon_options=pulumi_eks.KubeProxyAddonOptionsArgs(version=args.addons["kube-proxy"]),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect, depends_on=[log, *args.subnets.way_out]),
        )
        self.cluster = cluster.eks_cluster
        self.kubeconfig = pulumi.Output.secret(cluster.kubeconfig_json)
        self.register_outputs({"kubeconfig": self.kubeconfig})


def _admins(roles: Sequence[str], scope: iam.Scope) -> dict[str, pulumi_eks.AccessEntryArgs]:
    everything = pulumi_eks.AccessPolicyAssociationArgs(
        policy_arn=scope.access(iam.ADMIN_POLICY),
        access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
    )
    return {
        iam.entry_name(role): pulumi_eks.AccessEntryArgs(principal_arn=role, access_policies={"admin": everything})
        for role in roles
    }
