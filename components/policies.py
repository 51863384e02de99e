"""What is enforced between the pods of one namespace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.istio import authorization_policy
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata


@dataclass(frozen=True, kw_only=True)
class PoliciesArgs:
    """What `Policies` needs to know.

    Attributes:
        authorization: The specs of AuthorizationPolicies by name.
        network: The specs of NetworkPolicies by name.
        scope: Where they go, known once the mesh can judge them, and the stack that owns them.
    """

    authorization: Mapping[str, Mapping[str, Any]]
    network: Mapping[str, Mapping[str, Any]]
    scope: ObjectScope


class Policies(pulumi.ComponentResource):
    """Who may call whom in a namespace; with the rights of the platform, which no deployer has."""

    def __init__(self, name: str, args: PoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Policies", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for object_name, spec in args.authorization.items():
            authorization_policy(f"{name}-{object_name}", object_name, spec, args.scope, child)
        for object_name, spec in args.network.items():
            network_policy(f"{name}-{object_name}", object_name, spec, args.scope, child)
        self.register_outputs({})


def network_policy(
    name: str,
    object_name: str,
    spec: Mapping[str, Any],
    scope: ObjectScope,
    opts: pulumi.ResourceOptions,
) -> KubernetesObject:
    """Create a NetworkPolicy."""
    described = metadata(object_name, scope)
    return KubernetesObject(name, "networking.k8s.io/v1", "NetworkPolicy", opts, metadata=described, spec=spec)
