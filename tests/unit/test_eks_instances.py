"""What the types of EC2's machines offer to pods."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.eks.instances import Machine, is_arm, machine, sizes


def known(instance_type: str) -> Machine:
    found = machine(instance_type)
    assert found, instance_type
    return found


@pytest.mark.parametrize(
    ("instance_type", "pods"),
    # eni-max-pods.txt of EKS' images; at most what EKS lets a managed group run.
    [
        ("m5.large", 29),
        ("m6i.xlarge", 58),
        ("r6i.2xlarge", 58),
        ("c5.4xlarge", 110),
        ("m6i.8xlarge", 234),
        ("c5.9xlarge", 234),
        ("r5.12xlarge", 234),
        ("m6i.16xlarge", 250),
        ("c5.18xlarge", 250),
        ("m7i.24xlarge", 250),
        ("c7a.medium", 8),
        ("m7i-flex.xlarge", 58),
        ("r8i.large", 59),
        ("r8i-flex.xlarge", 110),
        ("m8a.xlarge", 78),
        ("c8i.8xlarge", 250),
        ("t3.nano", 4),
        ("t3a.micro", 4),
        ("t3.small", 11),
        ("t3a.small", 8),
        ("t3.medium", 17),
        ("t3a.large", 35),
    ],
)
def test_pods_of_a_node_are_limited_by_its_addresses_and_its_cores(instance_type: str, pods: int) -> None:
    assert known(instance_type).pods == pods


@pytest.mark.parametrize(
    ("instance_type", "addresses"),
    # As many interfaces as the pods need and one more, at most all, each with all its addresses.
    [("m6i.xlarge", 4 * 15), ("c5.4xlarge", 5 * 30), ("c6i.8xlarge", 8 * 30), ("c6i.16xlarge", 7 * 50), ("t3.nano", 4)],
)
def test_a_node_takes_addresses_by_whole_interfaces(instance_type: str, addresses: int) -> None:
    assert known(instance_type).addresses == addresses


@given(
    st.sampled_from(["c5", "c5n", "m5", "r6in", "m7a", "m7i-flex", "r7iz", "c8i", "c8i-flex", "r8a", "t3", "t3a"]),
    st.data(),
)
def test_a_larger_size_of_a_family_offers_no_less(family: str, data: st.DataObject) -> None:
    there = sizes(family)
    smaller = data.draw(st.integers(0, len(there) - 2))
    one, other = (known(f"{family}.{there[index]}") for index in (smaller, smaller + 1))
    assert one.pods <= other.pods
    assert one.cpu <= other.cpu
    assert one.memory < other.memory


# The last two are of families that are not known here, the two before them of none.
@pytest.mark.parametrize(
    "instance_type", ["m6i.medium", "m6i.xxlarge", "c5.8xlarge", "c7i-flex.24xlarge", "t3.4xlarge", "m6i.metal", "m5",
                      "x2idn.xlarge", "m9i.large"],
)  # fmt: skip
def test_of_a_type_that_is_not_known_nothing_is_said(instance_type: str) -> None:
    assert machine(instance_type) is None


def test_what_the_kubelet_keeps_is_not_for_pods() -> None:
    # EKS' documentation of reserved resources: 70m of two cores, 80m of four.
    assert known("m6i.large").cpu == Decimal("1.93")
    assert known("m6i.xlarge").cpu == Decimal("3.92")
    assert known("m6i.2xlarge").cpu == Decimal("7.91")
    assert known("m6i.xlarge").memory < 15 * 1024
    # By all the 234 pods that there are addresses for, not only the 110 that may run.
    assert known("c5.4xlarge").memory == 31457 - (255 + 11 * 234) - 100


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
