"""How a VPC's addresses are divided, and which ones a cluster on EKS may have and be reached from."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.eks import network
from tests.support.unit.eks_errors import KEY, cluster_errors
from tests.support.unit.eks_errors import network as configured

LETTERS = "abcdef"


@st.composite
def networks(draw: st.DrawFn, longest: int = 28) -> IPv4Network:
    prefix = draw(st.integers(16, longest))
    return IPv4Network((draw(st.integers(0, 2**32 - 1)) >> (32 - prefix) << (32 - prefix), prefix))


@given(cidr=networks(22), count=st.integers(1, 6))
def test_subnets_are_inside_the_vpc_and_apart(cidr: IPv4Network, count: int) -> None:
    zones = network.plan(cidr, LETTERS[:count])
    subnets = [subnet for zone in zones for subnet in (zone.private, zone.public)]
    assert [zone.letter for zone in zones] == list(LETTERS[:count])
    assert all(subnet.subnet_of(cidr) and subnet.prefixlen <= network.SMALLEST for subnet in subnets)
    assert not [pair for pair in combinations(subnets, 2) if pair[0].overlaps(pair[1])]
    assert len({zone.private.prefixlen for zone in zones}) == 1


@given(cidr=networks(), count=st.integers(1, 6))
def test_a_vpc_is_divided_or_refused_with_the_prefix_that_would_do(cidr: IPv4Network, count: int) -> None:
    try:
        network.plan(cidr, LETTERS[:count])
    except ValueError as error:
        allowed = int(str(error).split("/")[1].split()[0])
        assert cidr.prefixlen > allowed
        base = IPv4Network(f"10.0.0.0/{allowed}")
        assert network.plan(base, LETTERS[:count])


def test_a_zone_more_leaves_the_others_where_they_are() -> None:
    cidr = IPv4Network("10.0.0.0/16")
    two, three = network.plan(cidr, "ab"), network.plan(cidr, "abc")
    assert three[:2] == two


@given(first=networks(), second=networks())
def test_an_overlap_is_seen_from_both_sides(first: IPv4Network, second: IPv4Network) -> None:
    assert bool(network.overlapping(first, [second])) == bool(network.overlapping(second, [first]))
    assert network.overlapping(first, [first]) == [first]


@pytest.mark.parametrize(
    "cidr", ["127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "0.0.0.0/16", "240.0.0.0/16", "8.8.0.0/16", "0.0.0.0/0"]
)
def test_a_vpc_has_addresses_that_are_nobody_elses(cidr: str) -> None:
    [line] = cluster_errors(**configured(cidr=cidr))
    assert line.startswith(
        f"{KEY}.network.cidr: '{cidr}': must be in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10; "
    )


# Some services of AWS use the last one too; it is refused by none.
@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.0.0/16", "100.64.0.0/16", "172.17.0.0/16"])
def test_a_vpc_may_have_any_private_addresses(cidr: str) -> None:
    assert cluster_errors(**configured(cidr=cidr)) == []


def test_services_have_no_address_of_a_network_that_pods_are_to_reach() -> None:
    [line] = cluster_errors(**configured(avoid=["192.0.2.0/24", "172.20.5.0/24"]))
    assert line.startswith(
        f"{KEY}.serviceCidr: '172.20.0.0/16': overlaps with 172.20.5.0/24 of network.avoid, which pods could not reach"
    )


@pytest.mark.parametrize(
    ("cidrs", "expected"),
    [
        (["0.0.0.0/0"], "'0.0.0.0/0': opens the API server to the whole internet"),
        (["0.0.0.0/1"], "'0.0.0.0/1': opens the API server to 2147483648 addresses"),
        (["44.0.0.0/32", "16.0.0.0/7"], "'16.0.0.0/7': opens the API server to 33554432 addresses"),
        (["10.0.0.0/8"], "'10.0.0.0/8': is no network of the internet"),
        (["127.0.0.0/8"], "'127.0.0.0/8': is no network of the internet"),
        (["100.64.0.0/10"], "'100.64.0.0/10': is no network of the internet"),
        (["224.0.0.0/8"], "'224.0.0.0/8': is no network of the internet"),
    ],
)
def test_the_api_server_is_not_opened_to_most_of_the_internet(cidrs: list[str], expected: str) -> None:
    [line] = cluster_errors(publicCidrs=cidrs)
    assert line.startswith(f"{KEY}.publicCidrs: {expected}")


def test_the_api_server_may_be_opened_to_the_networks_of_an_organization() -> None:
    assert cluster_errors(publicCidrs=["17.0.0.0/8"]) == []
    assert cluster_errors(publicCidrs=["198.51.0.0/24", "198.51.1.0/24"]) == []
