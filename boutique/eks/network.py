"""How the addresses of a VPC are divided among subnets, and which addresses a network may have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

LARGEST, SMALLEST = 16, 28
"""The prefix lengths that a VPC or a subnet may have: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""

PRIVATE_RANGES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""For private use: RFC 1918."""

VPC_RANGES = (*PRIVATE_RANGES, IPv4Network("100.64.0.0/10"))
"""What a VPC may have: also the addresses of RFC 6598, which the internet has not either.

AWS takes others, but their hosts on the internet could not be reached from such a VPC; it recommends RFC 1918:
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

NOT_PUBLIC = (*VPC_RANGES, *map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
"""For private use, or for one machine, link or many: no network of the internet."""

LARGEST_PUBLIC = 8
"""The prefix length of the largest block that any one organization was given."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One availability zone of a VPC: a private subnet for nodes and pods, a public one for load balancers and NATs."""

    letter: str
    private: IPv4Network
    public: IPv4Network


def plan(cidr: IPv4Network, letters: Sequence[str]) -> list[Zone]:
    """Divide a VPC's addresses: equal private subnets, and for public ones as much as one of those together.

    A zone that is added at the end leaves the subnets of the others as they are as long as the number of blocks, which
    is the next power of two above the number of zones, stays.

    Raises:
        ValueError: There are not enough addresses for subnets that AWS would take.
    """
    bits = len(letters).bit_length()
    if cidr.prefixlen + 2 * bits > SMALLEST:
        raise ValueError(
            f"must have a prefix of at most /{SMALLEST - 2 * bits} for two subnets in each of {len(letters)} zones"
        )
    blocks = list(cidr.subnets(prefixlen_diff=bits))
    shared = list(blocks[-1].subnets(prefixlen_diff=bits))
    return [
        Zone(letter=letter, private=private, public=public)
        for letter, private, public in zip(letters, blocks, shared, strict=False)
    ]


def overlapping(cidr: IPv4Network, others: Iterable[IPv4Network]) -> list[IPv4Network]:
    """Return which networks have addresses in common with one."""
    return [other for other in others if cidr.overlaps(other)]


def is_within(cidr: IPv4Network, ranges: Iterable[IPv4Network]) -> bool:
    """Say whether a network is inside one of several ranges."""
    return any(cidr.subnet_of(address_range) for address_range in ranges)
