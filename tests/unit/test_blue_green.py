"""Blue and green: which pods get requests, which are kept, and for how long."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.names.image_reference import Reference
from boutique.outputs import RecordedBlueGreen, read_blue_green, write_blue_green
from boutique.settings.release_settings import Release
from boutique.settings.resource_settings import Resources
from boutique.settings.stack import Environment
from boutique.workloads.blue_green import BlueGreen, digest_of_secrets, record_workload, restore_workload, with_revision
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from tests.support.online_boutique import APPLICATION

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CANARY = "canary-of-a-secret"


def service(tag: str = "1.0.0", *, name: str = "adservice", secret: str = CANARY, **settings: Any) -> ResolvedWorkload:
    own = {"rollout": {"strategy": "blueGreen"}, "secrets": {"KEY": "key"}, **settings}
    environment = Environment.model_validate({"services": {name: own}})
    release = Release.model_validate({"services": {name: tag}})
    [resolved] = [
        workload
        for workload in resolve_workloads(APPLICATION, environment, release, {"key": secret})
        if workload.workload.name == name
    ]
    return resolved


def after(*releases: ResolvedWorkload, now: datetime = NOW) -> BlueGreen:
    """Return the pods after several updates."""
    remembered: RecordedBlueGreen | None = None
    for release in releases:
        blue_green = BlueGreen.of(release, remembered, now)
        remembered = blue_green.remember()
    return blue_green


def test_the_first_release_has_nothing_to_go_back_to() -> None:
    blue_green = after(service())
    assert (blue_green.previous, blue_green.is_new) == (None, True)
    assert blue_green.active.name == f"adservice-{blue_green.active.revision}"
    assert blue_green.active.service_name == "adservice"


def test_the_pods_before_stay_as_they_were_until_the_next_release() -> None:
    old, new = service("1.0.0", replicas=2, variables={"A": "1"}), service("1.1.0")
    blue_green = after(old, new)
    assert blue_green.is_new
    assert blue_green.previous == with_revision(old)
    again = after(old, new, new)
    assert (again.previous, again.is_new) == (with_revision(old), False)
    third = after(old, new, service("1.2.0"))
    assert third.previous == with_revision(new)


def test_the_way_back_is_to_the_very_same_pods() -> None:
    old, new = service("1.0.0"), service("1.1.0")
    back = after(old, new, old)
    assert (back.active, back.previous) == (with_revision(old), with_revision(new))
    assert (back.is_back, back.is_new) == (True, False)


def test_nothing_else_is_a_way_back() -> None:
    old, new = service("1.0.0"), service("1.1.0")
    assert not after(old).is_back
    assert not after(old, new).is_back
    assert not after(old, new, new).is_back
    assert not after(old, new, service("1.2.0")).is_back
    assert not after(old, new, service("1.2.0"), old).is_back


def test_pods_are_there_until_an_update_removes_them() -> None:
    old, new = service("1.0.0"), service("1.1.0", rollout={"strategy": "blueGreen", "scaleDownDelay": "2h"})
    remembered = BlueGreen.of(new, BlueGreen.of(old, None, NOW).remember(), NOW).remember()
    late = NOW + timedelta(hours=3)
    assert BlueGreen.of(old, remembered, late).is_back
    remembered = BlueGreen.of(new, remembered, late).remember()
    assert not BlueGreen.of(old, remembered, late).is_back


def test_whoever_never_came_to_its_end_is_forgotten_and_what_served_is_kept() -> None:
    old, broken, good = service("1.0.0"), service("1.1.0-broken"), service("1.1.1")
    remembered = BlueGreen.of(old, None, NOW).remember()
    assert BlueGreen.of(broken, remembered, NOW).previous == with_revision(old)
    assert BlueGreen.of(good, remembered, NOW).previous == with_revision(old)


def test_pods_are_kept_for_as_long_as_is_said() -> None:
    old, new = service("1.0.0"), service("1.1.0", rollout={"strategy": "blueGreen", "scaleDownDelay": "2h"})
    remembered = BlueGreen.of(new, BlueGreen.of(old, None, NOW).remember(), NOW).remember()
    assert BlueGreen.of(new, remembered, NOW + timedelta(minutes=119)).previous
    assert BlueGreen.of(new, remembered, NOW + timedelta(minutes=121)).previous is None


@pytest.mark.parametrize(
    "changed",
    [
        {"variables": {"A": "1"}},
        {"files": {"a.txt": "x"}},
        {"secrets": {"OTHER": "key"}},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"image": {"pullSecrets": ["other"]}},
        {"rollout": {"strategy": "blueGreen", "preStopSeconds": 7}},
        {"secret": "another"},
    ],
)
def test_whatever_the_pods_are_made_from_gives_them_another_revision(changed: dict[str, Any]) -> None:
    assert with_revision(service(**changed)).revision != with_revision(service()).revision


@pytest.mark.parametrize(
    "changed",
    [
        {"replicas": 3},
        {
            "rollout": {
                "strategy": "blueGreen",
                "timeoutSeconds": 100,
                "scaleDownDelay": "1h",
                "prePromotionCheck": {"command": ["true"]},
            }
        },
    ],
)
def test_what_pods_do_not_show_leaves_them_their_revision(changed: dict[str, Any]) -> None:
    assert with_revision(service(**changed)).revision == with_revision(service()).revision


@given(st.text(), st.dictionaries(st.text(), st.text()), st.integers(min_value=1, max_value=100))
def test_whatever_is_described_is_restored(secret: str, files: dict[str, str], replicas: int) -> None:
    some = with_revision(replace(service(secret=secret), files=files, replicas=replicas, init_image="busybox:1"))
    assert restore_workload(some, record_workload(some)) == some


@pytest.mark.parametrize(
    "change", [{"colour": None}, {"image": ":"}, {"image": None}, {"another": ""}, {"replicas": "1"}, {"files": []}]
)
def test_a_record_of_another_shape_is_left_out_and_no_other(change: dict[str, Any]) -> None:
    good = after(service()).remember()
    records = json.loads(write_blue_green({"adservice": good, "frontend": good}))
    records["frontend"]["live"] |= change
    recorded = read_blue_green(json.dumps(records))
    assert recorded == {"adservice": good}


def test_the_pods_of_a_service_are_written_and_read_again() -> None:
    old, new = service("1.0.0"), service("1.1.0", rollout={"strategy": "blueGreen", "scaleDownDelay": "2h"})
    record = after(old, new).remember()
    assert read_blue_green(write_blue_green({"adservice": record})) == {"adservice": record}
    assert record.until == NOW + timedelta(hours=2)
    assert CANARY not in repr(record)
    assert read_blue_green(None) is None


def test_pods_keep_their_revision_under_another_version_of_the_program() -> None:
    image, quantity = Reference.parse("shop/ads:1"), Resources.parse(cpu="100m", memory="64Mi")
    some = replace(service(), image=image, variables={"A": "1"}, files={}, requests=quantity, limits=quantity)
    assert with_revision(some).revision == "a47ea15e"


def test_no_secret_shows_in_a_name_or_a_text() -> None:
    some = with_revision(service())
    assert CANARY not in repr(some)
    assert CANARY not in digest_of_secrets(some.secrets, "salt")
    assert digest_of_secrets(some.secrets, "salt") != digest_of_secrets(some.secrets, "pepper")


def test_pods_of_another_user_are_others_and_those_of_the_usual_one_keep_their_revision() -> None:
    usual = service()
    chosen = replace(usual, pod_user="cluster")
    assert "podUser" not in write_blue_green({"adservice": BlueGreen.of(usual, None, NOW).remember()})
    assert with_revision(chosen).revision != with_revision(usual).revision
    back = restore_workload(chosen, record_workload(chosen))
    assert back.pod_user == "cluster"
    assert restore_workload(usual, record_workload(usual)).pod_user == "fixed"
