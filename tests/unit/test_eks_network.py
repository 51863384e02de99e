"""How a VPC's addresses are divided."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.eks import network

LETTERS = "abcdef"


@st.composite
def networks(draw: st.DrawFn, longest: int = 28) -> str:
    prefix = draw(st.integers(16, longest))
    return str(IPv4Network((draw(st.integers(0, 2**32 - 1)) >> (32 - prefix) << (32 - prefix), prefix)))


@given(cidr=networks(22), count=st.integers(1, 6))
def test_subnets_are_inside_the_vpc_and_apart(cidr: str, count: int) -> None:
    zones = network.plan(cidr, LETTERS[:count])
    subnets = [subnet for zone in zones for subnet in (zone.private, zone.public)]
    assert [zone.letter for zone in zones] == list(LETTERS[:count])
    assert all(subnet.subnet_of(IPv4Network(cidr)) and subnet.prefixlen <= network.SMALLEST for subnet in subnets)
    assert not [(one, other) for index, one in enumerate(subnets) for other in subnets[:index] if one.overlaps(other)]
    assert len({zone.private.prefixlen for zone in zones}) == 1


@given(cidr=networks(), count=st.integers(1, 6))
def test_a_vpc_is_divided_or_refused_with_the_prefix_that_would_do(cidr: str, count: int) -> None:
    try:
        network.plan(cidr, LETTERS[:count])
    except ValueError as error:
        allowed = int(str(error).split("/")[1].split()[0])
        assert IPv4Network(cidr).prefixlen > allowed
        base = IPv4Network(f"10.0.0.0/{allowed}")
        assert network.plan(str(base), LETTERS[:count])


def test_a_zone_more_leaves_the_others_where_they_are() -> None:
    two, three = network.plan("10.0.0.0/16", "ab"), network.plan("10.0.0.0/16", "abc")
    assert three[:2] == two


@given(one=networks(), other=networks())
def test_an_overlap_is_seen_from_both_sides(one: str, other: str) -> None:
    assert bool(network.overlapping(one, [other])) == bool(network.overlapping(other, [one]))
    assert network.overlapping(one, [one]) == [one]


@pytest.mark.parametrize(
    ("cidr", "expected"), [("10.1.0.0/16", True), ("172.32.0.0/16", False), ("203.0.113.0/24", False)]
)
def test_private_networks_are_told_from_the_internets(cidr: str, expected: bool) -> None:
    assert network.is_private(cidr) is expected
