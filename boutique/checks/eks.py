"""Whether a cluster on EKS can be made as it is configured."""

import re
from collections.abc import Iterator
from datetime import date

from boutique.checks import eks_network
from boutique.settings import eks_versions
from boutique.settings.certificate_settings import AcmCertificate
from boutique.settings.cluster_dns import CLUSTER_DOMAIN
from boutique.settings.eks_settings import EksCluster, ExistingNetwork, Nodes
from boutique.settings.errors import ErrorLine
from boutique.settings.ingress_settings import NetworkLoadBalancer
from boutique.settings.stack import Platform

_KEY = "boutique:cluster"
_VERSION = f"{_KEY}.version"

_ARM = re.compile(r"a1|[a-z]+[0-9]+[a-z]*g[a-z]*")
"""Families with AWS' own processors: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html"""


def errors(cluster: EksCluster, platform: Platform | None) -> Iterator[ErrorLine]:
    """Return a line for each error.

    Args:
        cluster: How the cluster is configured.
        platform: What is built on it; None if that could not be read, or is not there.
    """
    if cluster.version not in eks_versions.RELEASES:
        yield ErrorLine(
            "unsupported-version",
            f"{_VERSION}: {cluster.version!r}: this program has no add-ons for it, only for "
            f"{', '.join(eks_versions.RELEASES)}; a new cluster takes one of these, one that is there goes up one "
            "minor version at a time",
        )
    yield from eks_network.errors(cluster)
    yield from _nodes(cluster.nodes)
    for duplicate in sorted({admin for admin in cluster.admins if cluster.admins.count(admin) > 1}):
        yield ErrorLine("duplicate", f"{_KEY}.admins: {duplicate!r}: is named twice; EKS keeps one entry for each role")
    if platform:
        yield from _balancer(cluster, platform)
    if platform and platform.dns.domain != CLUSTER_DOMAIN:
        yield ErrorLine(
            "cluster-domain",
            f"boutique:platform.dns.domain: {platform.dns.domain!r}: a cluster that this stack makes on EKS has the "
            f"domain {CLUSTER_DOMAIN!r}; remove the key",
        )


def warnings(cluster: EksCluster, today: date) -> Iterator[str]:
    """Return a line if the cluster's version of Kubernetes is no longer supported.

    No error: an unchanged stack can still be updated and rolled back.

    Args:
        cluster: How the cluster is configured, without errors.
        today: Decides which versions are supported.
    """
    release = eks_versions.RELEASES[cluster.version]
    if today <= release.end(cluster.support):
        return
    # A year more costs money, and helps a cluster that cannot go up now.
    more = f"set support: extended, which lasts until {release.extended}, or " if today <= release.extended else ""
    yield (
        f"{_VERSION}: {cluster.version!r}: its {cluster.support} support ended on {release.end(cluster.support)}, and "
        f"AWS moves the cluster to the next version by itself; {more}take one of "
        f"{', '.join(eks_versions.supported_versions(cluster.support, today)) or 'the versions that EKS has now'}, one "
        "minor version at a time"
    )


def certificate_elsewhere(region: str, platform: Platform) -> Iterator[ErrorLine]:
    """Return a line if the load balancer cannot use its certificate, which has to be in its own region.

    https://docs.aws.amazon.com/acm/latest/userguide/acm-regions.html

    Args:
        region: Where the cluster is.
        platform: What is built on it.
    """
    source = platform.ingress.certificate if platform.ingress else None
    if isinstance(source, AcmCertificate) and (other := source.arn.split(":")[3]) != region:
        yield ErrorLine(
            "certificate-region",
            f"boutique:platform.ingress.certificate.arn: {source.arn!r}: is in {other}, and the load balancer is "
            f"in {region}; name a certificate of that region",
        )


def _nodes(nodes: Nodes) -> Iterator[ErrorLine]:
    key, [usual] = f"{_KEY}.nodes", Nodes().types
    if not nodes.types:
        yield ErrorLine("missing", f"{key}.types: names none; name one such as {usual!r}")
    for instance_type in nodes.types:
        if _ARM.fullmatch(instance_type.split(".")[0]):
            yield ErrorLine(
                "arm-instance-type",
                f"{key}.types: {instance_type!r}: has an ARM processor, and the nodes are for amd64 only; "
                f"take one such as {usual!r}",
            )
    if not nodes.min <= nodes.desired <= nodes.max:
        yield ErrorLine(
            "outside-range",
            f"{key}.desired: {nodes.desired}: must be from nodes.min, {nodes.min}, to nodes.max, {nodes.max}",
        )


def _balancer(cluster: EksCluster, platform: Platform) -> Iterator[ErrorLine]:
    if platform.ingress is None:
        return
    key = "boutique:platform.ingress.loadBalancer"
    chosen = platform.ingress.load_balancer
    if chosen.kind == "cluster":
        yield ErrorLine(
            "classic-load-balancer",
            f"{key}.kind: 'cluster': on EKS that is a Classic Load Balancer, which AWS retires; use {{kind: nlb}}",
        )
    if (
        isinstance(chosen, NetworkLoadBalancer)
        and chosen.scheme == "internet-facing"
        and isinstance(cluster.network, ExistingNetwork)
        and not cluster.network.public_subnets
    ):
        yield ErrorLine(
            "no-public-subnets",
            f"{key}.scheme: 'internet-facing': needs {_KEY}.network.publicSubnets, one in each zone; "
            "name them, or set the scheme to internal",
        )
