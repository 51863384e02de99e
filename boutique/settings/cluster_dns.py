"""The cluster's own DNS: the domain of its Services, and who answers the pods' questions."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from boutique.settings.fields import ClusterDomain, DnsLabel, Port, Section

CLUSTER_DOMAIN = "cluster.local"
"""The domain that kubeadm, k3s, EKS, GKE, AKS and OpenShift give a cluster by default."""

SERVERS = {"kube-system": 53, "openshift-dns": 5353}
"""Where CoreDNS or kube-dns runs, and the port of its container, which in OpenShift is not the one of its Service."""

CACHES = (
    # NodeLocal DNSCache (169.254.20.10) and the resolvers of AWS and Google Cloud: they run on the node, not in a pod.
    "169.254.0.0/16",
    # Where that cache also listens at the address of kube-dns, a network plug-in may judge a question by that address:
    # the tenth of the usual ranges of Services, of kubeadm, of k3s and RKE2, of EKS twice, and of GKE.
    "10.96.0.10/32",
    "10.43.0.10/32",
    "10.100.0.10/32",
    "172.20.0.10/32",
    "34.118.224.10/32",
)


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(
            "must be an address such as 169.254.20.10, or a network such as 169.254.0.0/16 with no bits set behind the "
            "prefix"
        ) from None


Network = Annotated[str, AfterValidator(_network)]


class ClusterDns(Section):
    """The cluster's DNS, as NetworkPolicies and names of Services need to know it."""

    domain: ClusterDomain = CLUSTER_DOMAIN
    """The cluster's domain, as kubelets have it (`clusterDomain`); full names of Services end in `.svc.<domain>`."""
    servers: Annotated[dict[DnsLabel, Port], Field(min_length=1)] = Field(default_factory=lambda: dict(SERVERS))
    """Namespaces whose pods answer DNS questions, with the port of their containers; what is given replaces the
    default."""
    addresses: Annotated[tuple[Network, ...], Field(strict=False)] = CACHES
    """Resolvers that are no pods, such as NodeLocal DNSCache, asked on port 53; what is given replaces the default."""
