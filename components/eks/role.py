"""A role of IAM with the policies that AWS keeps."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from boutique.eks.iam import Document


@dataclass(frozen=True, kw_only=True)
class PodIdentity:
    """A role.

    Attributes:
        arn: Its ARN.
        name: Its name.
        policies: What has to be there before it may do anything, and is deleted after what uses it.
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    policies: Sequence[pulumi.Resource]


def role(name: str, trust: Document, policy_arns: Sequence[str], opts: pulumi.ResourceOptions) -> PodIdentity:
    """Create a role.

    Args:
        name: Of the resource; AWS' own is made from it.
        trust: Who may take it.
        policy_arns: The ARNs of its policies.
        opts: Of the resources.
    """
    iam_role = iam.Role(name, assume_role_policy=json.dumps(trust), opts=opts)
    policies = [
        iam.RolePolicyAttachment(
            f"{name}-{arn.rpartition('/')[2]}",
            role=iam_role.name,
            policy_arn=arn,
            opts=opts,
        )
        for arn in policy_arns
    ]
    return PodIdentity(arn=iam_role.arn, name=iam_role.name, policies=policies)
