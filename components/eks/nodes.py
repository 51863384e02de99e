"""The machines that pods run on."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, eks

from boutique.eks import iam as documents
from boutique.settings.eks_settings import Nodes as Settings
from components.eks.network import Subnets
from components.eks.role import role

_AMD64 = "AL2023_x86_64_STANDARD"
_DISK = "/dev/xvda"
"""The root device of Amazon Linux 2023."""


@dataclass(frozen=True, kw_only=True)
class NodesArgs:
    """What `NodeGroup` need to know.

    Attributes:
        settings: How many of what.
        version: Of Kubernetes.
        scope: What the cluster is called.
        subnets: Where they are.
        cluster: The control plane that they join.
    """

    settings: Settings
    version: str
    scope: documents.Scope
    subnets: Subnets
    cluster: pulumi.Output[eks.Cluster]


class NodeGroup(pulumi.ComponentResource):
    """A managed node group of amd64 machines in private subnets, whose pods do not reach the machine's identity.

    Attributes:
        ready: There once pods can run.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: NodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Nodes", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, tags = args.settings, {"Name": args.scope.cluster}

        identity = role(
            name,
            documents.node_trust(),
            [args.scope.managed_policy(policy) for policy in documents.NODE_POLICIES],
            child,
        )
        template = ec2.LaunchTemplate(
            name,
            update_default_version=True,
            metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # A pod is one hop further away, so it cannot take the node's role.
                http_put_response_hop_limit=1,
            ),
            block_device_mappings=[
                ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=_DISK,
                    ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_size=settings.disk_gib, volume_type="gp3", encrypted="true", delete_on_termination="true"
                    ),
                )
            ],
            tag_specifications=[
                ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags) for kind in ("instance", "volume")
            ],
            opts=child,
        )
        self.ready = eks.NodeGroup(
            name,
            cluster_name=args.scope.cluster,
            version=args.version,
            node_role_arn=identity.arn,
            subnet_ids=args.subnets.private,
            ami_type=_AMD64,
            instance_types=list(settings.types),
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=settings.min, desired_size=settings.desired, max_size=settings.max
            ),
            update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            launch_template=eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.cluster, *identity.policies]),
        )
        self.register_outputs({})
