"""Blue/green releases under load: no lost request at the switch, none to a broken release, rollback in seconds."""

import base64
import json
import subprocess
import time

import pytest

from tests.support.lab.gateway_clients import Load
from tests.support.lab.gateway_clients import load as visitors
from tests.support.lab.lab_commands import BOUTIQUE, Lab, eventually
from tests.support.lab.lab_stacks import Stack
from tests.support.lab.local_updates import IngressEnvironment, report
from tests.support.lab.mesh_identities import Call, calls, load
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

OLD, NEW = "v0.10.6", "v0.10.7"
PAGE, LEAF, CALLER = "frontend", "paymentservice", "checkoutservice"
SWITCHED = {"strategy": "blueGreen", "timeoutSeconds": 60}
TIMEOUT = f"environment.services.{PAGE}.rollout.timeoutSeconds"


@pytest.fixture(scope="module")
def ingress(ingress_lab: IngressEnvironment) -> IngressEnvironment:
    """The stack with blue/green releases of a page and of a leaf."""
    services = {
        PAGE: {"rollout": {**SWITCHED, "prePromotionCheck": {"path": "/", "timeoutSeconds": 5}}},
        LEAF: {"rollout": SWITCHED, "files": {"text": OLD}, "secrets": {"KEY": "key"}, "variables": {"A": OLD}},
        "loadgenerator": {"enabled": False},
    }
    stack = ingress_lab.configure(environment={"services": services}, release={"default": OLD})
    secret(stack, OLD)
    stack.up()
    return ingress_lab.wait()


@pytest.fixture
def question(ingress: IngressEnvironment) -> Call:
    return calls(ingress.lab, "local")[LEAF]


def secret(stack: Stack, value: str) -> None:
    stack.pulumi("config", "set", "--secret", "--path", "boutique:serviceSecrets.key", f"canary-{value}")


def set_versions(door: IngressEnvironment, **versions: str) -> IngressEnvironment:
    """Configure the versions of services."""
    for name, version in versions.items():
        door.set(f"release.services.{name}", version)
    return door


def pods(lab: Lab, app: str) -> dict[str, str]:
    """Return the version of each pod of a service, by its uid."""
    items = json.loads(lab.kubectl("get", "pods", "-n", "local", "-l", f"app={app}", "-o", "json"))["items"]
    return {pod["metadata"]["uid"]: pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in items}


def back(door: IngressEnvironment) -> float:
    """Deploy what is configured, and return after how many seconds the old page was there."""
    began = time.monotonic()
    with door.stack.start("up", "--yes", "--skip-preview") as running:
        eventually(lambda: door.page()["version"] == OLD, "the old page")
        took = time.monotonic() - began
        output, _ = running.communicate(timeout=120)
    assert running.returncode == 0, output
    return took


def wait_for_requests(traffic: Load, requests: int) -> None:
    eventually(lambda: traffic.total >= requests, f"{requests} requests")


def test_nobody_notices_the_switch_and_the_way_back_takes_no_new_pod(ingress: IngressEnvironment, size: Size) -> None:
    lab = ingress.lab
    set_versions(ingress, frontend=NEW)
    with visitors(ingress.site, "/_healthz", pause=size.pause) as traffic:
        ingress.stack.up()
        wait_for_requests(traffic, size.requests)
    report("frontend to green", traffic)
    assert not traffic.failures, f"within {traffic.outage:.1f} s"
    assert ingress.page()["version"] == NEW
    current_pods = pods(lab, PAGE)
    assert sorted(current_pods.values()) == [OLD, NEW]
    set_versions(ingress, frontend=OLD)
    with visitors(ingress.site, "/_healthz", pause=size.pause) as traffic:
        took = back(ingress)
        wait_for_requests(traffic, size.requests)
    report(f"frontend back in {took:.1f} s", traffic)
    assert not traffic.failures
    assert pods(lab, PAGE) == current_pods


