"""Whether a cluster on EKS has nodes that hold what its platform promises."""

from collections.abc import Iterable, Iterator, Mapping

from boutique.eks import capacity
from boutique.eks.instances import Machine, is_arm, machine, sizes
from boutique.settings.eks_settings import EksCluster, Nodes
from boutique.settings.stack import Platform

_KEY = "boutique:cluster.nodes"
_METAL = "metal"


def errors(cluster: EksCluster, platform: Platform | None) -> Iterator[str]:
    """Return a line for each error."""
    yield from _types(cluster.nodes)
    yield from _number(cluster.nodes)
    if platform:
        yield from _room(cluster, platform)


def known(types: Iterable[str]) -> Mapping[str, Machine]:
    """Return what instance types offer, without those that are not known here."""
    return {instance_type: machine_type for instance_type in types if (machine_type := machine(instance_type))}


def _types(nodes: Nodes) -> Iterator[str]:
    key, [usual] = f"{_KEY}.types", Nodes().types
    if not nodes.types:
        yield f"{key}: names none; name one such as {usual!r}"
    for instance_type in nodes.types:
        family, _, size = instance_type.partition(".")
        available_sizes = sizes(family)
        if is_arm(instance_type):
            yield (
                f"{key}: {instance_type!r}: has an ARM processor, and the shop's images are for amd64 only; "
                f"take one such as {usual!r}"
            )
        elif available_sizes and size not in available_sizes and not size.startswith(_METAL):
            yield (
                f"{key}: {instance_type!r}: there is no such size of {family}, only {', '.join(available_sizes)}; "
                "take one of these"
            )


def _number(nodes: Nodes) -> Iterator[str]:
    if not nodes.min <= nodes.desired <= nodes.max:
        yield f"{_KEY}.desired: {nodes.desired}: must be from nodes.min, {nodes.min}, to nodes.max, {nodes.max}"


def _room(cluster: EksCluster, platform: Platform) -> Iterator[str]:
    """Judge whether the nodes hold each target once; their quotas have room for three times that.

    Any of the types may be what AWS has, so each has to do; of several that do not, the message names the weakest.
    """
    pods = capacity.running(cluster, platform)
    demand = capacity.total(pods)
    [usual] = Nodes().types
    least: dict[int, str] = {}
    for name, kind in known(cluster.nodes.types).items():
        node = capacity.offered(kind, platform)
        if large := capacity.too_large(node, pods):
            yield (
                f"{_KEY}.types: {name!r}: is too small: beside its own pods a node has room for {node}, and one of "
                f"{large.name} asks for {large.one}; take one such as {usual!r}"
            )
            continue
        number = capacity.needed(node, demand)
        least[number] = (
            f"{_KEY}.desired: {cluster.nodes.desired}: so many {name} hold {node.times(cluster.nodes.desired)}, and "
            f"the targets with what each cluster runs ask for {demand}; set {number} or more, take larger nodes.types, "
            "or lower the replicas of platform.targets, mesh and ingress, or of cluster.loadBalancerController"
        )
    if least and max(least) > cluster.nodes.desired:
        yield least[max(least)]
