"""Whether a cluster on EKS can be made as it is configured, and holds what its platform promises."""

from collections.abc import Iterator
from datetime import date
from ipaddress import IPv4Network
from math import ceil

from boutique import catalogue
from boutique.certificates.settings import AcmCertificate
from boutique.eks import capacity, network, versions
from boutique.eks.instances import Machine, is_arm, machine
from boutique.eks.settings import EksCluster, ExistingNetwork, NewNetwork, Nodes
from boutique.ingress import NetworkLoadBalancer
from boutique.mistakes import nearest
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
    yield from _addresses(cluster)
    yield from _endpoint(cluster)
    yield from _nodes(cluster)
    if platform:
        yield from _room(cluster, platform)
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
    there = versions.supported(cluster.support, today)
    if cluster.version not in versions.RELEASES:
        yield f"{_KEY}.version: {cluster.version!r}: is not known to be on EKS{nearest(cluster.version, there)}"
    elif cluster.version not in there:
        end = versions.RELEASES[cluster.version].end(cluster.support)
        yield (
            f"{_KEY}.version: {cluster.version!r}: its {cluster.support} support ended on {end}; "
            f"take one of {', '.join(there) or 'the versions that EKS has now'}, one minor version at a time"
        )


def _addresses(cluster: EksCluster) -> Iterator[str]:
    services = IPv4Network(cluster.service_cidr)
    if not network.is_private(cluster.service_cidr) or not 12 <= services.prefixlen <= 24:
        yield (
            f"{_KEY}.serviceCidr: {cluster.service_cidr!r}: must be in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, "
            "with a prefix of /12 to /24"
        )
    if isinstance(cluster.network, NewNetwork):
        yield from _new(cluster, cluster.network)
    else:
        yield from _existing(cluster.network)


def _new(cluster: EksCluster, wanted: NewNetwork) -> Iterator[str]:
    key = f"{_KEY}.network"
    if len(set(wanted.zones)) < 2:
        yield f"{key}.zones: {', '.join(wanted.zones) or 'none'}: EKS needs at least two different zones"
        return
    if len(set(wanted.zones)) < len(wanted.zones):
        yield f"{key}.zones: {', '.join(wanted.zones)}: names a zone twice"
        return
    said = f"{key}.cidr: {wanted.cidr!r}"
    if clash := network.overlapping(wanted.cidr, [cluster.service_cidr]):
        yield f"{said}: overlaps with cluster.serviceCidr, {clash[0]}; the two must have no address in common"
    for other in network.overlapping(wanted.cidr, wanted.avoid):
        yield f"{said}: overlaps with {other} of network.avoid; take another network"
    if IPv4Network(wanted.cidr).prefixlen < network.LARGEST:
        yield f"{said}: a VPC has at most a /{network.LARGEST}"
        return
    try:
        zones = network.plan(wanted.cidr, wanted.zones)
    except ValueError as error:
        yield f"{said}: {error}"
        return
    smallest = min(network.usable([zone.private]) for zone in zones)
    # One more than there may be: an update starts new nodes before it ends old ones.
    asked = ceil((cluster.nodes.max + 1) / len(zones)) * max((each.addresses for each in _known(cluster)), default=0)
    if asked > smallest:
        yield (
            f"{said}: too small: each private subnet has {smallest} addresses, and its share of nodes.max, "
            f"{cluster.nodes.max}, with their pods may take {asked}; take a larger network or fewer nodes"
        )


def _existing(wanted: ExistingNetwork) -> Iterator[str]:
    key = f"{_KEY}.network"
    subnets = [*wanted.private_subnets, *wanted.public_subnets]
    if len(set(wanted.private_subnets)) < 2:
        yield (
            f"{key}.privateSubnets: {', '.join(wanted.private_subnets) or 'none'}: EKS needs subnets in at least two "
            "zones; name one of each"
        )
    for each in sorted({each for each in subnets if subnets.count(each) > 1}):
        yield f"{key}: {each!r}: is named twice; a subnet is either private or public"


def _endpoint(cluster: EksCluster) -> Iterator[str]:
    for cidr in cluster.public_cidrs:
        if cidr == "0.0.0.0/0":
            yield (
                f"{_KEY}.publicCidrs: {cidr!r}: opens the API server to the whole internet; name the networks of those "
                "who deploy, or remove the key and run Pulumi in the VPC"
            )
        elif network.is_private(cidr):
            yield f"{_KEY}.publicCidrs: {cidr!r}: is no network of the internet; the VPC reaches the API server anyway"


def _nodes(cluster: EksCluster) -> Iterator[str]:
    nodes, [usual] = cluster.nodes, Nodes().types
    if not nodes.types:
        yield f"{_KEY}.nodes.types: names none; name one such as {usual!r}"
    for each in nodes.types:
        if is_arm(each):
            yield (
                f"{_KEY}.nodes.types: {each!r}: has an ARM processor, and the shop's images are for amd64 only; "
                f"take one such as {usual!r}"
            )
    if not nodes.min <= nodes.desired <= nodes.max:
        yield (f"{_KEY}.nodes.desired: {nodes.desired}: must be from nodes.min, {nodes.min}, to nodes.max, {nodes.max}")


def _room(cluster: EksCluster, platform: Platform) -> Iterator[str]:
    """Judge whether the nodes hold each target once; their quotas have room for twice that."""
    known = _known(cluster)
    if not known:
        return
    wanted = capacity.fixed()
    for target in platform.targets.values():
        wanted += capacity.asked(pod for pod in catalogue.WORKLOADS for _ in range(target.replicas))
    weakest = min(known, key=lambda each: each.cpu)
    nodes = cluster.nodes.desired
    if not capacity.holds(weakest, nodes, wanted):
        yield (
            f"{_KEY}.nodes.desired: {nodes}: so many nodes hold {capacity.offered(weakest, nodes)}, and the targets "
            f"with what each cluster runs ask for {wanted}; set {capacity.needed(weakest, wanted)} or more, "
            "take larger nodes.types, or lower platform.targets.<name>.replicas"
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


def _known(cluster: EksCluster) -> list[Machine]:
    return [found for found in map(machine, cluster.nodes.types) if found]