def test_a_leaf_goes_over_and_back_with_its_files_secrets_and_variables(
    ingress: IngressEnvironment, question: Call, size: Size
) -> None:
    lab = ingress.lab
    before = serving_pod_sources(lab)
    assert before == {"A": OLD, "text": OLD, "KEY": f"canary-{OLD}", "image": OLD}
    configure_leaf(ingress, NEW)
    with load(lab, CALLER, question, at_least=size.requests, pause=size.pause) as counted:
        ingress.stack.up()
    print("calls:", dict(counted))
    assert {outcome for outcome, _ in counted} == {"OK"}
    assert {version for _, version in counted} == {OLD, NEW}
    assert serving_pod_sources(lab) == {"A": NEW, "text": NEW, "KEY": f"canary-{NEW}", "image": NEW}
    current_pods = pods(lab, LEAF)
    with load(lab, CALLER, question, at_least=size.requests, pause=size.pause) as counted:
        output = roll_back(ingress.stack)
    print("calls:", dict(counted))
    assert {outcome for outcome, _ in counted} == {"OK"}
    assert "secret key: its former content comes back" in output
    assert serving_pod_sources(lab) == before
    assert pods(lab, LEAF) == current_pods


def roll_back(stack: Stack) -> str:
    """Run the command that goes back one release, and return what it says."""
    done = subprocess.run(
        [*BOUTIQUE, "rollback", stack.name, "--yes", "--no-smoke"],
        cwd=stack.folder,
        env=dict(stack.env),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def configure_leaf(door: IngressEnvironment, version: str) -> None:
    set_versions(door, **{LEAF: version})
    door.set(f"environment.services.{LEAF}.files.text", version)
    door.set(f"environment.services.{LEAF}.variables.A", version)
    secret(door.stack, version)


def serving_pod_sources(lab: Lab) -> dict[str, str]:
    """Return what the pods that get the requests of the leaf are made from."""
    selector = json.loads(lab.kubectl("get", "service", "-n", "local", LEAF, "-o", "json"))["spec"]["selector"]
    selected = ",".join(f"{key}={value}" for key, value in selector.items())
    [pod] = json.loads(lab.kubectl("get", "pods", "-n", "local", "-l", selected, "-o", "json"))["items"]
    [container] = [container for container in pod["spec"]["containers"] if container["name"] == "server"]
    variables = {variable["name"]: variable for variable in container["env"]}
    [volume] = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "config"]
    files = json.loads(lab.kubectl("get", "configmap", "-n", "local", volume["configMap"]["name"], "-o", "json"))
    reference = variables["KEY"]["valueFrom"]["secretKeyRef"]
    secrets = json.loads(lab.kubectl("get", "secret", "-n", "local", reference["name"], "-o", "json"))["data"]
    return {
        "A": variables["A"]["value"],
        "text": files["data"]["text"],
        "KEY": base64.b64decode(secrets[reference["key"]]).decode(),
        "image": container["image"].rpartition(":")[2],
    }


@pytest.mark.parametrize(
    ("broken", "first", "again"),
    [
        # Of a pod that was there before, Pulumi does not always say what its containers lack.
        ("0.10.8-broken.never-ready", "containers with unready status: [server]", "apps/v1:Deployment (frontend-"),
        ("0.10.8-broken.error", *["the smoke check of version 0.10.8-broken.error"] * 2),
    ],
)
def test_what_is_broken_gets_no_request_and_the_next_good_release_needs_no_cleaning_up(
    ingress: IngressEnvironment, broken: str, first: str, again: str
) -> None:
    was = ingress.page()["version"]
    set_versions(ingress, frontend=broken)
    # It is waited for in vain, twice.
    ingress.set(TIMEOUT, "10")
    with visitors(ingress.site, "/_healthz", pause=0.1) as traffic:
        failed = ingress.stack.up(check=False)
    assert not traffic.failures
    # A second time: what was made the first time is there, and is no better.
    for update, message in ((failed, first), (ingress.stack.up(check=False), again)):
        assert update.returncode != 0
        assert message in update.stdout, update.stdout
        assert "Traceback" not in update.stdout
    assert ingress.page()["version"] == was
    ingress.set(TIMEOUT, "60")
    good = NEW if was == OLD else OLD
    set_versions(ingress, frontend=good).stack.up()
    assert ingress.page()["version"] == good
    assert broken not in pods(ingress.lab, PAGE).values()


def test_recreate_has_a_gap(ingress: IngressEnvironment, question: Call) -> None:
    ingress.set(f"environment.services.{LEAF}.rollout.strategy", "recreate")
    ingress.stack.up()
    set_versions(ingress, **{LEAF: "v0.10.9"})
    with (
        visitors(ingress.site, "/_healthz", pause=0.1) as pages,
        load(ingress.lab, CALLER, question, at_least=100, pause=0.1) as counted,
    ):
        ingress.stack.up()
    print("recreate:", dict(counted))
    assert not pages.failures
    assert {outcome for outcome, _ in counted} != {"OK"}
