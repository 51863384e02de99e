"""The mistakes that are found in the configuration of a cluster on EKS, and parts of such configurations."""

from typing import Any

from boutique.checks import eks
from boutique.settings.eks_settings import EksCluster
from boutique.settings.stack import Platform

KEY = "boutique:cluster"


def cluster_errors(platform: dict[str, Any] | None = None, **section: Any) -> list[str]:
    cluster = EksCluster.model_validate({"kind": "eks", **section})
    return list(eks.errors(cluster, Platform.model_validate(platform) if platform else None))


def network(**section: Any) -> dict[str, Any]:
    return {"network": {"kind": "new", **section}}


def existing_network(*private: str, public: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "network": {"kind": "existing", "vpc": "vpc-1", "privateSubnets": list(private), "publicSubnets": list(public)}
    }


def ingress(**balancer: Any) -> dict[str, Any]:
    certificate = {"kind": "certManager", "issuer": "some"}
    section = {"certificate": certificate, **({"loadBalancer": balancer} if balancer else {})}
    return {"targets": {"dev": {}}, "mesh": {}, "ingress": section}
