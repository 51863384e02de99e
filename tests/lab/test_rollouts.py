"""A leaf service changes its version while it is called: no call is lost, and a broken version gets none."""

from collections import Counter
from typing import Any

import pytest
import yaml
from inside import Call, calls, load
from labs import Lab
from stacks import ROOT, Stack, project

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


def running(stack: Stack, version: str, **service: Any) -> Stack:
    """Configure the committed stack with another version of the leaf service."""
    content = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    sections = {key.removeprefix("boutique:"): value for key, value in content.items()}
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
