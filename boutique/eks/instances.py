"""What EC2's instance types offer to pods.

Sizes: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html; addresses per network interface:
https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni-max-pods.txt.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

MOST_PODS = 110
"""What EKS recommends at most for nodes with fewer than 30 vCPUs."""

_FAMILY = re.compile(r"(?P<series>[a-z]+)(?P<generation>[0-9]+)(?P<attributes>[a-z]*)")
_MEMORY_PER_CPU = {"c": 2, "m": 4, "r": 8}
_SIZES = {"large": (2, 3, 10), "xlarge": (4, 4, 15), "2xlarge": (8, 4, 15), "4xlarge": (16, 8, 30)}
"""Of the series c, m and r from the fifth generation on: vCPUs, network interfaces, addresses of each."""

_BURSTABLE = {"medium": (2, 4, 3, 6), "large": (2, 8, 3, 12), "xlarge": (4, 16, 4, 15), "2xlarge": (8, 32, 4, 15)}
"""Of t3 and t3a: vCPUs, GiB of memory, network interfaces, addresses of each."""

# The kernel and the firmware keep some of the memory: an m6i.xlarge says that it has 15.5 GiB.
_SEEN = Decimal("0.96")
_EVICTION_MEBIBYTES = 100


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An instance type as the scheduler sees it.

    Attributes:
        pods: How many pods may run on it: each has an address of the VPC, except those in the node's own network.
        cpu: Cores for pods.
        memory: MiB for pods.
        addresses: How many of the subnet's addresses it may take.
    """

    pods: int
    cpu: Decimal
    memory: int
    addresses: int


def is_arm(instance_type: str) -> bool:
    """Say whether a type has one of AWS' own processors, which run no amd64 images: `g` behind the generation."""
    match = _FAMILY.match(instance_type.split(".")[0])
    return match is not None and ("g" in match["attributes"] or match[0] == "a1")


def machine(instance_type: str) -> Machine | None:
    """Return what a type offers to pods; None for one that is not known here.

    What the kubelet keeps for itself is what EKS' images tell it:
    https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go
    """
    family, _, size = instance_type.partition(".")
    found = _dimensions(family, size)
    if found is None:
        return None
    cpus, gibibytes, interfaces, addresses = found
    pods = min(MOST_PODS, interfaces * (addresses - 1) + 2)
    kept = 255 + 11 * pods + _EVICTION_MEBIBYTES
    return Machine(
        pods=pods,
        cpu=cpus - _kept_cpu(cpus),
        memory=int(gibibytes * 1024 * _SEEN) - kept,
        addresses=interfaces * addresses,
    )


def _dimensions(family: str, size: str) -> tuple[int, int, int, int] | None:
    if family in ("t3", "t3a"):
        return _BURSTABLE.get(size)
    match = _FAMILY.fullmatch(family)
    known = match and match["series"] in _MEMORY_PER_CPU and int(match["generation"]) >= 5
    if not match or not known or size not in _SIZES or is_arm(family):
        return None
    cpus, interfaces, addresses = _SIZES[size]
    return cpus, cpus * _MEMORY_PER_CPU[match["series"]], interfaces, addresses


def _kept_cpu(cpus: int) -> Decimal:
    """Return the cores that the kubelet keeps: 6 % of the first, 1 % of the second, 0.5 % of two, 0.25 % of others."""
    shares = [Decimal(6), Decimal(1), Decimal("0.5"), Decimal("0.5")] + [Decimal("0.25")] * max(0, cpus - 4)
    return sum(shares[:cpus], Decimal(0)) / 100
