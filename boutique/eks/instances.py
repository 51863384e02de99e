"""What EC2's instance types offer to pods.

Sizes: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html; network interfaces and their addresses:
https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/instance-info.jsonl.

Known are the families of `_SIZES`: for general use, with amd64 processors, from the fifth generation on. Another family
(`x2idn`, `z1d`, one that came later) and bare metal are accepted and not judged: whether there is such a type, and
whether it is large enough, AWS and the scheduler say.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

MOST_PODS, MOST_PODS_OF_LARGE, LARGE_CPUS = 110, 250, 30
"""The most pods that EKS lets a node of a managed group run; the second number from so many vCPUs on.

https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html#max-pods-precedence
"""

_FAMILY = re.compile(r"(?P<series>[a-z]+)(?P<generation>[0-9]+)(?P<attributes>[a-z]*)(?P<flexible>-flex)?")
_MEMORY_PER_CPU = {"c": 2, "m": 4, "r": 8}
"""GiB for each vCPU; c5n has a little more."""

_UP_TO_16 = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_SIZES: Mapping[str, Sequence[str]] = {
    family: sizes.split()
    for families, sizes in {
        "c5 c5d": "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge",
        "c5n": "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
        "c5a c5ad m5 m5a m5ad m5d m5dn m5n r5 r5a r5ad r5b r5d r5dn r5n": f"{_UP_TO_16} 24xlarge",
        "c6i c6id c6in m6i m6id m6idn m6in r6i r6id r6idn r6in": f"{_UP_TO_16} 24xlarge 32xlarge",
        "c6a m6a r6a": f"{_UP_TO_16} 24xlarge 32xlarge 48xlarge",
        "c7a m7a r7a": f"medium {_UP_TO_16} 24xlarge 32xlarge 48xlarge",
        "c7i m7i r7i": f"{_UP_TO_16} 24xlarge 48xlarge",
        "r7iz": f"{_UP_TO_16} 32xlarge",
        "c7i-flex m7i-flex c8i-flex m8i-flex r8i-flex": _UP_TO_16,
        "c8a m8a r8a": f"medium {_UP_TO_16} 24xlarge 48xlarge",
        "c8i c8id m8i m8id r8i r8id": f"{_UP_TO_16} 24xlarge 32xlarge 48xlarge 96xlarge",
        "t3 t3a": "nano micro small medium large xlarge 2xlarge",
    }.items()
    for family in families.split()
}

_INTERFACES = {
    "": ((64, 15, 50), (16, 8, 30), (4, 4, 15), (2, 3, 10), (1, 2, 4)),
    "8i": ((128, 24, 64), (64, 16, 64), (48, 12, 50), (32, 10, 50), (16, 8, 50), (4, 4, 30), (2, 3, 20)),
    "8a": ((192, 24, 64), (64, 16, 64), (48, 12, 64), (32, 10, 40), (16, 8, 40), (8, 4, 40), (4, 4, 20), (2, 3, 20),
           (1, 2, 4)),
}  # fmt: skip
"""Of c, m and r by generation: from so many vCPUs on, network interfaces and addresses of each.

The 32xlarge with an `n` have eight interfaces, which are still enough for the most pods.
"""

_BURSTABLE = {
    "nano": (2, Decimal("0.5"), 2, 2),
    "micro": (2, Decimal(1), 2, 2),
    "small": (2, Decimal(2), 3, 4),
    "medium": (2, Decimal(4), 3, 6),
    "large": (2, Decimal(8), 3, 12),
    "xlarge": (4, Decimal(16), 4, 15),
    "2xlarge": (8, Decimal(32), 4, 15),
}
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
        memory: MiB for pods; less than nothing of one that has not even enough for the kubelet.
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


def sizes(family: str) -> Sequence[str]:
    """Return the sizes of a family, smallest first, without bare metal; none of one that is not known here."""
    return _SIZES.get(family, ())


def machine(instance_type: str) -> Machine | None:
    """Return what a type offers to pods; None for one that is not known here.

    What the kubelet keeps for itself is what EKS' images tell it, by all the pods that there would be addresses for:
    https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go
    """
    family, _, size = instance_type.partition(".")
    if size not in sizes(family):
        return None
    cpus, gibibytes, interfaces, addresses = _dimensions(family, size)
    addressed = interfaces * (addresses - 1) + 2
    pods = min(addressed, MOST_PODS if cpus < LARGE_CPUS else MOST_PODS_OF_LARGE)
    # The VPC CNI keeps one interface more than its pods need, with all its addresses.
    attached = min(interfaces, ceil((pods - 2) / (addresses - 1)) + 1)
    return Machine(
        pods=pods,
        cpu=cpus - _kept_cpu(cpus),
        memory=int(gibibytes * 1024 * _SEEN) - (255 + 11 * addressed + _EVICTION_MEBIBYTES),
        addresses=attached * addresses,
    )


def _dimensions(family: str, size: str) -> tuple[int, Decimal, int, int]:
    if family in ("t3", "t3a"):
        # The one size in which the two differ.
        return (2, Decimal(2), 2, 4) if (family, size) == ("t3a", "small") else _BURSTABLE[size]
    match = _FAMILY.fullmatch(family)
    if match is None:
        raise ValueError(f"{family!r} is no name of a family")
    cpus = {"medium": 1, "large": 2}.get(size) or 4 * int(size.removesuffix("xlarge") or 1)
    generation = match["generation"] + match["attributes"][:1] if match["generation"] == "8" else ""
    interfaces, addresses = next(limits for least, *limits in _INTERFACES[generation] if cpus >= least)
    return cpus, Decimal(cpus * _MEMORY_PER_CPU[match["series"]]), interfaces, addresses


def _kept_cpu(cpus: int) -> Decimal:
    """Return the cores that the kubelet keeps: 6 % of the first, 1 % of the second, 0.5 % of two, 0.25 % of others."""
    shares = [Decimal(6), Decimal(1), Decimal("0.5"), Decimal("0.5")] + [Decimal("0.25")] * max(0, cpus - 4)
    return sum(shares[:cpus], Decimal(0)) / 100
