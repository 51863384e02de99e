"""Routes of one stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from boutique.mesh.gateway import Object
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata


@dataclass(frozen=True, kw_only=True)
class RoutesArgs:
    """What `Routes` needs to know.

    Attributes:
        objects: The objects.
        after: What the routes attach to and lead to; it is there before them, and goes after them.
        scope: Where they go, and the stack that owns them.
        labels: None for the ones that every object has.
        annotations: Beside the owner's.
    """

    objects: Sequence[Object]
    after: Sequence[pulumi.Resource]
    scope: ObjectScope
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


class Routes(pulumi.ComponentResource):
    """Who is sent where, accepted by the gateway and by the mesh.

    Attributes:
        accepted: Known once the routes are in force.
    """

    accepted: pulumi.Output[None]

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Routes", name, None, opts)
        routes = [
            KubernetesObject(
                f"{name}-{manifest.name}",
                manifest.version,
                manifest.kind,
                pulumi.ResourceOptions(parent=self, depends_on=args.after),
                metadata=metadata(
                    manifest.name,
                    args.scope,
                    labels=args.labels,
                    annotations={**args.annotations, **manifest.annotations},
                ),
                spec=manifest.spec,
            )
            for manifest in args.objects
        ]
        self.accepted = pulumi.Output.all(*(resource.urn for resource in routes)).apply(lambda _: None)
        self.register_outputs({})
