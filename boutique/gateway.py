"""The gateway as it is installed: the values of its chart, and which hosts it serves for whom, in either routing API.

Chart: manifests/charts/gateway of istio/istio at 1.31. Gateway API: https://gateway-api.sigs.k8s.io/reference/spec/.
Istio's own: https://istio.io/latest/docs/reference/config/networking/gateway/.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from boutique.hosts import Claim
from boutique.ingress import Ingress, NetworkLoadBalancer, NoLoadBalancer
from boutique.policies import GATEWAY

NAMESPACE = GATEWAY.namespace
RELEASE = GATEWAY.name
"""The name of the Helm release, from which the chart takes the names of everything, the ServiceAccount's too."""

NAME = "ingress"
"""The name of the Gateway, in either routing API."""

REDIRECT = "redirect"
CERTIFICATE = "certificate"
"""The Secret of type `kubernetes.io/tls`, in the gateway's namespace: Istio looks for it where the gateway runs."""

LABELS = {"app": RELEASE, "istio": RELEASE.removeprefix("istio-")}
HTTP_LISTENER = "http"
_ADDRESS = f"{RELEASE}.{NAMESPACE}.svc.cluster.local"
_HTTPS, _HTTP = 443, 80
_STATUS_PORT = 15021
_GRACE_SECONDS = 15
"""What a pod gets on top of the time it takes to drain."""

Spec = dict[str, Any]


def listener(target: str) -> str:
    """Return the name of the listener for a target's host."""
    return f"https-{target}"


def preview_listener(target: str) -> str:
    """Return the name of the listener for the names under a target's host."""
    return f"preview-{target}"


def values(ingress: Ingress) -> Spec:
    """Return the values of the chart `gateway`.

    A pod that ends serves on for `pre_stop_seconds`, then Envoy drains: by itself Istio gives it five seconds
    (pkg/config/mesh/mesh.go), which is less than load balancers take to notice.
    """
    several = ingress.replicas > 1
    return {
        "autoscaling": {"minReplicas": ingress.replicas, "maxReplicas": ingress.max_replicas},
        # The chart makes the PodDisruptionBudget from two replicas on.
        "podDisruptionBudget": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "minReadySeconds": ingress.min_ready_seconds,
        "lifecycle": {"preStop": {"sleep": {"seconds": ingress.pre_stop_seconds}}} if ingress.pre_stop_seconds else {},
        "terminationGracePeriodSeconds": ingress.pre_stop_seconds + ingress.drain_seconds + _GRACE_SECONDS,
        "podAnnotations": {"proxy.istio.io/config": json.dumps(_proxy(ingress))},
        "topologySpreadConstraints": _spread() if several else [],
        "service": _service(ingress),
    }


def gateway(claims: Iterable[Claim]) -> Spec:
    """Return the spec of the Gateway of the Gateway API.

    With one address that is the name of a Service, Istio installs no gateway of its own and uses the one behind it
    (pilot/pkg/config/kube/gatewaycommon/gateway_utils.go, IsManaged).
    """
    listeners = [_plain()]
    for claim in claims:
        listeners.append(_terminating(listener(claim.target), claim.host, claim.namespace))
        listeners.append(_terminating(preview_listener(claim.target), f"*.{claim.host}", claim.namespace))
    return {
        "gatewayClassName": "istio",
        "addresses": [{"type": "Hostname", "value": _ADDRESS}],
        "listeners": listeners,
    }


def redirect(port: int) -> Spec:
    """Return the spec of the HTTPRoute that sends whoever comes by plain HTTP to HTTPS, whatever the host."""
    to_https = {"scheme": "https", "port": port, "statusCode": 301}
    return {
        "parentRefs": [{"name": NAME, "sectionName": HTTP_LISTENER}],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": to_https}]}],
    }


def istio_gateway(claims: Iterable[Claim]) -> Spec:
    """Return the spec of Istio's own Gateway; `<namespace>/<host>` lets only that namespace's routes use the host."""
    tls = {"mode": "SIMPLE", "credentialName": CERTIFICATE, "minProtocolVersion": "TLSV1_2"}
    return {
        "selector": LABELS,
        "servers": [
            {
                "name": listener(claim.target),
                "port": {"number": _HTTPS, "name": f"https-{claim.target}", "protocol": "HTTPS"},
                "hosts": [f"{claim.namespace}/{claim.host}", f"{claim.namespace}/*.{claim.host}"],
                "tls": tls,
            }
            for claim in claims
        ],
    }


def istio_http_gateway() -> Spec:
    """Return the spec of Istio's own Gateway for plain HTTP, which no namespace but the gateway's may route."""
    port = {"number": _HTTP, "name": "http", "protocol": "HTTP"}
    return {"selector": LABELS, "servers": [{"name": HTTP_LISTENER, "port": port, "hosts": [f"{NAMESPACE}/*"]}]}


def istio_redirect(port: int) -> Spec:
    """Return the spec of the VirtualService that does what `redirect` does.

    Not `httpsRedirect` of the Gateway: that one keeps the port by which the request came.
    """
    to_https = {"scheme": "https", "port": port, "redirectCode": 301}
    return {"hosts": ["*"], "gateways": [REDIRECT], "exportTo": ["."], "http": [{"redirect": to_https}]}


def _plain() -> Spec:
    same = {"namespaces": {"from": "Same"}}
    return {"name": HTTP_LISTENER, "port": _HTTP, "protocol": "HTTP", "allowedRoutes": same}


def _terminating(name: str, host: str, namespace: str) -> Spec:
    # A label that the API server gives to every namespace, and nobody can take for another one.
    owner = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {
        "name": name,
        "hostname": host,
        "port": _HTTPS,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}]},
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": owner}},
    }


def _proxy(ingress: Ingress) -> Spec:
    balancer = ingress.load_balancer
    told = isinstance(balancer, NetworkLoadBalancer) and balancer.proxy_protocol
    return {
        "terminationDrainDuration": f"{ingress.drain_seconds}s",
        **({"gatewayTopology": {"proxyProtocol": {}}} if told else {}),
    }


def _service(ingress: Ingress) -> Spec:
    balancer = ingress.load_balancer
    if isinstance(balancer, NoLoadBalancer):
        return {"type": "ClusterIP"}
    if isinstance(balancer, NetworkLoadBalancer):
        given = {**_nlb(balancer, ingress.drain_seconds), **balancer.annotations}
        return {"type": "LoadBalancer", "loadBalancerClass": balancer.class_name, "annotations": given}
    return {"type": "LoadBalancer", "annotations": dict(balancer.annotations)}


def _nlb(balancer: NetworkLoadBalancer, drain_seconds: int) -> Mapping[str, str]:
    """Return the annotations of the Service.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
    """
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    group = {
        "deregistration_delay.timeout_seconds": str(drain_seconds),
        "proxy_protocol_v2.enabled": str(balancer.proxy_protocol).lower(),
    }
    return {
        f"{prefix}-scheme": balancer.scheme,
        f"{prefix}-nlb-target-type": "ip",
        f"{prefix}-healthcheck-port": str(_STATUS_PORT),
        f"{prefix}-healthcheck-path": "/healthz/ready",
        f"{prefix}-healthcheck-protocol": "http",
        f"{prefix}-target-group-attributes": ",".join(f"{key}={value}" for key, value in group.items()),
    }


def _spread() -> list[Spec]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": LABELS},
            # Each revision for itself: else the pods of the last one decide where those of the next may go.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
