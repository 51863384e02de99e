"""Whether a cluster on EKS has the addresses that it needs, and is reached from where it should be."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from math import ceil

from boutique.checks.eks_nodes import known
from boutique.eks import network
from boutique.settings.eks_settings import EksCluster, ExistingNetwork, NewNetwork

_KEY = "boutique:cluster"
_SHOWN = 3


def errors(cluster: EksCluster) -> Iterator[str]:
    """Return a line for each error."""
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


def _new(cluster: EksCluster, settings: NewNetwork) -> Iterator[str]:
    key = f"{_KEY}.network"
    for other in network.overlapping(cluster.service_cidr, settings.avoid):
        yield (
            f"{_KEY}.serviceCidr: {cluster.service_cidr!r}: overlaps with {other} of network.avoid, which pods could "
            "not reach then; take another network"
        )
    if len(set(settings.zones)) < 2:
        yield f"{key}.zones: {', '.join(settings.zones) or 'none'}: EKS needs at least two different zones"
        return
    if len(set(settings.zones)) < len(settings.zones):
        yield f"{key}.zones: {', '.join(settings.zones)}: names a zone twice"
        return
    setting = f"{key}.cidr: {settings.cidr!r}"
    if not network.is_for_vpcs(settings.cidr):
        *others, last = network.VPC_RANGES
        yield (
            f"{setting}: must be in {', '.join(map(str, others))} or {last}; other networks "
            "belong to hosts on the internet, which could not be reached then"
        )
        return
    if clash := network.overlapping(settings.cidr, [cluster.service_cidr]):
        yield f"{setting}: overlaps with cluster.serviceCidr, {clash[0]}; the two must have no address in common"
    for other in network.overlapping(settings.cidr, settings.avoid):
        yield f"{setting}: overlaps with {other} of network.avoid; take another network"
    if IPv4Network(settings.cidr).prefixlen < network.LARGEST:
        yield f"{setting}: a VPC has at most a /{network.LARGEST}"
        return
    try:
        zones = network.plan(settings.cidr, settings.zones)
    except ValueError as error:
        yield f"{setting}: {error}"
        return
    smallest = min(network.usable([zone.private]) for zone in zones)
    most = max((instance_type.addresses for instance_type in known(cluster.nodes.types).values()), default=0)
    needed = (ceil(cluster.nodes.max / len(zones)) + network.EXTRA_NODES) * most
    if needed > smallest:
        yield (
            f"{setting}: too small: each private subnet has {smallest} addresses, and its share of nodes.max, "
            f"{cluster.nodes.max}, in an update may take {needed}; take a larger network or fewer nodes"
        )


def _existing(settings: ExistingNetwork) -> Iterator[str]:
    key = f"{_KEY}.network"
    subnets = [*settings.private_subnets, *settings.public_subnets]
    if len(set(settings.private_subnets)) < 2:
        yield (
            f"{key}.privateSubnets: {', '.join(settings.private_subnets) or 'none'}: EKS needs subnets in at least two "
            "zones; name one of each"
        )
    for duplicate in sorted({subnet for subnet in subnets if subnets.count(subnet) > 1}):
        yield f"{key}: {duplicate!r}: is named twice; a subnet is either private or public"


def _endpoint(cidrs: tuple[str, ...]) -> Iterator[str]:
    key = f"{_KEY}.publicCidrs"
    if len(cidrs) > network.PUBLIC_NETWORKS:
        yield (
            f"{key}: {len(cidrs)}: are more networks than the {network.PUBLIC_NETWORKS} that EKS takes; put neighbours "
            "together, or remove the key and run Pulumi in the VPC"
        )
    public = [cidr for cidr in cidrs if network.is_public(cidr)]
    for address_range in cidrs:
        if address_range not in public:
            yield f"{key}: {address_range!r}: is no network of the internet; the VPC reaches the API server anyway"
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
