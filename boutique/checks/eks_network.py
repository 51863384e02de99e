"""Whether a cluster on EKS has the addresses that it needs, and is reached from where it should be."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from math import ceil

from boutique.checks.eks_nodes import known
from boutique.eks import network
from boutique.settings.eks_settings import EksCluster, ExistingNetwork, NewNetwork

_KEY = "boutique:cluster"
_SHOWN = 3


def mistakes(cluster: EksCluster) -> Iterator[str]:
    """Return a line for each mistake."""
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
    yield from _endpoint(cluster.public_cidrs)


def _new(cluster: EksCluster, wanted: NewNetwork) -> Iterator[str]:
    key = f"{_KEY}.network"
    for other in network.overlapping(cluster.service_cidr, wanted.avoid):
        yield (
            f"{_KEY}.serviceCidr: {cluster.service_cidr!r}: overlaps with {other} of network.avoid, which pods could "
            "not reach then; take another network"
        )
    if len(set(wanted.zones)) < 2:
        yield f"{key}.zones: {', '.join(wanted.zones) or 'none'}: EKS needs at least two different zones"
        return
    if len(set(wanted.zones)) < len(wanted.zones):
        yield f"{key}.zones: {', '.join(wanted.zones)}: names a zone twice"
        return
    said = f"{key}.cidr: {wanted.cidr!r}"
    if not network.is_for_vpcs(wanted.cidr):
        *others, last = network.VPC_RANGES
        yield (
            f"{said}: must be in {', '.join(map(str, others))} or {last}; others are somebody's on the internet, who "
            "could not be reached, or nobody's"
        )
        return
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
    most = max((each.addresses for each in known(cluster.nodes.types).values()), default=0)
    asked = (ceil(cluster.nodes.max / len(zones)) + network.EXTRA_NODES) * most
    if asked > smallest:
        yield (
            f"{said}: too small: each private subnet has {smallest} addresses, and its share of nodes.max, "
            f"{cluster.nodes.max}, in an update may take {asked}; take a larger network or fewer nodes"
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


def _endpoint(cidrs: tuple[str, ...]) -> Iterator[str]:
    key = f"{_KEY}.publicCidrs"
    if len(cidrs) > network.PUBLIC_NETWORKS:
        yield (
            f"{key}: {len(cidrs)}: are more networks than the {network.PUBLIC_NETWORKS} that EKS takes; put neighbours "
            "together, or remove the key and run Pulumi in the VPC"
        )
    public = [each for each in cidrs if network.is_public(each)]
    for each in cidrs:
        if each not in public:
            yield f"{key}: {each!r}: is no network of the internet; the VPC reaches the API server anyway"
    count = network.covered(map(IPv4Network, public))
    if count > network.LARGEST_OF_ONE:
        named = ", ".join([*public[:_SHOWN], *(["…"] if len(public) > _SHOWN else [])])
        opened = (
            "the whole internet"
            if count == 2**32
            else f"{count} addresses, more than a /8, the largest block that one organization was given"
        )
        yield (
            f"{key}: {named!r}: opens the API server to {opened}; name the networks of those who deploy, or remove the "
            "key and run Pulumi in the VPC"
        )
