"""Who may do what in AWS: trust and permissions of the cluster's identities, as IAM documents.

Wherever AWS lets a permission be bound to a resource or to the cluster's tag, it is. Reads of EC2 and Elastic Load
Balancing have no resources (https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
"""What nodes need to join, to give pods addresses, and to pull images of the account's registries."""

STORAGE_POLICY = "AmazonEBSCSIDriverEKSClusterScopedPolicy"
"""Volumes and snapshots of the own cluster only, by the tag that EKS Pod Identity gives its sessions.

Since version 1.58 of the driver: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918
"""

ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"
CLUSTER_TAG = "elbv2.k8s.aws/cluster"
"""The tag that the AWS Load Balancer Controller sets on all that it creates."""

_READS = (
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ec2:GetSecurityGroupsForVpc",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the resources of one cluster are called.

    Attributes:
        region: Where they are.
        account: Whose they are.
        cluster: The cluster's name.
    """

    region: str
    account: str
    cluster: str

    @property
    def partition(self) -> str:
        """The part of AWS that the region belongs to."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for prefix, name in prefixes.items() if self.region.startswith(prefix)), "aws")

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def managed_policy(self, policy: str) -> str:
        """Return the ARN of an IAM policy that AWS keeps."""
        return f"arn:{self.partition}:iam::aws:policy/{policy}"

    def access(self, policy: str) -> str:
        """Return the ARN of a policy for a cluster's access entries."""
        return f"arn:{self.partition}:eks::aws:cluster-access-policy/{policy}"


def entry_name(role: str) -> str:
    """Return what the access entry of a role is called in a stack: no two roles share it, in one account or in several.

    Args:
        role: Its ARN: `arn:aws:iam::<account>:role/<path><name>`.
    """
    account, path = role.split(":", 5)[4:]
    return f"{account}/{path.removeprefix('role/')}"


def node_trust() -> Document:
    """Return who may take the role of nodes: EC2."""
    return _document([{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}])


def pod_trust(scope: Scope, namespace: str, service_account: str) -> Document:
    """Return who may take the role of pods: one ServiceAccount of one cluster, by EKS Pod Identity."""
    tags = {
        "aws:RequestTag/eks-cluster-name": scope.cluster,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    return _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {"StringEquals": tags},
            }
        ]
    )


def load_balancer_controller(scope: Scope, vpc: str) -> Document:
    """Return what the AWS Load Balancer Controller may do: Network Load Balancers of this cluster, and their rules.

    Narrower than the policy that the controller publishes: no ALBs, no firewalls, and nothing of other clusters.
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/
    """
    groups, rules = scope.arn("ec2", "security-group/*"), scope.arn("ec2", "security-group-rule/*")
    balancers = scope.arn("elasticloadbalancing", "loadbalancer/net/*")
    listeners = scope.arn("elasticloadbalancing", "listener/net/*")
    targets = scope.arn("elasticloadbalancing", "targetgroup/*")
    ours = {"StringEquals": {f"aws:ResourceTag/{CLUSTER_TAG}": scope.cluster}}
    made = {f"aws:RequestTag/{CLUSTER_TAG}": scope.cluster}
    nodes = {"StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{scope.cluster}": "owned"}}
    linked = "aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    return _document(
        [
            _allow("Read", _READS, ["*"]),
            _allow(
                "LinkServiceRole",
                ["iam:CreateServiceLinkedRole"],
                [f"arn:{scope.partition}:iam::{scope.account}:role/{linked}"],
                {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
            ),
            _allow("MakeGroupsInVpc", ["ec2:CreateSecurityGroup"], [scope.arn("ec2", f"vpc/{vpc}")]),
            _allow("MakeGroups", ["ec2:CreateSecurityGroup"], [groups], {"StringEquals": made}),
            _allow(
                "TagNewGroups",
                ["ec2:CreateTags"],
                [groups],
                {"StringEquals": {**made, "ec2:CreateAction": "CreateSecurityGroup"}},
            ),
            _allow("TagGroups", ["ec2:CreateTags", "ec2:DeleteTags"], [groups], ours),
            _allow(
                "ChangeGroups",
                [
                    "ec2:AuthorizeSecurityGroupIngress",
                    "ec2:DeleteSecurityGroup",
                    "ec2:RevokeSecurityGroupIngress",
                ],
                [groups],
                ours,
            ),
            _allow(
                "LetBalancersReachNodes",
                ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
                [groups],
                nodes,
            ),
            _allow("NameRules", ["ec2:AuthorizeSecurityGroupIngress"], [rules]),
            _allow(
                "MakeBalancers",
                ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"],
                [balancers, targets],
                {"StringEquals": made},
            ),
            _allow("MakeListeners", ["elasticloadbalancing:CreateListener"], [balancers], ours),
            _allow(
                "TagNewBalancers",
                ["elasticloadbalancing:AddTags"],
                [balancers, listeners, targets],
                {
                    "StringEquals": {
                        **made,
                        "elasticloadbalancing:CreateAction": [
                            "CreateListener",
                            "CreateLoadBalancer",
                            "CreateTargetGroup",
                        ],
                    }
                },
            ),
            _allow("ChangeBalancers", _CHANGES, [balancers, listeners, targets], ours),
        ]
    )


_CHANGES = tuple(
    f"elasticloadbalancing:{action}"
    for action in (
        "AddListenerCertificates",
        "AddTags",
        "DeleteListener",
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
        "DeregisterTargets",
        "ModifyListener",
        "ModifyListenerAttributes",
        "ModifyLoadBalancerAttributes",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "RegisterTargets",
        "RemoveListenerCertificates",
        "RemoveTags",
        "SetIpAddressType",
        "SetSecurityGroups",
        "SetSubnets",
    )
)


def _allow(
    name: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Document:
    statement: Document = {"Sid": name, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def _document(statements: Sequence[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
