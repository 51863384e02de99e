"""Services and the gateway are updated while they are called: no call is lost, and a broken version gets none."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from front_door import FrontDoor, found_open, report
from inside import Call, calls, load
from labs import Lab, eventually
from shops import HOST, Shop
from stacks import Stack, committed, project
from visitors import Load
from visitors import load as visitors

pytestmark = pytest.mark.lab

LEAF = "adservice"
CALLER = "frontend"
CALLS = 5000
OLD = "v0.10.6"


@pytest.fixture(scope="module")
def shop(victim: Lab, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack `local`, as committed, for the tests of this module to change."""
    stack = project(tmp_path_factory.mktemp("rollouts"), victim.env)("local").create()
    running(stack, OLD).up()
    return stack


@pytest.fixture
def question(victim: Lab, shop: Stack) -> Call:
    assert shop.resources()
    return calls(victim, "local")[LEAF]


@pytest.fixture
def door(victim: Lab, shop: Stack) -> FrontDoor:
    return found_open(victim, shop)


@pytest.fixture
def features(victim: Lab, shop: Stack, tmp_path: Path) -> Shop:
    """The same environment, for features."""
    assert shop.resources()
    return Shop.on(victim, tmp_path)


def running(stack: Stack, version: str, **service: Any) -> Stack:
    """Configure the committed stack with another version of the leaf service."""
    sections = committed("local")
    sections["environment"] = {**sections["environment"], "services": {LEAF: {"image": {"tag": version}, **service}}}
    return stack.configure(**sections)


def outcomes(counted: Counter[tuple[str, str]]) -> set[str]:
    return {outcome for outcome, _ in counted}


def versions(counted: Counter[tuple[str, str]]) -> set[str]:
    return {version for _, version in counted}


def test_a_rolling_update_loses_no_call(victim: Lab, shop: Stack, question: Call) -> None:
    with load(victim, CALLER, question, at_least=CALLS) as counted:
        running(shop, "v0.10.7").up()
    print("calls:", dict(counted))
    assert outcomes(counted) == {"OK"}
    assert counted.total() >= CALLS
    assert versions(counted) == {OLD, "v0.10.7"}
    with load(victim, CALLER, question, at_least=100) as counted:
        pass
    assert versions(counted) == {"v0.10.7"}


def test_people_do_not_notice_a_rolling_update_of_the_page(door: FrontDoor) -> None:
    assert door.page()["version"] == OLD
    door.set("environment.services.frontend.image.tag", "v0.10.7")
    with visitors(door.site, "/_healthz") as found:
        door.stack.up()
        enough(found)
    report("frontend", found)
    assert not found.failures
    assert min(found.kept, found.fresh, found.http2) > 100
    assert door.page()["version"] == "v0.10.7"


def test_people_do_not_notice_a_rolling_update_of_the_gateway(door: FrontDoor) -> None:
    before = set(door.gateways())
    # Part of the pods' template, so that each is replaced.
    door.set("platform.ingress.drainSeconds", "6")
    with visitors(door.site, "/_healthz") as found:
        door.stack.up()
        eventually(lambda: not before & set(door.gateways()), 60, "the old pods are gone")
        enough(found)
    report("gateway", found)
    assert not found.failures
    assert min(found.kept, found.fresh, found.http2) > 100


def enough(found: Load) -> None:
    """Wait until there were enough requests."""
    eventually(lambda: found.total >= CALLS, 120, f"{CALLS} requests")


def test_features_outlive_a_new_version_of_their_environment_and_the_way_back(shop: Stack, features: Shop) -> None:
    running(shop, OLD).up()
    ours, theirs = "0.10.7-ours.1", "0.10.7-theirs.1"
    with (
        features.deployed("ours", {LEAF: ours}, sessions=["tester-1"]),
        features.deployed("theirs", {CALLER: theirs}, sessions=["tester-2"]),
    ):
        before = {name: each for name, each in features.objects().items() if name[0] == "HTTPRoute"}
        for version in ("v0.10.7", OLD):
            running(shop, version).up()
            assert {name: each for name, each in features.objects().items() if name[0] == "HTTPRoute"} == before
            eventually(lambda: features.versions()[LEAF] == {version}, 20, f"everybody has {version}")  # noqa: B023
            for host, cookie in ((f"ours.{HOST}", "none"), (HOST, "shop_session-id=tester-1")):
                assert features.versions(host, Cookie=cookie)[LEAF] == {ours}
            for host, cookie in ((f"theirs.{HOST}", "none"), (HOST, "shop_session-id=tester-2")):
                seen = features.versions(host, Cookie=cookie)
                assert (seen[CALLER], seen[LEAF]) == ({theirs}, {version})


def test_a_version_that_never_gets_ready_gets_no_call_and_the_update_says_what_its_pod_does(
    victim: Lab, shop: Stack, question: Call
) -> None:
    running(shop, OLD).up()
    broken = running(shop, "0.10.7-broken.never-ready", rollout={"timeoutSeconds": 25})
    with load(victim, CALLER, question, at_least=CALLS) as counted:
        failed = broken.up(check=False)
    print("calls:", dict(counted))
    assert failed.returncode != 0
    assert "containers with unready status: [server]" in failed.stdout
    assert f"{LEAF}-" in failed.stdout, "the pod is named"
    assert outcomes(counted) == {"OK"}
    assert versions(counted) == {OLD}
    assert counted.total() >= CALLS


def test_a_version_that_crashes_after_it_was_ready_does_not_replace_the_old_one(
    victim: Lab, shop: Stack, question: Call
) -> None:
    running(shop, OLD).up()
    rollout = {"timeoutSeconds": 25, "minReadySeconds": 5}
    failed = running(shop, "0.10.7-broken.crash", rollout=rollout).up(check=False)
    assert failed.returncode != 0
    assert "CrashLoopBackOff" in failed.stdout, failed.stdout
    with load(victim, CALLER, question, at_least=100) as counted:
        pass
    assert ("OK", OLD) in counted
