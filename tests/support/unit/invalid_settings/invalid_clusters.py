"""Clusters on EKS with errors, and the key and the code of each error."""

from typing import Any

from tests.support.unit.eks_errors import existing_network, ingress, network
from tests.support.unit.invalid_settings.invalid_case import InvalidCase


def eks(**section: Any) -> dict[str, Any]:
    return {"cluster": {"kind": "eks", **section}, "platform": {"targets": {"dev": {}}}}


CASES: list[InvalidCase] = [
    (eks(**network(cidr="172.20.0.0/16")), [("boutique:cluster.network.cidr", "cidr-overlap")]),
    (eks(**network(cidr="10.0.0.0/16", avoid=["10.0.4.0/24"])), [("boutique:cluster.network.cidr", "cidr-overlap")]),
    (eks(**network(cidr="10.0.0.0/15")), [("boutique:cluster.network.cidr", "cidr-too-large")]),
    (eks(**network(cidr="10.0.0.0/26")), [("boutique:cluster.network.cidr", "cidr-too-small")]),
    (eks(**network(zones=["a"])), [("boutique:cluster.network.zones", "too-few-zones")]),
    (eks(**network(zones=["a", "a"])), [("boutique:cluster.network.zones", "too-few-zones")]),
    (eks(**network(zones=["a", "b", "a"])), [("boutique:cluster.network.zones", "duplicate")]),
    (eks(**existing_network("subnet-1")), [("boutique:cluster.network.privateSubnets", "too-few-subnets")]),
    (
        eks(**existing_network("subnet-1", "subnet-2", public=("subnet-1",))),
        [("boutique:cluster.network", "duplicate")],
    ),
    (eks(serviceCidr="8.8.0.0/16"), [("boutique:cluster.serviceCidr", "cidr-range")]),
    (eks(serviceCidr="10.100.0.0/26"), [("boutique:cluster.serviceCidr", "cidr-range")]),
    (eks(publicCidrs=["0.0.0.0/0"]), [("boutique:cluster.publicCidrs", "api-server-open")]),
    (eks(publicCidrs=["10.0.0.0/8"]), [("boutique:cluster.publicCidrs", "cidr-not-public")]),
    (eks(nodes={"types": ["m7g.large"]}), [("boutique:cluster.nodes.types", "arm-instance-type")]),
    (eks(nodes={"min": 4}), [("boutique:cluster.nodes.desired", "outside-range")]),
    (eks(nodes={"desired": 9}), [("boutique:cluster.nodes.desired", "outside-range")]),
    (eks(version="1.30"), [("boutique:cluster.version", "unsupported-version")]),
    (eks(region="Frankfurt"), [("boutique:cluster.region", "invalid-value")]),
    (eks(account=12345678901234), [("boutique:cluster.account", "invalid-value")]),
    (eks(version=1.36), [("boutique:cluster.version", "string-type")]),
    (eks(version="1.36.2"), [("boutique:cluster.version", "invalid-value")]),
    (eks(network={"kind": "new", "cidr": "10.0.0.1/16"}), [("boutique:cluster.network.cidr", "invalid-value")]),
    (eks(network={"kind": "old"}), [("boutique:cluster.network.kind", "unknown-kind")]),
    (
        eks(network={"kind": "existing", "vpc": "mine", "privateSubnets": []}),
        [("boutique:cluster.network.vpc", "invalid-value")],
    ),
    (eks(nodes={"types": []}), [("boutique:cluster.nodes.types", "missing")]),
    (eks(nodes={"types": ["large"]}), [("boutique:cluster.nodes.types.0", "invalid-value")]),
    (eks(admins=["platform"]), [("boutique:cluster.admins.0", "invalid-value")]),
    (eks(admins=["arn:aws:iam::123456789012:role/a"] * 2), [("boutique:cluster.admins", "duplicate")]),
    (eks(logs=["everything"]), [("boutique:cluster.logs.0", "literal-error")]),
    (eks(addons={"coredns": "latest"}), [("boutique:cluster.addons.coredns", "invalid-value")]),
    (eks(zones=["a"]), [("boutique:cluster.zones", "unknown-key")]),
    (
        {**eks(), "platform": ingress()},
        [
            ("boutique:platform.ingress.loadBalancer.kind", "classic-load-balancer"),
            ("boutique:platform.targets.dev.host", "missing"),
        ],
    ),
    (
        {**eks(**existing_network("subnet-1", "subnet-2")), "platform": ingress(kind="nlb")},
        [
            ("boutique:platform.ingress.loadBalancer.scheme", "no-public-subnets"),
            ("boutique:platform.targets.dev.host", "missing"),
        ],
    ),
    (
        {**eks(), "platform": {"targets": {"dev": {}}, "dns": {"domain": "prod.internal"}}},
        [("boutique:platform.dns.domain", "cluster-domain")],
    ),
]
