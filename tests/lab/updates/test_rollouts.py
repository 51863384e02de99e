"""Services and the gateway are updated while they are called: no call is lost, and a broken version gets none."""

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.support.lab.gateway_clients import Load
from tests.support.lab.gateway_clients import load as visitors
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import Stack, project
from tests.support.lab.local_updates import IngressEnvironment, report
from tests.support.lab.mesh_identities import calls, load
from tests.support.lab.shop_environments import HOST, Shop
from tests.support.lab.work_sizes import SMALL, Size

pytestmark = pytest.mark.lab

PAGE, LEAF, CALLER = "frontend", "adservice", "frontend"
CALLED, CALLS_IT = "paymentservice", "checkoutservice"
OLD, NEW = "v0.10.6", "v0.10.7"
NAME = "shop_session-id"


@pytest.fixture(scope="module")
def ingress(ingress_lab: IngressEnvironment) -> IngressEnvironment:
    """The stack with the same version of every service that tests update."""
    versions = {name: {"image": {"tag": OLD}} for name in (PAGE, LEAF, CALLED)}
    ingress_lab.configure(environment={"services": versions}).up()
    return ingress_lab.wait()


def configure(door: IngressEnvironment, service: str, version: str, **rollout: int) -> Stack:
    """Configure another version of a service."""
    door.set(f"environment.services.{service}.image.tag", version)
    for name, value in rollout.items():
        door.set(f"environment.services.{service}.rollout.{name}", str(value))
    return door.stack


def outcomes(counted: Counter[tuple[str, str]]) -> set[str]:
    return {outcome for outcome, _ in counted}


def versions(counted: Counter[tuple[str, str]]) -> set[str]:
    return {version for _, version in counted}


def test_a_rolling_update_of_a_page_and_of_a_leaf_loses_no_request_and_no_call(
    ingress: IngressEnvironment, size: Size
) -> None:
    lab, question = ingress.lab, calls(ingress.lab, "local")[CALLED]
    old = ingress.page()["version"]
    new = NEW if old == OLD else OLD
    for name in (PAGE, CALLED):
        configure(ingress, name, new)
    with (
        visitors(ingress.site, "/_healthz", pause=size.pause) as traffic,
        load(lab, CALLS_IT, question, at_least=size.requests, pause=size.pause) as counted,
    ):
        ingress.stack.up()
        wait_for_requests(traffic, size)
    report("frontend", traffic)
    print("calls:", dict(counted))
    assert not traffic.failures
    assert min(traffic.kept, traffic.fresh, traffic.http2) > size.requests // 50
    assert ingress.page()["version"] == new
    assert outcomes(counted) == {"OK"}
    assert counted.total() >= size.requests
    assert versions(counted) == {old, new}
    with load(lab, CALLS_IT, question, at_least=100) as counted:
        pass
    assert versions(counted) == {new}


def test_people_do_not_notice_a_rolling_update_of_the_gateway(ingress: IngressEnvironment, size: Size) -> None:
    before = set(ingress.gateways())
    # Part of the pods' template, so that each is replaced.
    ingress.set("platform.ingress.drainSeconds", "6" if size == SMALL else "7")
    with visitors(ingress.site, "/_healthz", pause=size.pause) as traffic:
        ingress.stack.up()
        eventually(lambda: not before & set(ingress.gateways()), "the old pods are gone")
        wait_for_requests(traffic, size)
    report("gateway", traffic)
    assert not traffic.failures
    assert min(traffic.kept, traffic.fresh, traffic.http2) > size.requests // 50


def wait_for_requests(traffic: Load, size: Size) -> None:
    """Wait until there were enough requests."""
    eventually(lambda: traffic.total >= size.requests, f"{size.requests} requests")


def test_a_version_that_never_gets_ready_gets_no_call_and_the_update_says_what_its_pod_does(
    ingress: IngressEnvironment,
) -> None:
    question = calls(ingress.lab, "local")[LEAF]
    # Long enough for the pod to start with its proxy on a slow machine: what it lacks then is its own container.
    broken = configure(ingress, LEAF, "0.10.7-broken.never-ready", timeoutSeconds=30)
    with load(ingress.lab, CALLER, question, at_least=100, pause=0.1) as counted:
        failed = broken.up(check=False)
    print("calls:", dict(counted))
    assert failed.returncode != 0
    assert "containers with unready status: [server]" in failed.stdout
    assert f"{LEAF}-" in failed.stdout, "the pod is named"
    assert outcomes(counted) == {"OK"}
    assert versions(counted) == {OLD}


def test_a_version_that_crashes_after_it_was_ready_does_not_replace_the_old_one(ingress: IngressEnvironment) -> None:
    question = calls(ingress.lab, "local")[LEAF]
    broken = configure(ingress, LEAF, "0.10.7-broken.crash", timeoutSeconds=25, minReadySeconds=5)
    failed = broken.up(check=False)
    assert failed.returncode != 0
    assert "CrashLoopBackOff" in failed.stdout, failed.stdout
    with load(ingress.lab, CALLER, question, at_least=100) as counted:
        pass
    assert ("OK", OLD) in counted


def test_features_outlive_a_new_version_of_their_environment_and_the_way_back(
    ingress: IngressEnvironment, tmp_path: Path
) -> None:
    configure(ingress, LEAF, OLD, timeoutSeconds=90, minReadySeconds=0).up()
    features = Shop(ingress.lab, ingress.site, project(tmp_path, ingress.lab.env))
    ours, theirs = "0.10.7-ours.1", "0.10.7-theirs.1"
    stacks = (
        features.feature("ours", {LEAF: ours}, sessions=["tester-1"]),
        features.feature("theirs", {PAGE: theirs}, sessions=["tester-2"]),
    )
    with features.deploy_all(*stacks):
        before = {name: route for name, route in features.objects().items() if name[0] == "HTTPRoute"}
        for version in (NEW, OLD):
            configure(ingress, LEAF, version).up()
            assert {name: route for name, route in features.objects().items() if name[0] == "HTTPRoute"} == before
            for host, cookie, seen in (
                (HOST, "", {LEAF: version}),
                (f"ours.{HOST}", "", {LEAF: ours}),
                (HOST, f"{NAME}=tester-1", {LEAF: ours}),
                (f"theirs.{HOST}", "", {PAGE: theirs, LEAF: version}),
                (HOST, f"{NAME}=tester-2", {PAGE: theirs, LEAF: version}),
            ):
                eventually(partial(shows_versions, features, host, cookie, seen), f"{host} with {cookie} sees {seen}")


def shows_versions(features: Shop, host: str, cookie: str, expected: dict[str, str]) -> bool:
    """Say whether services on a page have the expected versions; one that is slow to answer is missing on it."""
    versions = features.versions(host, Cookie=cookie)
    return all(versions.get(name) == {version} for name, version in expected.items())
