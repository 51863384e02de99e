"""Whether the nodes hold what runs on them.

What a pod asks for counts, with its proxy; of what is scaled under load, the least replicas. Three m6i.xlarge, one in
each of three zones, offer
    3 x (58 - 4) = 162 pods,  3 x (3.92 - 0.18) = 11.2 cores,  3 x 14.3 = 43 GiB
after what each node runs for itself (`PER_NODE`). With a mesh and an ingress as they are by default a cluster runs
12 pods of its own: 1.92 cores, 5.5 GiB (`own`). The shop with two replicas of each service but the store, and no load
generator, asks for 21 pods, 4.57 cores, 4.6 GiB. So production has
    in the usual case     33 pods,  6.5 cores, 10.1 GiB of 162, 11.2, 43
    with a zone lost      33 pods,  6.5 cores, 10.1 GiB of 108,  7.5, 29
    amid a blue/green     54 pods, 11.1 cores, 14.7 GiB of 162, 11.2, 43
CPU is what runs out first, then pods; memory never does. Five of them offer 270 pods, 18.7 cores, 71 GiB: to dev
(11 pods, 2.4 cores) and test (22 pods, 5.0 cores), and as much again for features and for changes of version.

Nodes have to hold each target once, with the replicas that it names (`running`): production 48 pods, 10.2 cores; dev
and test together 60 pods, 13.0 cores. A quota is three times its target, so that any target may change over with
features beside it, and no promise that there are nodes. Production's is 108 pods, 24.9 cores, more than three nodes
offer. Those of dev and test are 72 pods, 16.6 cores each: five nodes hold two thirds of one of them, which is a change
of every version, and the other target once, not both full. Pods beyond that wait for more nodes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from application import online_boutique
from boutique.application.workload import Resources, Workload
from boutique.eks.instances import Machine
from boutique.settings.eks_settings import EksCluster
from boutique.settings.stack import Platform
from boutique.targets import quota


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

    def within(self, other: "Amount") -> bool:
        """Say whether another has at least as much of everything."""
        return self.pods <= other.pods and self.cpu <= other.cpu and self.memory <= other.memory

    def __str__(self) -> str:
        return f"{self.pods} pod{'s' * (self.pods != 1)}, {self.cpu:.1f} cores, {self.memory / 1024:.1f} GiB"


NOTHING = Amount(pods=0, cpu=Decimal(0), memory=0)

PER_NODE = Amount(pods=4, cpu=Decimal("0.18"), memory=120)
"""The VPC CNI (50m), kube-proxy (100m), the EBS CSI driver's part (30m, 120 MiB) and the Pod Identity agent."""

REDIRECTION = Amount(pods=1, cpu=Decimal("0.1"), memory=100)
"""Istio's CNI plugin, on each node too if `platform.mesh.cni` is true."""

ONE: Mapping[str, Amount] = {
    "coredns": Amount(pods=1, cpu=Decimal("0.1"), memory=70),
    "metrics-server": Amount(pods=1, cpu=Decimal("0.1"), memory=200),
    "aws-ebs-csi-driver": Amount(pods=1, cpu=Decimal("0.06"), memory=240),
    "aws-load-balancer-controller": Amount(pods=1, cpu=Decimal("0.1"), memory=128),
    "istiod": Amount(pods=1, cpu=Decimal("0.5"), memory=2048),
    "gateway": Amount(pods=1, cpu=Decimal("0.1"), memory=128),
}
"""What one pod asks for of what a cluster runs once for all targets: the requests in the charts and add-ons."""


@dataclass(frozen=True, kw_only=True)
class RunningPods:
    """Pods of one kind.

    Attributes:
        name: What they run.
        one: What each asks for.
        replicas: How many there are at least.
    """

    name: str
    one: Amount
    replicas: int


def own(cluster: EksCluster, platform: Platform) -> Iterator[RunningPods]:
    """Return what the cluster runs once for all targets: as many of it as are configured at least."""
    replicas = {
        # Their numbers are the add-ons' (`components/eks/addons.py`).
        **dict.fromkeys(("coredns", "metrics-server", "aws-ebs-csi-driver"), 2),
        "aws-load-balancer-controller": cluster.load_balancer_controller.replicas,
        "istiod": platform.mesh.replicas if platform.mesh else 0,
        "gateway": platform.ingress.replicas if platform.mesh and platform.ingress else 0,
    }
    for name, count in replicas.items():
        if count:
            yield RunningPods(name=name, one=ONE[name], replicas=count)


def running(cluster: EksCluster, platform: Platform) -> list[RunningPods]:
    """Return what the cluster runs with each target once: a third of what the targets' quotas have room for."""
    meshed = platform.mesh is not None
    return [
        *own(cluster, platform),
        *(
            RunningPods(name=pod.name, one=asked([pod], meshed=meshed), replicas=target.replicas)
            for target in platform.targets.values()
            for pod in online_boutique.WORKLOADS
        ),
    ]


def total(pods: Iterable[RunningPods]) -> Amount:
    """Return what pods ask for together."""
    return sum((pod.one.times(pod.replicas) for pod in pods), NOTHING)


def asked(pods: Iterable[Workload], *, meshed: bool = True) -> Amount:
    """Return what pods of workloads ask for, each with a proxy if they are in a mesh."""
    pod_list = list(pods)
    cpu, memory = (_CPU, _MEMORY) if meshed else (Decimal(0), Decimal(0))
    return Amount(
        pods=len(pod_list),
        cpu=sum((quota.amount(pod.requests.cpu) + cpu for pod in pod_list), Decimal(0)),
        memory=ceil(sum(quota.amount(pod.requests.memory) + memory for pod in pod_list) / 2**20),
    )


def offered(machine: Machine, platform: Platform) -> Amount:
    """Return what one node leaves to others than its own pods: nothing, if it is too small even for those."""
    taken = PER_NODE + (REDIRECTION if platform.mesh and platform.mesh.cni else NOTHING)
    return Amount(
        pods=max(0, machine.pods - taken.pods),
        cpu=max(Decimal(0), machine.cpu - taken.cpu),
        memory=max(0, machine.memory - taken.memory),
    )


def too_large(node: Amount, pods: Iterable[RunningPods]) -> RunningPods | None:
    """Return the largest of the pods that no node has room for, were it empty; None if there is none."""
    large = [pod for pod in pods if not pod.one.within(node)]
    return max(large, key=lambda pod: (pod.one.memory, pod.one.cpu), default=None)


def needed(node: Amount, demand: Amount) -> int:
    """Return the least nodes that hold what is asked for, of which each has room for some of everything."""
    return max(ceil(demand.pods / node.pods), ceil(demand.cpu / node.cpu), ceil(demand.memory / node.memory))


def _parts(proxy: Resources) -> tuple[Decimal, Decimal]:
    return quota.amount(proxy.cpu), quota.amount(proxy.memory)


_CPU, _MEMORY = _parts(quota.PROXY_REQUESTS)
