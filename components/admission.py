"""What the API server itself refuses in the namespace of a target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from boutique.admission import channel
from boutique.names.labels import Owner
from components.kubernetes_object import KubernetesObject
from components.metadata import cluster_metadata, name_of

_API = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, kw_only=True)
class AdmissionArgs:
    """What an `Admission` needs to know.

    Attributes:
        rules: The `spec` of each policy, by the name of the rule.
        namespace: Where they hold.
        owner: The stack that owns the objects.
    """

    rules: Mapping[str, Mapping[str, Any]]
    namespace: str
    owner: Owner


class Admission(pulumi.ComponentResource):
    """ValidatingAdmissionPolicies and their bindings; they are the cluster's admin's, so no deployer may touch them."""

    def __init__(self, name: str, args: AdmissionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Admission", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for rule, spec in args.rules.items():
            policy_name = channel.policy_name(args.owner.application, rule, args.namespace)
            described = cluster_metadata(policy_name, owner=args.owner)
            policy = KubernetesObject(
                f"{name}-{rule}", _API, "ValidatingAdmissionPolicy", child, metadata=described, spec=spec
            )
            binding = {**channel.binding(args.namespace), "policyName": name_of(policy.metadata)}
            KubernetesObject(
                f"{name}-{rule}", _API, "ValidatingAdmissionPolicyBinding", child, metadata=described, spec=binding
            )
        self.register_outputs({})
