"""The gateway as it is installed: the values of its chart.

Chart: manifests/charts/gateway of istio/istio at 1.31.
"""

import json
from collections.abc import Mapping
from typing import Any

from boutique.mesh.gateway import LABELS
from boutique.settings.certificate_settings import AcmCertificate
from boutique.settings.ingress_settings import IngressSettings, NetworkLoadBalancer, NoLoadBalancer

_STATUS_PORT = 15021
_GRACE_SECONDS = 15
"""What a pod gets on top of the time it takes to drain."""

Values = dict[str, Any]


def values(ingress: IngressSettings) -> Values:
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


def _proxy(ingress: IngressSettings) -> Values:
    balancer = ingress.load_balancer
    has_proxy_protocol = isinstance(balancer, NetworkLoadBalancer) and balancer.proxy_protocol
    return {
        "terminationDrainDuration": f"{ingress.drain_seconds}s",
        **({"gatewayTopology": {"proxyProtocol": {}}} if has_proxy_protocol else {}),
    }


def _service(ingress: IngressSettings) -> Values:
    balancer = ingress.load_balancer
    if isinstance(balancer, NoLoadBalancer):
        return {"type": "ClusterIP"}
    if isinstance(balancer, NetworkLoadBalancer):
        given = {**_nlb(balancer, ingress), **balancer.annotations}
        return {"type": "LoadBalancer", "loadBalancerClass": balancer.class_name, "annotations": given}
    return {"type": "LoadBalancer", "annotations": dict(balancer.annotations)}


def _nlb(balancer: NetworkLoadBalancer, ingress: IngressSettings) -> Mapping[str, str]:
    """Return the annotations of the Service.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
    """
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    group = {
        "deregistration_delay.timeout_seconds": str(ingress.drain_seconds),
        "proxy_protocol_v2.enabled": str(balancer.proxy_protocol).lower(),
    }
    tls = {}
    if isinstance(ingress.certificate, AcmCertificate):
        tls = {f"{prefix}-ssl-cert": ingress.certificate.arn, f"{prefix}-ssl-ports": "443"}
    return {
        **tls,
        f"{prefix}-scheme": balancer.scheme,
        f"{prefix}-nlb-target-type": "ip",
        f"{prefix}-healthcheck-port": str(_STATUS_PORT),
        f"{prefix}-healthcheck-path": "/healthz/ready",
        f"{prefix}-healthcheck-protocol": "http",
        f"{prefix}-target-group-attributes": ",".join(f"{key}={value}" for key, value in group.items()),
    }


def _spread() -> list[Values]:
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
