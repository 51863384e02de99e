"""What nodes offer, and whether the committed stacks fit on theirs."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from boutique import catalogue
from boutique.deployed import deployed
from boutique.eks import capacity
from boutique.eks.capacity import Amount
from boutique.eks.instances import Machine, is_arm, machine
from boutique.eks.settings import EksCluster, NewNetwork, Nodes
from boutique.settings import Environment

ROOT = Path(__file__).parents[2]
TYPES = [f"{family}.{size}" for family in ("c6i", "m5", "m6i", "m7a", "r6i") for size in ("large", "xlarge", "4xlarge")]


def known(instance_type: str) -> Machine:
    found = machine(instance_type)
    assert found, instance_type
    return found


@pytest.mark.parametrize(
    ("instance_type", "pods"),
    # eni-max-pods.txt of EKS' images; at most what EKS recommends.
    [
        ("m5.large", 29),
        ("m6i.xlarge", 58),
        ("r6i.2xlarge", 58),
        ("c5.4xlarge", 110),
        ("t3.medium", 17),
        ("t3a.large", 35),
    ],
)
def test_pods_of_a_node_are_limited_by_its_addresses(instance_type: str, pods: int) -> None:
    assert known(instance_type).pods == pods


def test_what_the_kubelet_keeps_is_not_for_pods() -> None:
    # EKS' documentation of reserved resources: 70m of two cores, 80m of four.
    assert known("m6i.large").cpu == Decimal("1.93")
    assert known("m6i.xlarge").cpu == Decimal("3.92")
    assert known("m6i.2xlarge").cpu == Decimal("7.91")
    assert known("m6i.xlarge").memory < 15 * 1024


@pytest.mark.parametrize(
    "instance_type", ["m6g.large", "c7gn.xlarge", "t4g.medium", "r8gd.2xlarge", "a1.large", "g5g.xlarge"]
)
def test_arm_is_recognized(instance_type: str) -> None:
    assert is_arm(instance_type)
    assert machine(instance_type) is None


@pytest.mark.parametrize(
    "instance_type", ["m6i.large", "g4dn.xlarge", "g5.xlarge", "c7a.large", "m7i-flex.large", "t3.large"]
)
def test_amd64_is_not_taken_for_arm(instance_type: str) -> None:
    assert not is_arm(instance_type)


@given(st.sampled_from(TYPES), st.integers(1, 400), st.integers(1, 400), st.integers(1, 400_000))
def test_the_needed_nodes_hold_it_and_one_less_does_not(name: str, pods: int, cores: int, memory: int) -> None:
    wanted = Amount(pods=pods, cpu=Decimal(cores) / 4, memory=memory)
    nodes = capacity.needed(known(name), wanted)
    assert capacity.holds(known(name), nodes, wanted)
    assert not capacity.holds(known(name), nodes - 1, wanted)


def stack(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    return loaded


def environment(name: str) -> Amount:
    section = Environment.model_validate(stack(name)["boutique:environment"])
    return capacity.asked(each.workload for each in deployed(section) for _ in range(each.replicas))


def cluster(name: str) -> tuple[Machine, Nodes, int]:
    settings = EksCluster.model_validate(stack(name)["boutique:cluster"])
    assert isinstance(settings.network, NewNetwork)
    zones = len(settings.network.zones)
    left = settings.nodes.desired - -(-settings.nodes.desired // zones)
    return known(settings.nodes.types[0]), settings.nodes, left


def test_production_fits_with_a_zone_lost_and_amid_a_change_of_colours() -> None:
    kind, nodes, left = cluster("prod")
    shop = environment("prod")
    assert left == 2
    assert capacity.holds(kind, left, shop + capacity.fixed())
    assert capacity.holds(kind, nodes.desired, shop.times(2) + capacity.fixed())


def test_dev_and_test_fit_with_a_zone_lost() -> None:
    kind, _, left = cluster("nonprod")
    assert capacity.holds(kind, left, environment("dev") + environment("test") + capacity.fixed())


def test_the_arithmetic_in_the_documentation_is_right() -> None:
    said = str(capacity.__doc__)
    kind, shop = known("m6i.xlarge"), environment("prod")
    for nodes, wanted in (
        (3, shop + capacity.fixed()),
        (2, shop + capacity.fixed()),
        (3, shop.times(2) + capacity.fixed()),
    ):
        there = capacity.offered(kind, nodes)
        row = [wanted.pods, f"{wanted.cpu:.1f}", f"{wanted.memory / 1024:.1f}", there.pods, f"{there.cpu:.1f}"]
        assert "{:>4} pods, {:>4} cores, {:>4} GiB of {}, {:>4}".format(*row) in said, row
    assert len(catalogue.WORKLOADS) == 12
