"""Whether a cluster on EKS can be made as it is configured, and holds what its platform promises."""

from collections.abc import Iterator
from datetime import date

from boutique.certificates.settings import AcmCertificate
from boutique.checks import eksnetwork, eksnodes
from boutique.eks import versions
from boutique.eks.settings import EksCluster, ExistingNetwork
from boutique.ingress import NetworkLoadBalancer
from boutique.settings import Platform

_KEY = "boutique:cluster"


def mistakes(cluster: EksCluster, platform: Platform | None, today: date) -> Iterator[str]:
    """Return a line for each mistake.

    Args:
        cluster: How the cluster is configured.
        platform: What is built on it; None if that could not be read, or is not there.
        today: Decides which versions are supported.
    """
    yield from _version(cluster, today)
    yield from eksnetwork.mistakes(cluster)
    yield from eksnodes.mistakes(cluster, platform)
    for each in sorted({each for each in cluster.admins if cluster.admins.count(each) > 1}):
        yield f"{_KEY}.admins: {each!r}: is named twice; EKS keeps one entry for each role"
    if platform:
        yield from _balancer(cluster, platform)


def certificate_elsewhere(region: str, platform: Platform) -> Iterator[str]:
    """Return a line if the load balancer cannot use its certificate, which has to be in its own region.

    https://docs.aws.amazon.com/acm/latest/userguide/acm-regions.html

    Args:
        region: Where the cluster is.
        platform: What is built on it.
    """
    source = platform.ingress.certificate if platform.ingress else None
    if isinstance(source, AcmCertificate) and (found := source.arn.split(":")[3]) != region:
        yield (
            f"boutique:platform.ingress.certificate.arn: {source.arn!r}: is in {found}, and the load balancer is in "
            f"{region}; name a certificate of that region"
        )


def _version(cluster: EksCluster, today: date) -> Iterator[str]:
    said = f"{_KEY}.version: {cluster.version!r}"
    there = versions.supported(cluster.support, today)
    release = versions.RELEASES.get(cluster.version)
    if release is None:
        yield (
            f"{said}: this program has no add-ons for it, only for {', '.join(there or versions.RELEASES)}; a new "
            "cluster takes one of these, one that is there goes up one minor version at a time"
        )
    elif cluster.version not in there:
        # A year more costs money, and is there for whoever cannot go up now.
        more = f"set support: extended, which lasts until {release.extended}, or " if today <= release.extended else ""
        yield (
            f"{said}: its {cluster.support} support ended on {release.end(cluster.support)}; {more}take one of "
            f"{', '.join(there) or 'the versions that EKS has now'}, one minor version at a time"
        )


def _balancer(cluster: EksCluster, platform: Platform) -> Iterator[str]:
    if platform.ingress is None:
        return
    key = "boutique:platform.ingress.loadBalancer"
    chosen = platform.ingress.load_balancer
    if chosen.kind == "cluster":
        yield f"{key}.kind: 'cluster': on EKS that is a Classic Load Balancer, which AWS retires; use {{kind: nlb}}"
    if (
        isinstance(chosen, NetworkLoadBalancer)
        and chosen.scheme == "internet-facing"
        and isinstance(cluster.network, ExistingNetwork)
        and not cluster.network.public_subnets
    ):
        yield (
            f"{key}.scheme: 'internet-facing': needs {_KEY}.network.publicSubnets, one in each zone; "
            "name them, or set the scheme to internal"
        )
