"""Names: valid for every branch name, different for different branches, and refused when they cannot be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.names import feature_names
from boutique.names.feature_names import NamingError
from tests.support import online_boutique

SERVICES = tuple(workload.name for workload in online_boutique.WORKLOADS)
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names
SERVICE_NAME = "[a-z]([-a-z0-9]*[a-z0-9])?"

branches = st.one_of(st.text(min_size=1), st.from_regex(r"[A-Za-z0-9._/-]{1,80}", fullmatch=True))
services = st.lists(st.from_regex("[a-z]([-a-z0-9]{0,53}[a-z0-9])?", fullmatch=True), min_size=1)


@given(branches, services)
def test_every_branch_has_a_key_that_makes_valid_names(branch: str, services: list[str]) -> None:
    key = feature_names.feature_key(branch, services)
    assert re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", key)
    for service in services:
        name = feature_names.object_name(service, key)
        assert re.fullmatch(SERVICE_NAME, name)
        assert len(name) <= 63


@given(branches, services)
def test_a_key_is_its_own_key(branch: str, services: list[str]) -> None:
    key = feature_names.feature_key(branch, services)
    assert feature_names.feature_key(key, services) == key
    assert feature_names.check_key(key, services) == key


@given(st.from_regex("[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True))
def test_a_branch_that_is_a_key_stays_as_it_is(branch: str) -> None:
    assert feature_names.feature_key(branch, SERVICES) == branch


@given(st.lists(branches, unique=True))
def test_different_branches_have_different_keys(branches: list[str]) -> None:
    assert len({feature_names.feature_key(branch, SERVICES) for branch in branches}) == len(branches)


@pytest.mark.parametrize(
    ("branch", "key"),
    [
        ("new-ads", "new-ads"),
        ("my_feature", "my-feature-97183a"),
        ("My-Feature", "my-feature-[0-9a-f]{6}"),
        ("feature/ads", "feature-ads-[0-9a-f]{6}"),
        ("a--b", "a-b-[0-9a-f]{6}"),
        ("a-", "a-[0-9a-f]{6}"),
        ("xn--ads", "xn-ads-[0-9a-f]{6}"),
        ("42-ads", "b-42-ads-[0-9a-f]{6}"),
        ("42", "b-42-[0-9a-f]{6}"),
        ("___", "b-[0-9a-f]{6}"),
        ("реклама", "b-[0-9a-f]{6}"),
        ("new-\udcff", "new-[0-9a-f]{6}"),
        ("x" * 42, "x{34}-[0-9a-f]{6}"),
        ("x" * 41, "x{41}"),
        ("x" * 33 + "-" + "y" * 20, "x{33}-[0-9a-f]{6}"),
    ],
)
def test_what_a_key_looks_like(branch: str, key: str) -> None:
    assert re.fullmatch(key, feature_names.feature_key(branch, SERVICES))


def test_branches_that_differ_in_what_is_changed_or_cut_stay_apart() -> None:
    alike = ["new-ads", "new_ads", "New-Ads", "new/ads", "-new-ads", *(f"{'x' * 60}{number}" for number in range(20))]
    assert len({feature_names.feature_key(branch, SERVICES) for branch in alike}) == len(alike)


@pytest.mark.parametrize("key", ["New", "new_ads", "4new", "new-", "-new", "a--b", "x" * 42])
def test_a_key_by_hand_that_is_none_names_the_one_it_could_be(key: str) -> None:
    with pytest.raises(NamingError, match=f"{key!r} is no key.* {feature_names.feature_key(key, SERVICES)!r}"):
        feature_names.check_key(key, SERVICES)


def test_a_name_that_is_too_long_says_by_how_much() -> None:
    with pytest.raises(NamingError, match="has 64 characters, a name has at most 63; shorten 'xxx"):
        feature_names.object_name("checkoutservice", "x" * 48)


def test_a_name_that_the_environment_has_is_refused() -> None:
    with pytest.raises(NamingError, match="'frontend-external' is the environment's own; another key than 'external'"):
        feature_names.object_name("frontend", "external", {"frontend-external"})


def test_a_service_whose_name_leaves_no_room_is_refused() -> None:
    with pytest.raises(NamingError, match="too long for a service with features: 56 characters"):
        feature_names.feature_key("a", ["x" * 56])
    assert feature_names.feature_key("New-Ads", ["x" * 54]).startswith("n-")


def test_no_branch_is_refused() -> None:
    with pytest.raises(NamingError, match="the branch is empty"):
        feature_names.feature_key("", SERVICES)


def test_a_session_has_one_name_that_does_not_show_it() -> None:
    name = feature_names.session_name("3f1c0f6e-0000-4000-8000-00000000abcd")
    assert re.fullmatch("session-[0-9a-f]{16}", name)
    assert name == feature_names.session_name("3f1c0f6e-0000-4000-8000-00000000abcd")
    assert name != feature_names.session_name("3f1c0f6e-0000-4000-8000-00000000ABCD")


# RFC 6265, section 4.1.1.
OCTETS = "!" + "".join(map(chr, [*range(0x23, 0x2C), *range(0x2D, 0x3B), *range(0x3C, 0x5C), *range(0x5D, 0x7F)]))


@given(st.text(OCTETS, min_size=1, max_size=128))
def test_every_value_that_a_cookie_may_have_is_a_session_id(session: str) -> None:
    assert feature_names.check_session(session) == session


@pytest.mark.parametrize("wrong", [*'",; \t\n\\', "\0", "\x7f", "é"])
def test_no_other_value_is(wrong: str) -> None:
    for session in (wrong, f"a{wrong}", f"{wrong}a", f"a{wrong}a"):
        with pytest.raises(NamingError, match=f"^{re.escape(f'a session id cannot hold {wrong!r}; copy')}"):
            feature_names.session_name(session)


@pytest.mark.parametrize("length", [0, 129])
def test_a_session_id_has_a_length(length: int) -> None:
    with pytest.raises(NamingError, match=f"has 1 to 128 characters, this one has {length}"):
        feature_names.session_name("x" * length)


def test_a_preview_host_is_below_the_environments() -> None:
    assert feature_names.preview_host("new-ads", "dev.shop.example") == "new-ads.dev.shop.example"


@pytest.mark.parametrize(
    ("key", "host", "reason"),
    [
        ("a", "dev..example", "'' must be"),
        ("a", "Dev.example", "'Dev' must be"),
        ("a", "*.example", r"'\*' must be"),
        ("a", "dev.example.", "'' must be"),
        ("x" * 64, "example", "'x{64}' must be"),
        ("a", "dev-.example", "'dev-' must be"),
        ("a", ".".join(["x" * 49] * 6), "has 301 characters, a host has at most 253"),
    ],
)
def test_a_preview_host_that_is_no_name_is_refused(key: str, host: str, reason: str) -> None:
    with pytest.raises(NamingError, match=f"preview host .*{reason}"):
        feature_names.preview_host(key, host)
