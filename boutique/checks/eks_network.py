"""Whether a cluster on EKS has the addresses that it needs, and is reached from where it should be."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from boutique.eks import network
from boutique.settings.eks_settings import EksCluster, ExistingNetwork, NewNetwork
from boutique.settings.errors import ErrorLine

_KEY = "boutique:cluster"


def errors(cluster: EksCluster) -> Iterator[ErrorLine]:
    """Return a line for each error."""
    services = cluster.service_cidr
    if not network.is_within(services, network.PRIVATE_RANGES) or not 12 <= services.prefixlen <= 24:
        yield ErrorLine(
            "cidr-range",
            f"{_KEY}.serviceCidr: '{services}': must be in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, "
            "with a prefix of /12 to /24",
        )
    if isinstance(cluster.network, NewNetwork):
        yield from _new(cluster, cluster.network)
    else:
        yield from _existing(cluster.network)
    yield from _endpoint(cluster.public_cidrs)


def _new(cluster: EksCluster, settings: NewNetwork) -> Iterator[ErrorLine]:
    key = f"{_KEY}.network"
    for other in network.overlapping(cluster.service_cidr, settings.avoid):
        yield ErrorLine(
            "cidr-overlap",
            f"{_KEY}.serviceCidr: '{cluster.service_cidr}': overlaps with {other} of network.avoid, which pods could "
            "not reach then; take another network",
        )
    if len(set(settings.zones)) < 2:
        yield ErrorLine(
            "too-few-zones",
            f"{key}.zones: {', '.join(settings.zones) or 'none'}: EKS needs at least two different zones",
        )
        return
    if len(set(settings.zones)) < len(settings.zones):
        yield ErrorLine("duplicate", f"{key}.zones: {', '.join(settings.zones)}: names a zone twice")
        return
    setting = f"{key}.cidr: '{settings.cidr}'"
    if not network.is_within(settings.cidr, network.VPC_RANGES):
        *others, last = network.VPC_RANGES
        yield ErrorLine(
            "cidr-range",
            f"{setting}: must be in {', '.join(map(str, others))} or {last}; other networks "
            "belong to hosts on the internet, which could not be reached then",
        )
        return
    for clash in network.overlapping(settings.cidr, [cluster.service_cidr]):
        yield ErrorLine(
            "cidr-overlap",
            f"{setting}: overlaps with cluster.serviceCidr, {clash}; the two must have no address in common",
        )
    for other in network.overlapping(settings.cidr, settings.avoid):
        yield ErrorLine("cidr-overlap", f"{setting}: overlaps with {other} of network.avoid; take another network")
    if settings.cidr.prefixlen < network.LARGEST:
        yield ErrorLine("cidr-too-large", f"{setting}: a VPC has at most a /{network.LARGEST}")
        return
    try:
        network.plan(settings.cidr, settings.zones)
    except ValueError as error:
        yield ErrorLine("cidr-too-small", f"{setting}: {error}")


def _existing(settings: ExistingNetwork) -> Iterator[ErrorLine]:
    key = f"{_KEY}.network"
    subnets = [*settings.private_subnets, *settings.public_subnets]
    if len(set(settings.private_subnets)) < 2:
        yield ErrorLine(
            "too-few-subnets",
            f"{key}.privateSubnets: {', '.join(settings.private_subnets) or 'none'}: EKS needs subnets in at least two "
            "zones; name one of each",
        )
    for duplicate in sorted({subnet for subnet in subnets if subnets.count(subnet) > 1}):
        yield ErrorLine("duplicate", f"{key}: {duplicate!r}: is named twice; a subnet is either private or public")


def _endpoint(cidrs: tuple[IPv4Network, ...]) -> Iterator[ErrorLine]:
    key = f"{_KEY}.publicCidrs"
    for cidr in cidrs:
        if network.is_within(cidr, network.NOT_PUBLIC):
            yield ErrorLine(
                "cidr-not-public",
                f"{key}: '{cidr}': is no network of the internet; the VPC reaches the API server anyway",
            )
        elif cidr.prefixlen < network.LARGEST_PUBLIC:
            opened = "the whole internet" if cidr.prefixlen == 0 else f"{cidr.num_addresses} addresses"
            yield ErrorLine(
                "api-server-open",
                f"{key}: '{cidr}': opens the API server to {opened}; name the networks of those who deploy, or remove "
                "the key and run Pulumi in the VPC",
            )
