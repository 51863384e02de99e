"""`boutique smoke` on the committed stack: green as deployed, red when something is taken away."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import online_boutique
from tests.support.lab.cluster_objects import deployments, is_available
from tests.support.lab.lab_commands import BOUTIQUE, Lab, eventually
from tests.support.lab.lab_stacks import ROOT
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

AT_LEAST = {each.name for each in online_boutique.WORKLOADS if each.service_ports}


@dataclass(frozen=True)
class Smoked:
    """What the command said, and how it ended."""

    code: int
    said: dict[str, Any]


Smoke = Callable[..., Smoked]


@pytest.fixture
def smoke(lab: Lab, local: LocalDeployment) -> Smoke:
    def run(*arguments: str) -> Smoked:
        done = subprocess.run(
            [*BOUTIQUE, "smoke", local.stack.name, "--json", *arguments],
            cwd=ROOT,
            env=lab.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        return Smoked(done.returncode, json.loads(done.stdout))

    return run


@contextmanager
def without(lab: Lab, workload: str) -> Iterator[None]:
    """Take all pods of a workload away for a while."""

    def scaled(replicas: int) -> None:
        lab.kubectl("scale", "-n", "local", f"deployment/{workload}", f"--replicas={replicas}")
        eventually(lambda: is_available(deployments(lab, "local")[workload]), f"{replicas} of {workload}")

    try:
        lab.kubectl("scale", "-n", "local", f"deployment/{workload}", "--replicas=0")
        gone = ("get", "pods", "-n", "local", "-l", f"app={workload}", "-o", "name")
        eventually(lambda: not lab.kubectl(*gone), f"no pod of {workload} is left")
        yield
    finally:
        scaled(1)


def test_everything_is_green_as_it_was_deployed(lab: Lab, smoke: Smoke) -> None:
    found = smoke()
    assert (found.code, found.said["mistakes"], found.said["warnings"]) == (0, [], [])
    services = found.said["services"]
    assert {name for name, one in services.items() if one["reached"]["proof"] == "yes"} == AT_LEAST
    pods = lab.kubectl("get", "pods", "-n", "local", "-o", "name").split()
    answered = {pod for one in services.values() for pod in one["reached"]["pods"]}
    assert answered <= {pod.removeprefix("pod/") for pod in pods}
    # The store speaks a protocol in which no pod says its name.
    assert len(answered) == len(AT_LEAST) - 1
    assert all(one["ready"] == one["replicas"] == 1 for one in services.values())
    assert all(one["running"] == [one["version"]] for one in services.values())
    assert all(one["standIns"] == 1 for one in services.values())
    port = str(lab.status()["https"]).rpartition(":")[2]
    assert found.said["link"] == f"https://shop.localhost:{port}"
    assert found.said["certificate"]["protocol"] == "TLSv1.3"
    assert found.said["plainHttp"]["sent"] == "to https"


def test_a_service_without_pods_is_red_and_so_are_the_pages_that_need_it(lab: Lab, smoke: Smoke) -> None:
    with without(lab, "paymentservice"):
        found = smoke()
        kept = smoke("--no-order")
    assert found.code == kept.code == 3
    gone = "paymentservice: was scaled to 0, 0 ready, and the stack wants 1; run `pulumi up --refresh`"
    assert gone in found.said["mistakes"]
    failed = [page["name"] for page in found.said["pages"] if page["problem"]]
    assert failed == ["checkout"]
    assert found.said["services"]["cartservice"]["ok"]
    assert kept.said["mistakes"] == [gone]
    assert kept.said["services"]["paymentservice"]["reached"]["said"] == "unknown: no order was made"


def test_what_a_page_does_without_is_missed_all_the_same(lab: Lab, smoke: Smoke) -> None:
    with without(lab, "adservice"):
        found = smoke()
    assert found.code == 3
    assert not [page for page in found.said["pages"] if page["problem"]]
    assert found.said["services"]["adservice"]["reached"]["proof"] == "no"
