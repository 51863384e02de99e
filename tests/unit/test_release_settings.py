"""Releases: which versions an environment runs, and where they may be written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.settings.errors import SettingsError
from boutique.settings.release_settings import Change, Pin, Release, difference, release_of
from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import resolve_workloads
from tests.support.online_boutique import APPLICATION, REDIS_CART, WORKLOADS, load
from tests.support.version_tags import DIGEST

CLUSTER = {"kind": "existing", "context": "here"}
NAMES = [workload.name for workload in WORKLOADS]


def values(release: Any, **environment: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": {"targets": {"dev": {}}}, "environment": environment, "release": release}


def images(release: dict[str, Any], **environment: Any) -> dict[str, str]:
    workloads = resolve_workloads(APPLICATION, Environment.model_validate(environment), Release.model_validate(release))
    return {workload.workload.name: str(workload.image) for workload in workloads}


def mistakes(of: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(of)
    return "\n".join(caught.value.errors)


def test_a_release_names_a_version_for_all_and_versions_of_single_services() -> None:
    result = images(
        {"default": "1.2.3", "services": {"adservice": f"1.2.4@{DIGEST}", "redis-cart": "8.0"}},
        images={"repository": "registry.example/shop"},
    )
    assert result["frontend"] == "registry.example/shop/frontend:1.2.3"
    assert result["adservice"] == f"registry.example/shop/adservice:1.2.4@{DIGEST}"
    assert result["redis-cart"] == "redis:8.0"


def test_the_default_leaves_what_others_publish_alone() -> None:
    assert images({"default": "1.2.3"})["redis-cart"] == str(REDIS_CART.image)


def test_a_release_without_a_service_leaves_it_at_the_catalogues_version() -> None:
    result = images({"services": {"adservice": "1.2.4"}})
    assert {name for name, image in result.items() if image == str_of(name)} == {*NAMES} - {"adservice"}


def str_of(name: str) -> str:
    return next(str(workload.image) for workload in WORKLOADS if workload.name == name)


def test_a_release_that_is_switched_off_is_none() -> None:
    assert load(values({"enabled": False}, images={"tag": "1.2.4"})).release is None


TOGETHER = [workload.name for workload in WORKLOADS if not workload.own_image]

pins = st.builds(
    Pin,
    tag=st.sampled_from(["1.0.0", "1.0.1", "1.1.0-a.1"]),
    digest=st.sampled_from([None, None, DIGEST]),
)


@given(st.dictionaries(st.sampled_from(NAMES), pins))
def test_a_release_written_from_versions_has_those_and_says_nothing_of_others(versions: dict[str, Pin]) -> None:
    release = release_of(versions, TOGETHER)
    assert {
        workload.name: pin
        for workload in WORKLOADS
        if (pin := release.pin(workload.name, own_image=workload.own_image))
    } == versions


def test_a_release_is_written_as_short_as_it_can_be() -> None:
    versions = {name: Pin(tag="1.2.3") for name in NAMES if name != "redis-cart"} | {"adservice": Pin(tag="1.2.4")}
    release = release_of(versions, TOGETHER)
    assert (release.default, release.services) == (Pin(tag="1.2.3"), {"adservice": Pin(tag="1.2.4")})


def test_what_differs_between_two_sets_of_versions() -> None:
    old = {"adservice": Pin(tag="1"), "frontend": Pin(tag="1"), "emailservice": Pin(tag="1")}
    new = {"adservice": Pin(tag="2"), "frontend": Pin(tag="1"), "cartservice": Pin(tag="1")}
    assert difference(old, new) == (
        Change(service="adservice", old=Pin(tag="1"), new=Pin(tag="2")),
        Change(service="cartservice", old=None, new=Pin(tag="1")),
        Change(service="emailservice", old=Pin(tag="1"), new=None),
    )
