"""How the addresses of a VPC are divided among subnets, and which addresses a network may have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import TypeVar

OneVersion = TypeVar("OneVersion", IPv4Network, IPv6Network)

LARGEST, SMALLEST = 16, 28
"""The prefix lengths that a VPC or a subnet may have: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""

EXTRA_NODES = 2
"""How many nodes an update of a managed group may start in each zone before it ends old ones.

https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html#managed-node-update-scale-up
"""

RESERVED = 5
"""Addresses of every subnet that AWS keeps: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""

PRIVATE_RANGES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""For private use: RFC 1918."""

VPC_RANGES = (*PRIVATE_RANGES, IPv4Network("100.64.0.0/10"))
"""What a VPC may have: also the addresses of RFC 6598, which the internet has not either.

AWS takes others, but their hosts on the internet could not be reached from such a VPC; it recommends RFC 1918:
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

_NOT_OF_THE_INTERNET = (*VPC_RANGES, *map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))

PUBLIC_NETWORKS = 40
"""The most networks that EKS opens an API server to: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""

LARGEST_OF_ONE, LARGEST_OF_ONE_IPV6 = 1 << (32 - 8), 1 << (128 - 16)
"""The addresses of a /8, the largest block that any one organization was given, and of a /16 of IPv6, which is more.

Whoever names more than that names strangers.
"""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One availability zone of a VPC: a private subnet for nodes and pods, a public one for load balancers and NATs."""

    letter: str
    private: IPv4Network
    public: IPv4Network


def plan(cidr: str, letters: Sequence[str]) -> list[Zone]:
    """Divide a VPC's addresses: equal private subnets, and for public ones as much as one of those together.

    A zone that is added at the end leaves the subnets of the others as they are as long as the number of blocks, which
    is the next power of two above the number of zones, stays.

    Raises:
        ValueError: There are not enough addresses for subnets that AWS would take.
    """
    whole = IPv4Network(cidr)
    bits = len(letters).bit_length()
    if whole.prefixlen + 2 * bits > SMALLEST:
        raise ValueError(
            f"must have a prefix of at most /{SMALLEST - 2 * bits} for two subnets in each of {len(letters)} zones"
        )
    blocks = list(whole.subnets(prefixlen_diff=bits))
    shared = list(blocks[-1].subnets(prefixlen_diff=bits))
    return [
        Zone(letter=letter, private=private, public=public)
        for letter, private, public in zip(letters, blocks, shared, strict=False)
    ]


def usable(networks: Iterable[IPv4Network]) -> int:
    """Return how many addresses of subnets nodes and pods can have."""
    return sum(network.num_addresses - RESERVED for network in networks)


def overlapping(cidr: str, others: Iterable[str]) -> list[str]:
    """Return which networks have addresses in common with one."""
    return [other for other in others if IPv4Network(cidr).overlaps(IPv4Network(other))]


def is_private(cidr: str) -> bool:
    """Say whether a network is in one of the ranges for private use (RFC 1918)."""
    return _within(cidr, PRIVATE_RANGES)


def is_for_vpcs(cidr: str) -> bool:
    """Say whether a VPC may have these addresses."""
    return _within(cidr, VPC_RANGES)


def is_public(cidr: str) -> bool:
    """Say whether a network can be one of the internet: not for private use, nor for one machine, link or many."""
    return not _within(cidr, _NOT_OF_THE_INTERNET)


def covered(networks: Iterable[OneVersion]) -> int:
    """Return how many addresses networks of one version of IP have together; one that is in several counts once."""
    return sum(network.num_addresses for network in collapse_addresses(networks))


def _within(cidr: str, ranges: Iterable[IPv4Network]) -> bool:
    return any(IPv4Network(cidr).subnet_of(private_range) for private_range in ranges)
