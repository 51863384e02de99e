"""The Gateway API's definitions on a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from boutique.mesh.gateway_api import DEFINITION, Manifest
from boutique.names.labels import Owner
from components.kubernetes_object import KubernetesObject
from components.metadata import cluster_metadata

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
    owner: Owner
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
            resource_name = f"{name}-{manifest['metadata']['name'].removesuffix(_API_GROUP)}"
            header = manifest["metadata"]
            described = cluster_metadata(header["name"], owner=args.owner, annotations=header.get("annotations", {}))
            kind = manifest["kind"]
            version, options = ("apiextensions", kept) if kind == DEFINITION else ("admissionregistration", child)
            KubernetesObject(
                resource_name, f"{version}.k8s.io/v1", kind, options, metadata=described, spec=manifest["spec"]
            )
        self.register_outputs({})
