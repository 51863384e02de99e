"""Whether the nodes of a cluster on EKS hold what its platform promises, as it is configured."""

from typing import Any

import pytest
from eksmistakes import KEY, found, ingress


def needed(platform: dict[str, Any], **section: Any) -> int:
    """Return the number of nodes that a refusal names, once it is seen to be the least that is not refused."""
    [line] = found(platform, **section)
    assert line.startswith(f"{KEY}.nodes.desired: 3: so many "), line
    number = int(line.split("set ")[1].split()[0])
    nodes = section.pop("nodes", {})
    assert found(platform, **section, nodes={**nodes, "desired": number, "max": number}) == []
    assert found(platform, **section, nodes={**nodes, "desired": number - 1, "max": number}) != []
    return number


def test_nodes_that_do_not_hold_the_targets_are_refused_with_the_number_that_would() -> None:
    targets = {"targets": {"dev": {"replicas": 3}, "test": {"replicas": 3}}}
    platform = {**ingress(kind="nlb"), **targets}
    [line] = found(platform)
    assert line.startswith(
        f"{KEY}.nodes.desired: 3: so many m6i.xlarge hold 162 pods, 11.2 cores, 42.8 GiB, and the targets"
    )
    assert needed(platform) == 5
    assert found(platform, nodes={"types": ["z1d.large"]}) == [], "of a family that is not known nothing is said"
    assert found(targets) == [], "without a mesh there are no proxies"


def test_the_weakest_of_several_types_has_to_do() -> None:
    platform = ingress(kind="nlb")
    assert found(platform, nodes={"types": ["t3.xlarge"]}) == []
    assert "3: so many t3.medium hold" in found(platform, nodes={"types": ["t3.xlarge", "t3.medium"]})[0]
    # Of two with as many cores, the one with less memory, whichever comes first.
    large = {**platform, "mesh": {"replicas": 9, "maxReplicas": 9}}
    assert needed(large, nodes={"types": ["r6i.large"]}) == 7
    assert needed(large, nodes={"types": ["r6i.large", "c6i.large"]}) == 9
    assert needed(large, nodes={"types": ["c6i.large", "r6i.large"]}) == 9


@pytest.mark.parametrize("size", ["nano", "micro", "small"])
@pytest.mark.parametrize("desired", [3, 100])
def test_nodes_that_are_too_small_for_a_pod_are_refused_however_many(size: str, desired: int) -> None:
    [line] = found(ingress(kind="nlb"), nodes={"types": [f"t3.{size}"], "desired": desired, "max": 100})
    assert line.startswith(f"{KEY}.nodes.types: 't3.{size}': is too small: beside its own pods a node has room for ")
    assert "and one of istiod asks for 1 pod, 0.5 cores, 2.0 GiB; take one such as 'm6i.xlarge'" in line


def test_what_a_cluster_runs_is_counted_as_often_as_it_is_configured() -> None:
    platform = ingress(kind="nlb")
    assert found(platform) == []
    assert needed({**platform, "mesh": {"replicas": 30, "maxReplicas": 30}}) == 6
    assert needed(platform, loadBalancerController={"replicas": 60}) == 4
    many = {**platform["ingress"], "replicas": 60, "maxReplicas": 60}
    assert needed({**platform, "ingress": many}) == 4


def test_what_redirects_the_pods_of_a_mesh_is_counted_on_every_node() -> None:
    platform, controller = ingress(kind="nlb"), {"replicas": 12}
    nodes = {"types": ["t3.large"], "desired": 5}
    assert found(platform, nodes=nodes, loadBalancerController=controller) == []
    [line] = found({**platform, "mesh": {"cni": True}}, nodes=nodes, loadBalancerController=controller)
    assert line.startswith(f"{KEY}.nodes.desired: 5: so many t3.large hold 150 pods, 8.2 cores, 33.7 GiB, and")
    assert "ask for 46 pods, 8.5 cores" in line
