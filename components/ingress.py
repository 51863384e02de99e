"""The gateway by which people's requests come into the mesh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions, core

from boutique import gateway, labels
from boutique.hosts import Claim
from boutique.ingress import GATEWAY_API, NetworkLoadBalancer, RoutingApi
from boutique.ingress import Ingress as Settings
from boutique.mesh import Charts
from components.metadata import metadata, name_of
from components.policies import network_policy
from components.release import release

_GATEWAY_API = "gateway.networking.k8s.io/v1"
_ISTIO = "networking.istio.io/v1"
_PROGRAMMED = {"pulumi.com/waitFor": "condition=Programmed"}


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """What an `Ingress` needs to know.

    Attributes:
        settings: How the gateway is set up.
        charts: Where its chart comes from.
        version: Of the chart.
        api: What routes are written in.
        claims: Which hosts belong to which targets.
        network: The specs of the NetworkPolicies around the gateway by name.
        after: What has to be there before any gateway is: the mesh's control plane puts the proxy into it.
        owner: The stack that owns the objects.
    """

    settings: Settings
    charts: Charts
    version: str
    api: RoutingApi
    claims: Sequence[Claim]
    network: Mapping[str, Mapping[str, Any]]
    after: Sequence[pulumi.Resource]
    owner: str


class Ingress(pulumi.ComponentResource):
    """A gateway that serves each target's host to routes of that target's namespace, by HTTPS only.

    Attributes:
        namespace: The one it runs in, known once it is there; the certificate belongs there.
        gateway: Its Gateway as `<namespace>/<name>`, known once it serves.
    """

    namespace: pulumi.Output[str]
    gateway: pulumi.Output[str]

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Ingress", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        nlb = isinstance(args.settings.load_balancer, NetworkLoadBalancer)
        namespace = core.v1.Namespace(
            name,
            metadata=metadata(gateway.NAMESPACE, owner=args.owner, labels=labels.gateway(readiness_gate=nlb)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
        )
        self.namespace = name_of(namespace.metadata)
        policies = [
            network_policy(f"{name}-{called}", called, spec, self.namespace, args.owner, child)
            for called, spec in args.network.items()
        ]
        installed = release(
            f"{name}-gateway",
            gateway.RELEASE,
            "gateway",
            args.charts,
            args.version,
            gateway.values(args.settings),
            self.namespace,
            pulumi.ResourceOptions(parent=self, depends_on=policies),
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[installed])
        if args.api == GATEWAY_API:
            serving = self._object(
                name, args, "Gateway", gateway.NAME, gateway.gateway(args.claims), after, annotations=_PROGRAMMED
            )
            route = gateway.redirect(args.settings.port)
            self._object(f"{name}-redirect", args, "HTTPRoute", gateway.REDIRECT, route, _after(self, serving))
        else:
            serving = self._object(name, args, "Gateway", gateway.NAME, gateway.istio_gateway(args.claims), after)
            plain = gateway.istio_http_gateway()
            http = self._object(f"{name}-redirect", args, "Gateway", gateway.REDIRECT, plain, after)
            route = gateway.istio_redirect(args.settings.port)
            self._object(f"{name}-redirect", args, "VirtualService", gateway.REDIRECT, route, _after(self, http))
        # Its id is known once it serves.
        self.gateway = serving.id.apply(lambda _: f"{gateway.NAMESPACE}/{gateway.NAME}")
        self.register_outputs({"namespace": self.namespace, "gateway": self.gateway})

    def _object(
        self,
        name: str,
        args: IngressArgs,
        kind: str,
        called: str,
        spec: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
        annotations: Mapping[str, str] | None = None,
    ) -> apiextensions.CustomResource:
        """Create an object of the routing API."""
        return apiextensions.CustomResource(
            name,
            api_version=_GATEWAY_API if args.api == GATEWAY_API else _ISTIO,
            kind=kind,
            metadata=metadata(called, namespace=self.namespace, owner=args.owner, annotations=annotations),
            spec=spec,
            opts=opts,
        )


def _after(parent: pulumi.Resource, first: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=parent, depends_on=[first])
