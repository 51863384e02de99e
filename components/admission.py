"""What the API server itself refuses in the namespace of a target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import admissionregistration

from components.metadata import metadata, name_of


@dataclass(frozen=True, kw_only=True)
class AdmissionArgs:
    """What an `Admission` needs to know.

    Attributes:
        name: Of the policy and of its binding.
        policy: The `spec` of the policy.
        binding: The `spec` of the binding.
        owner: The stack that owns the objects.
    """

    name: str
    policy: Mapping[str, Any]
    binding: Mapping[str, Any]
    owner: str


class Admission(pulumi.ComponentResource):
    """A ValidatingAdmissionPolicy and its binding, which the admin of the cluster keeps and no deployer may touch."""

    def __init__(self, name: str, args: AdmissionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Admission", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = admissionregistration.v1.ValidatingAdmissionPolicy(
            name, metadata=metadata(args.name, owner=args.owner), spec=dict(args.policy), opts=child
        )
        admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            name,
            metadata=metadata(args.name, owner=args.owner),
            spec={**args.binding, "policyName": name_of(policy.metadata)},
            opts=child,
        )
        self.register_outputs({})
