"""Whether the committed stacks fit on their nodes, and the arithmetic behind it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from application import online_boutique
from boutique.eks import capacity
from boutique.eks.capacity import Amount
from boutique.eks.instances import Machine, machine
from boutique.settings.eks_settings import EksCluster, NewNetwork
from boutique.settings.stack import Environment, Platform
from boutique.targets import quota
from boutique.workloads.resolved_workload import deployed

ROOT = Path(__file__).parents[2]
TYPES = [f"{family}.{size}" for family in ("c6i", "m5", "m6i", "m7a", "r6i") for size in ("large", "xlarge", "4xlarge")]


def known(instance_type: str) -> Machine:
    found = machine(instance_type)
    assert found, instance_type
    return found


@given(st.sampled_from(TYPES), st.integers(1, 400), st.integers(1, 400), st.integers(1, 400_000))
def test_the_needed_nodes_hold_it_and_one_less_does_not(name: str, pods: int, cores: int, memory: int) -> None:
    wanted = Amount(pods=pods, cpu=Decimal(cores) / 4, memory=memory)
    node = capacity.offered(known(name), platform("prod-platform"))
    nodes = capacity.needed(node, wanted)
    assert wanted.within(node.times(nodes))
    assert not wanted.within(node.times(nodes - 1))


def stack(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    return loaded


def environment(name: str) -> Amount:
    section = Environment.model_validate(stack(name)["boutique:environment"])
    return capacity.asked(each.workload for each in deployed(section) for _ in range(each.replicas))


def cluster(name: str) -> EksCluster:
    return EksCluster.model_validate(stack(name)["boutique:cluster"])


def platform(name: str) -> Platform:
    return Platform.model_validate(stack(name)["boutique:platform"])


def node(name: str) -> Amount:
    return capacity.offered(known(cluster(name).nodes.types[0]), platform(name))


def own(name: str) -> Amount:
    return capacity.total(capacity.own(cluster(name), platform(name)))


def once(name: str) -> Amount:
    return capacity.total(capacity.running(cluster(name), platform(name)))


def full(name: str, target: str) -> Amount:
    """Return what the quota of a target has room for."""
    hard = quota.hard_limits(online_boutique.WORKLOADS, platform(name).targets[target].replicas)
    memory = int(quota.amount(hard["requests.memory"]) / 2**20)
    return Amount(pods=int(hard["pods"]), cpu=quota.amount(hard["requests.cpu"]), memory=memory)


def left(name: str) -> int:
    """Return the nodes that are left when the zone with the most of them is lost."""
    settings = cluster(name)
    assert isinstance(settings.network, NewNetwork)
    return settings.nodes.desired - -(-settings.nodes.desired // len(settings.network.zones))


def test_production_fits_with_a_zone_lost_and_amid_a_change_of_colours() -> None:
    shop = environment("prod")
    assert left("prod-platform") == 2
    assert (shop + own("prod-platform")).within(node("prod-platform").times(left("prod-platform")))
    assert (shop.times(2) + own("prod-platform")).within(
        node("prod-platform").times(cluster("prod-platform").nodes.desired)
    )


def test_dev_and_test_fit_with_a_zone_lost() -> None:
    wanted = environment("dev") + environment("test") + own("nonprod")
    assert wanted.within(node("nonprod").times(left("nonprod")))


def test_a_quota_is_three_times_what_nodes_have_to_hold_of_a_target() -> None:
    assert once("prod-platform").times(3) == own("prod-platform").times(3) + full("prod-platform", "prod")
    assert once("nonprod").times(3) == own("nonprod").times(3) + full("nonprod", "dev") + full("nonprod", "test")


def test_without_a_mesh_there_is_neither_its_control_plane_nor_a_gateway_nor_proxies() -> None:
    with_mesh = Platform.model_validate(stack("prod-platform")["boutique:platform"])
    without = with_mesh.model_copy(update={"mesh": None})
    assert {each.name for each in capacity.own(cluster("prod-platform"), with_mesh)} == set(capacity.ONE)
    assert {each.name for each in capacity.own(cluster("prod-platform"), without)} == set(capacity.ONE) - {
        "istiod",
        "gateway",
    }
    plain = capacity.total(capacity.running(cluster("prod-platform"), without))
    assert plain.cpu == once("prod-platform").cpu - 2 * Decimal("0.6") - 36 * Decimal("0.1")


def test_the_arithmetic_in_the_documentation_is_right() -> None:
    said = " ".join(str(capacity.__doc__).split())
    shop, of_its_own, one = environment("prod"), own("prod-platform"), node("prod-platform")
    table = {
        "in the usual case": (3, shop + of_its_own),
        "with a zone lost": (left("prod-platform"), shop + of_its_own),
        "amid a blue/green": (3, shop.times(2) + of_its_own),
    }
    for case, (nodes, wanted) in table.items():
        there = one.times(nodes)
        assert f"{case} {wanted} of {there.pods}, {there.cpu:.1f}, {there.memory / 1024:.0f}" in said, case
        assert wanted.within(there), case
    kind, three, five = known("m6i.xlarge"), one.times(3), node("nonprod").times(5)
    assert f"3 x ({kind.pods} - {capacity.PER_NODE.pods}) = {three.pods} pods, " in said
    assert f"3 x ({kind.cpu} - {capacity.PER_NODE.cpu}) = {three.cpu:.1f} cores, " in said
    assert f"3 x {one.memory / 1024:.1f} = {three.memory / 1024:.0f} GiB" in said
    assert f"{of_its_own.pods} pods of its own: {of_its_own.cpu} cores, {of_its_own.memory / 1024:.1f} GiB" in said
    assert f"asks for {shop.pods} pods, {shop.cpu:.2f} cores, {shop.memory / 1024:.1f} GiB" in said
    assert f"Five of them offer {five.pods} pods, {five.cpu:.1f} cores, {five.memory / 1024:.0f} GiB" in said
    for name in ("dev", "test"):
        assert f"{name} ({short(environment(name))})" in said
    assert (environment("dev") + environment("test")).times(2).within(five + own("nonprod").times(-1))


def test_what_the_documentation_says_of_quotas_is_right() -> None:
    said = " ".join(str(capacity.__doc__).split())
    three, five = node("prod-platform").times(3), node("nonprod").times(5)
    assert (cluster("prod-platform").nodes.desired, cluster("nonprod").nodes.desired) == (3, 5)
    assert f"(`running`): production {short(once('prod-platform'))}; " in said
    assert once("prod-platform").within(three)
    assert f"dev and test together {short(once('nonprod'))}. " in said
    assert once("nonprod").within(five)
    assert f"Production's is {short(full('prod-platform', 'prod'))}, more than three nodes offer" in said
    assert not full("prod-platform", "prod").within(three)
    dev, test = full("nonprod", "dev"), full("nonprod", "test")
    assert f"Those of dev and test are {short(dev)} each: five nodes hold two thirds of one of them" in said
    assert dev == test
    third = Amount(pods=test.pods // 3, cpu=test.cpu / 3, memory=test.memory // 3)
    assert (third.times(2) + third + own("nonprod")).within(five)
    assert not (dev + third + own("nonprod")).within(five)
    assert not (dev + test + own("nonprod")).within(five)


def short(amount: Amount) -> str:
    return f"{amount.pods} pods, {amount.cpu:.1f} cores"
