"""Istio as it is installed: which release, from where, and the values of its charts.

Charts: https://istio.io/latest/docs/setup/install/helm/ (manifests/charts of istio/istio at 1.31).
"""

from typing import Any

from boutique.settings.mesh_settings import ChartFolder, ChartRegistry, Charts, MeshSettings
from boutique.targets import quota

NAMESPACE = "istio-system"
TRUST_DOMAIN = "cluster.local"
"""What identities begin with (SPIFFE), with any domain of the cluster's DNS."""
ISTIOD_LABELS = {"app": "istiod"}

RETRIES = {"attempts": 2, "retryOn": "connect-failure,refused-stream"}
"""Only calls that the callee never saw are sent again, so none is done twice.

Istio's own default also repeats after the gRPC status UNAVAILABLE or CANCELLED, for any method: a charge could be
made three times (pilot/pkg/networking/core/route/retry/retry.go).
"""

# The proxy as a sidecar of Kubernetes' own kind. As a plain container it would start after the init containers, whose
# calls STRICT callees then refuse, and end while the pod still serves. By itself Istio decides by the nodes' versions.
_NATIVE_SIDECARS = {"ENABLE_NATIVE_SIDECARS": "true"}
_FILTERS = ("PILOT_ENABLE_METADATA_EXCHANGE", "PILOT_ENABLE_ALPN_FILTER")


def chart(charts: Charts, name: str) -> tuple[str, str | None]:
    """Return a chart as Helm takes it: its reference, and the repository to look it up in if there is one."""
    if isinstance(charts, ChartFolder):
        return f"{charts.path}/{name}", None
    if isinstance(charts, ChartRegistry):
        return f"{charts.url}/{name}", None
    return name, charts.url


def base_values() -> dict[str, Any]:
    """Return the values of the chart `base`: the custom resources, checked by the one control plane there is."""
    return {"defaultRevision": "default"}


def cni_values(mesh: MeshSettings) -> dict[str, Any]:
    """Return the values of the chart `cni`: redirects pods' traffic from the node, so that pods need no right to."""
    return {"global": _images(mesh)}


def istiod_values(mesh: MeshSettings, cluster_domain: str) -> dict[str, Any]:
    """Return the values of the chart `istiod`: the control plane, and what it tells every proxy.

    Args:
        mesh: The configuration of the mesh.
        cluster_domain: The domain of the cluster's DNS.
    """
    return {
        "autoscaleMin": mesh.replicas,
        "autoscaleMax": mesh.max_replicas,
        # The chart makes a PodDisruptionBudget from two replicas on.
        "pdb": {"minAvailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "topologySpreadConstraints": _spread() if mesh.replicas > 1 else [],
        "cni": {"enabled": mesh.cni},
        "meshConfig": {
            "trustDomain": TRUST_DOMAIN,
            "accessLogFile": "/dev/stdout",
            "outboundTrafficPolicy": {"mode": "ALLOW_ANY" if mesh.egress == "any" else "REGISTRY_ONLY"},
            "defaultHttpRetryPolicy": RETRIES,
            "defaultConfig": {"terminationDrainDuration": "30s"},
            # For what comes in at gateways, whose listeners the Gateway API cannot tell; pods among themselves speak
            # TLS 1.2 or later anyway (pilot/pkg/networking/core/listener.go, applyDownstreamTLSDefaults).
            "tlsDefaults": {"minProtocolVersion": "TLSV1_2"},
        },
        "global": {
            **_images(mesh),
            "networkPolicy": {"enabled": mesh.policies.network},
            # The quota of every namespace counts with these.
            "proxy": {
                "resources": {
                    "requests": quota.PROXY_REQUESTS.as_written(),
                    "limits": quota.PROXY_LIMITS.as_written(),
                },
                "clusterDomain": cluster_domain,
                # DNS by TCP: a resolver of the node is no Service, so the proxy would refuse it. UDP it never sees.
                "excludeOutboundPorts": "53",
            },
        },
        "telemetry": {"enabled": not mesh.stock_envoy},
        "env": {**_NATIVE_SIDECARS, **(dict.fromkeys(_FILTERS, "false") if mesh.stock_envoy else {})},
    }


def _images(mesh: MeshSettings) -> dict[str, Any]:
    # Charts in a folder of the source tree name images of a development build.
    return {"hub": mesh.hub, "tag": mesh.version}


def _spread() -> list[dict[str, Any]]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": ISTIOD_LABELS},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
