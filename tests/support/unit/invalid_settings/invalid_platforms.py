"""Platforms and meshes with errors, and the key and the code of each error."""

from typing import Any

from tests.support.unit.invalid_settings.invalid_case import InvalidCase

CLUSTER = {"kind": "existing", "context": "here"}
PLATFORM: dict[str, Any] = {"targets": {"dev": {}}}


def valid(**sections: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": PLATFORM, **sections}


def platform_with_mesh(**mesh: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": {**PLATFORM, "mesh": mesh}}


CASES: list[InvalidCase] = [
    (
        {"cluster": CLUSTER, "platform": {"targets": {"dev": {"namespace": "Dev"}}}},
        [("boutique:platform.targets.dev.namespace", "invalid-value")],
    ),
    (
        {"cluster": CLUSTER, "platform": {"targets": {"dev": {"namespace": "n" * 64}}}},
        [("boutique:platform.targets.dev.namespace", "invalid-value")],
    ),
    (
        {"cluster": CLUSTER, "platform": {"targets": {"dev": {"namespace": "kube-system"}}}},
        [("boutique:platform.targets.dev.namespace", "reserved-namespace")],
    ),
    (
        {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"addresses": ["169.254.20.10/16"]}}},
        [("boutique:platform.dns.addresses.0", "invalid-value")],
    ),
    (
        {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"addresses": ["kube-dns"], "server": {}}}},
        [("boutique:platform.dns.addresses.0", "invalid-value"), ("boutique:platform.dns.server", "unknown-key")],
    ),
    (
        {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"servers": {}}}},
        [("boutique:platform.dns.servers", "too-short")],
    ),
    (
        {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"servers": {"Kube": 53, "coredns": 0}}}},
        [
            ("boutique:platform.dns.servers.Kube", "invalid-value"),
            ("boutique:platform.dns.servers.coredns", "greater-than-equal"),
        ],
    ),
    (
        {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"domain": "cluster.local."}}},
        [("boutique:platform.dns.domain", "invalid-value")],
    ),
    (
        {"cluster": CLUSTER, "platform": {"targets": {"a": {"namespace": "x"}, "b": {"namespace": "x"}}}},
        [("boutique:platform.targets", "shared-namespace")],
    ),
    (platform_with_mesh(charts={"kind": "folders"}), [("boutique:platform.mesh.charts.kind", "unknown-kind")]),
    (platform_with_mesh(charts={"path": "x"}), [("boutique:platform.mesh.charts.kind", "missing")]),
    (
        platform_with_mesh(charts={"kind": "folder", "path": "${NOT_SET_ANYWHERE}/charts"}),
        [("boutique:platform.mesh.charts.path", "invalid-value")],
    ),
    (
        platform_with_mesh(gatewayApi={"kind": "folder", "path": "/no/such/folder"}),
        [("boutique:platform.mesh.gatewayApi.path", "invalid-value")],
    ),
    (
        platform_with_mesh(charts={"kind": "repository", "url": "http://plain"}),
        [("boutique:platform.mesh.charts.url", "invalid-value")],
    ),
    (
        platform_with_mesh(charts={"kind": "registry", "url": "ghcr.io/istio"}),
        [("boutique:platform.mesh.charts.url", "invalid-value")],
    ),
    (platform_with_mesh(version="1.31"), [("boutique:platform.mesh.version", "invalid-value")]),
    (platform_with_mesh(egress="all"), [("boutique:platform.mesh.egress", "literal-error")]),
    (platform_with_mesh(replicas=6), [("boutique:platform.mesh.maxReplicas", "below-replicas")]),
]
