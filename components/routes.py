"""The routes of one stack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions

from boutique.gateway import Object
from boutique.routing import Gateway
from components.metadata import metadata
from components.references import Entrance

_NOWHERE = Gateway(namespace="", name="", listener="", preview_listener="")

Rendered = Callable[[str, Gateway], Sequence[Object]]


@dataclass(frozen=True, kw_only=True)
class RoutesArgs:
    """What `Routes` needs to know.

    Attributes:
        rendered: The objects, in the order in which they are made, for a host and a gateway; which objects there are,
            and their names, does not depend on either.
        entrance: Where people's requests come in: the host and the gateway, once they are known.
        after: What the routes lead to; it is there before them, and goes after them.
        namespace: Where they go.
        owner: The stack that owns the objects.
    """

    rendered: Rendered
    entrance: Entrance
    after: Sequence[pulumi.Resource]
    namespace: pulumi.Input[str]
    owner: str


class Routes(pulumi.ComponentResource):
    """Who is sent where, accepted by the gateway and by the mesh.

    Attributes:
        accepted: The host, known once the routes are in force.
    """

    accepted: pulumi.Output[str]

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Routes", name, None, opts)
        entrance = args.entrance
        known = pulumi.Output.all(entrance.host, entrance.gateway, entrance.listener, entrance.preview_listener)
        made = [
            apiextensions.CustomResource(
                f"{name}-{each.name}",
                api_version=each.version,
                kind=each.kind,
                metadata=metadata(each.name, namespace=args.namespace, owner=args.owner, annotations=each.annotations),
                spec=known.apply(partial(_spec, args.rendered, each.name)),
                opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
            )
            for each in args.rendered("", _NOWHERE)
        ]
        self.accepted = pulumi.Output.all(entrance.host, *(each.urn for each in made)).apply(lambda facts: facts[0])
        self.register_outputs({"accepted": self.accepted})


def _spec(rendered: Rendered, wanted: str, known: Sequence[str]) -> dict[str, Any]:
    host, gateway, listener, preview_listener = known
    namespace, _, name = gateway.partition("/")
    found = Gateway(namespace=namespace, name=name, listener=listener, preview_listener=preview_listener)
    return next(each.spec for each in rendered(host, found) if each.name == wanted)
