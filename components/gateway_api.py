"""The Gateway API's definitions on a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import admissionregistration, apiextensions

from boutique.mesh.gateway_api import BINDING, DEFINITION, POLICY, Manifest
from components.metadata import metadata

_API_GROUP = ".gateway.networking.k8s.io"


@dataclass(frozen=True, kw_only=True)
class GatewayApiArgs:
    """What a `GatewayApi` needs to know.

    Attributes:
        manifests: The objects of the release.
        owner: The stack that owns them.
        take_over: Whether objects of others may be among them, which `boutique.checks.cluster` has judged.
    """

    manifests: Sequence[Manifest]
    owner: str
    take_over: bool = False


class GatewayApi(pulumi.ComponentResource):
    """Custom resource definitions, and the admission policy that keeps another channel from being put over them.

    The definitions stay when the stack goes: with one of them, every route in the cluster would be deleted. So
    does what was taken over from others, who may rely on it.
    """

    def __init__(self, name: str, args: GatewayApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:GatewayApi", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        child = kept if args.take_over else pulumi.ResourceOptions(parent=self)
        for manifest in args.manifests:
            called = f"{name}-{manifest['metadata']['name'].removesuffix(_API_GROUP)}"
            given = metadata(
                manifest["metadata"]["name"], owner=args.owner, annotations=manifest["metadata"].get("annotations", {})
            )
            spec: Any = manifest["spec"]
            if manifest["kind"] == DEFINITION:
                apiextensions.v1.CustomResourceDefinition(called, metadata=given, spec=spec, opts=kept)
            elif manifest["kind"] == POLICY:
                admissionregistration.v1.ValidatingAdmissionPolicy(called, metadata=given, spec=spec, opts=child)
            elif manifest["kind"] == BINDING:
                admissionregistration.v1.ValidatingAdmissionPolicyBinding(called, metadata=given, spec=spec, opts=child)
        self.register_outputs({})
