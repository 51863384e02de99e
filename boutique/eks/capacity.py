"""Whether the nodes hold what runs on them.

What a pod asks for counts, with its proxy. Three m6i.xlarge, one in each of three zones, offer
    3 x (58 - 4) = 162 pods,  3 x (3.92 - 0.18) = 11.2 cores,  3 x 14.3 = 43 GiB
after what each node runs for itself (`PER_NODE`). Every cluster runs 12 pods of its own: 1.92 cores, 5.5 GiB
(`FIXED`). The shop with two replicas of each service but the store, and no load generator, asks for 21 pods,
4.57 cores, 4.6 GiB. So production has
    in the usual case     33 pods,  6.5 cores, 10.1 GiB of 162, 11.2, 43
    with a zone lost      33 pods,  6.5 cores, 10.1 GiB of 108,  7.5, 28
    amid a blue/green     54 pods, 11.1 cores, 14.7 GiB of 162, 11.2, 43
CPU is what runs out first, then pods; memory never does. Five of them hold dev (11 pods, 2.4 cores) and test (22 pods,
5.0 cores), with room for both targets' full quotas once, and for features.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from boutique import quota
from boutique.eks.instances import Machine
from boutique.workload import Resources, Workload


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Pods, cores and MiB, asked for or offered."""

    pods: int
    cpu: Decimal
    memory: int

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(pods=self.pods + other.pods, cpu=self.cpu + other.cpu, memory=self.memory + other.memory)

    def times(self, count: int) -> "Amount":
        """Return so many of it."""
        return Amount(pods=self.pods * count, cpu=self.cpu * count, memory=self.memory * count)

    def __str__(self) -> str:
        return f"{self.pods} pods, {self.cpu:.1f} cores, {self.memory / 1024:.1f} GiB"


PER_NODE = Amount(pods=4, cpu=Decimal("0.18"), memory=120)
"""The VPC CNI (50m), kube-proxy (100m), the EBS CSI driver's part (30m, 120 MiB) and the Pod Identity agent."""

FIXED: Mapping[str, Amount] = {
    "coredns": Amount(pods=2, cpu=Decimal("0.2"), memory=140),
    "metrics-server": Amount(pods=2, cpu=Decimal("0.2"), memory=400),
    "aws-ebs-csi-driver": Amount(pods=2, cpu=Decimal("0.12"), memory=480),
    "aws-load-balancer-controller": Amount(pods=2, cpu=Decimal("0.2"), memory=256),
    "istiod": Amount(pods=2, cpu=Decimal("1.0"), memory=4096),
    "gateway": Amount(pods=2, cpu=Decimal("0.2"), memory=256),
}
"""What a cluster runs once, two replicas of each: the requests in the charts and add-ons."""


def fixed() -> Amount:
    """Return what every cluster runs, whatever its targets."""
    return sum(FIXED.values(), Amount(pods=0, cpu=Decimal(0), memory=0))


def asked(pods: Iterable[Workload]) -> Amount:
    """Return what pods of workloads ask for, each with a proxy."""
    found = list(pods)
    return Amount(
        pods=len(found),
        cpu=sum((quota.amount(pod.requests.cpu) + _CPU for pod in found), Decimal(0)),
        memory=ceil(sum(quota.amount(pod.requests.memory) + _MEMORY for pod in found) / 2**20),
    )


def offered(machine: Machine, nodes: int) -> Amount:
    """Return what nodes leave to others than their own pods."""
    one = Amount(
        pods=machine.pods - PER_NODE.pods, cpu=machine.cpu - PER_NODE.cpu, memory=machine.memory - PER_NODE.memory
    )
    return one.times(nodes)


def holds(machine: Machine, nodes: int, wanted: Amount) -> bool:
    """Say whether nodes hold what is asked for."""
    there = offered(machine, nodes)
    return there.pods >= wanted.pods and there.cpu >= wanted.cpu and there.memory >= wanted.memory


def needed(machine: Machine, wanted: Amount) -> int:
    """Return the least nodes that hold what is asked for."""
    one = offered(machine, 1)
    return max(ceil(wanted.pods / one.pods), ceil(wanted.cpu / one.cpu), ceil(wanted.memory / one.memory))


def _parts(proxy: Resources) -> tuple[Decimal, Decimal]:
    return quota.amount(proxy.cpu), quota.amount(proxy.memory)


_CPU, _MEMORY = _parts(quota.PROXY_REQUESTS)
