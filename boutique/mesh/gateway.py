"""Which hosts the gateway serves for whom, in either routing API.

Gateway API: https://gateway-api.sigs.k8s.io/reference/spec/
Istio's own: https://istio.io/latest/docs/reference/config/networking/gateway/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boutique.mesh import misdirected_requests
from boutique.mesh.gateway_hosts import HostAssignment
from boutique.mesh.policies import GATEWAY
from boutique.settings.cluster_dns import CLUSTER_DOMAIN
from boutique.settings.ingress_settings import GATEWAY_API, RoutingApi

NAMESPACE = GATEWAY.namespace
RELEASE = GATEWAY.name
"""The name of the Helm release, from which the chart takes the names of everything, the ServiceAccount's too."""

NAME = "ingress"
"""The name of the Gateway, in either routing API."""

REDIRECT = "redirect"
LABELS = {"app": RELEASE, "istio": RELEASE.removeprefix("istio-")}
HTTP_LISTENER = "http"
_HTTPS, _HTTP = 443, 80

Spec = dict[str, Any]


@dataclass(frozen=True)
class Object:
    """One object of either routing API.

    Attributes:
        version: Of its API.
        kind: Its kind.
        name: Its name.
        spec: Its spec.
        annotations: Beside the owner's.
    """

    version: str
    kind: str
    name: str
    spec: Spec
    annotations: Mapping[str, str] = field(default_factory=dict)


def listener(target: str) -> str:
    """Return the name of the listener for a target's host."""
    return f"https-{target}"


def preview_listener(target: str) -> str:
    """Return the name of the listener for the names under a target's host."""
    return f"preview-{target}"


def objects(
    api: RoutingApi,
    claims: Sequence[HostAssignment],
    certificate: str | None,
    port: int,
    cluster_domain: str = CLUSTER_DOMAIN,
) -> tuple[Object, ...]:
    """Return the Gateway, the redirect from plain HTTP to HTTPS, and the EnvoyFilter for misdirected requests.

    Without TLS at the gateway no request is misdirected: all hosts of a port share one table of routes.

    Args:
        api: What routes are written in.
        claims: The hosts, and whose they are.
        certificate: The Secret with the certificate, in the gateway's namespace; None if TLS ends before the gateway.
        port: Where people reach HTTPS.
        cluster_domain: The domain of the cluster's DNS.
    """
    if api == GATEWAY_API:
        made = _gateway_api(claims, certificate, port, cluster_domain)
    else:
        made = _istio(claims, certificate, port)
    if certificate is None:
        return made
    spec = misdirected_requests.spec(LABELS, [claim.host for claim in claims])
    return (
        *made,
        Object(
            misdirected_requests.API_VERSION,
            misdirected_requests.KIND,
            misdirected_requests.NAME,
            spec,
            misdirected_requests.ANNOTATIONS,
        ),
    )


def _gateway_api(
    claims: Sequence[HostAssignment], certificate: str | None, port: int, cluster_domain: str
) -> tuple[Object, ...]:
    """Return a Gateway and a route of the Gateway API.

    With one address that is the name of a Service, Istio installs no gateway of its own and uses the one behind it
    (pilot/pkg/config/kube/gatewaycommon/gateway_utils.go, IsManaged).
    """
    own = {"namespaces": {"from": "Same"}}
    listeners: list[Spec] = [{"name": HTTP_LISTENER, "port": _HTTP, "protocol": "HTTP", "allowedRoutes": own}]
    for claim in claims:
        listeners.append(_listener(listener(claim.target), claim.host, claim, certificate))
        listeners.append(_listener(preview_listener(claim.target), claim.previews, claim, certificate))
    gateway = {
        "gatewayClassName": "istio",
        "addresses": [{"type": "Hostname", "value": f"{RELEASE}.{NAMESPACE}.svc.{cluster_domain}"}],
        "listeners": listeners,
    }
    to_https = {"scheme": "https", "port": port, "statusCode": 301}
    redirect = {
        "parentRefs": [{"name": NAME, "sectionName": HTTP_LISTENER}],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": to_https}]}],
    }
    version = "gateway.networking.k8s.io/v1"
    return (
        Object(version, "Gateway", NAME, gateway, {"pulumi.com/waitFor": "condition=Programmed"}),
        Object(version, "HTTPRoute", REDIRECT, redirect),
    )


def _listener(name: str, host: str, claim: HostAssignment, certificate: str | None) -> Spec:
    # A label that the API server gives to every namespace, and that no other namespace can have.
    owner = {"matchLabels": {"kubernetes.io/metadata.name": claim.namespace}}
    tls = {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": certificate}]}
    return {
        "name": name,
        "hostname": host,
        "port": _HTTPS,
        "protocol": "HTTPS" if certificate else "HTTP",
        **({"tls": tls} if certificate else {}),
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": owner}},
    }


def _istio(claims: Sequence[HostAssignment], certificate: str | None, port: int) -> tuple[Object, ...]:
    """Return Gateways and a route of Istio's own; `<namespace>/<host>` lets only that namespace's routes use a host.

    The Gateway's own `httpsRedirect` would keep the port by which the request came.
    """
    tls = {"mode": "SIMPLE", "credentialName": certificate, "minProtocolVersion": "TLSV1_2"}
    protocol = "HTTPS" if certificate else "HTTP"
    servers = [
        {
            "name": listener(claim.target),
            "port": {"number": _HTTPS, "name": listener(claim.target), "protocol": protocol},
            "hosts": [f"{claim.namespace}/{claim.host}", f"{claim.namespace}/{claim.previews}"],
            **({"tls": tls} if certificate else {}),
        }
        for claim in claims
    ]
    http = {"name": HTTP_LISTENER, "port": {"number": _HTTP, "name": "http", "protocol": "HTTP"}}
    plain = {"selector": LABELS, "servers": [{**http, "hosts": [f"{NAMESPACE}/*"]}]}
    to_https = {"scheme": "https", "port": port, "redirectCode": 301}
    redirect = {"hosts": ["*"], "gateways": [REDIRECT], "exportTo": ["."], "http": [{"redirect": to_https}]}
    version = "networking.istio.io/v1"
    return (
        Object(version, "Gateway", NAME, {"selector": LABELS, "servers": servers}),
        Object(version, "Gateway", REDIRECT, plain),
        Object(version, "VirtualService", REDIRECT, redirect),
    )
